"""The logo, redrawn as a small opaque PNG for the widget's header.

Its own background makes it look the same on any header. None of the site's bytes are passed on, and a file that cannot
be drawn gives no tile: the widget then shows the monogram.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from PIL import Image

from tasks.brand.brand_evidence import ImageKind, ImageRecord, ProbedPage
from tasks.brand.colours import parse_colour
from tasks.brand.drawing import Draw
from tasks.brand.marks import Resources, best_icon, data_of, ranked_logos
from tasks.brand.site_images import VISIBLE_CONTRAST, Drawing, Picture
from tasks.core.oklch import BLACK, WHITE
from tasks.core.palette import SHAPE_CONTRAST
from tasks.core.theme_model import FoundLogo

HEIGHT = 80
"""Height in pixels: twice the size in the widget, for high-density screens."""
MAX_WIDTH = 176
MARGIN = 10
WIDE = 5.0
"""Aspect ratio from which a logo is hard to read in a header, so an icon is preferred."""
APP_ICON = 1.5
"""Aspect ratio up to which a picture with a background of its own fills the tile …"""
APP_ICON_SHARE = 0.85
"""… and the least share of its area that is painted; rounded corners are not."""
MOST_OF_SIDES = 0.75
"""Least share of its sides in the colour of that background."""
ALL = 0.9
"""Share of a picture from which its invisible rest is but an outline or a shadow."""
MIN_ICON = 32
"""Side in pixels below which an icon is blurred at this size."""
MAX_FOUND = 6
"""Pictures from which an owner chooses."""
_MODERN = re.compile(r"(?:oklch|oklab|lab|lch|color)\([^()\"]*\)")


class _Logo(NamedTuple):
    image: Image.Image
    """The picture cropped to its visible part."""
    picture: Picture
    """Measurements of the whole picture."""
    backdrop: str | None


def logo_tile(page: ProbedPage, resources: Resources, draw: Draw) -> bytes | None:
    """Return a PNG, 80 pixels high and 80 … 176 wide, of the logo, or of the icon if that is easier to see.

    It is opaque, and so below 50 KB for any content. None if nothing can be drawn.
    """
    return next((tile for _, logo in _preferred(page, resources, draw) if (tile := _tile(logo)) is not None), None)


def found_logos(page: ProbedPage, resources: Resources, draw: Draw) -> tuple[FoundLogo, ...]:
    """Return such PNGs of all pictures that may be the logo, and of the icons, each once; `logo_tile` comes first."""
    icons = [record for record in page.images if record.kind is ImageKind.icon]
    candidates = [*_preferred(page, resources, draw), *_drawn_of(icons, resources, draw)]
    found: dict[bytes, str] = {}
    for record, logo in candidates:
        is_sharp = record.kind is not ImageKind.icon or min(logo.image.size) >= MIN_ICON
        if len(found) < MAX_FOUND and is_sharp and (tile := _tile(logo)) is not None:
            found.setdefault(tile, record.found)
    return tuple(FoundLogo(tile=tile, found=where) for tile, where in found.items())


def _preferred(page: ProbedPage, resources: Resources, draw: Draw) -> list[tuple[ImageRecord, _Logo]]:
    """Return the pictures that may be the logo, and before them the icon if that is easier to see."""
    drawn = _drawn_of(ranked_logos(page), resources, draw)
    record = best_icon(page)
    icon = _drawn(record, resources, draw) if record else None
    is_wide = bool(drawn) and drawn[0][1].image.width > WIDE * drawn[0][1].image.height
    # Never another picture of the header instead of a wide logo: it may be another company's.
    if record and icon is not None and min(icon.image.size) >= MIN_ICON and (is_wide or not drawn):
        drawn = [(record, icon), *drawn]
    return drawn


def _drawn_of(records: Iterable[ImageRecord], resources: Resources, draw: Draw) -> list[tuple[ImageRecord, _Logo]]:
    return [(record, logo) for record in records if (logo := _drawn(record, resources, draw)) is not None]


def draw_tile(drawing: Drawing) -> bytes | None:
    """Return such a PNG of a drawing; None if it is seen on no background."""
    return _tile(_Logo(drawing.image(), drawing.picture, None))


def _drawn(record: ImageRecord, resources: Resources, draw: Draw) -> _Logo | None:
    data = resources.get(record.url) if record.url else _within_page(record.inline)
    # There are no fonts to draw with: an SVG would lack its letters.
    drawing = draw(data) if data and b"<text" not in data else None
    if drawing is None or min(drawing.width, drawing.height) < 2:
        return None
    return _Logo(drawing.image(), drawing.picture, record.backdrop)


def _within_page(inline: str) -> bytes:
    """Return the bytes of an inline picture; an SVG's modern colour functions become `#rrggbb`, which resvg knows."""
    if inline.startswith("data:"):
        return data_of(inline)
    return _MODERN.sub(lambda css: parse_colour(css[0]) or "none", inline).encode("utf-8", errors="replace")


def _tile(logo: _Logo) -> bytes | None:
    image, picture, backdrop = logo
    own = picture.colours[0][0] if picture.is_opaque else _own_ground(image)
    is_whole = own is not None and image.height / APP_ICON < image.width < APP_ICON * image.height
    ground = own or next(_grounds(picture, backdrop), None)
    if ground is None:
        return None
    margin = 0 if is_whole else MARGIN
    scale = min((HEIGHT - 2 * margin) / image.height, (MAX_WIDTH - 2 * margin) / image.width)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    tile = Image.new("RGB", (max(HEIGHT, size[0] + 2 * margin), HEIGHT), ground)
    shown = image.resize(size, Image.Resampling.LANCZOS)
    tile.paste(shown, ((tile.width - size[0]) // 2, (HEIGHT - size[1]) // 2), shown)
    file = io.BytesIO()
    tile.save(file, "PNG", optimize=True)
    return file.getvalue()


def _own_ground(image: Image.Image) -> str | None:
    """Return the colour of the sides, if the picture fills its box up to rounded corners; else None."""
    painted = sum(image.getchannel("A").histogram()[128:])
    if painted < APP_ICON_SHARE * image.width * image.height:
        return None
    right, bottom = image.width - 1, image.height - 1
    inset = min(right, bottom) // 20
    sides = [(right * at // 10, y) for at in (3, 5, 7) for y in (inset, bottom - inset)]
    sides += [(x, bottom * at // 10) for at in (3, 5, 7) for x in (inset, right - inset)]
    [(own, count)] = Counter(image.getpixel(place) for place in sides).most_common(1)
    is_plain = len(image.getcolors(image.width * image.height) or ()) == 1
    if count < MOST_OF_SIDES * len(sides) or is_plain:
        return None
    return "#{:02x}{:02x}{:02x}".format(*own)  # type: ignore[misc]


def _grounds(picture: Picture, backdrop: str | None) -> Iterator[str]:
    """Yield backgrounds: the one the logo stands on, if all of it is seen there; then the one that shows most of it."""
    if backdrop and picture.visible_share(backdrop) >= ALL:
        yield backdrop
    choice = [ground for ground in (backdrop, WHITE, BLACK) if ground]
    for least in (SHAPE_CONTRAST, VISIBLE_CONTRAST):
        seen = [ground for ground in choice if picture.is_visible_on(ground, least)]
        # Of grounds that show as much, the first: the logo's own, then white.
        yield from sorted(seen, key=lambda ground: -round(picture.visible_share(ground, least), 1))
