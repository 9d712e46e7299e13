"""Request bodies: small JSON objects, checked before anything starts."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import Request

from tasks.core.errors import InvalidRequest

MAX_BODY_BYTES = 64 * 1024

Model = TypeVar("Model", bound=BaseModel)


async def read_object(request: Request, *, max_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the body's JSON object; of an empty body, the query parameters.

    Raises:
        InvalidRequest: too large (413), not JSON, or not an object (400).
    """
    body = await read_bytes(request, max_bytes=max_bytes)
    if not body:
        return dict(request.query_params)
    if not is_json(request):
        raise InvalidRequest(
            "content_type", "The body is not application/json. Send JSON, or query parameters only.", status=400
        )
    try:
        # Unlike the standard library's, it refuses escapes of halves of characters: no database stores such text.
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest("json_malformed", f"The body is not valid JSON: {error}.", status=400) from error
    if not isinstance(value, dict):
        raise InvalidRequest("json_not_object", "The body must be a JSON object.", status=400)
    return value


def is_json(request: Request) -> bool:
    """Whether the request says that its body is JSON."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


async def read_bytes(request: Request, *, max_bytes: int) -> bytes:
    """Return the body.

    Raises:
        InvalidRequest: it is larger than that (413).
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > max_bytes:
            raise InvalidRequest("body_too_large", f"The body is larger than {max_bytes // 1024} KiB.", status=413)
    return bytes(body)


def validate_body(model: type[Model], sent: Mapping[str, object]) -> Model:
    """Return the body as a validated model.

    Raises:
        InvalidRequest: a value is invalid; names its field (422).
    """
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise _invalid_field(error) from error


def _invalid_field(error: ValidationError) -> InvalidRequest:
    """Turn the first of pydantic's findings into our error: the field's dotted path, and why it is invalid."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]] or ["body"]
    field = ".".join(path)
    problem = first["msg"].removeprefix("Value error, ")
    return InvalidRequest(f"{path[0]}_invalid", f"`{field}`: {problem}.", field=field)
