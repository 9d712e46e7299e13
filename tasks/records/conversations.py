"""Conversations with visitors: messages, feedback and deletion after the retention period.

A visitor's address is not stored, nor anything that links a conversation to one.
"""

from uuid import UUID, uuid4

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Frozen
from tasks.records.sanitizing import sanitize_text
from tasks.records.webhook_outbox import enqueue
from tasks.records.webhooks import WebhookEvent

MAX_HISTORY = 3
"""Turns of a conversation that a new question is read with."""


class Turn(Frozen):
    """An earlier question in the conversation with its answer."""

    question: str
    searched: str
    """The question rewritten to be understood without the conversation."""
    answer: str


class CitedLink(Frozen):
    """A page cited by an answer."""

    n: int
    """Number of the reference in the answer's text: 1, 2, 3 …"""
    url: str
    title: str


class ChatMessage(Frozen):
    """A visitor's question with its answer."""

    question: str
    searched: str
    """The question rewritten to be understood without the conversation."""
    answer: str
    answered: bool
    """Whether the question was answered; false for refusals and failures."""
    kind: str
    """An `AnswerKind`."""
    citations: tuple[CitedLink, ...] = ()


async def open_conversation(pool: Pool, widget_id: UUID, conversation_id: UUID | None) -> tuple[UUID, list[Turn]]:
    """Return the conversation's id and its latest turns, oldest first; a new id if none is given.

    Raises:
        InvalidRequest: the widget has no such conversation (404); it may have been deleted meanwhile.
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
        "SELECT 1 FROM conversations WHERE id = %s AND widget_id = %s FOR KEY SHARE", (conversation_id, widget_id)
    )
    if await rows.fetchone() is None:
        raise InvalidRequest(
            "conversation_not_found",
            "There is no such conversation; it may have been deleted. Start a new one.",
            field="conversation_id",
            status=404,
        )


async def ensure_conversation(connection: Connection, widget_id: UUID, conversation_id: UUID | None) -> UUID:
    """Return the conversation, in the connection's transaction; a new one of the widget if none is given.

    Raises:
        InvalidRequest: the widget has no such conversation (404).
        NotFound: the widget was deleted meanwhile.
    """
    if conversation_id is not None:
        await _check(connection, widget_id, conversation_id)
        return conversation_id
    new_id = uuid4()
    await _create(connection, widget_id, new_id)
    return new_id


async def _create(connection: Connection, widget_id: UUID, conversation_id: UUID) -> None:
    """Store the conversation, unless it is there; NotFound if the widget was deleted."""
    # FOR KEY SHARE keeps the widget from being deleted before the transaction ends.
    rows = await connection.execute("SELECT 1 FROM widgets WHERE id = %s FOR KEY SHARE", (widget_id,))
    if await rows.fetchone() is None:
        raise NotFound("widget")
    await connection.execute(
        "INSERT INTO conversations (id, widget_id) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING",
        (conversation_id, widget_id),
    )


async def store_message(pool: Pool, widget_id: UUID, conversation_id: UUID, message: ChatMessage) -> UUID:
    """Store the question and its answer; return the message's id.

    Raises:
        NotFound: the widget was deleted meanwhile.
    """
    message_id = uuid4()
    async with pool.connection() as connection, connection.transaction():
        await _create(connection, widget_id, conversation_id)
        await connection.execute(
            "INSERT INTO chat_messages"
            " (id, conversation_id, counted_for, question, searched, answer, answered, kind, citations)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                message_id,
                conversation_id,
                widget_id,
                sanitize_text(message.question),
                sanitize_text(message.searched),
                sanitize_text(message.answer),
                message.answered,
                message.kind,
                Jsonb([citation.model_dump() for citation in message.citations]),
            ),
        )
        if message.kind == "refusal":
            ids = {"conversation_id": str(conversation_id), "message_id": str(message_id)}
            data = {"question": message.question, **ids}
            event = WebhookEvent.question_unanswered
            await enqueue(connection, widget_id, event, data, conversation_id=conversation_id)
    return message_id


async def store_feedback(pool: Pool, widget_id: UUID, message_id: UUID, rating: str, comment: str) -> None:
    """Store a visitor's rating of an answer; a second rating replaces the first.

    Raises:
        NotFound: the widget has no such message.
    """
    async with pool.connection() as connection, connection.transaction():
        rows = await connection.execute(
            "INSERT INTO feedback (message_id, rating, comment)"
            " SELECT message.id, %s, %s FROM chat_messages AS message"
            " JOIN conversations ON conversations.id = conversation_id WHERE message.id = %s AND widget_id = %s"
            " ON CONFLICT (message_id) DO UPDATE SET rating = excluded.rating, comment = excluded.comment, at = now()"
            " RETURNING (SELECT conversation_id FROM chat_messages WHERE id = message_id),"
            " (SELECT question FROM chat_messages WHERE id = message_id)",
            (rating, sanitize_text(comment), message_id, widget_id),
        )
        row = await rows.fetchone()
        if row is None:
            raise NotFound("message")
        ids = {"conversation_id": str(row[0]), "message_id": str(message_id)}
        data = {"rating": rating, "comment": comment, "question": row[1], **ids}
        await enqueue(connection, widget_id, WebhookEvent.feedback, data, conversation_id=row[0])


async def delete_expired(pool: Pool, days: int) -> int:
    """Delete messages older than `days` with their feedback, and empty conversations; return the number of messages."""
    async with pool.connection() as connection:
        deleted = await connection.execute(
            "DELETE FROM chat_messages WHERE at < now() - make_interval(days => %s)", (days,)
        )
        await connection.execute(
            "DELETE FROM conversations WHERE created_at < now() - make_interval(days => %s)"
            " AND NOT EXISTS (SELECT FROM chat_messages WHERE conversation_id = conversations.id)",
            (days,),
        )
        # Without that day's salt, the pseudonyms of earlier days cannot be linked to an address.
        await connection.execute("DELETE FROM chat_salts WHERE day < current_date")
        await connection.execute("DELETE FROM chat_usage WHERE window_start < now() - interval '2 days'")
        return deleted.rowcount
