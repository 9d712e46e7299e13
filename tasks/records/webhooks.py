"""Webhooks: a widget's receivers of events, as its owner sets them up."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Frozen

MAX_WEBHOOKS = 10
"""Webhooks of one widget at most."""


class WebhookEvent(StrEnum):
    """The events that a webhook can be for."""

    lead_created = "lead.created"
    build_completed = "build.completed"
    build_failed = "build.failed"
    question_unanswered = "question.unanswered"
    feedback = "feedback"


class Webhook(Frozen):
    """A receiver of a widget's events; its secret is not read back."""

    id: UUID
    url: str
    events: tuple[WebhookEvent, ...]
    paused: bool
    """Whether its deliveries wait."""
    confirmed: bool
    """Whether an e-mail address has been confirmed by its holder; its deliveries wait until then."""
    created_at: datetime
    waiting: int
    """Deliveries that are still to be made."""
    dead: int
    """Deliveries that were given up."""


class WebhookDraft(Frozen):
    """The parts of a webhook that its owner chooses."""

    url: str
    events: tuple[WebhookEvent, ...]
    paused: bool = False


_COLUMNS = (
    "SELECT id, url, events, paused, confirmation_hash IS NULL AS confirmed, created_at,"
    " (SELECT count(*) FROM webhook_deliveries WHERE webhook_id = webhooks.id AND status = 'waiting') AS waiting,"
    " (SELECT count(*) FROM webhook_deliveries WHERE webhook_id = webhooks.id AND status = 'dead') AS dead"
    " FROM webhooks WHERE widget_id = %s"
)


async def list_webhooks(pool: Pool, widget_id: UUID) -> list[Webhook]:
    """Return the widget's webhooks, oldest first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Webhook)) as cursor:
        await cursor.execute(_COLUMNS + " ORDER BY created_at, id", (widget_id,))
        return await cursor.fetchall()


async def read_webhook(pool: Pool, widget_id: UUID, webhook_id: UUID) -> Webhook:
    """Return a webhook.

    Raises:
        NotFound: the widget has no such webhook.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Webhook)) as cursor:
        await cursor.execute(_COLUMNS + " AND id = %s", (widget_id, webhook_id))
        found = await cursor.fetchone()
    if found is None:
        raise NotFound("webhook")
    return found


async def add_webhook(
    pool: Pool, widget_id: UUID, draft: WebhookDraft, secret: str, confirmation_hash: str | None = None
) -> UUID:
    """Store a new webhook; return its id. With the hash of a code it waits until that has been given.

    Raises:
        InvalidRequest: the widget has too many.
        NotFound: the widget was deleted meanwhile.
    """
    webhook_id = uuid4()
    async with pool.connection() as connection, connection.transaction():
        # The lock lets two requests at once not pass the limit together.
        rows = await connection.execute("SELECT 1 FROM widgets WHERE id = %s FOR NO KEY UPDATE", (widget_id,))
        if await rows.fetchone() is None:
            raise NotFound("widget")
        rows = await connection.execute("SELECT count(*) FROM webhooks WHERE widget_id = %s", (widget_id,))
        row = await rows.fetchone()
        if row is not None and row[0] >= MAX_WEBHOOKS:
            message = f"The widget has {MAX_WEBHOOKS} webhooks, the most there can be. Delete one first."
            raise InvalidRequest("too_many_webhooks", message)
        await connection.execute(
            "INSERT INTO webhooks (id, widget_id, url, secret, events, paused, confirmation_hash)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (webhook_id, widget_id, draft.url, secret, list(draft.events), draft.paused, confirmation_hash),
        )
    return webhook_id


async def replace_webhook(pool: Pool, widget_id: UUID, webhook_id: UUID, draft: WebhookDraft) -> None:
    """Replace a webhook's address, events and state; its secret stays.

    Raises:
        NotFound: the widget has no such webhook.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "UPDATE webhooks SET url = %s, events = %s, paused = %s WHERE id = %s AND widget_id = %s RETURNING id",
            (draft.url, list(draft.events), draft.paused, webhook_id, widget_id),
        )
        if await rows.fetchone() is None:
            raise NotFound("webhook")


async def confirm_webhook(pool: Pool, widget_id: UUID, webhook_id: UUID, code_hash: str) -> bool:
    """Let the webhook's deliveries be made, if the code is right; return whether they are."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "UPDATE webhooks SET confirmation_hash = NULL WHERE id = %s AND widget_id = %s"
            " AND coalesce(confirmation_hash = %s, true) RETURNING id",
            (webhook_id, widget_id, code_hash),
        )
        return await rows.fetchone() is not None


async def delete_webhook(pool: Pool, widget_id: UUID, webhook_id: UUID) -> None:
    """Delete a webhook with its deliveries.

    Raises:
        NotFound: the widget has no such webhook.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "DELETE FROM webhooks WHERE id = %s AND widget_id = %s RETURNING id", (webhook_id, widget_id)
        )
        if await rows.fetchone() is None:
            raise NotFound("webhook")
