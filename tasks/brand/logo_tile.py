"""The logo as a small picture of our own, for the widget's header: whatever it was, it is a PNG now, and seen.

It is drawn anew on a ground of its own, so that it looks the same on any header: nothing of the site's file is passed
on, and what cannot be drawn gives no tile. The widget then shows the name's first letters.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

from tasks.brand.brand_evidence import ImageRecord, Looks
from tasks.brand.colours import parse_colour
from tasks.brand.marks import Resources, best_icon, data_of, ranked_logos
from tasks.brand.site_images import VISIBLE_CONTRAST, Picture, measure, open_picture
from tasks.core.oklch import BLACK, WHITE
from tasks.core.palette import SHAPE_CONTRAST

HEIGHT = 80
"""Pixels: twice what the widget shows it at, for sharp screens."""
MAX_WIDTH = 176
MARGIN = 10
WIDE = 5.0
"""Width by height from which a logo can hardly be read in a header; an icon then says more."""
FAINT = 8
"""Opacity (of 255) up to which nothing is seen."""
APP_ICON = 1.5
"""Width by height up to which a picture with a ground of its own fills the tile …"""
APP_ICON_SHARE = 0.85
"""… and the share of it that is painted, its rounded corners left out."""
MOST_OF_SIDES = 0.75
"""How much of its sides has the colour of that ground."""
MIN_ICON = 32
"""Pixels: smaller ones are blurred at this size."""
_MODERN = re.compile(r"(?:oklch|oklab|lab|lch|color)\([^()\"]*\)")


def logo_tile(looks: Looks, resources: Resources) -> bytes | None:
    """A PNG, 80 pixels high and 80 … 176 wide, of the logo, or of the icon if that will be seen better.

    Opaque, and so below 50 KB whatever it shows. None if nothing of it can be drawn.
    """
    drawn = [logo for record in ranked_logos(looks) if (logo := _drawn(record, resources)) is not None]
    record = best_icon(looks)
    icon = _drawn(record, resources) if record else None
    if icon is not None and min(icon.image.size) >= MIN_ICON:
        drawn = [logo for logo in drawn if logo.image.width <= WIDE * logo.image.height] or [icon, *drawn]
    return next((tile for logo in drawn if (tile := _tile(logo)) is not None), None)


class _Drawn(NamedTuple):
    image: Image.Image
    """Without empty margins."""
    picture: Picture
    """With them."""
    backdrop: str | None


def _drawn(record: ImageRecord, resources: Resources) -> _Drawn | None:
    data = resources.get(record.url) if record.url else _within_page(record.inline)
    # No fonts are at hand: a drawing would lack its letters.
    image = open_picture(data) if data and b"<text" not in data else None
    picture = measure(image) if image is not None else None
    if image is None or picture is None:
        return None
    box = image.getchannel("A").point(lambda alpha: 255 * (alpha > FAINT)).getbbox()
    cut = image.crop(box)
    return _Drawn(cut, picture, record.backdrop) if min(cut.size) > 1 else None


def _within_page(inline: str) -> bytes:
    """A picture that is part of the page; the colours of a drawing in a notation that all programs know."""
    if inline.startswith("data:"):
        return data_of(inline)
    return _MODERN.sub(lambda css: parse_colour(css[0]) or "none", inline).encode("utf-8", errors="replace")


def _tile(logo: _Drawn) -> bytes | None:
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
    """The colour of the sides of a picture that fills its box up to rounded corners; None if there is none."""
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
    """What the site shows it on, white and black: first where it stands out, then where it is seen at all."""
    grounds = [ground for ground in (backdrop, WHITE, BLACK) if ground]
    for least in (SHAPE_CONTRAST, VISIBLE_CONTRAST):
        yield from (ground for ground in grounds if picture.is_visible_on(ground, least))
