"""Request bodies: small JSON objects, refused at the edge otherwise."""

import json
from typing import Any

from starlette.requests import Request

from tasks.core.errors import InvalidRequest

MAX_BODY_BYTES = 64 * 1024


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of the body; an empty body gives the query parameters instead.

    Raises:
        InvalidRequest: too large (413), not JSON, or not an object (400).
    """
    body = await _read_limited(request)
    if not body:
        return dict(request.query_params)
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise InvalidRequest(
            "content_type", "Send the body as application/json, or send query parameters only.", status=400
        )
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("json_malformed", f"The body is not JSON: {error}.", status=400) from error
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
