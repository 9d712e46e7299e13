"""Who may see and change a widget: its owner, by the token handed out once, and the administrator."""

import hmac
from uuid import UUID

from starlette.requests import Request

from api.app_state import AppState, service_of
from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.records.widgets import hash_token

_CHALLENGE = "Send the owner's token, or the administrator's: `Authorization: Bearer …`."


async def require_owner(request: Request, widget_id: UUID) -> None:
    """Let in the widget's owner and the administrator.

    Raises:
        InvalidRequest: no token (401), or not the right one (403).
        NotFound: there is no such widget, and the administrator asks.
    """
    service, token = service_of(request), bearer_token(request)
    is_admin = is_admin_token(service, token)
    stored = await _read_hash(service.pool, widget_id)
    if is_admin:
        if stored is None:
            raise NotFound("widget")
        return
    # An unknown widget looks like somebody else's.
    if stored is None or not hmac.compare_digest(stored, hash_token(token)):
        raise InvalidRequest("forbidden", "This token does not open this widget.", status=403)


async def require_holder(request: Request) -> str | None:
    """The hash by which the widgets of the token are found; None for the administrator, whose are all.

    Raises:
        InvalidRequest: no token (401), or one that opens no widget (403).
    """
    service, token = service_of(request), bearer_token(request)
    if is_admin_token(service, token):
        return None
    async with service.pool.connection() as connection:
        rows = await connection.execute("SELECT 1 FROM widgets WHERE owner_token_hash = %s", (hash_token(token),))
        if await rows.fetchone() is None:
            raise InvalidRequest("forbidden", "This token opens no widget.", status=403)
    return hash_token(token)


def bearer_token(request: Request) -> str:
    """The token of the request.

    Raises:
        InvalidRequest: there is none (401).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidRequest("unauthorized", _CHALLENGE, status=401)
    return token.strip()


def is_admin_token(service: AppState, token: str) -> bool:
    """Whether it is the administrator's token; never when the settings have none."""
    admin = service.settings.admin_token
    return admin is not None and hmac.compare_digest(hash_token(admin.get_secret_value()), hash_token(token))


async def _read_hash(pool: Pool, widget_id: UUID) -> str | None:
    """The stored hash of the owner's token; empty for a widget that never had one, None for no widget."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT coalesce(owner_token_hash, '') FROM widgets WHERE id = %s", (widget_id,)
        )
        row = await rows.fetchone()
    return None if row is None else str(row[0])
