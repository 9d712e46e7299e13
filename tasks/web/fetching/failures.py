"""Why a download failed, from what Scrapy and the libraries under it raise."""

import ssl
from collections.abc import Iterator

import aiohttp
import httpx2
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)

from tasks.core.errors import FetchFailed, FetchTimeout, PageError, PageSkipped
from tasks.web.fetching.handlers import FIRST_BYTE_S, NoAnswer, Unwanted
from tasks.web.fetching.responses import gate_refusal_by_status, wrong_type

_BROKEN = (DownloadConnectionRefusedError, DownloadFailedError, ResponseDataLossError)
"""The connection failed: another try may do better."""


def explain_failure(error: Exception, timeout_s: float) -> PageError:
    """The page's error, its cause in words; `timeout_s` is what the whole page may take."""
    if isinstance(error, NoAnswer):
        return FetchTimeout(FIRST_BYTE_S, "an answer")
    if isinstance(error, TimeoutError | DownloadTimeoutError):
        return FetchTimeout(timeout_s)
    if isinstance(error, Unwanted):
        return wrong_type(error.kind)
    if isinstance(error, DownloadCancelledError):
        return PageSkipped("too_large", "it is too large")
    causes = tuple(_causes(error))
    for cause in causes:
        # aiohttp's own error is one of these too, but does not say why.
        if isinstance(cause, ssl.SSLCertVerificationError) and (why := getattr(cause, "verify_message", "")):
            return FetchFailed(f"the certificate is not valid: {why}")
    for cause in causes:
        if isinstance(cause, aiohttp.ClientConnectorSSLError) or _is_handshake(cause):
            return FetchFailed(f"no secure connection: {_in_words(cause)}", retriable=_is_end(cause))
        if isinstance(cause, aiohttp.ClientHttpProxyError):
            return gate_refusal_by_status(cause.status)
        if isinstance(cause, httpx2.ProxyError):
            return gate_refusal_by_status(int(str(cause)[:3]))
    if isinstance(error, _BROKEN):
        return FetchFailed(f"the connection broke: {_in_words(error.__cause__ or error)}", retriable=True)
    return FetchFailed(f"the answer cannot be used: {_in_words(error)}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from or after, and so on."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def _is_handshake(cause: BaseException) -> bool:
    return isinstance(cause, httpx2.ConnectError) and any(isinstance(under, ssl.SSLError) for under in _causes(cause))


def _is_end(cause: BaseException) -> bool:
    """Whether the other side just left."""
    return any(isinstance(under, ssl.SSLEOFError | ConnectionError) for under in _causes(cause))


def _in_words(cause: BaseException) -> str:
    text = getattr(cause, "message", None)
    lines = (text if isinstance(text, str) else str(cause)).strip().splitlines()
    return lines[0].rstrip(":") if lines else type(cause).__name__
