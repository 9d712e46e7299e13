"""Installation check: whether a page of the owner's website has the snippet, and whether anything blocks it."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import read_object
from api.http.guards import identify_client
from api.http.queries import widget_id_of
from api.installation.content_policy import allows, parse_policies
from api.installation.customer_page import CustomerPage, fetch_customer_page, is_same_site
from api.installation.start_tags import start_tags
from api.widgets.appearance import adjustments_of
from tasks.core.addresses import parse_start_url
from tasks.core.errors import InvalidRequest, PageError
from tasks.core.models import Frozen
from tasks.core.roles import Role
from tasks.core.settings import Settings
from tasks.records.widgets import WidgetRecord, read_widget

_TAGS = frozenset(("script", "meta", "ai-widget", "base"))
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class InstallationState(StrEnum):
    """The outcome of an installation check."""

    installed = "installed"
    not_found = "not_found"
    other_widget = "other_widget"
    """The snippet is there, with another widget's id."""
    blocked = "blocked"
    """The snippet is there, but the page's own policy or mixed content blocks it."""
    not_allowed = "not_allowed"
    """The snippet is there, but the page's origin is not in the widget's `allowed_origins`."""
    unreachable = "unreachable"


class InstallationReport(Frozen):
    """The result of an installation check."""

    state: InstallationState
    url: str
    """The page's URL after redirects."""
    message: str
    """The outcome and the next step, for people."""
    found: tuple[str, ...] = ()
    """Ids of the widgets on the page."""
    add: tuple[str, ...] = ()
    """Sources the page's Content-Security-Policy lacks, each as `directive source`."""


@dataclass(frozen=True)
class _Snippet:
    widget: str
    src: str
    nonce: str = ""


async def check_installation(request: Request) -> Response:
    """POST /api/widgets/{id}/installed: check the page at `url`, or the site's start page."""
    state, widget_id = app_state(request), widget_id_of(request)
    widget = await read_widget(state.pool, widget_id)
    asked = await read_object(request)
    url = parse_start_url(asked.get("url") or widget.site_url)
    try:
        is_on_site = is_same_site(url, widget.site_url)
    except ValueError as error:
        raise InvalidRequest(
            "url_invalid", "The address is not a valid URL. Give an absolute http or https URL.", field="url"
        ) from error
    if not is_on_site:
        host = urlsplit(widget.site_url).netloc
        raise InvalidRequest(
            "url_off_site", f"The address is on another website. Give that of a page on {host}.", field="url"
        )
    with state.page_turns.take(await identify_client(request)):
        report = await _check(state.settings, url, widget)
    return JSONResponse(report.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


async def _check(settings: Settings, url: str, widget: WidgetRecord) -> InstallationReport:
    try:
        page = await fetch_customer_page(settings, url, widget.site_url)
    except PageError as error:
        problem = f"The page could not be fetched: {error.message.rstrip('.')}."
        return InstallationReport(state=InstallationState.unreachable, url=url, message=problem)
    return await asyncio.to_thread(inspect_page, page, widget)


def inspect_page(page: CustomerPage, widget: WidgetRecord) -> InstallationReport:
    """Return the installation report of a fetched page."""
    snippets, meta_policies = _find_snippets(page)
    found = tuple(dict.fromkeys(snippet.widget for snippet in snippets))
    ours = next((snippet for snippet in snippets if _is_id(snippet.widget, widget.id)), None)

    def report(state: InstallationState, message: str, add: tuple[str, ...] = ()) -> InstallationReport:
        return InstallationReport(state=state, url=page.url, message=message, found=found, add=add)

    if ours is None and not found:
        return report(InstallationState.not_found, _NOT_FOUND)
    if ours is None:
        message = (
            f"The page has the snippet of another widget ({', '.join(found)}). Replace it with this widget's snippet."
        )
        return report(InstallationState.other_widget, message)
    if _is_mixed(ours.src, page.url):
        return report(InstallationState.blocked, _MIXED_CONTENT.format(src=ours.src))
    lacking = _lacking_directives(page, meta_policies, ours)
    if lacking and lacking != ("img-src",):
        add = tuple(f"{directive} {_origin(ours.src)}" for directive in lacking)
        message = "The snippet is on the page, but the page's Content-Security-Policy blocks it. Add the sources below."
        return report(InstallationState.blocked, message, add)
    if (allowed := adjustments_of(widget).allowed_origins) is not None and _origin(page.url) not in allowed:
        message = _NOT_ALLOWED.format(origin=_origin(page.url))
        return report(InstallationState.not_allowed, message)
    if lacking:
        message = (
            "The widget is installed, but the page's Content-Security-Policy blocks its logo. Add the source below."
        )
        return report(InstallationState.installed, message, (f"img-src {_origin(ours.src)}",))
    return report(InstallationState.installed, "The widget is installed on the page.")


_MIXED_CONTENT = (
    "The snippet is on the page, but browsers block it: the page is https, and {src} is not."
    " Serve the widget over https."
)
_NOT_ALLOWED = (
    "The snippet is on the page, but the widget may not be used on {origin}."
    " Add this origin to the widget's allowed websites."
)
_NOT_FOUND = (
    "The page's HTML does not contain the snippet. If a script or a tag manager adds it, this check cannot see it:"
    " open the page and look for the chat button."
)


def _find_snippets(page: CustomerPage) -> tuple[list[_Snippet], list[str]]:
    """Return the page's snippets, and the policies in its `<meta>` elements."""
    snippets, elements, policies = list[_Snippet](), list[str](), list[str]()
    base, script = page.url, _Snippet("", "")
    for name, attributes in start_tags(page.html, _TAGS):
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
        # Pages may place the `<ai-widget>` element themselves; any loader on the page then serves it.
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


def _lacking_directives(page: CustomerPage, meta_policies: list[str], snippet: _Snippet) -> tuple[str, ...]:
    """Return the directives under which the page's policies block something the widget needs."""
    policies = parse_policies([*page.policies, *meta_policies])
    base = snippet.src.rpartition("/")[0]
    needed = {
        # The panel is loaded later, when a visitor opens the chat.
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


routes = [OwnerRoute("/api/widgets/{widget_id}/installed", check_installation, Role.viewer, ["POST"])]
