"""Addresses of scheduled re-crawls: checked at every run, not only when the widget was made."""

import asyncio
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from flows.job import find_request, take_job
from tasks.core.errors import HomePageFailed, InvalidRequest
from tasks.core.rules import WidgetRules
from tests.conftest import MakeSettings
from tests.crawling import Crawler
from tests.flows.test_private_addresses import HOSTS
from tests.sites.server import serve_handler
from tests.web.canaries import open_listener

ONLY_THE_SITE = (ip_network("127.0.0.1/32"),)
NAME = "moving.example"
PAGE = "<title>Lamps</title><main><h1>Lamps</h1><p>All our lamps are made by hand in the old harbour.</p></main>"


async def make_widget(crawler: Crawler, url: str) -> UUID:
    """A widget that was built from the address when it was permitted."""
    build_id = await crawler.record(url)
    statement = "UPDATE scrape_jobs SET status = 'completed' WHERE id = %s RETURNING widget_id"
    async with crawler.pool.connection() as connection:
        row = await (await connection.execute(statement, (build_id,))).fetchone()
    assert row is not None
    return UUID(str(row[0]))


async def run_planned(crawler: Crawler, settings: MakeSettings, widget_id: UUID, render: str) -> set[str]:
    """Carry out a run of the widget's schedule, which names the widget alone; return the paths it has read."""
    request = await find_request(crawler.pool, settings(), None, WidgetRules(), widget_id)
    job = await take_job(crawler.pool, request, uuid4(), build_id=None, widget_id=widget_id)
    return (await crawler.go_on(job.build_id, render=render, egress_allow=ONLY_THE_SITE)).names


@pytest.mark.parametrize("render", ["always", "never"])
async def test_a_planned_run_contacts_no_private_address(crawler: Crawler, settings: MakeSettings, render: str) -> None:
    """In whatever form the widget's record names it."""
    async with open_listener() as canary:
        for host in HOSTS:
            widget_id = await make_widget(crawler, f"http://{host}:{canary.port}")
            with pytest.raises((HomePageFailed, InvalidRequest)):
                await run_planned(crawler, settings, widget_id, render)
        assert canary.sung == []


@pytest.mark.parametrize("render", ["always", "never"])
async def test_a_name_that_has_turned_private_since_the_last_run_is_not_contacted(
    crawler: Crawler, settings: MakeSettings, render: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same widget is read while its name leads to the site, and not when it leads to the canary."""
    leads_to = "127.0.0.1"
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo

    async def turn(host: str, port: int, **more: Any) -> Any:
        return [(2, 1, 6, "", (leads_to, port))] if host == NAME else await look_up(host, port, **more)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=PAGE, content_type="text/html", status=200 if request.path == "/" else 404)

    async with serve_handler(answer) as url, open_listener(port=urlsplit(url).port or 0) as canary:
        widgets = [await make_widget(crawler, url.replace("127.0.0.1", NAME)) for _ in range(2)]
        with monkeypatch.context() as patched:
            patched.setattr(loop, "getaddrinfo", turn)
            assert await run_planned(crawler, settings, widgets[0], render) == {"/"}
            leads_to = "127.0.0.2"
            with pytest.raises(HomePageFailed):
                await run_planned(crawler, settings, widgets[1], render)
        assert canary.sung == []


@pytest.mark.parametrize("render", ["always", "never"])
async def test_a_start_page_that_has_moved_to_a_private_address_is_not_followed(
    crawler: Crawler, settings: MakeSettings, render: str
) -> None:
    """A redirect that came after the widget was made."""
    async with open_listener() as canary:

        async def lead_on(_: web.Request) -> web.Response:
            return web.Response(status=301, headers={"Location": f"http://127.0.0.2:{canary.port}/"})

        async with serve_handler(lead_on) as url:
            widget_id = await make_widget(crawler, url)
            with pytest.raises(HomePageFailed):
                await run_planned(crawler, settings, widget_id, render)
        assert canary.sung == []
