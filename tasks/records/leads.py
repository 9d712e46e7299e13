"""Leads: e-mail addresses that visitors leave, kept with their conversation and erased with it."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID, uuid4

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen
from tasks.records.conversations import ensure_conversation
from tasks.records.sanitizing import sanitize_text
from tasks.records.webhook_outbox import enqueue
from tasks.records.webhooks import WebhookEvent

EXPORT_BATCH = 500
"""Leads read in one query of an export."""


class LeadDraft(Frozen):
    """The parts of a lead that a visitor writes."""

    email: str
    name: str
    message: str
    consent: str | None
    """The text that the visitor agreed to; None if none was asked for."""


class Lead(LeadDraft):
    """A visitor's address with the conversation that it came from."""

    id: UUID
    conversation_id: UUID
    created_at: datetime


_COLUMNS = "SELECT id, conversation_id, created_at, email, name, message, consent FROM leads WHERE widget_id = %s"


async def store_lead(pool: Pool, widget_id: UUID, conversation_id: UUID | None, draft: LeadDraft) -> UUID:
    """Store the lead and its webhooks' deliveries; return its conversation, a new one if none is given.

    Raises:
        InvalidRequest: the widget has no such conversation (404).
        NotFound: the widget was deleted meanwhile.
    """
    lead_id = uuid4()
    clean = LeadDraft.model_validate({name: text and sanitize_text(text) for name, text in draft})
    async with pool.connection() as connection, connection.transaction():
        found = await ensure_conversation(connection, widget_id, conversation_id)
        await connection.execute(
            "INSERT INTO leads (id, widget_id, conversation_id, email, name, message, consent)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (lead_id, widget_id, found, clean.email, clean.name, clean.message, clean.consent),
        )
        data = {"lead_id": str(lead_id), "conversation_id": str(found), **clean.model_dump()}
        await enqueue(connection, widget_id, WebhookEvent.lead_created, data, conversation_id=found, lead_id=lead_id)
    return found


async def list_leads(pool: Pool, widget_id: UUID, limit: int, offset: int) -> tuple[list[Lead], int]:
    """Return a page of the widget's leads, the latest first, and their total number."""
    async with pool.connection() as connection:
        async with connection.cursor(row_factory=class_row(Lead)) as cursor:
            await cursor.execute(
                _COLUMNS + " ORDER BY created_at DESC, id LIMIT %s OFFSET %s", (widget_id, limit, offset)
            )
            leads = await cursor.fetchall()
        rows = await connection.execute("SELECT count(*) FROM leads WHERE widget_id = %s", (widget_id,))
        row = await rows.fetchone()
    return leads, 0 if row is None else int(row[0])


async def export_leads(pool: Pool, widget_id: UUID) -> AsyncIterator[list[Lead]]:
    """Yield all leads of the widget in batches, the latest first."""
    offset = 0
    while batch := (await list_leads(pool, widget_id, EXPORT_BATCH, offset))[0]:
        yield batch
        offset += len(batch)


async def erase_lead(pool: Pool, widget_id: UUID, lead_id: UUID) -> None:
    """Delete a lead, with the deliveries that have its address.

    Raises:
        NotFound: the widget has no such lead.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "DELETE FROM leads WHERE id = %s AND widget_id = %s RETURNING id", (lead_id, widget_id)
        )
        if await rows.fetchone() is None:
            raise NotFound("lead")


async def erase_leads(pool: Pool, widget_id: UUID) -> int:
    """Delete all leads of the widget, with the deliveries that have their addresses; return their number."""
    async with pool.connection() as connection:
        return (await connection.execute("DELETE FROM leads WHERE widget_id = %s", (widget_id,))).rowcount
