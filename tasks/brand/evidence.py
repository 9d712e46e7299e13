"""What a page showed, as typed records: each says what, through which channel, how large, and where.

The probe ran inside a page that may be hostile, so nothing here trusts its answer: a record that does not
fit is left out, lists and texts are cut, and no input raises.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from urllib.parse import urlsplit

from tasks.brand.colours import WHITE, parse_colour
from tasks.brand.values import Item, as_item, clean_text, items_of, number, web_url
from tasks.core.models import Frozen


class Channel(StrEnum):
    """How a colour came to us. Channels are independent of each other; records within one are not."""

    call = "call"
    variable = "variable"
    theme_color = "theme_color"
    surface = "surface"
    link = "link"


class ColourRecord(Frozen):
    """A colour the site uses."""

    colour: str
    channel: Channel
    found: str
    """For people: where on the page."""
    area: float = 0
    """Square pixels for fills, letters for links, 0 for what is declared only."""
    role: str = ""
    """For calls `primary`, `secondary`, `status` or ``; for surfaces `header`, `hero` or `footer`;
    for variables the name; for theme-color its media query."""
    text: str | None = None
    """Colour of the text on it."""
    radius_px: float | None = None


class FontRecord(Frozen):
    """A font-family list and the letters shown in it."""

    family: str
    heading: bool
    letters: float


class ImageKind(StrEnum):
    """What a picture is said to be."""

    logo = "logo"
    organisation = "organisation"
    icon = "icon"


class ImageRecord(Frozen):
    """A picture that may be the logo or the icon."""

    url: str
    kind: ImageKind
    found: str
    roles: frozenset[str] = frozenset()
    """For logos those that hold: `header`, `home` (links home), `named` (called a logo); for icons `rel`."""
    size: float = 0
    """Width in pixels; infinite for vector icons, 0 if unknown."""


class Looks(Frozen):
    """All that is known of a page's looks."""

    title: str = ""
    names: tuple[tuple[str, str], ...] = ()
    """(name, where it was found), the most trusted first."""
    language: str = ""
    colours: tuple[ColourRecord, ...] = ()
    painted: frozenset[str] = frozenset()
    """Colours that are really seen somewhere."""
    background: str | None = None
    background_found: str = ""
    texts: tuple[str, ...] = ()
    """Colours of running text, the most used first."""
    fonts: tuple[FontRecord, ...] = ()
    images: tuple[ImageRecord, ...] = ()


def parse_looks(probe: object, url: str) -> Looks:
    """The records in a probe's answer. Any object will do; what is not a probe's answer gives none."""
    answer = as_item(probe)
    background = as_item(answer.get("background"))
    base = _colour(background)
    over = base or WHITE
    return Looks(
        title=clean_text(answer.get("title"), 300),
        names=tuple((name, found) for name, found in _names(answer) if name),
        language=clean_text(answer.get("language"), 40),
        colours=tuple(chain(_calls(answer, over), _declared(answer), _surfaces(answer, over), _links(answer, over))),
        painted=frozenset(_plain_colours(answer, "painted", over)),
        background=base,
        background_found=clean_text(background.get("found"), 80),
        texts=tuple(_plain_colours(answer, "texts", over)),
        fonts=tuple(_fonts(answer)),
        images=tuple(chain(_logos(answer, url), _organisation_logos(answer, url), _icons(answer, url))),
    )


def _colour(item: Item, over: str = WHITE, key: str = "colour") -> str | None:
    value = item.get(key)
    return parse_colour(value, over) if isinstance(value, str) else None


def _plain_colours(answer: Item, key: str, over: str) -> Iterator[str]:
    for item in items_of(answer, key):
        if colour := _colour(item, over):
            yield colour


def _calls(answer: Item, over: str) -> Iterator[ColourRecord]:
    for item in items_of(answer, "calls"):
        if colour := _colour(item, over):
            yield ColourRecord(
                colour=colour,
                channel=Channel.call,
                found=f"filled button in the first screen: {clean_text(item.get('found'), 130)}",
                area=number(item.get("area")),
                role=clean_text(item.get("hint"), 20),
                text=_colour(item, colour, "text"),
                radius_px=_radius(item),
            )


def _radius(item: Item) -> float:
    """Pixels, no more than half the height: `50%` and `9999px` both mean round."""
    css = clean_text(item.get("radius"), 40).split(" ")[0]
    height = number(item.get("height"), 400) or 40.0
    try:
        size = float(css.removesuffix("%")) * height / 100 if css.endswith("%") else float(css.removesuffix("px"))
    except ValueError:
        return 0.0
    return min(height / 2, max(0.0, size)) if math.isfinite(size) else 0.0


def _declared(answer: Item) -> Iterator[ColourRecord]:
    for item in items_of(answer, "variables"):
        name = clean_text(item.get("name"), 100)
        if colour := _colour(item, key="value"):
            yield ColourRecord(colour=colour, channel=Channel.variable, found=f"CSS variable {name}", role=name)
    for item in items_of(answer, "theme_colours"):
        if colour := _colour(item):
            media = clean_text(item.get("media"), 100)
            yield ColourRecord(colour=colour, channel=Channel.theme_color, found="meta theme-color", role=media)


def _surfaces(answer: Item, over: str) -> Iterator[ColourRecord]:
    for item in items_of(answer, "surfaces"):
        if colour := _colour(item, over):
            place = clean_text(item.get("place"), 20)
            found = f"{place} background: {clean_text(item.get('found'), 80)}"
            area = number(item.get("area"))
            yield ColourRecord(colour=colour, channel=Channel.surface, found=found, area=area, role=place)


def _links(answer: Item, over: str) -> Iterator[ColourRecord]:
    for item in items_of(answer, "links"):
        if colour := _colour(item, over):
            letters = number(item.get("amount"))
            yield ColourRecord(colour=colour, channel=Channel.link, found="links in the text", area=letters)


def _fonts(answer: Item) -> Iterator[FontRecord]:
    for key, heading in (("heading_fonts", True), ("body_fonts", False)):
        for item in items_of(answer, key):
            if family := clean_text(item.get("family"), 500):
                yield FontRecord(family=family, heading=heading, letters=number(item.get("amount")))


def _names(answer: Item) -> Iterator[tuple[str, str]]:
    yield clean_text(answer.get("site_name")), "og:site_name"
    yield clean_text(answer.get("application_name")), "application-name"
    for item in items_of(answer, "organisations"):
        yield clean_text(item.get("name")), f"JSON-LD {clean_text(item.get('type'), 60)}"


def _logos(answer: Item, base: str) -> Iterator[ImageRecord]:
    for item in items_of(answer, "logos"):
        if url := web_url(item.get("url"), base):
            yield ImageRecord(
                url=url,
                kind=ImageKind.logo,
                found=f"logo on the page: {clean_text(item.get('found'), 80)}",
                roles=frozenset(role for role in ("header", "home", "named") if item.get(role) is True),
                size=number(item.get("width"), 1e5),
            )


def _organisation_logos(answer: Item, base: str) -> Iterator[ImageRecord]:
    for item in items_of(answer, "organisations"):
        if url := web_url(item.get("logo"), base):
            yield ImageRecord(url=url, kind=ImageKind.organisation, found="JSON-LD logo")


def _icons(answer: Item, base: str) -> Iterator[ImageRecord]:
    for item in items_of(answer, "icons"):
        if url := web_url(item.get("url"), base):
            rel = clean_text(item.get("rel"), 60).lower()
            yield ImageRecord(
                url=url,
                kind=ImageKind.icon,
                found=f"link rel={rel}",
                roles=frozenset(rel.split()),
                size=_icon_size(item, url),
            )


def _icon_size(item: Item, url: str) -> float:
    sizes = clean_text(item.get("sizes"), 60).lower()
    vector = "svg" in clean_text(item.get("type"), 60).lower() or urlsplit(url).path.lower().endswith(".svg")
    if vector or sizes == "any":
        return math.inf
    widths = [part.split("x")[0] for part in sizes.split()]
    return float(max((int(w) for w in widths if w.isascii() and w.isdigit() and len(w) < 6), default=0))
