"""A browser tab: reused for page after page, and closed even if its page hangs."""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from playwright.async_api import CDPSession, Page
from playwright.async_api import Error as PlaywrightError

T = TypeVar("T")

BLANK = "about:blank"
CRASH_ATTEMPTS = 15
"""Crash commands sent to a tab that cannot navigate away."""
_OFFLINE = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
_CLEAR_TIMEOUT_S = 1.0
_COMMAND_TIMEOUT_S = 0.2


class TabGone(Exception):
    """The browser or the tab crashed, was closed or was given up."""


@dataclass(eq=False)
class Tab:
    """A tab with its session of the DevTools protocol (CDP)."""

    page: Page
    cdp: CDPSession
    visits: int = 0
    is_tainted: bool = False
    """Whether it was changed in a way that would affect the next page; it is then not reused."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it crashed, was closed or given up: a pending call to it might never return."""
    is_dead: bool = False
    """Whether it crashed or was closed."""

    def __post_init__(self) -> None:
        self.page.on("crash", self._die)
        self.page.on("close", self._die)

    @property
    def is_silent(self) -> bool:
        """Whether no page runs in it."""
        return self.is_dead or self.page.url == BLANK

    def _die(self, _: Page) -> None:
        self.is_dead = True
        self.gone.set()

    async def silence(self) -> None:
        """Stop the page's scripts, requests and navigation; the tab cannot be reused afterwards."""
        self.is_tainted = True
        await self.cdp.send("Network.emulateNetworkConditions", _OFFLINE)
        await self.cdp.send("Emulation.setScriptExecutionDisabled", {"value": True})

    async def run_unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of the work; cancel it when the tab is gone.

        Raises:
            TabGone: the tab was gone before the work was done.
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
    """Navigate to the blank page, which ends the current one; return whether that succeeded."""
    try:
        async with asyncio.timeout(_CLEAR_TIMEOUT_S):
            await tab.run_unless_gone(tab.page.goto(BLANK, wait_until="commit", timeout=0))
    except (PlaywrightError, TimeoutError, TabGone):
        return False
    return tab.page.url == BLANK


async def stop(tab: Tab) -> None:
    """End the page's process; merely closing the tab would leave one that loops or navigates endlessly."""
    if await clear(tab):
        return
    # Works for a page that navigates endlessly, not for one in an endless loop.
    silencing = asyncio.create_task(_silence(tab))
    for _ in range(CRASH_ATTEMPTS):
        # Rejected while the tab navigates; without a response when it succeeds.
        await _send(tab, "Page.crash")
        if tab.is_dead:
            break
    silencing.cancel()


async def _silence(tab: Tab) -> None:
    with contextlib.suppress(PlaywrightError):
        await tab.silence()


async def _send(tab: Tab, command: str) -> None:
    """Send a command to a tab that may be unable to respond."""
    with contextlib.suppress(PlaywrightError, TimeoutError):
        async with asyncio.timeout(_COMMAND_TIMEOUT_S):
            await tab.cdp.send(command)
