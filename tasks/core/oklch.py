"""Colour conversion between `#rrggbb` and OKLCH, and WCAG contrast.

Contrast is WCAG 2.2's, computed on the eight-bit values that screens show. The OKLab matrices are Björn Ottosson's,
as in CSS Color 4. They are written out for speed: a palette needs thousands of conversions, in the API too.
"""

import math
from functools import lru_cache
from typing import NamedTuple

WHITE = "#ffffff"
BLACK = "#000000"
MAX_CHROMA = 0.4


class Oklch(NamedTuple):
    """A colour in perceptual coordinates."""

    lightness: float
    """0 … 1."""
    chroma: float
    """0 (grey) … about 0.32 in sRGB."""
    hue: float
    """Radians."""


def channels(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0 … 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast ratio of two `#rrggbb` colours, 1 … 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def is_dark(colour: str) -> bool:
    """Whether light text reads better on the colour than dark text."""
    return contrast(colour, WHITE) > contrast(colour, BLACK)


@lru_cache(maxsize=4096)
def luminance(colour: str) -> float:
    """Return WCAG's relative luminance, 0 … 1."""
    red, green, blue = (_linear(value / 255) for value in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=4096)
def to_oklch(colour: str) -> Oklch:
    """Convert an sRGB colour to OKLCH."""
    red, green, blue = (_linear(value / 255) for value in channels(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return Oklch(lightness, math.hypot(a, b), math.atan2(b, a))


def from_oklch(colour: Oklch) -> str:
    """Convert to sRGB; outside the gamut, reduce chroma until the colour fits, with the same lightness and hue."""
    lightness = min(1.0, max(0.0, colour.lightness))
    low, high = 0.0, min(MAX_CHROMA, max(0.0, colour.chroma))
    if _is_in_gamut(_to_linear(lightness, high, colour.hue)):
        low = high
    # 14 halvings of at most 0.4 leave an error below 0.00003, less than an eight-bit step.
    for _ in range(14 if low < high else 0):
        middle = (low + high) / 2
        low, high = (middle, high) if _is_in_gamut(_to_linear(lightness, middle, colour.hue)) else (low, middle)
    values = (_encoded(value) for value in _to_linear(lightness, low, colour.hue))
    return "#" + "".join(f"{round(value * 255):02x}" for value in values)


def _to_linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _is_in_gamut(linear: tuple[float, float, float]) -> bool:
    return all(-0.0005 <= value <= 1.0005 for value in linear)


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)


def _encoded(value: float) -> float:
    value = min(1.0, max(0.0, value))
    return float(value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055)
