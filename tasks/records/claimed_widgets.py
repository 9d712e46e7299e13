"""Claims: a widget moves into another workspace, with its knowledge, conversations and settings."""

from uuid import UUID

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.roles import Role
from tasks.records.token_roles import Grant, is_owner
from tasks.records.workspace_limits import reserve_widget

_GONE = "This token no longer opens the widget: the widget has been moved meanwhile."
_NO_TARGET = "`token`: send the token of an owner of the workspace that the widget is to move to."


async def claim_widget(pool: Pool, widget_id: UUID, token_hash: str | None, target: Grant | None) -> UUID:
    """Move the widget into the target's workspace and return that; the tokens that opened the widget do so no more.

    `token_hash`: of the token that opens the widget; None for the administrator, who may move any.

    Raises:
        NotFound: there is no such widget.
        InvalidRequest: the target is no owner of a workspace (403), the workspace is full (409), or the widget has
            been moved meanwhile (403).
    """
    if target is None or target.workspace_id is None or not target.role.includes(Role.owner):
        raise InvalidRequest("claim_refused", _NO_TARGET, field="token", status=403)
    async with pool.connection() as connection, connection.transaction():
        rows = await connection.execute("SELECT workspace_id FROM widgets WHERE id = %s FOR UPDATE", (widget_id,))
        if (row := await rows.fetchone()) is None:
            raise NotFound("widget")
        # Of two claims at once, the second one finds the widget in a workspace that its token does not open.
        if token_hash is not None and not await is_owner(connection, widget_id, token_hash):
            raise InvalidRequest("forbidden", _GONE, status=403)
        if row[0] != target.workspace_id:
            await reserve_widget(connection, target.workspace_id)
            await connection.execute(
                "UPDATE widgets SET workspace_id = %s, owner_token_hash = NULL, updated_at = now() WHERE id = %s",
                (target.workspace_id, widget_id),
            )
    return target.workspace_id
