"""Errors of OpenAI's embeddings API: the account's refusals, and failures of one request.

Source: OpenAI API reference, "Error codes". No message of the service is kept or chained: it may quote the key or a
page.
"""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import openai

from tasks.core.errors import EmbeddingFailed, EmbeddingRefused

TIMEOUT_S = 60.0
"""Seconds for a whole response, however slowly it arrives."""

_NO_CREDIT = {
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
}
_OWN_PARAMETERS = {"model", "dimensions", "encoding_format"}
"""Request parameters that do not depend on the texts: an error about one of them fails every request."""
_REJECTIONS = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
"""Statuses that say something about the texts: the same request would fail again."""

RESPONSE_ERRORS = (openai.APIError, TimeoutError, EmbeddingFailed, ValueError, TypeError, AttributeError)
"""Errors of a request; the last three are raised by the client for a response outside the protocol."""


class RequestFailed(Exception):
    """One request failed; the texts in it may be to blame, or the service."""

    def __init__(self, cause: str, *, status: int = 0, has_timed_out: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(cause)
        self.cause = cause
        self.is_rejection = status in _REJECTIONS
        """The same request would fail again."""
        self.is_rate_limit = status == HTTPStatus.TOO_MANY_REQUESTS
        self.may_be_too_large = self.is_rejection or has_timed_out
        """Fewer texts may pass."""
        self.retry_after_s = retry_after_s


def read_error(error: Exception, *, is_accepted: bool) -> EmbeddingRefused | RequestFailed:
    """Return the refusal of the account, or else the failure of this request.

    With `is_accepted` the service has embedded texts with this key and model: a 404 is then not about the model.
    """
    if isinstance(error, EmbeddingFailed):
        return RequestFailed(error.message)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return RequestFailed(f"timeout after {TIMEOUT_S:g}s", has_timed_out=True)
    if isinstance(error, openai.APIConnectionError):
        return RequestFailed("no connection")
    if not isinstance(error, openai.APIError) or isinstance(error, openai.APIResponseValidationError):
        return RequestFailed("the embedding service returned an invalid response")
    if refusal := _read_refusal(error, is_accepted=is_accepted):
        return EmbeddingRefused(refusal)
    if not isinstance(error, openai.APIStatusError):
        return RequestFailed(_code_of(error))
    wait_s = _seconds(error.response.headers.get("retry-after", ""))
    return RequestFailed(_code_of(error), status=error.status_code, retry_after_s=wait_s)


def _read_refusal(error: openai.APIError, *, is_accepted: bool) -> str | None:
    code = _code_of(error)
    if is_out_of_credit(error):
        return f"the embedding account has no credit ({code}): top it up, then resume the build"
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError) or (
        isinstance(error, openai.NotFoundError) and not is_accepted
    ):
        return (
            f"the embedding service rejects the API key or model ({code}):"
            " check OPENAI_API_KEY and EMBEDDING_MODEL, then resume the build"
        )
    if isinstance(error, openai.BadRequestError) and error.param in _OWN_PARAMETERS:
        return f"the embedding service rejects `{error.param}`: {code}"
    return None


def is_out_of_credit(error: openai.APIError) -> bool:
    """Whether the account's credit or spending limit is exhausted: retrying cannot help."""
    code = str(error.code or error.type or "")
    is_unpaid = isinstance(error, openai.APIStatusError) and error.status_code == HTTPStatus.PAYMENT_REQUIRED
    return is_unpaid or code in _NO_CREDIT or code.endswith("spend_limit_exceeded")


def _seconds(retry_after: str) -> float:
    """Parse a `Retry-After` header, a number or a date (RFC 9110 §10.2.3), to seconds; 0 if it is neither."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            # Not a date, or one without a time zone.
            return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def _code_of(error: openai.APIError) -> str:
    """Return the service's error code, never its message."""
    code = str(error.code or error.type or "")
    if re.fullmatch(r"[a-z_]{1,64}", code):
        return code
    return f"HTTP {error.status_code}" if isinstance(error, openai.APIStatusError) else "unknown error"
