"""What an answer means: the causes both fetchers report alike."""

import re
from urllib.parse import urlsplit

from tasks.core.addresses import NOT_REACHABLE
from tasks.core.errors import AddressBlocked, FetchFailed, FetchTimeout, HttpStatus, PageSkipped
from tasks.web.crawl.urls import in_scope
from tasks.web.fetching.egress import CONNECT_TIMEOUT_S
from tasks.web.fetching.throttle import parse_retry_after

PDF = "application/pdf"
_HTML = ("text/html", "application/xhtml+xml")
_XML = ("application/xml", "text/xml")
_UNTOLD = ("application/octet-stream", "application/unknown", "binary/octet-stream", "unknown/unknown", PDF, "*/*")
"""Types that servers give to what they know nothing of, or know wrongly."""
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")
_SNIFFED = 1_445
"""Bytes that are looked at, as browsers do."""
_BEGINS_AS_HTML = re.compile(
    rb"(<!--.*?-->\s*|<\?xml[^>]*>\s*)*"
    rb"<(!doctype html|html|head|body|title|meta|link|script|style|main|div|h1|table|p|a|br|iframe|font)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_TEXT_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_MAGIC = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"\x7fELF", b"\x00\x00\x01\x00")
_CONTROLS = re.compile(rb"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""NULs are not among them: they come in bad text, and are dropped."""


def gate_refusal(reason: str) -> FetchFailed:
    """The error for the gate's own answer; `reason` is its header `X-Egress`."""
    if reason == "blocked":
        return AddressBlocked(NOT_REACHABLE)
    if reason == "timeout":
        return FetchTimeout(CONNECT_TIMEOUT_S, "a connection")
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
    kind = media_type(content_type)
    return not kind or kind in _HTML


def check_answer(
    *, status: int, content_type: str, start_url: str, final_url: str, retry_after: str | None = None
) -> None:
    """Return if the answer is a page of the site.

    Raises:
        PageError: it is an error, off the site, or not HTML.
    """
    check_status(status=status, start_url=start_url, final_url=final_url, retry_after=retry_after)
    if not is_html(content_type):
        raise wrong_type(media_type(content_type))


def check_status(*, status: int, start_url: str, final_url: str, retry_after: str | None = None) -> None:
    """Return if the answer is a good one and of the site, whatever its type.

    Raises:
        PageError: it is not.
    """
    check_scheme(final_url)
    if not in_scope(final_url, start_url):
        raise PageSkipped("off_site", f"redirects to {final_url}")
    if status >= 400:
        raise HttpStatus(status, retry_after_s=parse_retry_after(retry_after or ""))
    if 300 <= status < 400:
        raise FetchFailed("a redirect that leads nowhere")


def media_type(content_type: str) -> str:
    """A Content-Type without its parameters, in lower case; empty if none is declared."""
    return content_type.split(";")[0].split(",")[0].strip().lower()


def wrong_type(kind: str) -> PageSkipped:
    """What is said of an answer that is neither HTML nor PDF; the type is part of the reason, to be counted by."""
    named = kind if _TYPE.fullmatch(kind) else "unknown type"
    return PageSkipped(f"not_html: {named}", f"its type is {named}")


def is_for_http(skipped: PageSkipped) -> bool:
    """Whether what the browser takes for no page may be read over HTTP: a PDF, a download, what has no true type."""
    reason, _, kind = skipped.reason.partition(": ")
    return reason == "not_html" and (not kind or kind in _UNTOLD)


def real_type(content_type: str, body: bytes) -> str:
    """`text/html`, `application/pdf`, or the type of something that is neither: as the body shows, where it does.

    Servers send documents without a type, as octet-stream, and as each other (WHATWG MIME Sniffing).
    """
    declared = media_type(content_type)
    head = body[:_SNIFFED].lstrip(b"\xef\xbb\xbf \t\r\n\f")
    if head.startswith(b"%PDF-"):
        return PDF
    if declared in _HTML or (not declared and not _is_binary(body)):
        return "application/octet-stream" if _is_binary(body) else "text/html"
    if declared in _UNTOLD and _BEGINS_AS_HTML.match(head):
        return "text/html"
    if declared in _XML and b"http://www.w3.org/1999/xhtml" in head:
        return "text/html"
    return "application/octet-stream" if declared in ("", PDF) else declared


def _is_binary(body: bytes) -> bool:
    """Whether it begins as no text does: an image, an archive, a video …"""
    head = body[:_SNIFFED]
    if head.startswith(_TEXT_MARKS):
        return False
    even, odd = head[::2].count(0), head[1::2].count(0)
    is_utf16 = abs(even - odd) > len(head) // 4
    return head.startswith(_MAGIC) or (not is_utf16 and len(_CONTROLS.findall(head)) > len(head) // 50)
