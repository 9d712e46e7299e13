"""The widget's look: colours, fonts, logo and name, with the evidence for them."""

from typing import Annotated

from pydantic import Field

from tasks.core.models import Frozen

Hex = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Swatch(Frozen):
    """A candidate for the brand colour."""

    colour: Hex
    on_colour: Hex
    """Text colour on `colour`, contrast ≥ 4.5:1."""
    score: float = Field(ge=0, le=1)
    """Strength of the evidence for it."""
    found: str
    """Place on the site where it was found."""


class FoundLogo(Frozen):
    """A picture on the site that may be its logo."""

    tile: bytes = Field(repr=False)
    """As the widget would show it, like `Theme.logo_tile`."""
    found: str
    """Place on the site where it was found."""


class Theme(Frozen):
    """The widget's look, name and greeting. Colours are `#rrggbb`."""

    name: str
    monogram: str = ""
    """One or two letters of the name, shown where there is no logo."""
    greeting: str = ""
    """The widget's first words, in the site's language."""
    tone: str = "neutral"
    """The site's tone of voice: `formal`, `neutral` or `friendly`."""
    language: str = "en"
    """BCP 47."""
    logo_url: str | None = None
    """The logo, or the icon if no logo can be shown."""
    logo_tile: bytes | None = Field(None, exclude=True, repr=False)
    """The logo as the widget shows it: a PNG drawn by us on a background that contrasts with it.

    Stored separately; never part of the theme's JSON.
    """
    found_logos: tuple[FoundLogo, ...] = Field((), exclude=True, repr=False)
    """Pictures from which the owner may choose the logo, the most likely first. Stored separately, too."""
    logo_background: Hex | None = None
    """Background for the logo where it would not be visible on the widget's own."""
    favicon_url: str | None = None
    scheme: str = "light"
    """`light` or `dark`."""
    primary: Hex
    on_primary: Hex
    """Text colour on `primary`, contrast ≥ 4.5:1."""
    background: Hex
    text: Hex
    """Text colour on `background`, contrast ≥ 4.5:1."""
    other_background: Hex | None = None
    """The site's background in the other colour scheme; None if the site has only one."""
    other_text: Hex | None = None
    swatches: tuple[Swatch, ...] = ()
    """Up to three candidates for the brand colour; the first is `primary`."""
    heading_font: str
    """A CSS font-family list."""
    body_font: str
    radius_px: float = 8
    confidence: float = Field(ge=0, le=1)
    """0: nothing found, the neutral theme; 1: independent evidence agrees."""
    sources: dict[str, str] = Field(default_factory=dict)
    """Place on the site where each token was found."""
    tokens: dict[str, dict[str, str]] = Field(default_factory=dict)
    """CSS variables (`--aw-…`) for `light` and `dark`, computed by `tasks.core.palette`."""
