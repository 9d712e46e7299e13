"""Decoding of logos and icons from untrusted bytes, and measurement of their colours.

Bytes that are not a picture, too large or too costly to draw give None; nothing raises, nothing is fetched.
"""

import io
import re
import warnings
from collections import Counter

import resvg_py
from PIL import Image

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
SAME_SHADE = 8.0
VISIBLE_CONTRAST = 1.5
VISIBLE_SHARE = 0.6

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "ICO", "AVIF", "BMP")
_OUTSIDE = re.compile(r"""(?:xlink:)?href\s*=\s*(?:"(?!\#|data:)[^"]*"|'(?!\#|data:)[^']*')""", re.IGNORECASE)
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
        if self.is_opaque:
            return True
        seen = sum(share for colour, share in self.colours if contrast(colour, surface) >= least)
        return seen >= VISIBLE_SHARE * sum(share for _, share in self.colours)


def decode_picture(data: bytes) -> Picture | None:
    """Decode and measure a picture; None if the bytes have none that can be shown."""
    image = open_picture(data)
    return measure(image) if image is not None else None


def open_picture(data: bytes) -> Image.Image | None:
    """Decode a picture as RGBA, an SVG at a width of 192 pixels; None if the bytes have none that can be shown."""
    if not data or len(data) > MAX_BYTES:
        return None
    head = data[:1_000].lstrip().lower()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of decompression bombs and of broken metadata
            return _draw(data) if head.startswith(b"<") or b"<svg" in head else _open(data)
    except (ValueError, OSError, SyntaxError, MemoryError, Warning, EOFError, IndexError, KeyError, TypeError):
        # The errors that Pillow's decoders raise on broken input are not documented in one place.
        return None


def _open(data: bytes) -> Image.Image | None:
    image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
    if image.width * image.height > MAX_PIXELS or min(image.size) < 2:
        return None
    image.draft("RGB", (SIDE * 2, SIDE * 2))
    return image.convert("RGBA")


def _draw(data: bytes) -> Image.Image | None:
    source = data.decode("utf-8", errors="replace")
    if len(data) > MAX_SVG_BYTES or "<svg" not in source or len(_REUSE.findall(source)) > MAX_REUSES:
        return None
    drawn = resvg_py.svg_to_bytes(svg_string=_OUTSIDE.sub("", source), width=SIDE * 2, skip_system_fonts=True)
    image: Image.Image = Image.open(io.BytesIO(drawn), formats=("PNG",))
    return image.convert("RGBA") if image.width * image.height <= MAX_PIXELS else None


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
