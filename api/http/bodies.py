"""Request bodies: small JSON objects, checked before anything starts."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from tasks.core.errors import InvalidRequest

MAX_BODY_BYTES = 64 * 1024

Model = TypeVar("Model", bound=BaseModel)


async def read_object(request: Request) -> dict[str, Any]:
    """Return the body's JSON object; of an empty body, the query parameters.

    Raises:
        InvalidRequest: too large (413), not JSON, or not an object (400).
    """
    body = await _read_limited(request)
    if not body:
        return dict(request.query_params)
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise InvalidRequest(
            "content_type", "The body is not application/json. Send JSON, or query parameters only.", status=400
        )
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("json_malformed", f"The body is not valid JSON: {error}.", status=400) from error
    if not isinstance(value, dict):
        raise InvalidRequest("json_not_object", "The body must be a JSON object.", status=400)
    return value


async def _read_limited(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise InvalidRequest("body_too_large", f"The body is larger than {MAX_BODY_BYTES // 1024} KiB.", status=413)
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
