"""The widget's theme, derived from a page's brand evidence: pure, deterministic, and legible for any input."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from tasks.brand.brand_evidence import ColourRecord, EvidenceSource, ProbedPage
from tasks.brand.brand_language import DEFAULT_LANGUAGE, site_language
from tasks.brand.defaults import UA_BUTTONS
from tasks.brand.drawing import Draw, draw_nothing
from tasks.brand.fonts import NEUTRAL_FONT, safe_font_list
from tasks.brand.logo_tile import found_logos, logo_tile
from tasks.brand.marks import Marks, Resources, best_icon, mark_colours, ranked_logos, read_marks, wanted_resources
from tasks.brand.naming import site_name
from tasks.brand.primary import BrandColour, is_decided, rank_brand_colours
from tasks.brand.probe_reading import read_probe
from tasks.brand.voice import greeting, monogram, site_tone
from tasks.core.oklch import BLACK, WHITE, contrast, is_dark
from tasks.core.palette import TEXT_CONTRAST, adjust_contrast, choose_text_colour, with_tokens
from tasks.core.theme_model import Swatch, Theme

NEUTRAL_PRIMARY = {"light": "#1f2937", "dark": "#e5e7eb"}
NEUTRAL_TEXT = {"light": "#1f2937", "dark": "#f3f4f6"}
NEUTRAL_RADIUS = 8.0
MIN_PROSE = 80
"""Letters needed to determine the tone."""
MAX_RADIUS = 24.0
MAX_SWATCHES = 3
COLOURLESS_CONFIDENCE = 0.1
"""Confidence for a page that has a background, fonts or a logo, but no brand colour."""
UNDECIDED = 0.6
"""Factor on the confidence when two colours are about equally likely."""

# Sources quote labels and names of the page, so the characters that could open or close an element are removed.
_NO_MARKUP = str.maketrans("", "", "<>{}")
_CONSENT_URL = re.compile(r"consent|cookie|gdpr|privacy|einwilligung", re.IGNORECASE)


class Token(NamedTuple):
    """One value of a theme, and the place on the page where it was found; None for a default of ours."""

    value: str | float | None
    found: str | None = None


Tokens = dict[str, Token]


class HomePageProbe(NamedTuple):
    """The probe's results for a home page."""

    url: str
    """The page's URL after redirects."""
    requested_url: str
    """The URL before redirects."""
    light: object = None
    """Result of `PROBE` in the light scheme."""
    dark: object = None
    """Result of `PROBE` in the dark scheme."""


def resources_for(probe: HomePageProbe) -> tuple[str, ...]:
    """Return the URLs whose bytes `derive_theme` can use."""
    return wanted_resources(read_probe(probe.light, probe.url), probe.url)


def derive_theme(probe: HomePageProbe, resources: Resources | None = None, draw: Draw = draw_nothing) -> Theme:
    """Derive a site's theme from its home page and the fetched bytes of `resources_for` it.

    Any object is accepted as a probe's result and any bytes as resources; unusable parts are left out.
    `draw` draws the pictures; by default none is.
    The same input gives the same theme, byte for byte, and every pair of `tasks.core.palette` is legible.
    Confidence is 0 if the page has no brand evidence at all.
    """
    page = read_probe(probe.light, probe.url)
    if _is_consent_wall(page, probe):
        return neutral_theme(probe.requested_url)
    marks = read_marks(page, resources or {}, draw)
    page = page.model_copy(update={"colours": (*page.colours, *mark_colours(page, marks))})
    ranked = rank_brand_colours(page)
    colours = _colour_tokens(page, ranked[0] if ranked else None)
    tokens = {
        **_name_tokens(page, probe.url, marks),
        **colours,
        **_other_scheme(str(colours["scheme"].value), read_probe(probe.dark, probe.url)),
        **_font_tokens(page),
        **_image_tokens(page, marks, str(colours["background"].value)),
    }
    pictures = {
        "logo_tile": logo_tile(page, resources or {}, draw),
        "found_logos": tuple(
            logo.model_copy(update={"found": logo.found.translate(_NO_MARKUP)})
            for logo in found_logos(page, resources or {}, draw)
        ),
    }
    return _assemble(tokens, ranked).model_copy(update=pictures)


def neutral_theme(url: str) -> Theme:
    """Return the theme of a site without brand evidence: named after its host, legible, confidence 0."""
    return derive_theme(HomePageProbe(url=url, requested_url=url))


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
    has_style = not sources.keys().isdisjoint({"background", "heading_font", "body_font", "logo_url"})
    return COLOURLESS_CONFIDENCE if has_style else 0.0


def _swatch(brand: BrandColour) -> Swatch:
    return Swatch(
        colour=brand.colour,
        on_colour=choose_text_colour(brand.colour, _label_colour(brand)),
        score=brand.score,
        found=_where(brand).translate(_NO_MARKUP),
    )


def _where(brand: BrandColour) -> str:
    return "; ".join(dict.fromkeys(record.found for record in brand.records))


def _is_consent_wall(page: ProbedPage, probe: HomePageProbe) -> bool:
    """Whether the URL led to a consent page instead of the site."""
    if not page.asks_consent or not page.only_asks_consent:
        return False
    try:
        requested, final = urlsplit(probe.requested_url), urlsplit(probe.url)
    except ValueError:
        return False
    moved = (requested.netloc, requested.path) != (final.netloc, final.path)
    return moved and _CONSENT_URL.search(f"{final.netloc}{final.path}") is not None


def _name_tokens(page: ProbedPage, url: str, marks: Marks) -> Tokens:
    name, found = site_name(page, url, marks.manifest_name)
    language, where = site_language(page) or (DEFAULT_LANGUAGE, None)
    tone = site_tone(page.prose, language)
    return {
        "name": Token(name, found),
        "monogram": Token(monogram(name), f"name: {found}"),
        "language": Token(language, where),
        "tone": Token(tone, "running text" if len(page.prose) >= MIN_PROSE else None),
        "greeting": Token(greeting(name, language, tone)),
    }


def _colour_tokens(page: ProbedPage, brand: BrandColour | None) -> Tokens:
    background = page.ground or WHITE
    found = "largest painted area" if page.ground else None
    scheme = "dark" if is_dark(background) else "light"
    call = _leading_call(page, brand)
    primary = brand.colour if brand else NEUTRAL_PRIMARY[scheme]
    return {
        "scheme": Token(scheme, found),
        "primary": Token(primary, _where(brand) if brand else None),
        "on_primary": _on_primary(primary, brand),
        "background": Token(background, found),
        "text": _text(page, background, scheme),
        "radius_px": Token(min(MAX_RADIUS, call.radius_px), call.found)
        if call and call.radius_px is not None
        else Token(NEUTRAL_RADIUS),
    }


def _other_scheme(scheme: str, dark: ProbedPage) -> Tokens:
    """Return background and text of the dark scheme, if the page has both schemes."""
    ground = dark.ground
    if scheme == "dark" or ground is None or not is_dark(ground):
        return {}
    found = "the page in the dark scheme"
    text = next((text for text in dark.texts if contrast(ground, text) >= TEXT_CONTRAST), None)
    return {"other_background": Token(ground, found), "other_text": Token(text, found if text else None)}


def _leading_call(page: ProbedPage, brand: BrandColour | None) -> ColourRecord | None:
    """Return the button in the brand's colour, else the largest one that the site has styled."""
    calls = [
        record for record in page.colours if record.source is EvidenceSource.call and record.colour not in UA_BUTTONS
    ]
    in_brand = [record for record in brand.records if record.source is EvidenceSource.call] if brand else []
    return next(iter(in_brand + sorted(calls, key=lambda r: (-r.weight * r.area, r.colour, r.found))), None)


def _label_colour(brand: BrandColour) -> str | None:
    return next((record.text for record in brand.records if record.text and record.colour == brand.colour), None)


def _on_primary(primary: str, brand: BrandColour | None) -> Token:
    wanted = _label_colour(brand) if brand else None
    chosen = choose_text_colour(primary, wanted)
    return Token(chosen, "label of that button" if chosen == wanted else None)


def _text(page: ProbedPage, background: str, scheme: str) -> Token:
    # Pure black on a page without a background is the browser's default, not the site's choice.
    texts = [text for text in page.texts if page.backgrounds or text != BLACK]
    for text in texts:
        if contrast(background, text) >= TEXT_CONTRAST:
            return Token(text, "running text")
    if texts:
        return Token(adjust_contrast(texts[0], (background,), TEXT_CONTRAST), "running text, adjusted for contrast")
    return Token(adjust_contrast(NEUTRAL_TEXT[scheme], (background,), TEXT_CONTRAST))


def _font_tokens(page: ProbedPage) -> Tokens:
    body = _font(page, heading=False)
    heading = _font(page, heading=True) or body
    return {
        "heading_font": heading or Token(NEUTRAL_FONT),
        "body_font": body or heading or Token(NEUTRAL_FONT),
    }


def _font(page: ProbedPage, *, heading: bool) -> Token | None:
    """Return the usable font list with the most letters."""
    records = sorted(
        (record for record in page.fonts if record.heading is heading), key=lambda r: (-r.letters, r.family)
    )
    lists = (safe_font_list(record.family) for record in records)
    families = next((families for families in lists if families), None)
    where = "headings" if heading else "running text"
    return Token(families, f"font of most letters in {where}") if families else None


def _image_tokens(page: ProbedPage, marks: Marks, background: str) -> Tokens:
    icon = best_icon(page, marks)
    favicon = Token(icon.url, icon.found) if icon else Token(None)
    return {**_logo_tokens(page, marks, background, favicon), "favicon_url": favicon}


def _logo_tokens(page: ProbedPage, marks: Marks, background: str, favicon: Token) -> Tokens:
    """Return the first logo that is visible, on a background of its own if needed; else the icon."""
    for logo in ranked_logos(page):
        if not logo.url:
            continue  # an inline SVG has no URL
        picture = marks.pictures.get(logo.url)
        if logo.url in marks.pictures and picture is None:
            continue
        if picture is None or picture.is_visible_on(background):
            return {"logo_url": Token(logo.url, logo.found), "logo_background": Token(None)}
        for ground in (logo.backdrop, BLACK, WHITE):
            if ground and picture.is_visible_on(ground):
                found = "what the logo is shown on" if ground == logo.backdrop else None
                return {"logo_url": Token(logo.url, logo.found), "logo_background": Token(ground, found)}
    found = f"{favicon.found}, as there is no logo" if favicon.found else None
    return {"logo_url": Token(favicon.value, found), "logo_background": Token(None)}
