"""Validation of a client's build request, at the edge."""

from tasks.core.addresses import parse_start_url
from tasks.core.errors import InvalidRequest
from tasks.core.models import BuildRequest
from tasks.core.settings import Settings

DEFAULT_DEPTH = 2


def parse_build_request(
    settings: Settings, url: object, depth: object = None, max_pages: object = None
) -> BuildRequest:
    """Validate a build request and return it in normal form; numbers may be decimal strings.

    Raises:
        InvalidRequest: a field is wrong; the message names the field and its bounds.
    """
    return BuildRequest(
        url=parse_start_url(url),
        depth=_whole_number("depth", depth, DEFAULT_DEPTH, 0, settings.max_depth),
        max_pages=_whole_number("max_pages", max_pages, settings.max_pages, 1, settings.max_pages),
    )


def within_limits(settings: Settings, request: BuildRequest) -> BuildRequest:
    """Return the request of an earlier build within the settings' limits, which may have been lowered since."""
    return request.model_copy(
        update={
            "depth": min(request.depth, settings.max_depth),
            "max_pages": min(request.max_pages, settings.max_pages),
        }
    )


def _whole_number(field: str, value: object, default: int, least: int, most: int) -> int:
    if value is None or value == "":
        return min(default, most)
    number = _integer(value)
    if number is None or not least <= number <= most:
        raise InvalidRequest(
            f"{field}_invalid", f"`{field}` must be a whole number from {least} to {most}.", field=field
        )
    return number


def _integer(value: object) -> int | None:
    # `bool` is a subclass of `int`: JSON's `true` would be 1.
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    # Longer numbers are out of range anyway, and `int` takes quadratic time in the length of its text.
    if isinstance(value, str) and len(value) <= 12:
        try:
            return int(value)
        except ValueError:
            return None
    return None
