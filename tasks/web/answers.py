"""What an answer means: the causes both fetchers report alike."""

from urllib.parse import urlsplit

from tasks.core.addresses import NOT_REACHABLE
from tasks.core.errors import AddressBlocked, FetchFailed, FetchTimeout, HttpStatus, PageError, PageSkipped
from tasks.web.egress import CONNECT_TIMEOUT_S
from tasks.web.throttle import parse_retry_after
from tasks.web.urls import in_scope

_HTML = ("text/html", "application/xhtml+xml")


def gate_refusal(reason: str) -> FetchFailed:
    """The error for the gate's own answer; `reason` is its header `X-Egress`."""
    if reason == "blocked":
        return AddressBlocked(NOT_REACHABLE)
    if reason == "timeout":
        return FetchTimeout(CONNECT_TIMEOUT_S)
    return FetchFailed("connection refused", retriable=True)


def gate_refusal_by_status(status: int) -> FetchFailed:
    """The same for a refused CONNECT, of which clients tell the status alone."""
    return gate_refusal({403: "blocked", 504: "timeout"}.get(status, "refused"))


def check_scheme(url: str) -> None:
    """Return if the URL is one of the web: the browser would open files and its own pages as well.

    Raises:
        FetchFailed: it is not.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise FetchFailed("only http and https are fetched")


def is_html(content_type: str) -> bool:
    """Whether an answer of this type, or of none, is a page."""
    kind = content_type.split(";")[0].strip().lower()
    return not kind or kind in _HTML


def check_answer(
    *, status: int, content_type: str, start_url: str, final_url: str, retry_after: str | None = None
) -> None:
    """Return if the answer is a page of the site.

    Raises:
        PageError: it is an error, off the site, or not HTML.
    """
    check_scheme(final_url)
    if problem := _problem(status, content_type, start_url, final_url, parse_retry_after(retry_after or "")):
        raise problem


def _problem(
    status: int, content_type: str, start_url: str, final_url: str, retry_after_s: float | None
) -> PageError | None:
    if not in_scope(final_url, start_url):
        return PageSkipped("off_site", f"redirects to {final_url}")
    if status >= 400:
        return HttpStatus(status, retry_after_s=retry_after_s)
    if 300 <= status < 400:
        return FetchFailed("a redirect that leads nowhere")
    if not is_html(content_type):
        return PageSkipped("not_html", f"its type is {content_type.split(';')[0].strip().lower()}")
    return None
