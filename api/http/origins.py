"""Where a widget may stand: its owner may name the origins, and others' pages are then refused."""

from starlette.requests import Request

from api.app_state import service_of
from api.widgets.appearance import adjustments_of
from tasks.core.errors import InvalidRequest
from tasks.records.widgets import WidgetRecord


def require_origin(request: Request, widget: WidgetRecord) -> None:
    """Let in requests from pages the owner named, and from the service's own.

    Raises:
        InvalidRequest: the page is elsewhere, or the client does not say where it is (403).
    """
    allowed = adjustments_of(widget).allowed_origins
    if allowed is None:
        return
    origin = request.headers.get("origin")
    # A browser names no origin when a page asks its own server.
    is_own = origin is None and request.headers.get("sec-fetch-site") == "same-origin"
    if not is_own and origin not in (*allowed, service_of(request).settings.origin):
        raise InvalidRequest("origin_not_allowed", "This widget is not for this website.", status=403)
