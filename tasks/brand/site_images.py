"""Decoding of logos and icons from untrusted bytes, and measurement of their colours.

Bytes that are not a picture, too large or too costly to draw give None; nothing raises, nothing is fetched.
"""

import io
import re
import struct
import warnings
from collections import Counter

import resvg_py
from PIL import Image
from pydantic import Field

from tasks.brand.colours import difference
from tasks.core.models import Frozen
from tasks.core.oklch import contrast

MAX_BYTES = 2_000_000
MAX_PIXELS = 16_000_000
MAX_SVG_BYTES = 400_000
SIDE = 96
"""Longest side in pixels of the copy on which colours are counted."""
MAX_REUSES = 20
"""Most references to its own parts in an SVG: nested references multiply (2 × 2 × 2 …) and could take for ever."""
MAX_ELEMENTS = 20_000
"""Most tags of an SVG."""
MAX_DEPTH = 100
"""Deepest nesting of an SVG: the renderer recurses."""
MAX_RATIO = 20.0
"""Most height for the width of an SVG, which is drawn at a fixed width."""
MAX_SIDE = 1_024
"""Longest side in pixels of a drawing."""
FAINT = 8
"""Opacity (of 255) up to which a pixel counts as invisible."""
SAME_SHADE = 8.0
VISIBLE_CONTRAST = 1.5
VISIBLE_SHARE = 0.6

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "ICO", "AVIF", "BMP")
_OUTSIDE = re.compile(r"""(?:xlink:)?href\s*=\s*(?:"(?!\#|data:)[^"]*"|'(?!\#|data:)[^']*')""", re.IGNORECASE)
# The errors that Pillow's decoders raise on broken input are not documented in one place.
_DECODER_ERRORS = (
    *(ValueError, OSError, SyntaxError, MemoryError, Warning, EOFError, IndexError, KeyError, TypeError),
    *(ArithmeticError, AttributeError, RuntimeError, struct.error, Image.DecompressionBombError),
)
_TAG = re.compile(r"<(/?)[a-zA-Z][^<>]*?(/?)>")
_NUMBER = r"(\d{1,12}(?:\.\d*)?|\.\d+)"
_VIEW_BOX = re.compile(rf"""viewBox\s*=\s*["']\s*[^\s,]+[\s,]+[^\s,]+[\s,]+{_NUMBER}[\s,]+{_NUMBER}""")
_SIDE = re.compile(rf"""\s(width|height)\s*=\s*["']\s*{_NUMBER}(?:px|pt|mm|cm|in)?\s*["']""")
_REUSE = re.compile(r"<(?:\w+:)?(?:use|pattern|mask|filter|marker|image|feImage)\b", re.IGNORECASE)


class Picture(Frozen):
    """Measurements of a decoded picture."""

    width: int
    height: int
    colours: tuple[tuple[str, float], ...]
    """Colours with their share of the drawn area, the largest first; 12 at most."""
    is_opaque: bool
    """Whether the picture has a background of its own."""

    def is_visible_on(self, surface: str, least: float = VISIBLE_CONTRAST) -> bool:
        """Whether most of the drawn area has at least this contrast to the surface."""
        return self.visible_share(surface, least) >= VISIBLE_SHARE

    def visible_share(self, surface: str, least: float = VISIBLE_CONTRAST) -> float:
        """Return the share of the drawn area that has at least this contrast to the surface."""
        if self.is_opaque:
            return 1.0
        seen = sum(share for colour, share in self.colours if contrast(colour, surface) >= least)
        return seen / sum(share for _, share in self.colours)


class Drawing(Frozen):
    """A picture as drawn by us: pixels that are safe to use."""

    picture: Picture
    """Measurements of the whole picture."""
    width: int
    height: int
    pixels: bytes = Field(repr=False)
    """RGBA, cut to the visible part and at most `MAX_SIDE` on each side; its size is `width` × `height`."""

    def image(self) -> Image.Image:
        """Return the visible part."""
        return Image.frombytes("RGBA", (self.width, self.height), self.pixels)


def draw_picture(data: bytes) -> Drawing | None:
    """Decode and measure a picture, an SVG at a width of 192 pixels; None if the bytes have none that can be shown.

    Decoders may crash, or take minutes and gigabytes: called in child processes only (`tasks.brand.drawing`).
    """
    if not data or len(data) > MAX_BYTES:
        return None
    head = data[:1_000].lstrip().lower()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of decompression bombs and of broken metadata
            image = _draw(data) if head.startswith(b"<") or b"<svg" in head else _open(data)
            return _cut(image) if image is not None else None
    except _DECODER_ERRORS:
        return None


def _cut(image: Image.Image) -> Drawing | None:
    picture = measure(image)
    if picture is None:
        return None
    cut = image.crop(image.getchannel("A").point(lambda alpha: 255 * (alpha > FAINT)).getbbox())
    cut.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return Drawing(picture=picture, width=cut.width, height=cut.height, pixels=cut.tobytes())


def _open(data: bytes) -> Image.Image | None:
    image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
    if image.width * image.height > MAX_PIXELS or min(image.size) < 2:
        return None
    image.draft("RGB", (SIDE * 2, SIDE * 2))
    return image.convert("RGBA")


def _draw(data: bytes) -> Image.Image | None:
    source = data.decode("utf-8", errors="replace")
    if not is_drawable(source) or (own := _cut_references(source)) is None:
        return None
    drawn = resvg_py.svg_to_bytes(svg_string=own, width=SIDE * 2, skip_system_fonts=True)
    image: Image.Image = Image.open(io.BytesIO(drawn), formats=("PNG",))
    return image.convert("RGBA") if image.width * image.height <= MAX_PIXELS else None


def _cut_references(source: str) -> str | None:
    """Remove the references to files, which the renderer would draw, and to addresses; None if some are left.

    A removal can join what stood around it to another reference: `hrhref="x"ef="/file"`.
    """
    cut = _OUTSIDE.sub("", source)
    return None if _OUTSIDE.search(cut) else cut


def is_drawable(source: str) -> bool:
    """Whether an SVG is small enough to be drawn: in bytes, elements, references, nesting, and in its proportions."""
    if len(source) > MAX_SVG_BYTES or "<svg" not in source or len(_REUSE.findall(source)) > MAX_REUSES:
        return False
    depth = deepest = count = 0
    for tag in _TAG.finditer(source):
        depth += -1 if tag[1] else not tag[2]
        deepest, count = max(deepest, depth), count + 1
    return count <= MAX_ELEMENTS and deepest <= MAX_DEPTH and _is_in_proportion(source)


def _is_in_proportion(source: str) -> bool:
    """Whether the height to draw follows from the root's attributes, if they state one, within bounds."""
    root = source[source.index("<svg") :].partition(">")[0]
    box = _VIEW_BOX.search(root)
    sizes = [box.groups()] if box else []
    sides = dict(_SIDE.findall(root))
    if len(sides) == 2:
        sizes.append((sides["width"], sides["height"]))
    return all(float(width) > 0 and float(height) <= MAX_RATIO * float(width) for width, height in sizes)


def measure(image: Image.Image) -> Picture | None:
    """Measure a picture; None if it is empty."""
    width, height = image.size
    scale = max(1.0, max(width, height) / SIDE)
    # Nearest-neighbour resampling keeps the picture's own shades and makes no new ones.
    small = image.resize((max(1, round(width / scale)), max(1, round(height / scale))), Image.Resampling.NEAREST)
    pixels = [(red, green, blue) for red, green, blue, alpha in _pixels(small) if alpha > 127]
    if not pixels:
        return None
    is_opaque = len(pixels) >= 0.97 * small.width * small.height
    return Picture(width=width, height=height, colours=_shades(pixels), is_opaque=is_opaque)


def _pixels(image: Image.Image) -> list[tuple[int, int, int, int]]:
    data = image.tobytes()
    return list(zip(data[0::4], data[1::4], data[2::4], data[3::4], strict=True))


def _shades(pixels: list[tuple[int, int, int]]) -> tuple[tuple[str, float], ...]:
    """Merge similar shades into one, named after the most frequent of them."""
    exact = Counter(pixels)
    coarse: Counter[tuple[int, int, int]] = Counter()
    names: dict[tuple[int, int, int], tuple[int, tuple[int, int, int]]] = {}
    for pixel, count in exact.items():
        bucket = (pixel[0] >> 4, pixel[1] >> 4, pixel[2] >> 4)
        coarse[bucket] += count
        names[bucket] = max(names.get(bucket, (0, pixel)), (count, pixel))
    merged: dict[str, float] = {}
    for bucket, count in sorted(coarse.items(), key=lambda item: (-item[1], item[0]))[:32]:
        colour = "#{:02x}{:02x}{:02x}".format(*names[bucket][1])
        near = next((known for known in merged if difference(known, colour) < SAME_SHADE), colour)
        merged[near] = merged.get(near, 0.0) + count / len(pixels)
    ordered = sorted(merged.items(), key=lambda item: (-item[1], item[0]))
    return tuple(ordered[:12])
