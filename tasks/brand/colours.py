"""Parsing of CSS colours to `#rrggbb`, and their perceptual difference (CIEDE2000)."""

import math
import re
from functools import lru_cache

from coloraide import Color

from tasks.core.oklch import WHITE, channels, to_oklch

# shadcn/ui and Bootstrap keep bare channels in variables: `222.2 47.4% 11.2%`, `13, 110, 253`.
_BARE_HSL = re.compile(r"(\d{1,3}(?:\.\d+)?)(?:deg)?[ ,]+(\d{1,3}(?:\.\d+)?)%[ ,]+(\d{1,3}(?:\.\d+)?)%")
_BARE_RGB = re.compile(r"(\d{1,3})[ ,]+(\d{1,3})[ ,]+(\d{1,3})")
_MAX_LENGTH = 100


@lru_cache(maxsize=4096)
def parse_colour(css: str, over: str = WHITE) -> str | None:
    """Return a CSS colour blended over an opaque one; None if invalid or nearly transparent (alpha < 0.5)."""
    if len(css) > _MAX_LENGTH:
        return None
    try:
        colour = Color(_wrap_bare_channels(css.strip().lower())).convert("srgb")
        if not all(math.isfinite(value) for value in colour.coords(nans=False)):
            return None
        alpha = colour.alpha(nans=False)
        if alpha < 0.5:
            return None
        return _hex(_over(colour.fit(method="clip"), alpha, over))
    except (ValueError, OverflowError, ZeroDivisionError):
        return None


def difference(one: str, other: str) -> float:
    """Return the CIEDE2000 difference of two `#rrggbb` colours; below 6 they count as the same colour."""
    return _lab(one).delta_e(_lab(other), method="2000")


def vividness(colour: str) -> float:
    """Return how saturated a colour is, 0 (grey, near-black, pale) … 1, from its OKLCH lightness and chroma."""
    lightness, chroma, _ = to_oklch(colour)
    if chroma < 0.025 or lightness < 0.15:
        return 0.0
    pale = min(1.0, max(0.0, (0.94 - lightness) / 0.08)) if chroma < 0.1 else 1.0
    return pale * min(1.0, (chroma - 0.015) / 0.045)


def _wrap_bare_channels(css: str) -> str:
    if match := _BARE_HSL.fullmatch(css):
        return "hsl({} {}% {}%)".format(*match.groups())
    if match := _BARE_RGB.fullmatch(css):
        return "rgb({} {} {})".format(*match.groups())
    return css


def _over(colour: Color, alpha: float, below: str) -> tuple[float, float, float]:
    under = channels(below)
    red, green, blue = (
        alpha * value + (1 - alpha) * base / 255 for value, base in zip(colour.coords(nans=False), under, strict=True)
    )
    return red, green, blue


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, value)) * 255):02x}" for value in channels)


@lru_cache(maxsize=1024)
def _lab(colour: str) -> Color:
    return Color(colour).convert("lab-d65")
