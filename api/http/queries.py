"""Values from a request's path and query."""

from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request

from tasks.core.errors import InvalidRequest, NotFound


def query_integer(request: Request, name: str, default: int, least: int, most: int) -> int:
    """Return an integer query parameter, or its default.

    Raises:
        InvalidRequest: not an integer, or out of range.
    """
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
        message = f"`{name}` must be a whole number from {least} to {most}."
        raise InvalidRequest(f"{name}_invalid", message, field=name)
    return int(text)


def query_choice(request: Request, name: str, choices: Sequence[str]) -> str | None:
    """Return a query parameter that has one of some values; None if it is absent or empty.

    Raises:
        InvalidRequest: another value.
    """
    value = request.query_params.get(name) or None
    if value is not None and value not in choices:
        raise InvalidRequest(f"{name}_invalid", f"`{name}` must be one of: {', '.join(choices)}.", field=name)
    return value


def query_id(request: Request, name: str) -> UUID | None:
    """Return a query parameter that is an id; None if it is absent or empty.

    Raises:
        InvalidRequest: it is not a valid id.
    """
    text = request.query_params.get(name) or None
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise InvalidRequest(f"{name}_invalid", f"`{name}` must be an id.", field=name) from error


def widget_id_of(request: Request) -> UUID:
    """Return the widget id of the path.

    Raises:
        NotFound: it is not a valid id.
    """
    return path_id(request, "widget_id", "widget")


def path_id(request: Request, name: str, kind: str) -> UUID:
    """Return the id that the path has under this name; `kind` is the thing it identifies.

    Raises:
        NotFound: it is not a valid id.
    """
    try:
        return UUID(request.path_params[name])
    except ValueError as error:
        raise NotFound(kind) from error
