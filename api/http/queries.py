"""Numbers in the query of a request."""

from starlette.requests import Request

from tasks.core.errors import InvalidRequest


def query_number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """The number of that name, or the default.

    Raises:
        InvalidRequest: it is none, or out of bounds.
    """
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
        message = f"`{name}` must be a whole number from {least} to {most}."
        raise InvalidRequest(f"{name}_invalid", message, field=name)
    return int(text)
