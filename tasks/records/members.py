"""Members of workspaces, each with a name, a role and a token that is stored as a hash."""

from datetime import datetime
from uuid import UUID, uuid4

from psycopg.rows import class_row

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Frozen
from tasks.core.roles import Role
from tasks.records.sanitizing import sanitize_text

_LAST_OWNER = "This is the workspace's only owner. Add another owner first, then revoke this token."


class Member(Frozen):
    """A member of a workspace, without its token."""

    id: UUID
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    """Time of the token's last use, to the minute."""
    revoked_at: datetime | None


async def add_member(pool: Pool, workspace_id: UUID, name: str, role: Role, token_hash: str) -> Member:
    """Store a new member of the workspace."""
    async with pool.connection() as connection:
        return await insert_member(connection, workspace_id, name, role, token_hash)


async def insert_member(connection: Connection, workspace_id: UUID, name: str, role: Role, token_hash: str) -> Member:
    """Store a new member in the connection's transaction."""
    async with connection.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(
            "INSERT INTO members (id, workspace_id, name, role, token_hash) VALUES (%s, %s, %s, %s, %s)"
            f" RETURNING {', '.join(Member.model_fields)}",
            (uuid4(), workspace_id, sanitize_text(name), role, token_hash),
        )
        member = await cursor.fetchone()
    assert member is not None
    return member


async def list_members(pool: Pool, workspace_id: UUID) -> list[Member]:
    """Return the workspace's members, those with a revoked token last."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Member)) as cursor:
        await cursor.execute(
            f"SELECT {', '.join(Member.model_fields)} FROM members WHERE workspace_id = %s"
            " ORDER BY revoked_at DESC NULLS FIRST, created_at, id",
            (workspace_id,),
        )
        return await cursor.fetchall()


async def revoke_member(pool: Pool, workspace_id: UUID, member_id: UUID) -> None:
    """Revoke the member's token, from the next request on.

    Raises:
        NotFound: the workspace has no such member.
        InvalidRequest: nobody else is an owner (409).
    """
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SELECT 1 FROM workspaces WHERE id = %s FOR UPDATE", (workspace_id,))
        rows = await connection.execute(
            "SELECT role = 'owner' AND revoked_at IS NULL AND NOT EXISTS (SELECT FROM members AS other"
            " WHERE other.workspace_id = members.workspace_id AND other.id <> members.id AND other.role = 'owner'"
            " AND other.revoked_at IS NULL) FROM members WHERE id = %s AND workspace_id = %s",
            (member_id, workspace_id),
        )
        if (row := await rows.fetchone()) is None:
            raise NotFound("member")
        if row[0]:
            raise InvalidRequest("last_owner", _LAST_OWNER, status=409)
        await connection.execute(
            "UPDATE members SET revoked_at = coalesce(revoked_at, now()) WHERE id = %s", (member_id,)
        )
