"""Pages that never yield, read in a browser: how each ends, and what they leave behind."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tasks.core.errors import PageError
from tasks.core.models import Target
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.rendered import RenderedFetcher, open_rendered_fetcher
from tests.descendants import command_lines
from tests.web.conftest import HOME, html, make_settings, serve

LANES = 8
IDLE_RENDERERS = 6
"""As many as an idle browser has, and those that end in the background."""
GIVEN_UP = "timeout after 1s"
SPIN = html("<p>Soon.</p><script>while (true);</script>")


@dataclass(frozen=True)
class Spun:
    """The end of the pages."""

    causes: Counter[str]
    readable_after_s: float
    """Seconds until a good page was read again."""
    renderers: int
    """Processes of renderers that are left then, beside those of before."""


async def read(fetcher: RenderedFetcher, url: str) -> str:
    """Fetch the page; return it, or the cause of its failure."""
    try:
        return (await fetcher.fetch(Target(url=url, depth=1))).page.html
    except PageError as error:
        return error.message


async def read_spinning(gate: Gate, count: int, patience_s: float) -> Spun:
    """Read so many pages that never yield, eight at once, then a good one; wait at most so long for what is left."""
    others, lanes = renderers(), asyncio.Semaphore(LANES)

    async def read_in_lane(fetcher: RenderedFetcher, url: str) -> str:
        async with lanes:
            return await read(fetcher, url)

    async with (
        open_rendered_fetcher(make_settings(page_timeout_s=1), gate) as fetcher,
        serve({"/spin": SPIN, "/good": html(HOME)}) as site,
    ):
        causes = await asyncio.gather(*(read_in_lane(fetcher, f"{site.url}/spin?{n}") for n in range(count)))
        began = time.monotonic()

        async def good_page() -> bool:
            return "Welcome" in await read(fetcher, f"{site.url}/good")

        async def is_idle() -> bool:
            await asyncio.sleep(0.2)
            return len(renderers() - others) <= IDLE_RENDERERS

        readable_after_s = await _until(good_page, began, patience_s)
        await _until(is_idle, began, patience_s)
        return Spun(Counter(causes), readable_after_s, len(renderers() - others))


async def _until(holds: Callable[[], Awaitable[bool]], began: float, patience_s: float) -> float:
    """Ask until it holds, or patience is over; return the seconds since the beginning."""
    while not await holds() and time.monotonic() - began < patience_s:
        pass
    return time.monotonic() - began


def renderers() -> set[int]:
    """Running renderer processes of Chromium under this process."""
    return {pid for pid, command in command_lines().items() if "--type=renderer" in command}
