"""Authorization by bearer token: each route of owners declares the role that it needs, and is checked here.

A token is a widget's owner token, a member's token of a workspace, or the administrator's. The first two are handed out
once and stored hashed (`tasks.records.token_roles`).
"""

import functools
import hmac
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app_state import AppState, app_state
from api.http.guards import Endpoint
from api.http.queries import path_id, widget_id_of
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.roles import Role
from tasks.records.owner_tokens import hash_token
from tasks.records.token_roles import Grant, find_grant, find_widget_role, find_workspace_role

_TOKEN_MISSING = (
    "The request has no token. Send the owner token, a member's token or the administrator token"
    " as `Authorization: Bearer …`."
)
_NOT_THE_OWNER = (
    "This token is not valid for this {kind}. Send the owner token from the widget's `builder_started` event,"
    " or the token of a member of its workspace."
)
_NO_WIDGET = "This token is not valid for any widget or workspace. It may have been revoked."
_ROLE_TOO_LOW = "This needs the role `{needed}`; the token has the role `{role}`. Ask an owner of the workspace."


class OwnerRoute(Route):
    """A route for those who have a role: in the widget or the workspace in its path, or anywhere without one."""

    def __init__(self, path: str, endpoint: Endpoint, role: Role, methods: Sequence[str]) -> None:
        @functools.wraps(endpoint)
        async def checked(request: Request) -> Response:
            if "workspace_id" in request.path_params:
                await require_workspace_role(request, path_id(request, "workspace_id", "workspace"), role)
            elif "widget_id" in request.path_params:
                await require_widget_role(request, widget_id_of(request), role)
            else:
                await require_any_role(request, role)
            return await endpoint(request)

        super().__init__(path, checked, methods=list(methods))
        self.role = role


async def require_widget_role(request: Request, widget_id: UUID, needed: Role) -> None:
    """Admit tokens with the role, or a higher one, in the widget.

    Raises:
        InvalidRequest: no token (401), or not the right one (403).
        NotFound: the administrator asks for a widget that does not exist.
    """
    await _require(request, needed, "widget", widget_id)


async def require_workspace_role(request: Request, workspace_id: UUID, needed: Role) -> None:
    """Admit tokens with the role, or a higher one, in the workspace.

    Raises:
        InvalidRequest: no token (401), or not the right one (403).
        NotFound: the administrator asks for a workspace that does not exist.
    """
    await _require(request, needed, "workspace", workspace_id)


async def _require(request: Request, needed: Role, kind: str, id_: UUID) -> None:
    state, token = app_state(request), bearer_token(request)
    is_admin = is_admin_token(state, token)
    find = find_widget_role if kind == "widget" else find_workspace_role
    try:
        role = await find(state.pool, id_, hash_token(token))
    except NotFound:
        if is_admin:
            raise
        # 403 for an unknown id as well: it must not be distinguishable from somebody else's.
        role = None
    if is_admin:
        role = Role.admin
    if role is None:
        raise InvalidRequest("forbidden", _NOT_THE_OWNER.format(kind=kind), status=403)
    _check_rank(role, needed)
    request.state.role = role


async def require_any_role(request: Request, needed: Role) -> None:
    """Admit tokens with the role, or a higher one, in any widget or workspace.

    Raises:
        InvalidRequest: no token (401), or one that opens nothing (403).
    """
    grant = await find_request_grant(request)
    if grant is None:
        raise InvalidRequest("forbidden", _NO_WIDGET, status=403)
    _check_rank(grant.role, needed)
    request.state.grant = grant


async def find_request_grant(request: Request) -> Grant | None:
    """Return the rights of the request's token; None if it opens nothing.

    Raises:
        InvalidRequest: the request has no token (401).
    """
    state, token = app_state(request), bearer_token(request)
    if is_admin_token(state, token):
        return Grant(role=Role.admin, workspace_id=None)
    return await find_grant(state.pool, hash_token(token))


async def find_build_workspace(request: Request) -> UUID | None:
    """Return the workspace that a new widget of the request belongs to: that of a member's token; None without one.

    Raises:
        InvalidRequest: the token opens nothing, or its member may not build (403).
    """
    if request.headers.get("authorization", "").partition(" ")[0].lower() != "bearer":
        return None
    await require_any_role(request, Role.editor)
    return granted(request).workspace_id


def _check_rank(role: Role, needed: Role) -> None:
    if not role.includes(needed):
        message = _ROLE_TOO_LOW.format(needed=needed, role=role)
        raise InvalidRequest("role_too_low", message, status=403)


def granted(request: Request) -> Grant:
    """Return the rights that the request was admitted with, on routes without a widget or a workspace in the path."""
    return cast(Grant, request.state.grant)


def role_of(request: Request) -> Role:
    """Return the role that the request was admitted with, in the widget or the workspace in the path."""
    return cast(Role, request.state.role)


def bearer_token(request: Request) -> str:
    """Return the request's bearer token.

    Raises:
        InvalidRequest: the request has none (401).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidRequest("unauthorized", _TOKEN_MISSING, status=401)
    return token.strip()


def is_admin_token(state: AppState, token: str) -> bool:
    """Whether this is the administrator token; never when the settings have none."""
    admin = state.settings.admin_token
    return admin is not None and hmac.compare_digest(hash_token(admin.get_secret_value()), hash_token(token))
