"""Private addresses that people give the API: no check and no webhook contacts one, in whatever form it is written."""

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from aiohttp import web

from api.installation.customer_page import fetch_customer_page
from api.webhooks.signed_requests import send_delivery
from tasks.core.egress_policy import egress_policy
from tasks.core.errors import AddressBlocked, PageError
from tasks.core.settings import Settings
from tasks.records.webhook_outbox import ClaimedDelivery
from tests.flows.test_private_addresses import HOSTS
from tests.sites.server import serve_handler
from tests.web.canaries import open_listener

NAME = "turning.example"
ONLY_THE_SITE = Settings(egress_allow=(ip_network("127.0.0.1/32"),), _env_file=None)  # type: ignore[call-arg]


async def start(url: str) -> None:
    """Check the start address of a build."""
    parts = urlsplit(url)
    with pytest.raises(AddressBlocked):
        await egress_policy(ONLY_THE_SITE).resolve(parts.hostname or "", parts.port or 80)


async def check_installation(url: str) -> None:
    """Look for the snippet on the page."""
    with pytest.raises((PageError, ValueError)):
        await fetch_customer_page(ONLY_THE_SITE, url, url)


async def deliver(url: str) -> None:
    """Send an event to the webhook."""
    delivery = ClaimedDelivery(id=uuid4(), url=url, secret="secret", body="{}", attempts=1)
    assert (await send_delivery(egress_policy(ONLY_THE_SITE), delivery)).error is not None


ENTRIES: tuple[Callable[[str], Awaitable[None]], ...] = (start, check_installation, deliver)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("enter", ENTRIES)
async def test_no_entry_contacts_a_private_address(enter: Callable[[str], Awaitable[None]], host: str) -> None:
    """Given as it is."""
    async with open_listener() as canary:
        await enter(f"http://{host}:{canary.port}/")
        assert canary.sung == []


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("enter", ENTRIES[1:])
async def test_no_entry_follows_a_redirect_there(enter: Callable[[str], Awaitable[None]], host: str) -> None:
    """From an address that may be contacted."""
    async with open_listener() as canary:

        async def lead_on(_: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": f"http://{host}:{canary.port}/"})

        async with serve_handler(lead_on) as url:
            await enter(f"{url}/")
        assert canary.sung == []


@pytest.mark.parametrize("enter", ENTRIES[1:])
async def test_no_entry_dials_another_address_than_it_checked(
    enter: Callable[[str], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads to the site when it is looked up first, and to the canary from then on (DNS rebinding)."""
    looked_up: list[str] = []
    loop = asyncio.get_running_loop()

    async def turn(host: str, port: int, **_: Any) -> Any:
        looked_up.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(looked_up) == 1 else "127.0.0.2", port))]

    async def lead_on(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/again", "Connection": "close"})

    async with serve_handler(lead_on) as url, open_listener(port=urlsplit(url).port or 0) as canary:
        with monkeypatch.context() as patched:
            patched.setattr(loop, "getaddrinfo", turn)
            await enter(url.replace("127.0.0.1", NAME) + "/")
        assert looked_up[0] == NAME
        assert canary.sung == []
