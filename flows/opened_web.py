"""The web of a run, opened before it is known which run that is: a browser takes a second to start.

A process that waits for its run calls `open_ahead` on the event loop that the run will use; the run takes what it finds
there, or opens its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tasks.core.settings import Settings
from tasks.web.reader import Web, open_web


@dataclass
class _Ahead:
    """What was opened, for whom it fits, and how it is closed."""

    loop: asyncio.AbstractEventLoop
    settings: Settings
    web: Web
    closing: AsyncExitStack


_ahead: list[_Ahead] = []
"""None or one: a process carries out one run."""


async def open_ahead(settings: Settings) -> None:
    """Open the web for a run that is to come; the browser starts in the background."""
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(open_web(settings))
        _ahead.append(_Ahead(asyncio.get_running_loop(), settings, web, stack.pop_all()))


async def close_ahead() -> None:
    """Close what no run has taken."""
    while _ahead:
        await _ahead.pop().closing.aclose()


@asynccontextmanager
async def opened_web(settings: Settings) -> AsyncIterator[Web]:
    """The web that was opened ahead, if it fits, or else one opened now; closed on leaving."""
    async with AsyncExitStack() as stack:
        ahead = _ahead.pop() if _ahead else None
        if ahead is not None and ahead.loop is asyncio.get_running_loop():
            stack.push_async_exit(ahead.closing)
            if ahead.settings == settings:
                yield ahead.web
                return
        yield await stack.enter_async_context(open_web(settings))
