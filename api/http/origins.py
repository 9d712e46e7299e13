"""The origins a widget may be used on: any, unless its owner lists them in `allowed_origins`."""

from starlette.requests import Request

from api.app_state import app_state
from api.widgets.appearance import adjustments_of
from tasks.core.errors import InvalidRequest
from tasks.records.widgets import WidgetRecord

_NOT_ALLOWED = "This widget may not be used on this origin. Its owner can add the origin to `allowed_origins`."


def require_origin(request: Request, widget: WidgetRecord) -> None:
    """Admit requests from pages on the allowed origins, and from this service's own pages.

    Raises:
        InvalidRequest: the page is on another origin, or the request names none (403).
    """
    allowed = adjustments_of(widget).allowed_origins
    if allowed is None:
        return
    origin = request.headers.get("origin")
    # Browsers send no Origin with a same-origin GET.
    is_own = origin is None and request.headers.get("sec-fetch-site") == "same-origin"
    if not is_own and origin not in (*allowed, app_state(request).settings.origin):
        raise InvalidRequest("origin_not_allowed", _NOT_ALLOWED, status=403)
