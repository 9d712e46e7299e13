"""`prefect …` for the embedded server, whose SQLite gets one transaction at a time.

Run as `python -m deployments.stack.embedded_prefect server start …`. Two things are not as Prefect has them:

1. **Transactions wait for each other in the order they came**, before they begin. Prefect begins them as readers: one
   that then writes while another did so before fails at once ("database is locked"), and Prefect's clients wait two
   to six seconds before they ask again. With a site's pages in hand, that was nearly every build.
2. **Garbage is collected on a thread of its own.** Prefect's event loop reaches SQLite through one thread a
   connection. A collection on the loop that finds a cursor of a connection whose statement waits for the write lock
   must wait too: `sqlite3_reset` takes the connection's mutex, which the waiting statement holds. If the lock's owner
   is a task of that same loop, nothing moves until SQLite gives up: after 60 s with Prefect, every dozen builds or
   so. A thread that waits in that place lets the loop go on, and so ends its own wait.
"""

import asyncio
import gc
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

from prefect.cli import app
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

LONGEST_WAIT_S = 10.0
"""After this a transaction begins as Prefect would have it begin: its turn may depend on it."""
YOUNG_EVERY_S = 1.0
ALL_EVERY_S = 60.0
"""Seconds between collections of the youngest two generations, and of all three."""

_turns: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]" = WeakKeyDictionary()
_inside = ContextVar("_inside", default=False)
_begin_anyhow = AioSqliteConfiguration.begin_transaction


@asynccontextmanager
async def begin_in_turn(
    configuration: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncIterator[AsyncSessionTransaction]:
    """A transaction that may write, begun when no other is under way; one within another begins at once."""
    turn = _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    if _inside.get() or not await _wait_for(turn):
        async with _begin_anyhow(configuration, session, with_for_update) as transaction:
            yield transaction
        return
    token = _inside.set(True)
    try:
        async with _begin_anyhow(configuration, session, with_for_update=True) as transaction:
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
        # A thread of its own that does nothing but this, and ends with the process: there is nothing to wait for.
        time.sleep(YOUNG_EVERY_S)
        if time.monotonic() < next_of_all:
            gc.collect(1)
        else:
            gc.collect()
            next_of_all = time.monotonic() + ALL_EVERY_S


def main() -> None:
    """Prefect's command line, in this process."""
    AioSqliteConfiguration.begin_transaction = begin_in_turn  # type: ignore[assignment, method-assign]
    gc.disable()
    threading.Thread(target=_collect_forever, name="garbage", daemon=True).start()
    sys.argv[0] = "prefect"
    app()


if __name__ == "__main__":
    main()
