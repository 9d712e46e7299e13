"""Questions that new knowledge is asked before it is published: the owner's test questions, and the suggested ones."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.records.sanitizing import sanitize_json

Row = Mapping[str, Any]
"""A test question as its owner wrote it: `question`, `page`, `text`."""


async def read_test_questions(pool: Pool, widget_id: UUID) -> list[Row]:
    """Return the owner's test questions.

    Raises:
        NotFound: there is no such widget.
    """
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT test_questions FROM widgets WHERE id = %s", (widget_id,))
        row = await rows.fetchone()
    if row is None:
        raise NotFound("widget")
    return list(row[0])


async def save_test_questions(pool: Pool, widget_id: UUID, questions: Sequence[Row]) -> None:
    """Store the owner's test questions in place of those that are there.

    Raises:
        NotFound: there is no such widget.
    """
    async with pool.connection() as connection:
        saved = await connection.execute(
            "UPDATE widgets SET test_questions = %s WHERE id = %s",
            (Jsonb(sanitize_json([dict(each) for each in questions])), widget_id),
        )
    if not saved.rowcount:
        raise NotFound("widget")


async def read_shown_suggestions(pool: Pool, widget_id: UUID) -> list[str]:
    """Return the suggested questions that visitors see; none if nobody has seen the widget since its build."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT questions FROM suggested_questions JOIN widgets ON widgets.id = widget_id"
            " WHERE widget_id = %s AND job_id = active_job_id",
            (widget_id,),
        )
        row = await rows.fetchone()
    return [] if row is None else list(row[0])
