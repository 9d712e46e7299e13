"""From a page's looks to the widget's theme: pure, deterministic, and legible whatever the page says."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from tasks.brand.brand_evidence import Channel, ColourRecord, Looks
from tasks.brand.defaults import UA_BUTTONS
from tasks.brand.fonts import NEUTRAL_FONT, safe_font_list
from tasks.brand.logo_tile import logo_tile
from tasks.brand.marks import Marks, Resources, best_icon, mark_colours, ranked_logos, read_marks, wanted_resources
from tasks.brand.naming import DEFAULT_LANGUAGE, site_language, site_name
from tasks.brand.primary import BrandColour, is_decided, rank_brand_colours
from tasks.brand.probe_reading import parse_looks
from tasks.brand.voice import greeting, monogram, site_tone
from tasks.core.models import Swatch, Theme
from tasks.core.oklch import BLACK, WHITE, contrast, is_dark
from tasks.core.palette import TEXT_CONTRAST, adjust_contrast, choose_text_colour, with_tokens

NEUTRAL_PRIMARY = {"light": "#1f2937", "dark": "#e5e7eb"}
NEUTRAL_TEXT = {"light": "#1f2937", "dark": "#f3f4f6"}
NEUTRAL_RADIUS = 8.0
MIN_PROSE = 80
"""Letters that a tone can be told from."""
MAX_RADIUS = 24.0
MAX_SWATCHES = 3
COLOURLESS_CONFIDENCE = 0.1
"""Of a page that has looks (a background, fonts, a logo) but no colour of its own."""
UNDECIDED = 0.6
"""What is left of the confidence where two colours are about as likely."""

# Sources quote the page (labels, names), so they are kept free of what could open or end an element.
_NO_MARKUP = str.maketrans("", "", "<>{}")
_CONSENT_URL = re.compile(r"consent|cookie|gdpr|privacy|einwilligung", re.IGNORECASE)


class Token(NamedTuple):
    """One value of a theme; `found` says where, None if it is our own choice."""

    value: str | float | None
    found: str | None = None


Tokens = dict[str, Token]


class Seen(NamedTuple):
    """A home page as it was seen."""

    url: str
    """Where it really is."""
    asked: str
    """The address that led there."""
    light: object = None
    """What `PROBE` returned."""
    dark: object = None
    """What it returned for a visitor who prefers the dark scheme."""


def resources_for(seen: Seen) -> tuple[str, ...]:
    """Addresses whose bytes `derive_theme` can make use of."""
    return wanted_resources(parse_looks(seen.light, seen.url), seen.url)


def derive_theme(seen: Seen, resources: Resources | None = None) -> Theme:
    """The theme of a site, from its home page and what was fetched of `resources_for` it.

    Any object is accepted as a probe's answer and any bytes as resources; what cannot be used is left out.
    The same input gives the same theme, byte for byte, and every pair of `tasks.core.palette` is legible.
    Confidence is 0 if the page gave no looks at all.
    """
    looks = parse_looks(seen.light, seen.url)
    if _is_consent_wall(looks, seen):
        return neutral_theme(seen.asked)
    marks = read_marks(looks, resources or {})
    looks = looks.model_copy(update={"colours": (*looks.colours, *mark_colours(looks, marks))})
    ranked = rank_brand_colours(looks)
    colours = _colour_tokens(looks, ranked[0] if ranked else None)
    tokens = {
        **_name_tokens(looks, seen.url, marks),
        **colours,
        **_other_scheme(str(colours["scheme"].value), parse_looks(seen.dark, seen.url)),
        **_font_tokens(looks),
        **_image_tokens(looks, marks, str(colours["background"].value)),
    }
    return _assemble(tokens, ranked).model_copy(update={"logo_tile": logo_tile(looks, resources or {})})


def neutral_theme(url: str) -> Theme:
    """The theme of a site that gave nothing: named after its host, legible, confidence 0."""
    return derive_theme(Seen(url=url, asked=url))


def _assemble(tokens: Tokens, ranked: tuple[BrandColour, ...]) -> Theme:
    sources = {key: token.found.translate(_NO_MARKUP) for key, token in tokens.items() if token.found}
    theme = Theme(
        **{key: token.value for key, token in tokens.items()},
        confidence=_confidence(ranked, sources),
        swatches=tuple(_swatch(candidate) for candidate in ranked[:MAX_SWATCHES]),
    )
    return with_tokens(theme, sources)


def _confidence(ranked: tuple[BrandColour, ...], sources: dict[str, str]) -> float:
    if ranked:
        return ranked[0].score if is_decided(ranked) else round(ranked[0].score * UNDECIDED, 4)
    has_looks = not sources.keys().isdisjoint({"background", "heading_font", "body_font", "logo_url"})
    return COLOURLESS_CONFIDENCE if has_looks else 0.0


def _swatch(brand: BrandColour) -> Swatch:
    return Swatch(
        colour=brand.colour,
        on_colour=choose_text_colour(brand.colour, _label_colour(brand)),
        score=brand.score,
        found=_where(brand).translate(_NO_MARKUP),
    )


def _where(brand: BrandColour) -> str:
    return "; ".join(dict.fromkeys(record.found for record in brand.records))


def _is_consent_wall(looks: Looks, seen: Seen) -> bool:
    """Whether the address led to a question about tracking instead of the site."""
    if not looks.asks_consent or not looks.only_asks_consent:
        return False
    try:
        asked, found = urlsplit(seen.asked), urlsplit(seen.url)
    except ValueError:
        return False
    moved = (asked.netloc, asked.path) != (found.netloc, found.path)
    return moved and _CONSENT_URL.search(f"{found.netloc}{found.path}") is not None


def _name_tokens(looks: Looks, url: str, marks: Marks) -> Tokens:
    name, found = site_name(looks, url, marks.manifest_name)
    language, where = site_language(looks) or (DEFAULT_LANGUAGE, None)
    tone = site_tone(looks.prose, language)
    return {
        "name": Token(name, found),
        "monogram": Token(monogram(name), f"name: {found}"),
        "language": Token(language, where),
        "tone": Token(tone, "running text" if len(looks.prose) >= MIN_PROSE else None),
        "greeting": Token(greeting(name, language, tone)),
    }


def _colour_tokens(looks: Looks, brand: BrandColour | None) -> Tokens:
    background = looks.ground or WHITE
    found = "largest painted area" if looks.ground else None
    scheme = "dark" if is_dark(background) else "light"
    call = _leading_call(looks, brand)
    primary = brand.colour if brand else NEUTRAL_PRIMARY[scheme]
    return {
        "scheme": Token(scheme, found),
        "primary": Token(primary, _where(brand) if brand else None),
        "on_primary": _on_primary(primary, brand),
        "background": Token(background, found),
        "text": _text(looks, background, scheme),
        "radius_px": Token(min(MAX_RADIUS, call.radius_px), call.found)
        if call and call.radius_px is not None
        else Token(NEUTRAL_RADIUS),
    }


def _other_scheme(scheme: str, dark: Looks) -> Tokens:
    """Background and text of the page in the dark scheme, if it has one beside a light one."""
    ground = dark.ground
    if scheme == "dark" or ground is None or not is_dark(ground):
        return {}
    found = "the page in the dark scheme"
    text = next((text for text in dark.texts if contrast(ground, text) >= TEXT_CONTRAST), None)
    return {"other_background": Token(ground, found), "other_text": Token(text, found if text else None)}


def _leading_call(looks: Looks, brand: BrandColour | None) -> ColourRecord | None:
    """The button in the brand's colour, else the largest that the site has styled."""
    calls = [record for record in looks.colours if record.channel is Channel.call and record.colour not in UA_BUTTONS]
    in_brand = [record for record in brand.records if record.channel is Channel.call] if brand else []
    return next(iter(in_brand + sorted(calls, key=lambda r: (-r.weight * r.area, r.colour, r.found))), None)


def _label_colour(brand: BrandColour) -> str | None:
    return next((record.text for record in brand.records if record.text and record.colour == brand.colour), None)


def _on_primary(primary: str, brand: BrandColour | None) -> Token:
    wanted = _label_colour(brand) if brand else None
    chosen = choose_text_colour(primary, wanted)
    return Token(chosen, "label of that button" if chosen == wanted else None)


def _text(looks: Looks, background: str, scheme: str) -> Token:
    # Pure black on a page without a background is what browsers show when nobody chose.
    texts = [text for text in looks.texts if looks.backgrounds or text != BLACK]
    for text in texts:
        if contrast(background, text) >= TEXT_CONTRAST:
            return Token(text, "running text")
    if texts:
        return Token(adjust_contrast(texts[0], (background,), TEXT_CONTRAST), "running text, adjusted for contrast")
    return Token(adjust_contrast(NEUTRAL_TEXT[scheme], (background,), TEXT_CONTRAST))


def _font_tokens(looks: Looks) -> Tokens:
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


def _image_tokens(looks: Looks, marks: Marks, background: str) -> Tokens:
    icon = best_icon(looks, marks)
    favicon = Token(icon.url, icon.found) if icon else Token(None)
    return {**_logo_tokens(looks, marks, background, favicon), "favicon_url": favicon}


def _logo_tokens(looks: Looks, marks: Marks, background: str, favicon: Token) -> Tokens:
    """The logo where it can be shown and seen, on its own ground if need be; else the icon."""
    for logo in ranked_logos(looks):
        if not logo.url:
            continue  # drawn within the page: it has no address
        picture = marks.pictures.get(logo.url)
        if logo.url in marks.pictures and picture is None:
            continue
        if picture is None or picture.is_visible_on(background):
            return {"logo_url": Token(logo.url, logo.found), "logo_background": Token(None)}
        for ground in (logo.backdrop, BLACK, WHITE):
            if ground and picture.is_visible_on(ground):
                found = "what the logo is shown on" if ground == logo.backdrop else None
                return {"logo_url": Token(logo.url, logo.found), "logo_background": Token(ground, found)}
    found = f"{favicon.found}, for want of a logo" if favicon.found else None
    return {"logo_url": Token(favicon.value, found), "logo_background": Token(None)}
