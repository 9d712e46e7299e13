"""Retention: conversations older than the settings allow are deleted."""

import asyncio
import logging

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout

from tasks.core.database import Pool
from tasks.records.conversations import delete_expired
from tasks.records.webhook_outbox import delete_old_deliveries

logger = logging.getLogger("widget_builder.api")

INTERVAL_S = 3_600.0


async def delete_expired_forever(pool: Pool, days: int) -> None:
    """Delete messages and webhook deliveries older than `days`, at once and every hour."""
    while True:
        try:
            await delete_old_deliveries(pool, days)
            if deleted := await delete_expired(pool, days):
                logger.info("deleted %d messages older than %d days", deleted, days)
        except (DatabaseError, PoolTimeout, OSError) as error:
            logger.warning("deleting old conversations failed; trying again in an hour: %s", error)
        await asyncio.sleep(INTERVAL_S)
