"""Reads the cause of a browser error from its message.

Playwright (1.65) has one error class besides the timeout, without a code: the message of Playwright or Chromium
(`net::ERR_…`) is all there is to decide by. All such decisions are here, to be checked at an upgrade.
"""

from urllib.parse import urlsplit

from playwright.async_api import Error as PlaywrightError

from tasks.core.errors import FetchFailed, PageError, PageSkipped, TlsFailed, TooManyRedirects
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.responses import gate_refusal
from tasks.web.fetching.tab import TabGone

_NAVIGATED = (
    "context was destroyed",
    "is navigating",
    "No resource with given identifier",
    "No data found for resource",
    "Cannot find context",
    "navigated or closed",
    "No frame for given id",
    "Not attached to an active page",
)
_GONE = ("crashed", "has been closed", "Target closed", "Connection closed")
_RETRIABLE = ("ERR_CONNECTION_", "ERR_EMPTY_RESPONSE", "ERR_TIMED_OUT", "ERR_NETWORK_", "ERR_HTTP2_", "ERR_PROXY_")


def has_navigated(error: PlaywrightError) -> bool:
    """Whether a call failed because the tab has navigated to another page."""
    return any(words in error.message for words in _NAVIGATED)


def is_aborted(error: PlaywrightError) -> bool:
    """Whether a navigation was aborted."""
    return "ERR_ABORTED" in error.message


def is_superseded(error: PlaywrightError) -> bool:
    """Whether another navigation replaced this one."""
    return "interrupted by another navigation" in error.message


def explain_browser_error(error: PlaywrightError, url: str, gate: Gate) -> PageError | TabGone:
    """Return our error for one that loading the URL raised."""
    text = error.message
    if any(words in text for words in _GONE):
        return TabGone(text)
    if "ERR_TUNNEL_CONNECTION_FAILED" in text:
        parts = urlsplit(url)
        return gate_refusal(gate.refusal_reason(parts.hostname or "", parts.port or 443) or "blocked")
    if "ERR_CERT" in text or "ERR_SSL" in text:
        return TlsFailed(f"the certificate is not valid: {_code(text)}")
    if "ERR_TOO_MANY_REDIRECTS" in text:
        return TooManyRedirects("too many redirects")
    if "Download is starting" in text:
        return PageSkipped("not_html", "the URL starts a download")
    code = _code(text)
    return FetchFailed(f"the browser could not load the page: {code}", retriable=code.startswith(_RETRIABLE))


def _code(text: str) -> str:
    _, found, rest = text.partition("net::")
    return rest.split()[0] if found else text.strip().splitlines()[0]
