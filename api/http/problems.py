"""Errors before a stream starts: JSON, never a stack trace."""

import logging

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from tasks.core.errors import DependencyUnavailable, EmbeddingFailed, EmbeddingRefused, InvalidRequest, TryLater

logger = logging.getLogger("widget_builder.api")


def problem(status: int, code: str, message: str, field: str | None = None) -> JSONResponse:
    """`{"error": {"code", "message", "field"?}}`."""
    error = {"code": code, "message": message} | ({"field": field} if field else {})
    return JSONResponse({"error": error}, status_code=status)


async def on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    """What the client asked for cannot be done."""
    assert isinstance(error, InvalidRequest)
    response = problem(error.status, error.code, error.message, error.field)
    if isinstance(error, TryLater) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def on_unavailable(_request: Request, error: Exception) -> JSONResponse:
    """A dependency is away: the request may be repeated later."""
    logger.warning("unavailable: %s", error)
    name = error.dependency if isinstance(error, DependencyUnavailable) else "PostgreSQL"
    response = problem(503, "dependency_unavailable", f"{name} is not available at the moment.")
    response.headers["Retry-After"] = "5"
    return response


async def on_embedding_error(_request: Request, error: Exception) -> JSONResponse:
    """The question could not be embedded."""
    logger.warning("embedding: %s", error)
    return problem(503, "embedding_unavailable", "The embedding service is not available at the moment.")


async def on_http_exception(_request: Request, error: Exception) -> JSONResponse:
    """No such route, or not with this method."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    response = problem(error.status_code, code, str(error.detail) + ".")
    response.headers.update(error.headers or {})
    return response


async def on_unexpected(_request: Request, error: Exception) -> JSONResponse:
    """A fault of ours: logged in full, told in one sentence."""
    logger.error("unexpected error", exc_info=error)
    return problem(500, "internal_error", "Something went wrong on our side; it has been logged.")


HANDLERS = {
    InvalidRequest: on_invalid_request,
    DependencyUnavailable: on_unavailable,
    DatabaseError: on_unavailable,
    PoolTimeout: on_unavailable,
    EmbeddingFailed: on_embedding_error,
    EmbeddingRefused: on_embedding_error,
    HTTPException: on_http_exception,
    Exception: on_unexpected,
}
