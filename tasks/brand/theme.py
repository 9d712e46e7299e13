"""From a page's looks to the widget's theme: pure, deterministic, and legible whatever the page says."""

import math
from typing import NamedTuple

from tasks.brand.colours import BLACK, MIN_CONTRAST, WHITE, adjusted_on, contrast, is_dark
from tasks.brand.evidence import Channel, ColourRecord, ImageKind, ImageRecord, Looks, parse_looks
from tasks.brand.fonts import NEUTRAL_FONT, safe_font_list
from tasks.brand.naming import DEFAULT_LANGUAGE, site_language, site_name
from tasks.brand.primary import BrandColour, rank_brand_colours
from tasks.brand.voice import NEUTRAL, greeting, monogram
from tasks.core.models import Swatch, Theme
from tasks.core.palette import legible_on, with_tokens

NEUTRAL_PRIMARY = {"light": "#1f2937", "dark": "#e5e7eb"}
NEUTRAL_TEXT = {"light": "#1f2937", "dark": "#f3f4f6"}
NEUTRAL_RADIUS = 8.0
MAX_RADIUS = 24.0
MAX_ICON = 192.0
MAX_SWATCHES = 3
UA_BUTTONS = frozenset({"#efefef", "#6b6b6b"})
"""What browsers fill unstyled buttons with, light and dark."""
COLOURLESS_CONFIDENCE = 0.1
"""Of a page that has looks (a background, fonts, a logo) but no colour of its own."""

# Sources quote the page (class names, labels), so they are kept free of what could open or end an element.
_NO_MARKUP = str.maketrans("", "", "<>{}")
_BY_ROLE = {"header": 0.3, "home": 0.5, "named": 0.4}


class Token(NamedTuple):
    """One value of a theme; `found` says where, None if it is our own choice."""

    value: str | float | None
    found: str | None = None


def derive_theme(probe: object, url: str) -> Theme:
    """The theme of the site at `url`, from what `PROBE` returned on its loaded page.

    Any object is accepted as a probe's answer; what cannot be used is left out. The same input gives the
    same theme, byte for byte. The contrast of both text pairs is at least 4.5:1, always. Confidence is 0
    if the page gave no looks at all.
    """
    looks = parse_looks(probe, url)
    ranked = rank_brand_colours(looks)
    brand = ranked[0] if ranked else None
    tokens = {
        **_name_tokens(looks, url),
        **_image_tokens(looks),
        **_colour_tokens(looks, brand),
        **_font_tokens(looks),
    }
    sources = {key: token.found.translate(_NO_MARKUP) for key, token in tokens.items() if token.found}
    has_looks = not sources.keys().isdisjoint({"background", "heading_font", "body_font", "logo_url"})
    name, language = str(tokens["name"].value), str(tokens["language"].value)
    theme = Theme(
        **{key: token.value for key, token in tokens.items()},
        confidence=brand.score if brand else COLOURLESS_CONFIDENCE if has_looks else 0.0,
        sources=sources,
        monogram=monogram(name),
        greeting=greeting(name, language, NEUTRAL),
        swatches=tuple(_swatch(candidate) for candidate in ranked[:MAX_SWATCHES]),
    )
    return with_tokens(theme)


def _swatch(brand: BrandColour) -> Swatch:
    found = "; ".join(record.found for record in brand.records).translate(_NO_MARKUP)
    return Swatch(colour=brand.colour, on_colour=legible_on(brand.colour), score=brand.score, found=found)


def neutral_theme(url: str) -> Theme:
    """The theme of a site that gave nothing: named after its host, legible, confidence 0."""
    return derive_theme(None, url)


def _name_tokens(looks: Looks, url: str) -> dict[str, Token]:
    language = site_language(looks)
    return {
        "name": Token(*site_name(looks, url)),
        "language": Token(language, "lang attribute") if language else Token(DEFAULT_LANGUAGE),
    }


def _colour_tokens(looks: Looks, brand: BrandColour | None) -> dict[str, Token]:
    background = looks.background or WHITE
    scheme = "dark" if is_dark(background) else "light"
    call = _leading_call(looks, brand)
    primary = brand.colour if brand else NEUTRAL_PRIMARY[scheme]
    return {
        "scheme": Token(scheme, looks.background_found or None),
        "primary": Token(primary, "; ".join(record.found for record in brand.records) if brand else None),
        "on_primary": _on_primary(primary, call),
        "background": Token(background, looks.background_found or None),
        "text": _text(looks, background, scheme),
        "radius_px": Token(min(MAX_RADIUS, call.radius_px), call.found)
        if call and call.radius_px is not None
        else Token(NEUTRAL_RADIUS),
    }


def _leading_call(looks: Looks, brand: BrandColour | None) -> ColourRecord | None:
    """The button in the brand's colour, else the largest that the site has styled."""
    calls = [record for record in looks.colours if record.channel is Channel.call]
    styled = [record for record in calls if record.colour not in UA_BUTTONS]
    in_brand = [record for record in brand.records if record.channel is Channel.call] if brand else []
    return next(iter(in_brand + sorted(styled, key=lambda r: (-r.area, r.colour, r.found))), None)


def _on_primary(primary: str, call: ColourRecord | None) -> Token:
    wanted = call.text if call and call.colour == primary else None
    chosen = legible_on(primary, wanted)
    return Token(chosen, call.found if call and chosen == wanted else None)


def _text(looks: Looks, background: str, scheme: str) -> Token:
    # Pure black on a page without a background is what browsers show when nobody chose.
    texts = [text for text in looks.texts if looks.background or text != BLACK]
    for text in texts:
        if contrast(background, text) >= MIN_CONTRAST:
            return Token(text, "running text")
    if texts:
        return Token(adjusted_on(background, texts[0]), "running text, adjusted for contrast")
    return Token(adjusted_on(background, NEUTRAL_TEXT[scheme]))


def _font_tokens(looks: Looks) -> dict[str, Token]:
    body = _font(looks, heading=False)
    heading = _font(looks, heading=True) or body
    return {
        "heading_font": heading or Token(NEUTRAL_FONT),
        "body_font": body or heading or Token(NEUTRAL_FONT),
    }


def _font(looks: Looks, *, heading: bool) -> Token | None:
    """The list in which most letters are shown, if it is one that can be used."""
    records = sorted(
        (record for record in looks.fonts if record.heading is heading), key=lambda r: (-r.letters, r.family)
    )
    lists = (safe_font_list(record.family) for record in records)
    families = next((families for families in lists if families), None)
    where = "headings" if heading else "running text"
    return Token(families, f"font of most letters in {where}") if families else None


def _image_tokens(looks: Looks) -> dict[str, Token]:
    logo, icon = _logo(looks), _favicon(looks)
    return {
        "logo_url": Token(logo.url, logo.found) if logo else Token(None),
        "favicon_url": Token(icon.url, icon.found) if icon else Token(None),
    }


def _logo(looks: Looks) -> ImageRecord | None:
    """The picture with the strongest signs of being the logo; a customer's logo has none that counts."""
    first: dict[str, ImageRecord] = {}
    doubt: dict[str, float] = {}
    for record in looks.images:
        strength = _logo_strength(record)
        if strength > 0:
            first.setdefault(record.url, record)
            doubt[record.url] = doubt.get(record.url, 1.0) * (1 - strength)
    return first[min(first, key=lambda url: (doubt[url], url))] if first else None


def _logo_strength(record: ImageRecord) -> float:
    if record.kind is ImageKind.organisation:
        return 0.6
    if record.kind is ImageKind.icon or record.roles.isdisjoint({"header", "home"}):
        return 0.0
    return 1 - math.prod(1 - _BY_ROLE[role] for role in sorted(record.roles))


def _favicon(looks: Looks) -> ImageRecord | None:
    """The icon for small sizes: a vector, else the largest up to 192 px; a touch icon only if alone."""

    def fitness(icon: ImageRecord) -> tuple[bool, bool, float, str]:
        touch = "icon" not in icon.roles
        too_large = icon.size > MAX_ICON and not math.isinf(icon.size)
        return (touch, too_large, icon.size if too_large else -icon.size, icon.url)

    icons = [record for record in looks.images if record.kind is ImageKind.icon]
    return min(icons, key=fitness, default=None)
