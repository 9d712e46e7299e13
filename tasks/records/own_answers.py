"""Own answers: what a widget's owner answers to certain questions, in the owner's words. No crawl touches them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import class_row

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Frozen
from tasks.records.sanitizing import sanitize_text

MAX_ANSWERS = 1_000
"""Own answers of one widget at most."""

QuestionVector = NDArray[np.float32]


class OwnAnswer(Frozen):
    """An owner's answer to one or more questions."""

    id: UUID
    questions: tuple[str, ...]
    answer: str
    """Markdown."""
    link: str | None
    """The page to cite; None: the site's start page."""
    valid_from: datetime | None
    valid_until: datetime | None
    paused: bool
    """Whether it is kept but not given."""
    created_at: datetime
    updated_at: datetime

    def is_valid(self, at: datetime) -> bool:
        """Whether it is given to visitors at this time."""
        begun = self.valid_from is None or self.valid_from <= at
        return begun and not self.paused and (self.valid_until is None or self.valid_until > at)


class OwnAnswerDraft(Frozen):
    """The parts of an own answer that its owner writes."""

    questions: tuple[str, ...]
    answer: str
    link: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    paused: bool = False


class OwnQuestion(Frozen):
    """A question of an own answer that is near a visitor's."""

    answer_id: UUID
    text: str
    answer: str
    link: str | None
    similarity: float
    """Cosine of the questions."""


_COLUMNS = (
    "SELECT id, (SELECT array_agg(text ORDER BY position) FROM own_answer_questions WHERE answer_id = own_answers.id)"
    " AS questions, answer, link, valid_from, valid_until, paused, created_at, updated_at FROM own_answers"
)
_VALID = " NOT paused AND (valid_from IS NULL OR valid_from <= now()) AND (valid_until IS NULL OR valid_until > now())"


async def list_own_answers(pool: Pool, widget_id: UUID) -> list[OwnAnswer]:
    """Return the widget's own answers, those changed last first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(OwnAnswer)) as cursor:
        await cursor.execute(_COLUMNS + " WHERE widget_id = %s ORDER BY updated_at DESC, id", (widget_id,))
        return await cursor.fetchall()


async def read_own_answer(pool: Pool, widget_id: UUID, answer_id: UUID) -> OwnAnswer:
    """Return an own answer.

    Raises:
        NotFound: the widget has no such answer.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(OwnAnswer)) as cursor:
        await cursor.execute(_COLUMNS + " WHERE widget_id = %s AND id = %s", (widget_id, answer_id))
        found = await cursor.fetchone()
    if found is None:
        raise NotFound("answer")
    return found


async def add_own_answer(
    pool: Pool, widget_id: UUID, draft: OwnAnswerDraft, model: str, vectors: Sequence[QuestionVector]
) -> UUID:
    """Store a new own answer with its questions' vectors; return its id.

    Raises:
        InvalidRequest: the widget has too many.
        NotFound: the widget was deleted meanwhile.
    """
    answer_id = uuid4()
    async with pool.connection() as connection, connection.transaction():
        # The lock lets two requests at once not pass the limit together.
        rows = await connection.execute("SELECT 1 FROM widgets WHERE id = %s FOR NO KEY UPDATE", (widget_id,))
        if await rows.fetchone() is None:
            raise NotFound("widget")
        rows = await connection.execute("SELECT count(*) FROM own_answers WHERE widget_id = %s", (widget_id,))
        row = await rows.fetchone()
        if row is not None and row[0] >= MAX_ANSWERS:
            message = f"The widget has {MAX_ANSWERS} own answers, the most there can be. Delete some first."
            raise InvalidRequest("too_many_answers", message)
        await connection.execute(
            "INSERT INTO own_answers (id, widget_id, answer, link, valid_from, valid_until, paused)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (answer_id, widget_id, *_values(draft)),
        )
        await _write_questions(connection, answer_id, draft.questions, model, vectors)
    return answer_id


async def replace_own_answer(
    pool: Pool, widget_id: UUID, answer_id: UUID, draft: OwnAnswerDraft, model: str, vectors: Sequence[QuestionVector]
) -> None:
    """Replace an own answer and its questions.

    Raises:
        NotFound: the widget has no such answer.
    """
    async with pool.connection() as connection, connection.transaction():
        rows = await connection.execute(
            "UPDATE own_answers SET answer = %s, link = %s, valid_from = %s, valid_until = %s, paused = %s,"
            " updated_at = now() WHERE id = %s AND widget_id = %s RETURNING id",
            (*_values(draft), answer_id, widget_id),
        )
        if await rows.fetchone() is None:
            raise NotFound("answer")
        await connection.execute("DELETE FROM own_answer_questions WHERE answer_id = %s", (answer_id,))
        await _write_questions(connection, answer_id, draft.questions, model, vectors)


def _values(draft: OwnAnswerDraft) -> tuple[object, ...]:
    return sanitize_text(draft.answer), draft.link, draft.valid_from, draft.valid_until, draft.paused


async def _write_questions(
    connection: Connection, answer_id: UUID, questions: Sequence[str], model: str, vectors: Sequence[QuestionVector]
) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO own_answer_questions (answer_id, position, text, model, embedding)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                (answer_id, position, sanitize_text(text), model, vector)
                for position, (text, vector) in enumerate(zip(questions, vectors, strict=True))
            ],
        )


async def delete_own_answer(pool: Pool, widget_id: UUID, answer_id: UUID) -> None:
    """Delete an own answer.

    Raises:
        NotFound: the widget has no such answer.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "DELETE FROM own_answers WHERE id = %s AND widget_id = %s RETURNING id", (answer_id, widget_id)
        )
        if await rows.fetchone() is None:
            raise NotFound("answer")


async def has_own_answers(pool: Pool, widget_id: UUID) -> bool:
    """Whether the widget has an own answer that may be given now."""
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT 1 FROM own_answers WHERE widget_id = %s AND" + _VALID, (widget_id,))
        return await rows.fetchone() is not None


async def find_own_questions(
    pool: Pool, widget_id: UUID, model: str, vector: QuestionVector, limit: int
) -> list[OwnQuestion]:
    """Return the questions nearest to the vector, of own answers that may be given now, nearest first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(OwnQuestion)) as cursor:
        # The model is checked before vectors are compared: those of another one have another width.
        await cursor.execute(
            "WITH same AS MATERIALIZED (SELECT answer_id, text, answer, link, embedding FROM own_answer_questions"
            " JOIN own_answers ON own_answers.id = answer_id WHERE widget_id = %s AND model = %s AND"
            + _VALID
            + ") SELECT answer_id, text, answer, link, 1 - (embedding <=> %s) AS similarity FROM same"
            " ORDER BY similarity DESC, text LIMIT %s",
            (widget_id, model, vector, limit),
        )
        return await cursor.fetchall()


async def read_questions_of_other_models(pool: Pool, widget_id: UUID, model: str) -> list[tuple[UUID, int, str]]:
    """Return the questions whose vectors are of another model, with answer and position."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT answer_id, position, text FROM own_answer_questions JOIN own_answers ON own_answers.id = answer_id"
            " WHERE widget_id = %s AND model <> %s",
            (widget_id, model),
        )
        return [(row[0], row[1], row[2]) for row in await rows.fetchall()]


async def renew_vectors(
    pool: Pool, model: str, renewed: Sequence[tuple[UUID, int, str]], vectors: Sequence[QuestionVector]
) -> None:
    """Store the vectors of questions by this model, unless a question has changed meanwhile."""
    async with pool.connection() as connection, connection.cursor() as cursor:
        await cursor.executemany(
            "UPDATE own_answer_questions SET model = %s, embedding = %s"
            " WHERE answer_id = %s AND position = %s AND text = %s",
            [(model, vector, *question) for question, vector in zip(renewed, vectors, strict=True)],
        )
