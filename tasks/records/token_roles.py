"""Roles of tokens: in a widget, in a workspace, and anywhere at all.

A widget belongs to a workspace, whose members' tokens open it; or it is a workspace of its own, which its owner token
opens. A revoked token opens nothing.
"""

from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.core.errors import NotFound
from tasks.core.models import Frozen
from tasks.core.roles import Role

_USED = """
WITH used AS (
    UPDATE members SET last_used_at = now() WHERE token_hash = %(hash)s AND revoked_at IS NULL
    AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
)
"""
"""Note of a token's use, at most once a minute; read by the statement that follows."""
_IN_WIDGET = """
SELECT CASE WHEN owner_token_hash = %(hash)s THEN 'owner' ELSE role END
FROM widgets LEFT JOIN members
    ON members.workspace_id = widgets.workspace_id AND token_hash = %(hash)s AND revoked_at IS NULL
WHERE widgets.id = %(id)s
"""
_IN_WORKSPACE = """
SELECT role FROM workspaces LEFT JOIN members
    ON workspace_id = workspaces.id AND token_hash = %(hash)s AND revoked_at IS NULL
WHERE workspaces.id = %(id)s
"""
_ANYWHERE = """
SELECT role, workspace_id FROM members WHERE token_hash = %(hash)s AND revoked_at IS NULL
UNION ALL (SELECT 'owner', NULL FROM widgets WHERE owner_token_hash = %(hash)s LIMIT 1)
LIMIT 1
"""


class Grant(Frozen):
    """The rights of a token."""

    role: Role
    workspace_id: UUID | None
    """The member's workspace; None for the owner token of a widget without one, and for the administrator."""


async def find_widget_role(pool: Pool, widget_id: UUID, token_hash: str) -> Role | None:
    """Return the token's role in the widget; None without one.

    Raises:
        NotFound: there is no such widget.
    """
    return await _find(pool, _IN_WIDGET, widget_id, token_hash, "widget")


async def find_workspace_role(pool: Pool, workspace_id: UUID, token_hash: str) -> Role | None:
    """Return the token's role in the workspace; None without one.

    Raises:
        NotFound: there is no such workspace.
    """
    return await _find(pool, _IN_WORKSPACE, workspace_id, token_hash, "workspace")


async def _find(pool: Pool, query: str, id_: UUID, token_hash: str, kind: str) -> Role | None:
    async with pool.connection() as connection:
        rows = await connection.execute(_USED + query, {"id": id_, "hash": token_hash})
        row = await rows.fetchone()
    if row is None:
        raise NotFound(kind)
    return None if row[0] is None else Role(row[0])


async def is_owner(connection: Connection, widget_id: UUID, token_hash: str) -> bool:
    """Whether the token has the owner's role in the widget, as the connection's transaction sees it."""
    rows = await connection.execute(_IN_WIDGET, {"id": widget_id, "hash": token_hash})
    row = await rows.fetchone()
    return row is not None and row[0] == Role.owner


async def find_grant(pool: Pool, token_hash: str) -> Grant | None:
    """Return the rights of the token, wherever it has some; None if it opens nothing."""
    async with pool.connection() as connection:
        rows = await connection.execute(_USED + _ANYWHERE, {"hash": token_hash})
        row = await rows.fetchone()
    return None if row is None else Grant(role=row[0], workspace_id=row[1])
