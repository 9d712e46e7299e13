"""Checks of HTTP responses that both fetchers share, with the errors they report."""

import re
from urllib.parse import urlsplit

from tasks.core.addresses import NOT_REACHABLE
from tasks.core.errors import AddressBlocked, ConnectionFailed, FetchFailed, FetchTimeout, HttpStatus, PageSkipped
from tasks.web.crawl.urls import in_scope
from tasks.web.fetching.egress import CONNECT_TIMEOUT_S
from tasks.web.fetching.host_rate import parse_retry_after

PDF = "application/pdf"
_HTML = ("text/html", "application/xhtml+xml")
_XML = ("application/xml", "text/xml")
_GENERIC_TYPES = (
    "application/octet-stream",
    "application/unknown",
    "binary/octet-stream",
    "unknown/unknown",
    PDF,
    "*/*",
)
"""Content types that servers send for files of unknown or wrongly detected type."""
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")
_SNIFFED = 1_445
"""Bytes inspected for the content type, as in browsers (WHATWG MIME Sniffing)."""
_BEGINS_AS_HTML = re.compile(
    rb"(<!--.*?-->\s*|<\?xml[^>]*>\s*)*"
    rb"<(!doctype html|html|head|body|title|meta|link|script|style|main|div|h1|table|p|a|br|iframe|font)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_TEXT_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_MAGIC = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"\x7fELF", b"\x00\x00\x01\x00")
_CONTROLS = re.compile(rb"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Control characters that text does not contain. NULs are excluded: broken text has them, and they are dropped."""
TOO_LARGE = "the page is too large: it exceeds WIDGET_BUILDER_MAX_PAGE_BYTES"


def gate_refusal(reason: str) -> FetchFailed:
    """Return the error for a refusal by the gate; `reason` is its header `X-Egress`."""
    if reason == "blocked":
        return AddressBlocked(NOT_REACHABLE)
    if reason == "timeout":
        return FetchTimeout(CONNECT_TIMEOUT_S, "a connection")
    return ConnectionFailed("connection refused")


def gate_refusal_by_status(status: int) -> FetchFailed:
    """Return the error for a refused CONNECT, of which HTTP clients report only the status."""
    return gate_refusal({403: "blocked", 504: "timeout"}.get(status, "refused"))


def check_scheme(url: str) -> None:
    """Check that the URL is http or https: the browser would also open files and its own pages.

    Raises:
        FetchFailed: another scheme.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise FetchFailed("only http and https URLs are fetched")


def is_html(content_type: str) -> bool:
    """Whether a response of this content type, or without one, is a page."""
    kind = media_type(content_type)
    return not kind or kind in _HTML


def check_response(
    *, status: int, content_type: str, start_url: str, final_url: str, retry_after: str | None = None
) -> None:
    """Check that the response is an HTML page of the site.

    Raises:
        PageError: an error status, a page of another site, or not HTML.
    """
    check_status(status=status, start_url=start_url, final_url=final_url, retry_after=retry_after)
    if not is_html(content_type):
        raise unsupported_type(media_type(content_type))


def check_status(*, status: int, start_url: str, final_url: str, retry_after: str | None = None) -> None:
    """Check that the response is successful and of the site, whatever its content type.

    Raises:
        PageError: an error status, or a page of another site.
    """
    check_scheme(final_url)
    if not in_scope(final_url, start_url):
        raise PageSkipped("off_site", f"redirects to {final_url}")
    if status >= 400:
        raise HttpStatus(status, retry_after_s=parse_retry_after(retry_after or ""))
    if 300 <= status < 400:
        raise FetchFailed("redirect without a valid Location")


def media_type(content_type: str) -> str:
    """A Content-Type without its parameters, in lower case; empty if none is declared."""
    return content_type.split(";")[0].split(",")[0].strip().lower()


def unsupported_type(kind: str) -> PageSkipped:
    """Return the error for a response that is neither HTML nor PDF; its type is part of the reason, for statistics."""
    named = kind if _TYPE.fullmatch(kind) else "unknown type"
    return PageSkipped(f"not_html: {named}", f"not an HTML page or PDF: the content type is {named}")


def may_read_over_http(skipped: PageSkipped) -> bool:
    """Whether a page that the browser rejected may be read over HTTP: a PDF, a download, or a generic type."""
    reason, _, kind = skipped.reason.partition(": ")
    return reason == "not_html" and (not kind or kind in _GENERIC_TYPES)


def detect_type(content_type: str, body: bytes) -> str:
    """Return the content type: `text/html` or `application/pdf` where the body shows it, else the declared type.

    Servers send documents without a type, as octet-stream, and under each other's types (WHATWG MIME Sniffing).
    """
    declared = media_type(content_type)
    head = body[:_SNIFFED].lstrip(b"\xef\xbb\xbf \t\r\n\f")
    if head.startswith(b"%PDF-"):
        return PDF
    if declared in _HTML or (not declared and not is_binary(body)):
        return "application/octet-stream" if is_binary(body) else "text/html"
    if declared in _GENERIC_TYPES and _BEGINS_AS_HTML.match(head):
        return "text/html"
    if declared in _XML and b"http://www.w3.org/1999/xhtml" in head:
        return "text/html"
    return "application/octet-stream" if declared in ("", PDF) else declared


def is_binary(body: bytes) -> bool:
    """Whether the body begins like a binary file: an image, an archive, a video …"""
    head = body[:_SNIFFED]
    if head.startswith(_TEXT_MARKS):
        return False
    even, odd = head[::2].count(0), head[1::2].count(0)
    is_utf16 = abs(even - odd) > len(head) // 4
    return head.startswith(_MAGIC) or (not is_utf16 and len(_CONTROLS.findall(head)) > len(head) // 50)
