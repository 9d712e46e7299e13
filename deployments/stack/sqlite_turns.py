"""Transactions of the embedded Prefect server: one at a time, in order of arrival.

Prefect (3.8.8) begins them as readers: on SQLite, one that writes after another has written fails at once ("database is
locked"), and Prefect's clients wait two to six seconds before they retry. While a site's pages were processed, that
happened in nearly every build.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

LONGEST_WAIT_S = 10.0
"""Longest wait in the queue; then a transaction begins as in Prefect, because the one ahead may depend on it."""

_turns: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]" = WeakKeyDictionary()
_inside = ContextVar("_inside", default=False)
_begin_unqueued = AioSqliteConfiguration.begin_transaction


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


def queue_transactions() -> None:
    """Have all of Prefect's transactions in this process wait for their turn."""
    AioSqliteConfiguration.begin_transaction = begin_in_turn  # type: ignore[assignment, method-assign]
