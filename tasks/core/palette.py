"""The widget's palette: light and dark CSS variables derived from a site's colours, always legible.

Every palette satisfies `TEXT_PAIRS` and `SHAPE_PAIRS`, whatever colours it was derived from.
"""

from collections.abc import Mapping
from typing import Final

from tasks.core.oklch import BLACK, WHITE, Oklch, contrast, from_oklch, is_dark, to_oklch
from tasks.core.theme_model import Theme

TEXT_CONTRAST: Final = 4.5
SHAPE_CONTRAST: Final = 3.0
COLOURED: Final = 0.06
"""Least OKLCH chroma at which a light shade can be told from white."""

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
"""(shape, background) with contrast ≥ 3:1: shapes needed to use the widget (WCAG 2.2, 1.4.11).

`--aw-primary` keeps the brand's shade, however pale; its outline `--aw-primary-edge` makes its border visible.
"""

_STEPS = {50: 0.975, 100: 0.945, 200: 0.89, 300: 0.82, 400: 0.73, 500: 0.64, 600: 0.555, 700: 0.475, 800: 0.395}
_STEPS |= {900: 0.32, 950: 0.235}
# The CSS variables derived from each field of the theme.
_DERIVED_TOKENS: Final = {
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
    """Return the theme with its CSS variables recomputed from its colours, fonts and radius.

    `found` gives the place on the site where each field was found and replaces the theme's `sources`; the sources of
    the variables are derived from it.
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
    """Return for each variable the field it is derived from and that field's source."""
    return {
        token: f"{field}: {fields.get(field, 'our own choice')}"
        for field, tokens in _DERIVED_TOKENS.items()
        for token in tokens
    }


def ramp(colour: str) -> dict[int, str]:
    """Return eleven shades of a colour, 50 (lightest) … 950; chroma falls towards both ends."""
    base = to_oklch(colour)
    shades = {}
    for step, lightness in _STEPS.items():
        room = 1 - abs(lightness - base.lightness) / max(base.lightness, 1 - base.lightness)
        shades[step] = from_oklch(Oklch(lightness, base.chroma * max(0.12, room**0.7), base.hue))
    return shades


def choose_text_colour(surface: str, preferred: str | None = None) -> str:
    """Return a text colour with contrast ≥ 4.5:1 on the surface: the preferred one if legible, else white or black.

    White or black is always legible: on the worst possible surface the better of them has 4.58:1.
    """
    if preferred is not None and contrast(surface, preferred) >= TEXT_CONTRAST:
        return preferred
    return WHITE if contrast(surface, WHITE) >= TEXT_CONTRAST else BLACK


def adjust_contrast(colour: str, surfaces: tuple[str, ...], least: float) -> str:
    """Lighten or darken the colour just enough for contrast ≥ `least` on all the surfaces.

    White or black if no shade of the colour is enough.
    """

    def is_enough(shade: str) -> bool:
        return all(contrast(shade, surface) >= least for surface in surfaces)

    if is_enough(colour):
        return colour
    base = to_oklch(colour)
    best = WHITE if is_dark(surfaces[0]) else BLACK
    near, far = base.lightness, to_oklch(best).lightness
    # Binary search between the colour and white or black: seven halvings are finer than an eight-bit step.
    for _ in range(7):
        middle = (near + far) / 2
        shade = from_oklch(base._replace(lightness=middle))
        if is_enough(shade):
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
    """Return the panel's background, taken from the site's, and two surfaces that stand out from it.

    A mid-tone background is moved to the light or dark end: it would leave no room for legible text, muted text and
    borders on three surfaces.
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
    """Return the brand colour: unchanged in the site's own scheme, and on a light panel if it is a real colour.

    Otherwise it is adjusted: near-black would be invisible on dark, and white on light.
    """
    is_colour = to_oklch(theme.primary).chroma >= COLOURED
    if scheme == theme.scheme or (scheme == "light" and is_colour):
        return theme.primary
    return adjust_contrast(theme.primary, surfaces, SHAPE_CONTRAST)


def _hover(primary: str, on_primary: str) -> str:
    """Return the hover shade: further from its text colour or, without room there, closer as long as it is legible."""
    base = to_oklch(primary)
    away = -0.06 if contrast(on_primary, BLACK) > contrast(on_primary, WHITE) else 0.06
    for change in (away, -away, -away / 2):
        shade = from_oklch(base._replace(lightness=base.lightness + change))
        if 0.1 < base.lightness + change < 0.98 and contrast(shade, on_primary) >= TEXT_CONTRAST:
            return shade
    return primary


def _muted(ink: str, surfaces: tuple[str, ...]) -> str:
    """Return the muted text colour: about halfway to the panel's background, as long as it is legible."""
    text, panel = to_oklch(ink), to_oklch(surfaces[0])
    middle = text._replace(lightness=text.lightness * 0.55 + panel.lightness * 0.45)
    return adjust_contrast(from_oklch(middle), surfaces, TEXT_CONTRAST)
