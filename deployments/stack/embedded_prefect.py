"""Prefect's command line for the embedded server: one SQLite transaction at a time, and no foreign pages.

Run as `python -m deployments.stack.embedded_prefect server start …`. Three deviations from Prefect 3.8.8:

1. **Transactions queue in order of arrival** before they begin. Prefect begins them as readers: one that writes after
   another has written fails at once ("database is locked"), and Prefect's clients wait two to six seconds before they
   retry. While a site's pages were processed, that happened in nearly every build.
2. **Garbage is collected on a thread of its own.** Prefect's event loop reaches SQLite through one thread for each
   connection. If a collection on the loop finalizes a cursor whose connection has a statement waiting for the write
   lock, the loop blocks too: `sqlite3_reset` takes the connection's mutex, which the waiting statement holds. If the
   lock's owner is a task of that same loop, this is a deadlock until SQLite's timeout: 60 s with Prefect, about every
   dozen builds. On a thread of its own, the collection blocks alone and the loop goes on.
3. **Requests under foreign names and from foreign pages are refused** before they reach Prefect
   (`deployments.stack.own_names`). Prefect checks neither; its own calls to itself do not pass through uvicorn.
"""

import asyncio
import gc
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

import uvicorn
from prefect.cli import app
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from deployments.stack.own_names import OwnNamesOnly

LONGEST_WAIT_S = 10.0
"""Longest wait in the queue; then a transaction begins as in Prefect, because the one ahead may depend on it."""
YOUNG_EVERY_S = 1.0
ALL_EVERY_S = 60.0
"""Seconds between collections of the two youngest generations, and of all three."""

_turns: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]" = WeakKeyDictionary()
_inside = ContextVar("_inside", default=False)
_begin_unqueued = AioSqliteConfiguration.begin_transaction
_serve_all = uvicorn.run


@asynccontextmanager
async def begin_in_turn(
    configuration: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncIterator[AsyncSessionTransaction]:
    """Begin a writing transaction when no other is under way; a nested one begins at once."""
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    if _inside.get() or not await _wait_for(turn):
        async with _begin_unqueued(configuration, session, with_for_update) as transaction:
            yield transaction
        return
    token = _inside.set(True)
    try:
        async with _begin_unqueued(configuration, session, with_for_update=True) as transaction:
            yield transaction
    finally:
        _inside.reset(token)
        turn.release()


async def _wait_for(turn: asyncio.Lock) -> bool:
    try:
        async with asyncio.timeout(LONGEST_WAIT_S):
            return await turn.acquire()
    except TimeoutError:
        return False


def _collect_forever() -> None:
    next_of_all = time.monotonic() + ALL_EVERY_S
    while True:
        # A daemon thread that does nothing else and ends with the process: no event is needed to wake it.
        time.sleep(YOUNG_EVERY_S)
        if time.monotonic() < next_of_all:
            gc.collect(1)
        else:
            gc.collect()
            next_of_all = time.monotonic() + ALL_EVERY_S


def _serve_own_names(app: Any, **options: Any) -> None:
    _serve_all(OwnNamesOnly(app), **options)


def main() -> None:
    """Run Prefect's command line in this process."""
    uvicorn.run = _serve_own_names
    AioSqliteConfiguration.begin_transaction = begin_in_turn  # type: ignore[assignment, method-assign]
    gc.disable()
    threading.Thread(target=_collect_forever, name="garbage", daemon=True).start()
    sys.argv[0] = "prefect"
    app()


if __name__ == "__main__":
    main()
