"""Conversations are not kept longer than the settings say."""

import asyncio
import logging

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from tasks.core.database import Pool
from tasks.records.conversations import delete_expired

logger = logging.getLogger("widget_builder.api")

EVERY_S = 3_600.0


async def forget_forever(pool: Pool, days: int) -> None:
    """Delete what is too old, at once and every hour."""
    while True:
        try:
            if deleted := await delete_expired(pool, days):
                logger.info("%d messages older than %d days are deleted", deleted, days)
        except (DatabaseError, PoolTimeout, OSError) as error:
            logger.warning("old conversations cannot be deleted at the moment: %s", error)
        await asyncio.sleep(EVERY_S)
