"""The widget's colours, light and dark, from what is known of a site's: legible whatever it is.

`TEXT_PAIRS` and `SHAPE_PAIRS` are what holds of every palette, whatever it was made from.
"""

from collections.abc import Mapping
from typing import Final

from tasks.core.models import Theme
from tasks.core.oklch import BLACK, WHITE, Oklch, contrast, from_oklch, is_dark, to_oklch

TEXT_CONTRAST: Final = 4.5
SHAPE_CONTRAST: Final = 3.0
COLOURED: Final = 0.06
"""OKLCH chroma from which a light shade is still told from white."""

_SURFACES = ("--aw-bg", "--aw-surface", "--aw-surface-2")
TEXT_PAIRS: Final = (
    *((text, surface) for text in ("--aw-text", "--aw-muted", "--aw-link", "--aw-danger") for surface in _SURFACES),
    ("--aw-on-primary", "--aw-primary"),
    ("--aw-on-primary", "--aw-primary-hover"),
    ("--aw-user-text", "--aw-user-bg"),
    ("--aw-bot-text", "--aw-bot-bg"),
    ("--aw-link", "--aw-bot-bg"),
)
"""(foreground, background) with contrast ≥ 4.5:1, in both schemes (WCAG 2.2, 1.4.3)."""
SHAPE_PAIRS: Final = tuple(
    (shape, surface)
    for shape in ("--aw-accent", "--aw-border", "--aw-focus", "--aw-primary-edge")
    for surface in _SURFACES
)
"""Shapes one must see to use the widget, with contrast ≥ 3:1 (WCAG 2.2, 1.4.11).

`--aw-primary` keeps the brand's shade, however pale; `--aw-primary-edge`, its outline, shows where it ends.
"""

_STEPS = {50: 0.975, 100: 0.945, 200: 0.89, 300: 0.82, 400: 0.73, 500: 0.64, 600: 0.555, 700: 0.475, 800: 0.395}
_STEPS |= {900: 0.32, 950: 0.235}
# What each variable is made of; all but the first of a line are shades of it.
_MADE_OF: Final = {
    "primary": (
        "--aw-primary",
        "--aw-primary-hover",
        "--aw-primary-edge",
        "--aw-accent",
        "--aw-focus",
        "--aw-link",
        "--aw-user-bg",
    ),
    "on_primary": ("--aw-on-primary", "--aw-user-text"),
    "background": (*_SURFACES, "--aw-bot-bg", "--aw-border", "--aw-shadow"),
    "text": ("--aw-text", "--aw-muted", "--aw-bot-text"),
    "radius_px": ("--aw-radius",),
    "body_font": ("--aw-font",),
    "heading_font": ("--aw-font-heading",),
    "danger": ("--aw-danger",),
}
_DANGER = Oklch(0.55, 0.2, 0.49)


def with_tokens(theme: Theme, found: Mapping[str, str] | None = None) -> Theme:
    """The theme with its CSS variables computed anew from its colours, fonts and radius.

    `found` says where on the site each field was found, in place of what the theme says; the variables' own
    sources follow from it.
    """
    known = {theme.scheme: (theme.background, theme.text)}
    if theme.other_background is not None:
        known[_other(theme.scheme)] = (theme.other_background, theme.other_text or theme.text)
    tokens = {}
    for scheme in ("light", "dark"):
        background, text = known.get(scheme, (_derived_background(scheme, theme.primary), None))
        colours = _colours(theme, scheme, background, text)
        tokens[scheme] = colours | {
            "--aw-radius": f"{theme.radius_px:g}px",
            "--aw-font": theme.body_font,
            "--aw-font-heading": theme.heading_font,
            "--aw-shadow": f"0 12px 40px rgb(0 0 0 / {'0.5' if scheme == 'dark' else '0.18'})",
        }
    fields = {key: where for key, where in (found or theme.sources).items() if not key.startswith("--")}
    return theme.model_copy(update={"tokens": tokens, "sources": fields | _token_sources(fields)})


def _token_sources(fields: Mapping[str, str]) -> dict[str, str]:
    """For each variable, which field it is made of and where that was found."""
    return {
        token: f"{field}: {fields.get(field, 'our own choice')}"
        for field, tokens in _MADE_OF.items()
        for token in tokens
    }


def ramp(colour: str) -> dict[int, str]:
    """Eleven shades of a colour, 50 (lightest) … 950, chroma falling towards the ends."""
    base = to_oklch(colour)
    shades = {}
    for step, lightness in _STEPS.items():
        room = 1 - abs(lightness - base.lightness) / max(base.lightness, 1 - base.lightness)
        shades[step] = from_oklch(Oklch(lightness, base.chroma * max(0.12, room**0.7), base.hue))
    return shades


def choose_text_colour(surface: str, preferred: str | None = None) -> str:
    """A text colour with contrast ≥ 4.5 on the surface: the preferred one if it will do, else white or black.

    One of white and black always will: the worse of the two best is 4.58:1.
    """
    if preferred is not None and contrast(surface, preferred) >= TEXT_CONTRAST:
        return preferred
    return WHITE if contrast(surface, WHITE) >= TEXT_CONTRAST else BLACK


def adjust_contrast(colour: str, surfaces: tuple[str, ...], least: float) -> str:
    """The colour, made lighter or darker hardly further than the contrast on all the surfaces needs.

    Black or white where no shade will do.
    """

    def will_do(shade: str) -> bool:
        return all(contrast(shade, surface) >= least for surface in surfaces)

    if will_do(colour):
        return colour
    base = to_oklch(colour)
    best = WHITE if is_dark(surfaces[0]) else BLACK
    near, far = base.lightness, to_oklch(best).lightness
    for _ in range(7):
        middle = (near + far) / 2
        shade = from_oklch(base._replace(lightness=middle))
        if will_do(shade):
            best, far = shade, middle
        else:
            near = middle
    return best


def _other(scheme: str) -> str:
    return "dark" if scheme == "light" else "light"


def _derived_background(scheme: str, primary: str) -> str:
    return from_oklch(Oklch(0.19, 0.012, to_oklch(primary).hue)) if scheme == "dark" else WHITE


def _colours(theme: Theme, scheme: str, background: str, text: str | None) -> dict[str, str]:
    surfaces = _surfaces(scheme, background, theme.primary)
    primary = _primary(theme, scheme, surfaces)
    on_primary = choose_text_colour(primary, theme.on_primary)
    shades = ramp(theme.primary)
    ink = adjust_contrast(text or ("#f1f3f5" if scheme == "dark" else "#1b1f24"), surfaces, TEXT_CONTRAST)
    accent = adjust_contrast(theme.primary, surfaces, SHAPE_CONTRAST)
    return {
        "--aw-primary": primary,
        "--aw-on-primary": on_primary,
        "--aw-primary-hover": _hover(primary, on_primary),
        "--aw-primary-edge": adjust_contrast(primary, surfaces, SHAPE_CONTRAST),
        "--aw-accent": accent,
        **dict(zip(_SURFACES, surfaces, strict=True)),
        "--aw-text": ink,
        "--aw-muted": _muted(ink, surfaces),
        "--aw-border": adjust_contrast(surfaces[2], surfaces, SHAPE_CONTRAST),
        "--aw-link": adjust_contrast(shades[400] if scheme == "dark" else theme.primary, surfaces, TEXT_CONTRAST),
        "--aw-focus": accent,
        "--aw-user-bg": primary,
        "--aw-user-text": on_primary,
        "--aw-bot-bg": surfaces[2],
        "--aw-bot-text": ink,
        "--aw-danger": adjust_contrast(from_oklch(_DANGER), surfaces, TEXT_CONTRAST),
    }


def _surfaces(scheme: str, background: str, primary: str) -> tuple[str, str, str]:
    """The site's background as a panel can have it, and two surfaces on it.

    A middle tone would leave no room for text, borders and muted text on three surfaces.
    """
    base, brand = to_oklch(background), to_oklch(primary)
    tint = base.hue if base.chroma > 0.004 else brand.hue
    chroma = min(base.chroma, 0.035)
    if scheme == "dark":
        lightness = min(base.lightness, 0.27)
        steps, more = (0.045, 0.085), 0.006
    else:
        lightness = max(base.lightness, 0.945)
        steps, more = (-0.02, -0.04), 0.004
    kept = background if (lightness, chroma) == (base.lightness, base.chroma) else None
    first = kept or from_oklch(Oklch(lightness, chroma, base.hue))
    tinted = max(chroma, min(more, brand.chroma))
    one, two = (from_oklch(Oklch(lightness + step, tinted, tint)) for step in steps)
    return first, one, two


def _primary(theme: Theme, scheme: str, surfaces: tuple[str, ...]) -> str:
    """The brand's shade as it is where the site shows it, and where it is a colour on a light panel.

    Elsewhere near-black would be lost on dark, and white on light.
    """
    is_colour = to_oklch(theme.primary).chroma >= COLOURED
    if scheme == theme.scheme or (scheme == "light" and is_colour):
        return theme.primary
    return adjust_contrast(theme.primary, surfaces, SHAPE_CONTRAST)


def _hover(primary: str, on_primary: str) -> str:
    """A shade away from its text; towards it, as far as legible, if there is no room."""
    base = to_oklch(primary)
    away = -0.06 if contrast(on_primary, BLACK) > contrast(on_primary, WHITE) else 0.06
    for change in (away, -away, -away / 2):
        shade = from_oklch(base._replace(lightness=base.lightness + change))
        if 0.1 < base.lightness + change < 0.98 and contrast(shade, on_primary) >= TEXT_CONTRAST:
            return shade
    return primary


def _muted(ink: str, surfaces: tuple[str, ...]) -> str:
    """Text that steps back: halfway to the panel, as far as legible."""
    text, panel = to_oklch(ink), to_oklch(surfaces[0])
    middle = text._replace(lightness=text.lightness * 0.55 + panel.lightness * 0.45)
    return adjust_contrast(from_oklch(middle), surfaces, TEXT_CONTRAST)
