"""Workspaces: names, limits and use, and their end."""

from datetime import datetime
from uuid import UUID, uuid4

from psycopg.rows import class_row

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Frozen
from tasks.core.roles import Role
from tasks.records.members import insert_member
from tasks.records.sanitizing import sanitize_text
from tasks.records.workspace_limits import PAGES

_NAME_DIFFERS = "`name` is not the workspace's. Repeat its name exactly to delete it with all its widgets."
_COLUMNS = f"""
SELECT id, name, max_widgets, max_pages, max_answers, created_at,
    (SELECT count(*) FROM widgets WHERE workspace_id = workspaces.id) AS widgets, ({PAGES}) AS pages,
    coalesce((SELECT answers FROM workspace_answers WHERE workspace_id = workspaces.id
        AND month = date_trunc('month', now() AT TIME ZONE 'UTC')), 0) AS answers
FROM workspaces
"""


class WorkspaceRecord(Frozen):
    """A workspace's row, with what it uses of its limits."""

    id: UUID
    name: str
    max_widgets: int | None
    max_pages: int | None
    """Most pages that its widgets have together."""
    max_answers: int | None
    """Most answers to visitors in a calendar month (UTC)."""
    created_at: datetime
    widgets: int
    pages: int
    answers: int
    """Answers to visitors in this month."""


class DeletedWorkspace(Frozen):
    """The widgets that went with a workspace, and the flow runs of their unfinished builds."""

    widgets: tuple[UUID, ...]
    flow_runs: tuple[UUID, ...]


async def create_workspace(pool: Pool, name: str, token_hash: str) -> UUID:
    """Store a new workspace with its first member, an owner; return its id."""
    workspace_id = uuid4()
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO workspaces (id, name) VALUES (%s, %s)", (workspace_id, sanitize_text(name))
        )
        await insert_member(connection, workspace_id, "Owner", Role.owner, token_hash)
    return workspace_id


async def read_workspace(pool: Pool, workspace_id: UUID) -> WorkspaceRecord:
    """Return the workspace.

    Raises:
        NotFound: there is no such workspace.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(WorkspaceRecord)) as cursor:
        await cursor.execute(_COLUMNS + "WHERE id = %s", (workspace_id,))
        found = await cursor.fetchone()
    if found is None:
        raise NotFound("workspace")
    return found


async def list_workspaces(pool: Pool, limit: int, offset: int) -> list[WorkspaceRecord]:
    """Return a part of all workspaces, the newest first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(WorkspaceRecord)) as cursor:
        await cursor.execute(_COLUMNS + "ORDER BY created_at DESC, id LIMIT %s OFFSET %s", (limit, offset))
        return await cursor.fetchall()


async def rename_workspace(pool: Pool, workspace_id: UUID, name: str) -> None:
    """Store the workspace's new name."""
    async with pool.connection() as connection:
        await connection.execute("UPDATE workspaces SET name = %s WHERE id = %s", (sanitize_text(name), workspace_id))


async def limit_workspace(
    pool: Pool, workspace_id: UUID, *, max_widgets: int | None, max_pages: int | None, max_answers: int | None
) -> None:
    """Store the workspace's limits; None: no limit. What exceeds a new limit stays."""
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE workspaces SET max_widgets = %s, max_pages = %s, max_answers = %s WHERE id = %s",
            (max_widgets, max_pages, max_answers, workspace_id),
        )


async def delete_workspace(pool: Pool, workspace_id: UUID, name: str) -> DeletedWorkspace:
    """Delete the workspace with its members and widgets and all that is theirs.

    Raises:
        NotFound: there is no such workspace.
        InvalidRequest: it has another name (422).
    """
    async with pool.connection() as connection, connection.transaction():
        # Nothing is built or claimed into it meanwhile: both lock it as well.
        rows = await connection.execute("SELECT name FROM workspaces WHERE id = %s FOR UPDATE", (workspace_id,))
        if (row := await rows.fetchone()) is None:
            raise NotFound("workspace")
        if row[0] != name:
            raise InvalidRequest("name_differs", _NAME_DIFFERS, field="name")
        runs = await connection.execute(
            "SELECT flow_run_id FROM scrape_jobs JOIN widgets ON widgets.id = widget_id WHERE workspace_id = %s"
            " AND flow_run_id IS NOT NULL AND status IN ('pending', 'running')",
            (workspace_id,),
        )
        run_ids = [row[0] for row in await runs.fetchall()]
        gone = await connection.execute("DELETE FROM widgets WHERE workspace_id = %s RETURNING id", (workspace_id,))
        widgets = [row[0] for row in await gone.fetchall()]
        await connection.execute("DELETE FROM workspaces WHERE id = %s", (workspace_id,))
    return DeletedWorkspace(widgets=tuple(widgets), flow_runs=tuple(run_ids))
