"""Origins: the pages that may use a route.

The browser says which page asks, in `Origin` and `Sec-Fetch-Site` (W3C Fetch Metadata); no page can forge them. Other
programs can send what they like: rates and budgets bound them, not this.
"""

from enum import StrEnum

from starlette.requests import Request

from api.widgets.appearance import adjustments_of
from tasks.core.errors import InvalidRequest
from tasks.core.settings import Settings
from tasks.records.widgets import WidgetRecord

_NOT_ALLOWED = "This widget may not be used on this origin. Its owner can add the origin to `allowed_origins`."
_NOT_OURS = (
    "Pages of other origins may not use this. Use the page at {origin}, the address in WIDGET_BUILDER_PUBLIC_URL."
)


class OriginRule(StrEnum):
    """The pages that may use a public route."""

    ours = "ours"
    """This service's own; and programs that are no browsers."""
    widget = "widget"
    """The origins that the widget's owner allows, and this service's own; all, if the owner lists none."""
    agents = "agents"
    """Programs that are no browsers; pages on origins that the widget's owner lists, and this service's own."""


def require_our_page(request: Request, settings: Settings) -> None:
    """Admit our own pages and other programs; a link to the route may be followed from any page.

    Raises:
        InvalidRequest: a page of another origin asks (403).
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        is_link = request.method in ("GET", "HEAD") and request.headers.get("sec-fetch-mode") == "navigate"
        is_ours = site in ("same-origin", "none") or is_link
    else:
        # Browsers leave Sec-Fetch-Site out where the address is neither https nor on this machine.
        is_ours = origin is None or _is_own(origin, request, settings)
    if not is_ours:
        raise InvalidRequest("origin_not_allowed", _NOT_OURS.format(origin=settings.origin), status=403)


def require_allowed_page(request: Request, widget: WidgetRecord, settings: Settings) -> None:
    """Admit pages on the origins that the widget's owner allows, and our own pages.

    Raises:
        InvalidRequest: the page is on another origin, or the request names none (403).
    """
    allowed = adjustments_of(widget).allowed_origins
    if allowed is None:
        return
    origin = request.headers.get("origin")
    if origin is None:
        # Browsers send no Origin with a same-origin GET, nor with an address that was typed in.
        is_get = request.method in ("GET", "HEAD")
        is_allowed = is_get and request.headers.get("sec-fetch-site") in ("same-origin", "none")
    else:
        is_allowed = origin in allowed or _is_own(origin, request, settings)
    if not is_allowed:
        raise InvalidRequest("origin_not_allowed", _NOT_ALLOWED, status=403)


def require_agent(request: Request, widget: WidgetRecord, settings: Settings) -> None:
    """Admit programs, which name no origin, and pages on the origins that the owner lists, or on ours.

    Raises:
        InvalidRequest: a page of another origin asks (403).
    """
    origin = request.headers.get("origin")
    allowed = adjustments_of(widget).allowed_origins or ()
    if origin is not None and origin not in allowed and not _is_own(origin, request, settings):
        raise InvalidRequest("origin_not_allowed", _NOT_ALLOWED, status=403)


def _is_own(origin: str, request: Request, settings: Settings) -> bool:
    """Whether the origin is ours: by the settings, or the address that this very connection goes to.

    Never by `Host`, which the client chooses.
    """
    host, port = request.scope.get("server") or ("", None)
    address = f"[{host}]" if ":" in host else host
    return origin in settings.own_origins or origin == f"http://{address}:{port}"
