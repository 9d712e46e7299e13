"""Conversations with visitors: their messages, thumbs, and an end to keeping them.

No address of a visitor is stored, and nothing that leads from a conversation to one.
"""

from uuid import UUID, uuid4

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Frozen
from tasks.records.sanitizing import sanitize_text

MAX_HISTORY = 3


class Turn(Frozen):
    """A question and its answer, earlier in the conversation."""

    question: str
    searched: str
    """The question as it stands without the conversation."""
    answer: str


class CitedLink(Frozen):
    """A page that an answer cites."""

    n: int
    """The reference in the answer's text: 1, 2, 3 …"""
    url: str
    title: str


class ChatMessage(Frozen):
    """A visitor's question with its answer."""

    question: str
    searched: str
    """The question as it stands without the conversation."""
    answer: str
    answered: bool
    """False for refusals and failures."""
    kind: str
    """An `AnswerKind`."""
    citations: tuple[CitedLink, ...] = ()


async def open_conversation(pool: Pool, widget_id: UUID, conversation_id: UUID | None) -> tuple[UUID, list[Turn]]:
    """The conversation's id and its latest turns, oldest first; a new id when none is given.

    Raises:
        InvalidRequest: the widget has no such conversation (404): it may have been deleted meanwhile.
    """
    if conversation_id is None:
        return uuid4(), []
    async with pool.connection() as connection:
        await _check(connection, widget_id, conversation_id)
        async with connection.cursor(row_factory=class_row(Turn)) as cursor:
            await cursor.execute(
                "SELECT question, searched, answer FROM chat_messages WHERE conversation_id = %s"
                " AND kind <> 'small_talk' AND answer <> '' ORDER BY position DESC LIMIT %s",
                (conversation_id, MAX_HISTORY),
            )
            return conversation_id, list(reversed(await cursor.fetchall()))


async def _check(connection: Connection, widget_id: UUID, conversation_id: UUID) -> None:
    rows = await connection.execute(
        "SELECT 1 FROM conversations WHERE id = %s AND widget_id = %s", (conversation_id, widget_id)
    )
    if await rows.fetchone() is None:
        raise InvalidRequest(
            "conversation_not_found",
            "There is no such conversation, or no more: start a new one.",
            field="conversation_id",
            status=404,
        )


async def store_message(pool: Pool, widget_id: UUID, conversation_id: UUID, message: ChatMessage) -> UUID:
    """Keep the question and its answer; gives the message's id.

    Raises:
        NotFound: the widget has been deleted meanwhile.
    """
    message_id = uuid4()
    async with pool.connection() as connection, connection.transaction():
        rows = await connection.execute("SELECT 1 FROM widgets WHERE id = %s FOR KEY SHARE", (widget_id,))
        if await rows.fetchone() is None:
            raise NotFound("widget")
        await connection.execute(
            "INSERT INTO conversations (id, widget_id) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING",
            (conversation_id, widget_id),
        )
        await connection.execute(
            "INSERT INTO chat_messages (id, conversation_id, question, searched, answer, answered, kind, citations)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                message_id,
                conversation_id,
                sanitize_text(message.question),
                sanitize_text(message.searched),
                sanitize_text(message.answer),
                message.answered,
                message.kind,
                Jsonb([citation.model_dump() for citation in message.citations]),
            ),
        )
    return message_id


async def store_feedback(pool: Pool, widget_id: UUID, message_id: UUID, rating: str, comment: str) -> None:
    """Keep a visitor's thumb for an answer; a second one replaces the first.

    Raises:
        NotFound: the widget has no such message.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "INSERT INTO feedback (message_id, rating, comment)"
            " SELECT message.id, %s, %s FROM chat_messages AS message"
            " JOIN conversations ON conversations.id = conversation_id WHERE message.id = %s AND widget_id = %s"
            " ON CONFLICT (message_id) DO UPDATE SET rating = excluded.rating, comment = excluded.comment, at = now()"
            " RETURNING message_id",
            (rating, sanitize_text(comment), message_id, widget_id),
        )
        if await rows.fetchone() is None:
            raise NotFound("message")


async def delete_expired(pool: Pool, days: int) -> int:
    """Delete messages older than so many days with their feedback, and conversations without messages; how many."""
    async with pool.connection() as connection:
        deleted = await connection.execute(
            "DELETE FROM chat_messages WHERE at < now() - make_interval(days => %s)", (days,)
        )
        await connection.execute(
            "DELETE FROM conversations WHERE created_at < now() - make_interval(days => %s)"
            " AND NOT EXISTS (SELECT FROM chat_messages WHERE conversation_id = conversations.id)",
            (days,),
        )
        # Whoever asked on another day cannot be recognised once that day's salt is gone.
        await connection.execute("DELETE FROM chat_salts WHERE day < current_date")
        await connection.execute("DELETE FROM chat_usage WHERE window_start < now() - interval '2 days'")
        return deleted.rowcount
