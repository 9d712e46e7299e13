"""The time of a page is one, however many attempts and fetchers share it."""

import asyncio

import pytest
from aiohttp import web

from tasks.core.errors import FetchFailed, FetchTimeout
from tasks.core.models import FetchMethod, Target
from tasks.web.crawl.robots import Robots, RobotsAnswer
from tasks.web.fetching.page_time import PageTimes
from tasks.web.reader import open_web
from tests.web.conftest import HOME, html, make_settings, serve, silence
from tests.web.virtual_time import run_virtually

URL = "https://shop.example/"
LOST = "the connection broke"


async def attempt(times: PageTimes, seconds: float, error: str = "") -> float:
    """Make an attempt that takes so long; return the seconds that it was given."""
    with times.attempt(URL) as time:
        given = time.left_s
        try:
            async with time.limited():
                await asyncio.sleep(seconds)
        except TimeoutError as timeout:
            raise FetchTimeout(time.limit_s) from timeout
        if error:
            raise FetchFailed(error, retriable=True)
        return given


def test_a_further_attempt_gets_what_is_left_until_nothing_is() -> None:
    """Then the failure is final, whatever its kind says."""

    async def run() -> None:
        times = PageTimes(30)
        for _ in range(2):
            with pytest.raises(FetchFailed, match=LOST) as failed:
                await attempt(times, 12, LOST)
            assert failed.value.retriable
        with pytest.raises(FetchTimeout, match="timeout after 30s") as failed:
            await attempt(times, 12)
        assert not failed.value.retriable
        assert asyncio.get_running_loop().time() == 30

    run_virtually(run())


def test_a_page_that_came_or_failed_for_good_is_forgotten() -> None:
    """Of a page that is fetched again in the same build, the time begins anew."""

    async def run() -> None:
        times = PageTimes(30)
        with pytest.raises(FetchFailed):
            await attempt(times, 20, LOST)
        assert await attempt(times, 1) == 10
        assert await attempt(times, 1) == 30
        with pytest.raises(FetchTimeout):
            await attempt(times, 40)
        assert await attempt(times, 1) == 30

    run_virtually(run())


@pytest.mark.parametrize("render", ["never", "always"])
async def test_a_page_that_used_its_whole_time_is_not_tried_again(render: str) -> None:
    """Three attempts of a page timeout each would hold up the build."""
    settings = make_settings(page_timeout_s=1, render=render, obey_robots=False)
    async with serve({"/silent": silence}) as site, open_web(settings) as reader:
        with pytest.raises(FetchTimeout) as failed:
            await reader.fetch(Target(url=f"{site.url}/silent", depth=1))
        assert not failed.value.retriable


async def test_a_page_that_came_slowly_leaves_the_browser_the_rest_of_its_time() -> None:
    """A shell is rendered in what its HTTP request has left, or fails with the page."""
    asked: list[str] = []

    async def shell(request: web.Request) -> web.Response:
        asked.append(request.headers["User-Agent"])
        await asyncio.sleep(0.5 if len(asked) == 1 else 60)
        return web.Response(text="<body><div id=root></div><script>1</script></body>", content_type="text/html")

    async with serve({"/shell": shell}) as site, open_web(make_settings(page_timeout_s=2, obey_robots=False)) as reader:
        with pytest.raises(FetchTimeout, match="timeout after 2s") as failed:
            await reader.fetch(Target(url=f"{site.url}/shell", depth=2))
        assert not failed.value.retriable
        assert len(asked) == 2


async def test_a_start_page_is_asked_for_over_http_before_the_browser_has_used_its_time() -> None:
    """Whatever the browser does, the page is there at the end of its timeout; a browser that is late is waited for."""
    asked_again = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if asked_again.is_set() or site.asked.count("/") > 1:
            asked_again.set()
        await asked_again.wait()
        return web.Response(text=HOME, content_type="text/html")

    async with serve({"/": answer}) as site, open_web(make_settings(page_timeout_s=20)) as reader:
        home = await reader.load_home(Target(url=f"{site.url}/", depth=0), "() => 1")
        assert asked_again.is_set()
        assert home.page.method is FetchMethod.browser


async def test_a_start_page_that_comes_in_time_is_asked_for_once() -> None:
    """The request over HTTP is never made."""
    async with serve({"/": html(HOME)}) as site, open_web(make_settings(page_timeout_s=20)) as reader:
        await reader.load_home(Target(url=f"{site.url}/", depth=0), "() => 1")
        assert site.asked.count("/") == 1


def test_attempts_at_a_robots_txt_share_a_time_too() -> None:
    """A host that refuses slowly, again and again, is out of reach."""

    async def refuse(_: str) -> RobotsAnswer:
        await asyncio.sleep(9)
        return RobotsAnswer(503, b"")

    async def run() -> None:
        with pytest.raises(FetchFailed, match=r"out of reach.*timeout after 15s") as failed:
            await Robots(refuse, obey=True).check(URL)
        assert not failed.value.retriable
        assert asyncio.get_running_loop().time() == 15

    run_virtually(run())
