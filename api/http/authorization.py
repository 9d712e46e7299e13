"""Authorization by bearer token: a widget's owner (token handed out once, stored hashed) or the administrator."""

import hmac
from uuid import UUID

from starlette.requests import Request

from api.app_state import AppState, app_state
from tasks.core.errors import InvalidRequest, NotFound
from tasks.records.owner_tokens import hash_token, owns_a_widget, read_owner_hash

_TOKEN_MISSING = (
    "The request has no token. Send the owner token or the administrator token as `Authorization: Bearer …`."
)
_NOT_THE_OWNER = (
    "This token is not valid for this widget. Send the owner token from the widget's `builder_started` event."
)
_NO_WIDGET = "This token is not valid for any widget. Send an owner token or the administrator token."


async def require_owner(request: Request, widget_id: UUID) -> None:
    """Admit the widget's owner and the administrator.

    Raises:
        InvalidRequest: no token (401), or not the right one (403).
        NotFound: the administrator asks for a widget that does not exist.
    """
    state, token = app_state(request), bearer_token(request)
    is_admin = is_admin_token(state, token)
    stored = await read_owner_hash(state.pool, widget_id)
    if is_admin:
        if stored is None:
            raise NotFound("widget")
        return
    # 403 for an unknown widget as well: its id must not be distinguishable from somebody else's.
    if stored is None or not hmac.compare_digest(stored, hash_token(token)):
        raise InvalidRequest("forbidden", _NOT_THE_OWNER, status=403)


async def authorize_listing(request: Request) -> str | None:
    """Return the owner-token hash whose widgets the request may list; None for the administrator, who may list all.

    Raises:
        InvalidRequest: no token (401), or the token of no widget (403).
    """
    state, token = app_state(request), bearer_token(request)
    if is_admin_token(state, token):
        return None
    token_hash = hash_token(token)
    if not await owns_a_widget(state.pool, token_hash):
        raise InvalidRequest("forbidden", _NO_WIDGET, status=403)
    return token_hash


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
