"""Whether the widget stands on a page of its owner's website: the snippet looked for, and what would keep it out."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import service_of
from api.http.authorization import require_owner
from api.http.bodies import read_object
from api.installation.content_policy import allows, parse_policies
from api.installation.customer_page import CustomerPage, fetch_customer_page, is_same_site
from api.installation.start_tags import start_tags
from api.widgets.appearance import adjustments_of
from api.widgets.public_routes import widget_id_of
from tasks.core.addresses import parse_start_url
from tasks.core.errors import InvalidRequest, PageError
from tasks.core.models import Frozen
from tasks.records.widgets import WidgetRecord, read_widget

_LOOKED_FOR = frozenset(("script", "meta", "ai-widget", "base"))
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class State(StrEnum):
    """What was found."""

    installed = "installed"
    not_found = "not_found"
    other_widget = "other_widget"
    """The snippet is there, with another widget's id."""
    blocked = "blocked"
    """It is there, and the page's own policy keeps it out."""
    not_allowed = "not_allowed"
    """It is there, and the widget's owner has not named this website among those where it may stand."""
    unreachable = "unreachable"


class Verdict(Frozen):
    """What is to be said of a page."""

    state: State
    url: str
    """The page, after redirects."""
    message: str
    """For people: what is, and what to do."""
    found: tuple[str, ...] = ()
    """Ids of the widgets on the page."""
    add: tuple[str, ...] = ()
    """What the page's Content-Security-Policy lacks: directive and source."""


@dataclass(frozen=True)
class _Snippet:
    widget: str
    src: str
    nonce: str = ""


async def check(request: Request) -> Response:
    """POST /api/widgets/{id}/installed: look at the page the owner names; without one, at the site's start page."""
    service, widget_id = service_of(request), widget_id_of(request)
    await require_owner(request, widget_id)
    widget = await read_widget(service.pool, widget_id)
    asked = await read_object(request)
    url = parse_start_url(asked.get("url") or widget.site_url)
    try:
        is_ours = is_same_site(url, widget.site_url)
    except ValueError as error:
        raise InvalidRequest("url_invalid", "`url` is not a valid URL.", field="url") from error
    if not is_ours:
        host = urlsplit(widget.site_url).netloc
        raise InvalidRequest("url_off_site", f"Only pages of {host} can be looked at for this widget.", field="url")
    try:
        page = await fetch_customer_page(service.settings, url, widget.site_url)
    except PageError as error:
        cause = error.message.rstrip(".")
        verdict = Verdict(state=State.unreachable, url=url, message=f"The page could not be fetched: {cause}.")
    else:
        verdict = await asyncio.to_thread(judge, page, widget)
    return JSONResponse(verdict.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


def judge(page: CustomerPage, widget: WidgetRecord) -> Verdict:
    """What is to be said of a page that was fetched."""
    snippets, declared = _read(page)
    found = tuple(dict.fromkeys(snippet.widget for snippet in snippets))
    ours = next((snippet for snippet in snippets if _is_id(snippet.widget, widget.id)), None)

    def verdict(state: State, message: str, add: tuple[str, ...] = ()) -> Verdict:
        return Verdict(state=state, url=page.url, message=message, found=found, add=add)

    if ours is None and not found:
        return verdict(State.not_found, _NOT_FOUND)
    if ours is None:
        message = f"The page has the snippet of another widget ({', '.join(found)}). Put this one's in its place."
        return verdict(State.other_widget, message)
    if _is_mixed(ours.src, page.url):
        return verdict(State.blocked, f"Browsers keep it out: the page is secure, and {ours.src} is not.")
    lacking = _lacking(page, declared, ours)
    if lacking and lacking != ("img-src",):
        add = tuple(f"{directive} {_origin(ours.src)}" for directive in lacking)
        message = "The snippet is there, but the page's Content-Security-Policy keeps it out. Add what it lacks."
        return verdict(State.blocked, message, add)
    if (allowed := adjustments_of(widget).allowed_origins) is not None and _origin(page.url) not in allowed:
        message = f"The snippet is there, but {_origin(page.url)} is not among the websites where it may stand."
        return verdict(State.not_allowed, message)
    if lacking:
        message = "The widget is on the page. Its logo is not shown: the page's Content-Security-Policy keeps it out."
        return verdict(State.installed, message, (f"img-src {_origin(ours.src)}",))
    return verdict(State.installed, "The widget is on the page.")


_NOT_FOUND = (
    "The snippet is not on the page as it is sent. If a script or a tag manager puts it there, it cannot be seen"
    " from here: open the page, and look for the button."
)


def _read(page: CustomerPage) -> tuple[list[_Snippet], list[str]]:
    """The snippets on the page, and the policies that it declares itself."""
    snippets, elements, policies = list[_Snippet](), list[str](), list[str]()
    base, script = page.url, _Snippet("", "")
    for name, attributes in start_tags(page.html, _LOOKED_FOR):
        if name == "base" and base == page.url:
            base = _joined(page.url, attributes.get("href", ""))
        elif name == "meta" and attributes.get("http-equiv", "").lower() == "content-security-policy":
            policies.append(attributes.get("content", ""))
        elif name == "ai-widget" and attributes.get("widget"):
            elements.append(attributes["widget"].strip())
        elif name == "script" and urlsplit(src := _joined(base, attributes.get("src", ""))).path.endswith("/widget.js"):
            script = _Snippet(attributes.get("data-widget", "").strip(), src, attributes.get("nonce", ""))
            if script.widget:
                snippets.append(script)
    if script.src:
        # The element, for pages that place the widget themselves.
        snippets += [_Snippet(widget, script.src, script.nonce) for widget in elements]
    return snippets, policies


def _joined(base: str, href: str) -> str:
    try:
        joined = urljoin(base, href.strip())
        urlsplit(joined).port  # noqa: B018
    except ValueError:
        return base
    return joined


def _is_id(text: str, widget_id: UUID) -> bool:
    try:
        return UUID(text) == widget_id
    except ValueError:
        return False


def _is_mixed(src: str, page_url: str) -> bool:
    script = urlsplit(src)
    return page_url.startswith("https:") and script.scheme == "http" and script.hostname not in _LOOPBACK


def _lacking(page: CustomerPage, declared: list[str], snippet: _Snippet) -> tuple[str, ...]:
    """Directives under which the page's policies do not let in what the widget needs."""
    policies = parse_policies([*page.policies, *declared])
    base = snippet.src.rpartition("/")[0]
    needed = {
        # The chat itself is fetched when it is wanted.
        "script-src": (snippet.src, f"{base}/widget/panel.js"),
        "connect-src": (f"{base}/api/public/widgets/{snippet.widget}",),
        "img-src": (f"{base}/logo",),
    }
    return tuple(
        name
        for name, urls in needed.items()
        if not all(allows(policies, name, url, page.url, snippet.nonce) for url in urls)
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


routes = [Route("/api/widgets/{widget_id}/installed", check, methods=["POST"])]
