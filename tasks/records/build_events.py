"""Events of a build: the table `build_events` is the source of truth for its progress.

Sequence numbers have no gaps, and there is exactly one terminal event. One transaction numbers an event and updates
the build's status, so a late writer (a cancelled flow, the sweeper, a zombie) is refused.
"""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from tasks.core.database import Connection, Pool
from tasks.core.errors import BuildEnded
from tasks.core.events import BuildEvent, EventDraft, EventType, number_event
from tasks.core.models import Statistics
from tasks.core.redaction import redact
from tasks.records.sanitizing import sanitize_json
from tasks.records.webhook_outbox import enqueue
from tasks.records.webhooks import WebhookEvent

TERMINAL_STATUS = {
    EventType.builder_completed: "completed",
    EventType.builder_failed: "failed",
    EventType.builder_cancelled: "cancelled",
}

TOLD = {
    EventType.builder_completed: WebhookEvent.build_completed,
    EventType.builder_failed: WebhookEvent.build_failed,
}
"""Events that webhooks can be for."""


async def append_event(
    pool: Pool,
    build_id: UUID,
    draft: EventDraft,
    statistics: Statistics | None = None,
    *,
    attempt: int | None = None,
) -> BuildEvent:
    """Store the event with the next number and return it; a terminal event also ends the build.

    `attempt` is that of the flow that reports the event; None: anybody else.

    Raises:
        BuildEnded: the build already has its terminal event, or a later attempt; nothing was written.
    """
    # Message, detail and data may quote the site or a service.
    quoted = {"message": redact(draft.message), "detail": draft.detail and redact(draft.detail)}
    clean = EventDraft.model_validate(sanitize_json(draft.model_dump(exclude={"stage"}) | quoted))
    async with pool.connection() as connection, connection.transaction():
        return await insert_event(connection, build_id, clean, statistics, attempt=attempt)


async def insert_event(
    connection: Connection,
    build_id: UUID,
    draft: EventDraft,
    statistics: Statistics | None = None,
    *,
    attempt: int | None = None,
) -> BuildEvent:
    """Do the work of `append_event` in the connection's transaction, for a draft that needs no sanitizing."""
    # The UPDATE locks the build's row until the transaction ends: concurrent events are numbered one after the other.
    rows = await connection.execute(
        "UPDATE scrape_jobs SET last_seq = last_seq + 1,"
        " statistics = coalesce(%(statistics)s, statistics), status = coalesce(%(status)s, status),"
        " error = coalesce(%(error)s, error),"
        " finished_at = CASE WHEN %(status)s::text IS NULL THEN finished_at ELSE now() END"
        " WHERE id = %(id)s AND status IN ('pending', 'running') AND attempt = coalesce(%(attempt)s, attempt)"
        " RETURNING last_seq, widget_id",
        {
            "id": build_id,
            "attempt": attempt,
            "statistics": Jsonb(statistics.model_dump()) if statistics else None,
            "status": TERMINAL_STATUS.get(draft.type),
            "error": draft.detail if draft.type is EventType.builder_failed else None,
        },
    )
    row = await rows.fetchone()
    if row is None:
        raise BuildEnded("The build has ended: no event can follow its terminal event.")
    event = number_event(draft, build_id, row[0])
    await connection.execute(
        "INSERT INTO build_events (build_id, seq, at, type, object) VALUES (%s, %s, %s, %s, %s)",
        (build_id, event.seq, event.at, event.type, event.to_json()),
    )
    if event.type in TOLD:
        await enqueue(connection, row[1], TOLD[event.type], _summary(event))
    return event


def _summary(event: BuildEvent) -> dict[str, Any]:
    """Return what a webhook is told of the build's end."""
    data = dict(event.data)
    names = ("statistics", "diff", "answers", "cause", "remedy")
    shown: dict[str, Any] = {name: data[name] for name in names if name in data}
    return {"build_id": str(event.build_id), "message": event.message, "detail": event.detail, **shown}


async def append_queued(pool: Pool, build_id: UUID, last_seq: int, draft: EventDraft) -> bool:
    """Append a `builder_queued` event to a build that waits, unless its last event says the same.

    Returns:
        Whether it was appended: not if the build has begun, or has another event after number `last_seq`, such as the
        same from another API process.
    """
    async with pool.connection() as connection, connection.transaction():
        rows = await connection.execute(
            "SELECT object FROM scrape_jobs JOIN build_events ON build_id = id AND seq = last_seq"
            " WHERE id = %s AND last_seq = %s AND status = 'pending' FOR UPDATE OF scrape_jobs",
            (build_id, last_seq),
        )
        row = await rows.fetchone()
        if row is None:
            return False
        last = BuildEvent.model_validate(row[0])
        if last.type is draft.type and last.data == draft.data:
            return False
        await insert_event(connection, build_id, draft)
        return True


async def read_events(pool: Pool, build_id: UUID, after: int = 0, limit: int = 1_000) -> list[BuildEvent]:
    """Return the build's events with numbers above `after`, in order, at most `limit`."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT object FROM build_events WHERE build_id = %s AND seq > %s ORDER BY seq LIMIT %s",
            (build_id, after, limit),
        )
        return [BuildEvent.model_validate(row[0]) for row in await rows.fetchall()]
