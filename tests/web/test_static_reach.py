"""HTTP fetches reach only public addresses, whatever the URL or redirect."""

import asyncio
from ipaddress import ip_network

import pytest

from tasks.core.egress_policy import EgressPolicy
from tasks.core.errors import AddressBlocked, FetchFailed
from tasks.core.models import Target
from tasks.web.fetching.egress import open_gate
from tasks.web.fetching.static import StaticFetcher, open_static_fetcher
from tests.web.conftest import HOME, LOOPBACK, html, make_settings, open_canary, redirect, serve


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_unknown_and_private_names_look_the_same(static: StaticFetcher, scheme: str) -> None:
    """Neither is retried."""
    messages = set()
    for host in ("nothing.invalid", "10.0.0.1"):
        with pytest.raises(AddressBlocked) as failed:
            await static.fetch(Target(url=f"{scheme}://{host}/", depth=1))
        messages.add(failed.value.message)
        assert not failed.value.retriable
    assert len(messages) == 1


FORMS = [
    "127.0.0.1", "localhost", "localhost.", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.",
    "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0.0.0.0", "[::]",
    "user@127.0.0.1", "1.1.1.1@127.0.0.1", "①②⑦.0.0.1", "１２７.0.0.1", "127。0。0。1", "ⓛocalhost",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_form_of_an_address_leads_inside(scheme: str) -> None:
    """As a URL or a redirect's target; the canary behind them gets no connection."""
    async with (
        open_canary() as (port, connections),
        open_gate(EgressPolicy((ip_network("127.0.0.2/32"),))) as gate,
        open_static_fetcher(make_settings(obey_robots=False), gate) as fetcher,
    ):
        for form in FORMS:
            with pytest.raises(FetchFailed):
                await fetcher.fetch(Target(url=f"{scheme}://{form}:{port}/", depth=0), site_may_move=True)
    assert connections == []


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "data:text/html,x", "view-source:http://a/", "chrome://version", "ftp://a/", "s3://a/b"],
)
async def test_only_the_web_is_fetched(static: StaticFetcher, url: str) -> None:
    """Although Scrapy has handlers for other schemes."""
    with pytest.raises(FetchFailed, match="only http and https"):
        await static.fetch(Target(url=url, depth=0), site_may_move=True)
    with pytest.raises(FetchFailed, match="only http and https"):
        await static.fetch_resource(url)


async def test_a_redirect_to_a_private_address_is_blocked_before_it_is_dialled() -> None:
    """The gate checks each hop."""
    connections: list[object] = []
    narrow = (ip_network("127.0.0.1/32"),)
    async with (
        open_gate(EgressPolicy(narrow)) as gate,
        await asyncio.start_server(lambda *_: connections.append(_), "127.0.0.2", 0) as canary,
        open_static_fetcher(make_settings(), gate) as fetcher,
        serve({"/": redirect(f"http://127.0.0.2:{canary.sockets[0].getsockname()[1]}/")}) as site,
    ):
        for allowed_to_move in (False, True):
            with pytest.raises(AddressBlocked):
                await fetcher.fetch(Target(url=f"{site.url}/", depth=0), site_may_move=allowed_to_move)
    assert connections == []


async def test_when_the_gate_is_gone_nothing_is_fetched() -> None:
    """The crawl fails closed."""
    async with open_gate(EgressPolicy(LOOPBACK)) as lost:
        pass
    async with open_static_fetcher(make_settings(), lost) as fetcher, serve({"/": html(HOME)}) as site:
        with pytest.raises(FetchFailed):
            await fetcher.fetch(Target(url=f"{site.url}/", depth=1))
        assert site.asked == []
