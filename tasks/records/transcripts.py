"""Transcripts: a widget's conversations for its owner, filtered, exported and erased."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen
from tasks.records.conversations import CitedLink

EXPORT_BATCH = 500
"""Messages read in one query of an export."""


class MessageFilter(Frozen):
    """Conditions on messages; None: any."""

    answered: bool | None = None
    rating: str | None = None
    """`up` or `down`."""
    page: str | None = None
    """URL of a page that the answer cites."""
    text: str | None = None
    """Words in question, answer or comment."""
    since: datetime | None = None
    before: datetime | None = None


class TranscriptMessage(Frozen):
    """A question with its answer and rating."""

    id: UUID
    conversation_id: UUID
    at: datetime
    question: str
    answer: str
    answered: bool
    kind: str
    citations: tuple[CitedLink, ...]
    rating: str | None
    comment: str | None
    matches: bool = True
    """Whether the message itself meets the filter."""


class Transcript(Frozen):
    """A conversation that has a message meeting the filter, with all its messages."""

    id: UUID
    started_at: datetime
    messages: tuple[TranscriptMessage, ...]


_CONDITIONS = (
    "(%(answered)s::boolean IS NULL OR message.answered = %(answered)s AND kind <> 'small_talk')"
    " AND (%(rating)s::text IS NULL OR rating = %(rating)s)"
    " AND (%(page)s::text IS NULL OR citations @> jsonb_build_array(jsonb_build_object('url', %(page)s::text)))"
    " AND (%(text)s::text IS NULL OR strpos(lower(question || ' ' || answer || ' ' || coalesce(comment, '')),"
    " lower(%(text)s)) > 0)"
    " AND (%(since)s::timestamptz IS NULL OR message.at >= %(since)s)"
    " AND (%(before)s::timestamptz IS NULL OR message.at < %(before)s)"
)
_FROM = (
    " FROM chat_messages AS message JOIN conversations ON conversations.id = conversation_id"
    " LEFT JOIN feedback ON message_id = message.id WHERE widget_id = %(widget)s"
)
_COLUMNS = (
    "SELECT message.id, conversation_id, message.at, question, answer, message.answered, kind, citations, rating,"
    " comment"
)
_FOUND = (
    "SELECT conversation_id, min(conversations.created_at) AS started_at, max(position) AS latest, count(*) OVER ()"
    + _FROM
    + " AND "
    + _CONDITIONS
    + " GROUP BY conversation_id ORDER BY latest DESC LIMIT %(limit)s OFFSET %(offset)s"
)
_MESSAGES = (
    _COLUMNS + ", " + _CONDITIONS + " AS matches" + _FROM + " AND conversation_id = ANY(%(ids)s) ORDER BY position"
)
_EXPORT = (
    _COLUMNS
    + ", position"
    + _FROM
    + " AND "
    + _CONDITIONS
    + " AND position < %(below)s ORDER BY position DESC LIMIT %(limit)s"
)


async def list_transcripts(
    pool: Pool, widget_id: UUID, wanted: MessageFilter, limit: int, offset: int
) -> tuple[list[Transcript], int]:
    """Return a page of conversations, those with the latest messages first, and their total number."""
    values: dict[str, Any] = {**wanted.model_dump(), "widget": widget_id, "limit": limit, "offset": offset}
    async with pool.connection() as connection:
        found = await (await connection.execute(_FOUND, values)).fetchall()
        values["ids"] = [row[0] for row in found]
        async with connection.cursor(row_factory=class_row(TranscriptMessage)) as cursor:
            await cursor.execute(_MESSAGES, values)
            messages = await cursor.fetchall()
    transcripts = [
        Transcript(
            id=conversation_id,
            started_at=started_at,
            messages=tuple(each for each in messages if each.conversation_id == conversation_id),
        )
        for conversation_id, started_at, _, _ in found
    ]
    return transcripts, found[0][3] if found else 0


async def export_messages(pool: Pool, widget_id: UUID, wanted: MessageFilter) -> AsyncIterator[list[TranscriptMessage]]:
    """Yield the messages that meet the filter in batches, newest first."""
    values: dict[str, Any] = {**wanted.model_dump(), "widget": widget_id, "limit": EXPORT_BATCH, "below": 2**62}
    while True:
        async with pool.connection() as connection, connection.cursor(row_factory=class_row(_Numbered)) as cursor:
            await cursor.execute(_EXPORT, values)
            batch = await cursor.fetchall()
        if not batch:
            return
        yield list(batch)
        values["below"] = batch[-1].position


class _Numbered(TranscriptMessage):
    position: int


async def erase_conversation(pool: Pool, widget_id: UUID, conversation_id: UUID) -> None:
    """Delete a conversation with its messages and ratings.

    Raises:
        NotFound: the widget has no such conversation.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "DELETE FROM conversations WHERE id = %s AND widget_id = %s RETURNING id", (conversation_id, widget_id)
        )
        if await rows.fetchone() is None:
            raise NotFound("conversation")


async def erase_conversations(pool: Pool, widget_id: UUID) -> int:
    """Delete all conversations of the widget; return their number."""
    async with pool.connection() as connection:
        return (await connection.execute("DELETE FROM conversations WHERE widget_id = %s", (widget_id,))).rowcount


class UnansweredQuestion(Frozen):
    """A question that was refused, as often as it was asked; equal but for case and spaces counts as one."""

    question: str
    count: int
    last_at: datetime


async def list_unanswered(pool: Pool, widget_id: UUID, limit: int) -> list[UnansweredQuestion]:
    """Return the latest questions without an answer, except those that an own answer is for."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(UnansweredQuestion)) as cursor:
        await cursor.execute(
            "SELECT (array_agg(question ORDER BY position DESC))[1] AS question, count(*) AS count,"
            " max(at) AS last_at FROM chat_messages JOIN conversations ON conversations.id = conversation_id"
            " WHERE widget_id = %(widget)s AND NOT answered AND kind <> 'small_talk'"
            " AND lower(regexp_replace(btrim(question), '\\s+', ' ', 'g')) NOT IN (SELECT"
            " lower(regexp_replace(btrim(text), '\\s+', ' ', 'g')) FROM own_answer_questions"
            " JOIN own_answers ON own_answers.id = answer_id WHERE own_answers.widget_id = %(widget)s)"
            " GROUP BY lower(regexp_replace(btrim(question), '\\s+', ' ', 'g'))"
            " ORDER BY last_at DESC LIMIT %(limit)s",
            {"widget": widget_id, "limit": limit},
        )
        return await cursor.fetchall()


class DailyQuestions(Frozen):
    """The questions of one day, small talk not counted."""

    day: str
    """YYYY-MM-DD, UTC."""
    answered: int
    unanswered: int


async def count_by_day(pool: Pool, widget_id: UUID, days: int) -> list[DailyQuestions]:
    """Return the questions of the last days, today included, oldest first; days without any too."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(DailyQuestions)) as cursor:
        await cursor.execute(
            "SELECT to_char(day, 'YYYY-MM-DD') AS day, count(asked.at) FILTER (WHERE answered) AS answered,"
            " count(asked.at) FILTER (WHERE NOT answered) AS unanswered"
            " FROM generate_series(timezone('UTC', now())::date - %(days)s::int + 1,"
            " timezone('UTC', now())::date, interval '1 day') AS day"
            " LEFT JOIN (SELECT at, answered FROM chat_messages WHERE counted_for = %(widget)s"
            " AND kind <> 'small_talk' AND at >= now() - make_interval(days => %(days)s)) AS asked"
            " ON timezone('UTC', asked.at)::date = day::date GROUP BY day ORDER BY day",
            {"widget": widget_id, "days": days},
        )
        return await cursor.fetchall()
