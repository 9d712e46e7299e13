"""The logo as a small picture of our own, for the widget's header: whatever it was, it is a PNG now, and seen.

It is drawn anew on a ground of its own, so that it looks the same on any header: nothing of the site's file is passed
on, and what cannot be drawn gives no tile. The widget then shows the name's first letters.
"""

import io
import re
from collections.abc import Iterator

from PIL import Image

from tasks.brand.colours import parse_colour
from tasks.brand.evidence import ImageRecord, Looks
from tasks.brand.marks import Resources, best_icon, data_of, ranked_logos
from tasks.brand.pictures import VISIBLE_CONTRAST, Picture, measure, open_picture
from tasks.core.oklch import BLACK, WHITE
from tasks.core.palette import SHAPE_CONTRAST

HEIGHT = 80
"""Pixels: twice what the widget shows it at, for sharp screens."""
MAX_WIDTH = 208
MARGIN = 10
WIDE = 5.0
"""Width by height from which a logo can hardly be read in a header; an icon then says more."""
APP_ICON = 1.5
"""Width by height up to which a picture with a ground of its own fills the tile."""
MIN_ICON = 32
"""Pixels: smaller ones are blurred at this size."""
_MODERN = re.compile(r"(?:oklch|oklab|lab|lch|color)\([^()\"]*\)")


def logo_tile(looks: Looks, resources: Resources) -> bytes | None:
    """A PNG, 80 pixels high and 80 … 208 wide, of the logo, or of the icon if that will be seen better.

    Opaque, and so below 50 KB whatever it shows. None if nothing of it can be drawn.
    """
    drawn = [(record, image) for record in ranked_logos(looks) if (image := _image(record, resources)) is not None]
    icon = best_icon(looks)
    icon_image = _image(icon, resources) if icon else None
    if icon and icon_image is not None and min(icon_image.size) >= MIN_ICON:
        compact = [pair for pair in drawn if _is_compact(pair[1])]
        drawn = compact or [(icon, icon_image), *drawn]
    for record, image in drawn:
        if (tile := _tile(image, record.backdrop)) is not None:
            return tile
    return None


def _image(record: ImageRecord, resources: Resources) -> Image.Image | None:
    """What is drawn of the picture, without empty margins."""
    data = resources.get(record.url) if record.url else _within_page(record.inline)
    # No fonts are at hand: a drawing would lack its letters.
    image = open_picture(data) if data and b"<text" not in data else None
    box = image.getchannel("A").point(lambda alpha: 255 * (alpha > 8)).getbbox() if image is not None else None
    if image is None or box is None or min(box[2] - box[0], box[3] - box[1]) < 2:
        return None
    return image.crop(box)


def _within_page(inline: str) -> bytes:
    """A picture that is part of the page; the colours of a drawing in a notation that all programs know."""
    if inline.startswith("data:"):
        return data_of(inline)
    return _MODERN.sub(lambda css: parse_colour(css[0]) or "none", inline).encode("utf-8", errors="replace")


def _is_compact(image: Image.Image) -> bool:
    return image.width <= WIDE * image.height


def _tile(image: Image.Image, backdrop: str | None) -> bytes | None:
    picture = measure(image)
    ground = _ground(picture, backdrop) if picture else None
    if picture is None or ground is None:
        return None
    # An app icon brings its own ground and fills the tile.
    is_whole = picture.is_opaque and image.width < APP_ICON * image.height
    margin = 0 if is_whole else MARGIN
    scale = min((HEIGHT - 2 * margin) / image.height, (MAX_WIDTH - 2 * margin) / image.width)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    tile = Image.new("RGB", (max(HEIGHT, size[0] + 2 * margin), HEIGHT), ground)
    shown = image.resize(size, Image.Resampling.LANCZOS)
    tile.paste(shown, ((tile.width - size[0]) // 2, (HEIGHT - size[1]) // 2), shown)
    file = io.BytesIO()
    tile.save(file, "PNG", optimize=True)
    return file.getvalue()


def _ground(picture: Picture, backdrop: str | None) -> str | None:
    """What the site shows it on, white or black: the first on which it stands out, else on which it is seen."""
    if picture.is_opaque:
        return picture.colours[0][0]
    grounds = [ground for ground in (backdrop, WHITE, BLACK) if ground]
    return next(_seen(picture, grounds), None)


def _seen(picture: Picture, grounds: list[str]) -> Iterator[str]:
    for least in (SHAPE_CONTRAST, VISIBLE_CONTRAST):
        yield from (ground for ground in grounds if picture.is_visible_on(ground, least))
