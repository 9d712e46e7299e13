"""Colours as `#rrggbb`: read from CSS, compared, and made legible.

Contrast is WCAG 2.2's, on the eight-bit values that are really shown; nearness is CIEDE2000.
"""

import math
import re
from functools import lru_cache

from coloraide import Color

WHITE = "#ffffff"
BLACK = "#000000"
MIN_CONTRAST = 4.5

UA_BLUES = frozenset({"#0000ee", "#0000ff", "#551a8b", "#9e9eff", "#d0adf0"})
"""What browsers give links that nobody styled, light and dark, fresh and visited."""

# shadcn/ui and Bootstrap keep bare channels in variables: `222.2 47.4% 11.2%`, `13, 110, 253`.
_BARE_HSL = re.compile(r"(\d{1,3}(?:\.\d+)?)(?:deg)?[ ,]+(\d{1,3}(?:\.\d+)?)%[ ,]+(\d{1,3}(?:\.\d+)?)%")
_BARE_RGB = re.compile(r"(\d{1,3})[ ,]+(\d{1,3})[ ,]+(\d{1,3})")
_MAX_LENGTH = 100


@lru_cache(maxsize=4096)
def parse_colour(css: str, over: str = WHITE) -> str | None:
    """A CSS colour as it looks over an opaque one; None if it is no colour, or hardly there (alpha < 0.5)."""
    if len(css) > _MAX_LENGTH:
        return None
    try:
        colour = Color(_spelt_out(css.strip().lower())).convert("srgb")
        if not all(math.isfinite(value) for value in colour.coords(nans=False)):
            return None
        alpha = colour.alpha(nans=False)
        if alpha < 0.5:
            return None
        return _hex(_over(colour.fit(method="clip"), alpha, over))
    except (ValueError, OverflowError, ZeroDivisionError):
        return None


def contrast(one: str, other: str) -> float:
    """WCAG contrast of two `#rrggbb` colours, 1 … 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def difference(one: str, other: str) -> float:
    """CIEDE2000 between two `#rrggbb` colours; below 6 they pass for the same colour."""
    return _lab(one).delta_e(_lab(other), method="2000")


def is_dark(colour: str) -> bool:
    """Whether light text reads better on the colour than dark text."""
    return contrast(colour, WHITE) > contrast(colour, BLACK)


def vividness(colour: str) -> float:
    """How much of a colour it is, 0 (grey, near-black, pale) … 1, from its OKLCH lightness and chroma."""
    lightness, chroma = _oklch(colour)
    if chroma < 0.025 or lightness < 0.15 or (lightness > 0.93 and chroma < 0.1):
        return 0.0
    return min(1.0, chroma / 0.06)


def adjusted_on(surface: str, wanted: str) -> str:
    """The wanted text colour, moved towards white or black no further than contrast ≥ 4.5 needs."""
    end = WHITE if is_dark(surface) else BLACK
    for step in range(11):
        candidate = _mix(wanted, end, step / 10)
        if contrast(surface, candidate) >= MIN_CONTRAST:
            return candidate
    return end


def _spelt_out(css: str) -> str:
    if match := _BARE_HSL.fullmatch(css):
        return "hsl({} {}% {}%)".format(*match.groups())
    if match := _BARE_RGB.fullmatch(css):
        return "rgb({} {} {})".format(*match.groups())
    return css


def _over(colour: Color, alpha: float, below: str) -> tuple[float, float, float]:
    under = _channels(below)
    red, green, blue = (
        alpha * value + (1 - alpha) * base / 255 for value, base in zip(colour.coords(nans=False), under, strict=True)
    )
    return red, green, blue


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, value)) * 255):02x}" for value in channels)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(one: str, other: str, share: float) -> str:
    pairs = zip(_channels(one), _channels(other), strict=True)
    red, green, blue = ((a * (1 - share) + b * share) / 255 for a, b in pairs)
    return _hex((red, green, blue))


@lru_cache(maxsize=4096)
def _luminance(colour: str) -> float:
    def linear(value: float) -> float:
        return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(value / 255) for value in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=1024)
def _lab(colour: str) -> Color:
    return Color(colour).convert("lab-d65")


@lru_cache(maxsize=1024)
def _oklch(colour: str) -> tuple[float, float]:
    lightness, chroma, _ = Color(colour).convert("oklch").coords(nans=False)
    return lightness, chroma
