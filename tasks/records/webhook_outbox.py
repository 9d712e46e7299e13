"""Outbox of webhooks: deliveries are stored in the transaction of their event, and sent until a receiver accepts them.

A delivery that has a visitor's words refers to the conversation, and is deleted with it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import class_row

from tasks.core.database import Connection, Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen
from tasks.records.sanitizing import sanitize_json
from tasks.records.webhooks import WebhookEvent

DELAYS_S = (10, 60, 300, 1_800, 7_200, 21_600, 43_200)
"""Seconds until the next attempt, after the first, the second …; after one more attempt a delivery is given up."""
CLAIM_S = 60.0
"""Seconds for which a delivery belongs to the process that sends it; longer than an attempt may take."""
CLAIM_LOCK = 7_302_115_020
"""Advisory lock of the process that claims deliveries."""


class Delivery(Frozen):
    """A delivery as its owner sees it."""

    id: UUID
    event: str
    body: str
    status: str
    """`waiting`, `delivered`, or `dead` after the last attempt."""
    attempts: int
    created_at: datetime
    due_at: datetime
    """Of a waiting one, the time of the next attempt."""
    delivered_at: datetime | None
    response_status: int | None
    """HTTP status of the last attempt."""
    error: str | None
    """Cause for which the last attempt failed."""


class ClaimedDelivery(Frozen):
    """A delivery that this process is to send."""

    id: UUID
    url: str
    secret: str
    body: str
    attempts: int
    """Attempts, this one included."""
    is_late: bool = False
    """Whether the webhook has deliveries that failed and wait for another attempt."""


async def enqueue(
    connection: Connection,
    widget_id: UUID,
    event: WebhookEvent,
    data: Mapping[str, Any],
    *,
    conversation_id: UUID | None = None,
    lead_id: UUID | None = None,
) -> None:
    """Store a delivery for each webhook that is for this event, in the connection's transaction."""
    rows = await connection.execute(
        "SELECT id FROM webhooks WHERE widget_id = %s AND %s = ANY(events)", (widget_id, event)
    )
    for (webhook_id,) in await rows.fetchall():
        delivery_id = uuid4()
        sent = {
            "id": str(delivery_id),
            "type": event,
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "widget_id": str(widget_id),
            "data": sanitize_json(dict(data)),
        }
        await connection.execute(
            "INSERT INTO webhook_deliveries (id, webhook_id, event, body, conversation_id, lead_id)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (delivery_id, webhook_id, event, json.dumps(sent, ensure_ascii=False), conversation_id, lead_id),
        )


_CLAIM = """
UPDATE webhook_deliveries AS claimed SET attempts = attempts + 1,
    claimed_until = now() + make_interval(secs => %(claim_s)s)
FROM webhooks, (
    SELECT id, is_late FROM (
        SELECT id, is_late, due_at, row_number() OVER (PARTITION BY is_late ORDER BY due_at) AS place FROM (
            SELECT DISTINCT ON (webhook_id) delivery.id, due_at, EXISTS (SELECT FROM webhook_deliveries AS failed
                WHERE failed.webhook_id = delivery.webhook_id AND failed.status = 'waiting' AND failed.attempts > 0
            ) AS is_late
            FROM webhook_deliveries AS delivery JOIN webhooks ON webhooks.id = webhook_id
            WHERE status = 'waiting' AND due_at <= now() AND NOT paused AND confirmation_hash IS NULL
            AND NOT EXISTS (SELECT FROM webhook_deliveries AS sent WHERE sent.webhook_id = delivery.webhook_id
                AND sent.status = 'waiting' AND sent.claimed_until > now())
            ORDER BY webhook_id, position
        ) AS due
    ) AS placed
    WHERE NOT is_late OR place <= %(late_limit)s ORDER BY is_late, due_at LIMIT %(limit)s
) AS chosen
WHERE webhooks.id = webhook_id AND claimed.id = chosen.id
RETURNING claimed.id, url, secret, body, attempts, is_late
"""


async def claim_due(pool: Pool, limit: int, late_limit: int) -> list[ClaimedDelivery]:
    """Claim deliveries that are due, one a webhook at a time, so that a receiver gets them in order.

    Webhooks whose deliveries have failed come last, and get no more than `late_limit`: the receivers that do not
    answer hold up each other.
    """
    async with (
        pool.connection() as connection,
        connection.transaction(),
        connection.cursor(row_factory=class_row(ClaimedDelivery)) as cursor,
    ):
        # One process claims at a time: two could otherwise take deliveries of the same webhook. It is waited for: it
        # may have looked before we settled a delivery, and then claims nothing of what is due since.
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (CLAIM_LOCK,))
        await cursor.execute(_CLAIM, {"claim_s": CLAIM_S, "limit": limit, "late_limit": late_limit})
        return await cursor.fetchall()


async def settle(pool: Pool, delivery: ClaimedDelivery, response_status: int | None, error: str | None) -> None:
    """Record an attempt's result: delivered without an error, else due again later, or dead after the last attempt.

    Nothing is recorded of a delivery that was erased meanwhile, or that another process has claimed since.
    """
    is_last = delivery.attempts > len(DELAYS_S)
    status = "delivered" if error is None else "dead" if is_last else "waiting"
    delay = 0 if status != "waiting" else DELAYS_S[delivery.attempts - 1]
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE webhook_deliveries SET status = %(status)s, response_status = %(response)s, error = %(error)s,"
            " claimed_until = NULL, due_at = now() + make_interval(secs => %(delay)s),"
            " delivered_at = CASE WHEN %(status)s = 'delivered' THEN now() END"
            " WHERE id = %(id)s AND status = 'waiting' AND attempts = %(attempts)s",
            {
                "id": delivery.id,
                "attempts": delivery.attempts,
                "status": status,
                "response": response_status,
                "error": error,
                "delay": delay,
            },
        )


async def list_deliveries(pool: Pool, webhook_id: UUID, status: str | None, limit: int) -> Sequence[Delivery]:
    """Return the webhook's latest deliveries, newest first; with a status, those that have it."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Delivery)) as cursor:
        columns = ", ".join(Delivery.model_fields)
        await cursor.execute(
            f"SELECT {columns} FROM webhook_deliveries WHERE webhook_id = %(webhook)s"
            " AND (%(status)s::text IS NULL OR status = %(status)s) ORDER BY position DESC LIMIT %(limit)s",
            {"webhook": webhook_id, "status": status, "limit": limit},
        )
        return await cursor.fetchall()


async def replay(pool: Pool, webhook_id: UUID, delivery_id: UUID) -> None:
    """Make a delivery anew, as if it had never been tried; the receiver knows it by its id.

    Raises:
        NotFound: the webhook has no such delivery.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "UPDATE webhook_deliveries SET status = 'waiting', attempts = 0, due_at = now(), claimed_until = NULL,"
            " delivered_at = NULL, error = NULL, response_status = NULL"
            " WHERE id = %s AND webhook_id = %s RETURNING id",
            (delivery_id, webhook_id),
        )
        if await rows.fetchone() is None:
            raise NotFound("delivery")


async def delete_old_deliveries(pool: Pool, days: int) -> None:
    """Delete deliveries older than `days`, whatever their state."""
    async with pool.connection() as connection:
        await connection.execute(
            "DELETE FROM webhook_deliveries WHERE created_at < now() - make_interval(days => %s)", (days,)
        )
