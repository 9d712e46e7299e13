"""Insights for a widget's owner: the questions, the cited pages and the feedback of visitors."""

from datetime import datetime
from typing import LiteralString, TypeVar
from uuid import UUID

from psycopg.rows import class_row

from tasks.core.database import Connection, Pool
from tasks.core.models import Frozen

Row = TypeVar("Row", bound=Frozen)

LIST_LIMIT = 50
"""Most entries in each list."""


class AskedQuestion(Frozen):
    """A question of visitors; those that differ only in case and spaces are counted as one."""

    question: str
    count: int
    last_at: datetime


class CitedPage(Frozen):
    """A page cited by answers."""

    url: str
    title: str
    count: int


class Feedback(Frozen):
    """A visitor's verdict with words, or on an answer that did not help."""

    message_id: UUID
    rating: str
    comment: str
    question: str
    answer: str
    at: datetime


class Insights(Frozen):
    """A widget's insights, over the retention period of conversations."""

    conversations: int
    questions: int
    """Questions asked, small talk not counted."""
    answered: int
    unanswered: int
    thumbs_up: int
    thumbs_down: int
    asked: list[AskedQuestion]
    """Most frequent first."""
    unanswered_questions: list[AskedQuestion]
    """Questions the site does not answer, most frequent first."""
    pages: list[CitedPage]
    """Most cited first."""
    feedback: list[Feedback]
    """Newest first."""


# The questions of the widget's visitors.
_ASKED = (
    " FROM chat_messages AS message JOIN conversations ON conversations.id = conversation_id"
    " LEFT JOIN feedback ON message_id = message.id WHERE widget_id = %(widget)s AND kind <> 'small_talk'"
)
_COUNTS = (
    "SELECT count(DISTINCT conversation_id), count(*), count(*) FILTER (WHERE answered),"
    " count(*) FILTER (WHERE rating = 'up'), count(*) FILTER (WHERE rating = 'down')" + _ASKED
)
_QUESTIONS = (
    "SELECT (array_agg(question ORDER BY message.at DESC))[1] AS question, count(*) AS count,"
    " max(message.at) AS last_at"
    + _ASKED
    + " AND NOT (%(unanswered)s AND answered) GROUP BY lower(regexp_replace(btrim(question), '\\s+', ' ', 'g'))"
    " ORDER BY count DESC, last_at DESC LIMIT %(most)s"
)
_PAGES = (
    "SELECT citation->>'url' AS url, max(citation->>'title') AS title, count(*) AS count"
    " FROM (SELECT jsonb_array_elements(citations) AS citation" + _ASKED + " AND answered) AS cited"
    " GROUP BY 1 ORDER BY count DESC, url LIMIT %(most)s"
)
_FEEDBACK = (
    "SELECT message_id, rating, comment, question, answer, feedback.at" + _ASKED + " AND rating IS NOT NULL"
    " ORDER BY feedback.at DESC LIMIT %(most)s"
)


async def read_insights(pool: Pool, widget_id: UUID) -> Insights:
    """Return the widget's insights."""
    values = {"widget": widget_id, "most": LIST_LIMIT, "unanswered": False}
    async with pool.connection() as connection, connection.transaction():
        counts = await (await connection.execute(_COUNTS, values)).fetchone()
        assert counts is not None
        conversations, questions, answered, up, down = counts
        return Insights(
            conversations=conversations,
            questions=questions,
            answered=answered,
            unanswered=questions - answered,
            thumbs_up=up,
            thumbs_down=down,
            asked=await _read(connection, AskedQuestion, _QUESTIONS, values),
            unanswered_questions=await _read(connection, AskedQuestion, _QUESTIONS, {**values, "unanswered": True}),
            pages=await _read(connection, CitedPage, _PAGES, values),
            feedback=await _read(connection, Feedback, _FEEDBACK, values),
        )


async def _read(connection: Connection, kind: type[Row], query: LiteralString, values: dict[str, object]) -> list[Row]:
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()
