"""Widgets: their records, their owners' settings and the requests they were built from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen
from tasks.core.rules import WidgetRules
from tasks.records.sanitizing import sanitize_json


class WidgetRecord(Frozen):
    """A widget's row in `widgets`."""

    id: UUID
    site_url: str
    name: str
    theme: dict[str, Any] | None
    settings: dict[str, Any]
    """The owner's adjustments (`tasks.core.adjustments`)."""
    rules: dict[str, Any]
    """Its own rules (`tasks.core.rules`)."""
    active_job_id: UUID | None
    workspace_id: UUID | None
    """None: a workspace of its own, opened by its owner token."""
    created_at: datetime


async def read_widget(pool: Pool, widget_id: UUID) -> WidgetRecord:
    """Return the widget's record.

    Raises:
        NotFound: there is no such widget.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        columns = ", ".join(WidgetRecord.model_fields)
        await cursor.execute(
            f"SELECT {columns} FROM widgets WHERE id = %s",
            (widget_id,),
        )
        row = await cursor.fetchone()
    if row is None:
        raise NotFound("widget")
    return WidgetRecord.model_validate(row)


async def read_latest_status(pool: Pool, widget_id: UUID) -> str | None:
    """Return the status of the widget's latest build; None without a build."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT status FROM scrape_jobs WHERE widget_id = %s ORDER BY created_at DESC LIMIT 1", (widget_id,)
        )
        row = await rows.fetchone()
    return None if row is None else str(row[0])


def rules_of(stored: Mapping[str, Any]) -> WidgetRules:
    """Return stored rules; none if they are of another version, which must not keep the widget from being read."""
    try:
        return WidgetRules.model_validate(stored)
    except ValidationError:
        return WidgetRules()


async def read_rules(pool: Pool, widget_id: UUID) -> tuple[str, WidgetRules]:
    """Return the address that the widget is built from, and its rules.

    Raises:
        NotFound: there is no such widget, or it has no build.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT url, widgets.rules FROM scrape_jobs JOIN widgets ON widgets.id = widget_id"
            " WHERE widget_id = %s"
            " ORDER BY scrape_jobs.id = active_job_id DESC NULLS LAST, scrape_jobs.created_at DESC LIMIT 1",
            (widget_id,),
        )
        row = await rows.fetchone()
    if row is None:
        raise NotFound("widget")
    return row[0], rules_of(row[1])


async def list_built_widgets(pool: Pool) -> Sequence[tuple[UUID, str, WidgetRules]]:
    """Return the widgets that have knowledge, each with the address it is built from and its rules, oldest first."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT widgets.id, url, widgets.rules FROM widgets"
            " JOIN scrape_jobs ON scrape_jobs.id = active_job_id ORDER BY widgets.created_at"
        )
        return [(row[0], row[1], rules_of(row[2])) for row in await rows.fetchall()]


async def save_settings(
    pool: Pool, widget_id: UUID, changes: Mapping[str, Any], rules: Mapping[str, Any] | None = None
) -> None:
    """Store the owner's changes to the widget's settings and rules; None removes one."""
    values = [Jsonb(sanitize_json(dict(each))) for each in (changes, rules or {})]
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE widgets SET settings = jsonb_strip_nulls(settings || %s), rules = jsonb_strip_nulls(rules || %s),"
            " updated_at = now() WHERE id = %s",
            (*values, widget_id),
        )


async def delete_widget(pool: Pool, widget_id: UUID) -> list[UUID]:
    """Delete the widget with its builds, knowledge and conversations; return the flow runs of its unfinished builds.

    Those builds also end by themselves: their next write finds no row.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "WITH gone AS (DELETE FROM widgets WHERE id = %(id)s)"
            " SELECT flow_run_id FROM scrape_jobs WHERE widget_id = %(id)s AND flow_run_id IS NOT NULL"
            " AND status IN ('pending', 'running')",
            {"id": widget_id},
        )
        return [row[0] for row in await rows.fetchall()]
