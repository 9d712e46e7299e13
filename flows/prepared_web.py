"""A run's web, opened before the run is known: a browser takes a second to start.

A process that waits for its run calls `prepare_web` on the event loop that the run will use. The run takes that web
when its settings are the same, or opens its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from tasks.core.settings import Settings
from tasks.web.reader import Web, open_web


@dataclass
class _PreparedWeb:
    """A web, and the loop and settings that a run must have to take it."""

    loop: asyncio.AbstractEventLoop
    settings: Settings
    web: Web
    closing: AsyncExitStack


_prepared: list[_PreparedWeb] = []
"""None or one: a process carries out one run."""


async def prepare_web(settings: Settings) -> None:
    """Open the web for a later run; the browser starts in the background."""
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(open_web(settings))
        _prepared.append(_PreparedWeb(asyncio.get_running_loop(), settings, web, stack.pop_all()))


async def close_prepared_web() -> None:
    """Close the web that no run has taken."""
    while _prepared:
        await _prepared.pop().closing.aclose()


@asynccontextmanager
async def open_run_web(settings: Settings) -> AsyncIterator[Web]:
    """The prepared web if it fits, or else a new one; closed on leaving."""
    async with AsyncExitStack() as stack:
        prepared = _prepared.pop() if _prepared else None
        if prepared is not None and prepared.loop is asyncio.get_running_loop():
            stack.push_async_exit(prepared.closing)
            if prepared.settings == settings:
                yield prepared.web
                return
        yield await stack.enter_async_context(open_web(settings))
