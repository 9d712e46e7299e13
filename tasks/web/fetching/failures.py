"""Maps exceptions of Scrapy, aiohttp and httpx2 to page errors with a readable cause."""

import re
import ssl
from collections.abc import Iterator

import aiohttp
import httpx2
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)

from tasks.core.errors import (
    ConnectionFailed,
    FetchFailed,
    FetchTimeout,
    PageError,
    PageSkipped,
    TlsFailed,
    TooManyRedirects,
)
from tasks.web.fetching.handlers import FIRST_BYTE_S, NoResponse, UnwantedType
from tasks.web.fetching.responses import TOO_LARGE, gate_refusal_by_status, unsupported_type

_BROKEN = (DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError)
"""The connection failed: a retry may succeed."""
_PLACE_IN_OPENSSL = re.compile(r"\[SSL[^\]]*\]\s*|\s*\(_ssl\.c:\d+\)")
"""Additions of OpenSSL to its reasons: `[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)`."""


def explain_failure(error: Exception, timeout_s: float) -> PageError:
    """Return the page error for an exception; `timeout_s` is the limit for the whole page."""
    if isinstance(error, NoResponse):
        return FetchTimeout(FIRST_BYTE_S, "a response")
    if isinstance(error, TimeoutError | DownloadTimeoutError):
        return FetchTimeout(timeout_s)
    if isinstance(error, UnwantedType):
        return unsupported_type(error.kind)
    if isinstance(error, IgnoreRequest):
        return _explain_refusal(error)
    if isinstance(error, DownloadCancelledError):
        return PageSkipped("too_large", TOO_LARGE)
    causes = tuple(_causes(error))
    for cause in causes:
        # aiohttp's own error is a subclass too, but has no reason.
        if isinstance(cause, ssl.SSLCertVerificationError) and (why := getattr(cause, "verify_message", "")):
            return TlsFailed(f"the certificate is not valid: {why}")
    for cause in causes:
        if isinstance(cause, aiohttp.ClientConnectorSSLError) or _is_tls_failure(cause):
            return TlsFailed(f"TLS handshake failed: {_describe(cause)}", retriable=_is_disconnect(cause))
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            return gate_refusal_by_status(cause.status)
        if isinstance(cause, httpx2.ProxyError):
            return gate_refusal_by_status(int(str(cause)[:3]))
    if isinstance(error, _BROKEN):
        return ConnectionFailed(f"the connection broke: {_describe(error.__cause__ or error)}")
    return FetchFailed(f"invalid HTTP response: {_describe(error)}")


def _explain_refusal(error: IgnoreRequest) -> PageError:
    """Return the page error for a request that a downloader middleware refused: one of ours, or one of Scrapy's."""
    if isinstance(error.__cause__, PageError):
        return error.__cause__
    # Scrapy (2.19) tells its own refusals apart by their message only.
    if "redirection" in str(error):
        return TooManyRedirects("too many redirects")
    if "DOWNLOAD_MAXSIZE" in str(error):
        return PageSkipped("too_large", f"{TOO_LARGE} when decompressed")
    return FetchFailed(str(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and the chain of its causes and contexts."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def _is_tls_failure(cause: BaseException) -> bool:
    return isinstance(cause, httpx2.ConnectError) and any(isinstance(under, ssl.SSLError) for under in _causes(cause))


def _is_disconnect(cause: BaseException) -> bool:
    """Whether the other side closed the connection."""
    return any(isinstance(under, ssl.SSLEOFError | ConnectionError) for under in _causes(cause))


def _describe(cause: BaseException) -> str:
    text = getattr(cause, "message", None)
    lines = (text if isinstance(text, str) else str(cause)).strip().splitlines()
    return _PLACE_IN_OPENSSL.sub("", lines[0]).rstrip(" :") if lines else type(cause).__name__
