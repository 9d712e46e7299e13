"""Error responses: JSON, never a stack trace."""

import logging

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from tasks.core.errors import (
    DependencyUnavailable,
    EmbeddingFailed,
    EmbeddingRefused,
    EmbeddingUnavailable,
    InvalidRequest,
    TryLater,
)

logger = logging.getLogger("widget_builder.api")


def problem(status: int, code: str, message: str, field: str | None = None) -> JSONResponse:
    """Return the response `{"error": {"code", "message", "field"?}}`."""
    error = {"code": code, "message": message} | ({"field": field} if field else {})
    return JSONResponse({"error": error}, status_code=status)


async def on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    """Answer an invalid request with its own status; `Retry-After` where a later try may succeed."""
    assert isinstance(error, InvalidRequest)
    response = problem(error.status, error.code, error.message, error.field)
    if isinstance(error, TryLater) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def on_unavailable(_request: Request, error: Exception) -> JSONResponse:
    """Answer 503 while a dependency is down."""
    logger.warning("unavailable: %s", error)
    name = error.dependency if isinstance(error, DependencyUnavailable) else "PostgreSQL"
    response = problem(503, "dependency_unavailable", f"{name} is not available. Try again in a few seconds.")
    response.headers["Retry-After"] = "5"
    return response


async def on_embedding_error(_request: Request, error: Exception) -> JSONResponse:
    """Answer 503 when the embedding service failed."""
    logger.warning("embedding: %s", error)
    return problem(503, "embedding_unavailable", "The embedding service is not available. Try again later.")


async def on_http_exception(_request: Request, error: Exception) -> JSONResponse:
    """Answer 404 or 405 for an unknown route or method."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    response = problem(error.status_code, code, str(error.detail) + ".")
    response.headers.update(error.headers or {})
    return response


async def on_unexpected(_request: Request, error: Exception) -> JSONResponse:
    """Answer 500 for an unexpected error and log its traceback."""
    logger.error("unexpected error", exc_info=error)
    return problem(
        500, "internal_error", "The server failed to handle the request; the error has been logged. Try again later."
    )


HANDLERS = {
    InvalidRequest: on_invalid_request,
    DependencyUnavailable: on_unavailable,
    DatabaseError: on_unavailable,
    PoolTimeout: on_unavailable,
    EmbeddingFailed: on_embedding_error,
    EmbeddingRefused: on_embedding_error,
    EmbeddingUnavailable: on_embedding_error,
    HTTPException: on_http_exception,
    Exception: on_unexpected,
}
