"""One tab of the browser: used for page after page, and ended whatever runs in it."""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from playwright.async_api import CDPSession, Page
from playwright.async_api import Error as PlaywrightError

T = TypeVar("T")

BLANK = "about:blank"
CRASHES = 15
"""Times a tab that cannot be left is told to crash."""
_OFFLINE = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
_CLEAR_S = 1.0
_ANSWER_S = 0.2


class TabGone(Exception):
    """The browser or the tab crashed."""


@dataclass(eq=False)
class Tab:
    """One tab, with the debugger's connection to it."""

    page: Page
    cdp: CDPSession
    visits: int = 0
    is_spoilt: bool = False
    """Whether it was changed in a way that the next page would notice."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it crashed, was closed or given up: what waits for an answer from it would wait for ever."""
    is_dead: bool = False
    """Whether it crashed or was closed."""

    def __post_init__(self) -> None:
        self.page.on("crash", self._die)
        self.page.on("close", self._die)

    @property
    def is_silent(self) -> bool:
        """Whether nothing runs in it."""
        return self.is_dead or self.page.url == BLANK

    def _die(self, _: Page) -> None:
        self.is_dead = True
        self.gone.set()

    async def silence(self) -> None:
        """Stop what the page does: its scripts, and what it loads and leads to; the tab is of no further use."""
        self.is_spoilt = True
        await self.cdp.send("Network.emulateNetworkConditions", _OFFLINE)
        await self.cdp.send("Emulation.setScriptExecutionDisabled", {"value": True})

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives.

        Raises:
            TabGone: the tab went before the work was done.
        """
        working = asyncio.create_task(work)
        going = asyncio.create_task(self.gone.wait())
        try:
            await asyncio.wait({working, going}, return_when=asyncio.FIRST_COMPLETED)
            if self.gone.is_set() and not working.done():
                raise TabGone
            return await working
        finally:
            for task in (working, going):
                task.cancel()
            await asyncio.gather(working, going, return_exceptions=True)


async def clear(tab: Tab) -> bool:
    """Leave the page, so that nothing of it runs on; whether that was possible."""
    try:
        async with asyncio.timeout(_CLEAR_S):
            await tab.unless_gone(tab.page.goto(BLANK, wait_until="commit", timeout=0))
    except (PlaywrightError, TimeoutError, TabGone):
        return False
    return tab.page.url == BLANK


async def stop(tab: Tab) -> None:
    """End the process that runs the page: asking alone would leave one behind that spins or navigates for ever."""
    if await clear(tab):
        return
    # A page that spins does not hear this; one that navigates without end does.
    silencing = asyncio.create_task(_silence(tab))
    for _ in range(CRASHES):
        # Refused while the tab is on its way to another page; never answered when it succeeds.
        await _send(tab, "Page.crash")
        if tab.is_dead:
            break
    silencing.cancel()


async def _silence(tab: Tab) -> None:
    with contextlib.suppress(PlaywrightError):
        await tab.silence()


async def _send(tab: Tab, command: str) -> None:
    """Say it to the tab, which may be in no state to answer."""
    with contextlib.suppress(PlaywrightError, TimeoutError):
        async with asyncio.timeout(_ANSWER_S):
            await tab.cdp.send(command)
