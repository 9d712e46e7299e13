"""Validation of what clients send, at the edge: build requests, and the rules of widgets."""

from tasks.core.addresses import parse_start_url
from tasks.core.choices import RenderMode
from tasks.core.errors import InvalidRequest
from tasks.core.models import BuildRequest
from tasks.core.rules import WITHOUT_DEFAULT, ReadingRules, WidgetRules
from tasks.core.settings import Settings

DEFAULT_DEPTH = 2
OWN = set(ReadingRules.model_fields)
"""Names of the rules that a build has …"""
DEFAULTED = OWN - WITHOUT_DEFAULT
"""… and of those whose defaults are settings of the same name."""


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


def check_bounds(settings: Settings, rules: WidgetRules) -> None:
    """Return if the rules are within the bounds of the settings.

    Raises:
        InvalidRequest: one is not; the message names it and its bounds.
    """
    _whole_number("depth", rules.depth, DEFAULT_DEPTH, 0, settings.max_depth)
    _whole_number("max_pages", rules.max_pages, settings.max_pages, 1, settings.max_pages)
    if settings.render is RenderMode.never and rules.render not in (None, RenderMode.never):
        problem = "`render` can only be never: this service renders no pages (WIDGET_BUILDER_RENDER)."
        raise InvalidRequest("render_invalid", problem, field="render")


def make_request(settings: Settings, url: str, rules: WidgetRules) -> BuildRequest:
    """Return the request for a build by a widget's rules, within the settings, which may have been narrowed since."""
    reading = rules.model_dump(include=OWN)
    if settings.render is RenderMode.never:
        reading["render"] = None
    depth = DEFAULT_DEPTH if rules.depth is None else rules.depth
    return BuildRequest(
        url=url,
        depth=min(depth, settings.max_depth),
        max_pages=min(rules.max_pages or settings.max_pages, settings.max_pages),
        **reading,
    )


def settings_for(settings: Settings, request: BuildRequest) -> Settings:
    """Return the settings of a build: its request's rules in place of the defaults."""
    return settings.model_copy(update=request.model_dump(include=DEFAULTED, exclude_none=True))


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
