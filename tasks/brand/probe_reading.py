"""Parsing of the probe's result into records.

The probe runs inside a page that may be hostile, so its result is not trusted: a record with a wrong type or value is
left out, lists and texts are truncated, and no input raises.
"""

import math
from collections.abc import Iterator
from itertools import chain
from urllib.parse import urlsplit

from tasks.brand.brand_evidence import (
    Background,
    ColourRecord,
    EvidenceSource,
    FontRecord,
    ImageKind,
    ImageRecord,
    ProbedPage,
)
from tasks.brand.colours import parse_colour, vividness
from tasks.brand.values import Item, as_item, clean_text, items_of, number, web_url
from tasks.core.oklch import WHITE, contrast

MAX_PROSE = 4_000
MAX_TEXTS = 40
MAX_INLINE = 80_000
"""Characters of an inline picture."""
_FURTHER_DOWN = 0.6
_FOREIGN = 0.1
_DESTRUCTIVE = 0.3
_OVER_THE_PAGE = 0.6
_FOLLOWS = 0.9
_MENU_ENTRY = 0.75
"""Factor on the current page's entry in a menu, which is often a shade of the menu's own colour."""
_WALL = 0.15
_PALE = 0.3
_LARGE_SHARE = 0.12
_SEEN = 3.0
_SECOND_STOP = 0.8
_BY_PLACE = {"main": 1.0, "header": 0.97, "footer": 0.5}


def read_probe(probe: object, url: str) -> ProbedPage:
    """Parse a probe's result. Any object is accepted; one that is not a probe's result gives no records."""
    answer = as_item(probe)
    backgrounds, bare = _backgrounds(as_item(answer.get("backgrounds")))
    over = ProbedPage(backgrounds=backgrounds, bare=bare).ground or WHITE
    consent = as_item(answer.get("asks_consent"))
    return ProbedPage(
        title=clean_text(answer.get("title"), 300),
        names=tuple((name, found) for name, found in _names(answer) if name),
        wordmarks=tuple(
            clean_text(item.get("name"), 60) for item in items_of(answer, "wordmarks") if item.get("menu") is not True
        ),
        brands=tuple(
            clean_text(item.get("name"), 60) for item in items_of(answer, "wordmarks") if item.get("named") is True
        ),
        copyrights=tuple(clean_text(item.get("line"), 200) for item in items_of(answer, "copyrights")),
        handles=tuple(clean_text(item, 200) for item in _texts(answer, "handles")),
        language=clean_text(answer.get("language"), 40),
        prose=clean_text(answer.get("prose"), MAX_PROSE),
        asks_consent=consent.get("some") is True,
        only_asks_consent=consent.get("only") is True,
        colours=tuple(
            chain(
                _calls(answer, over),
                _declared(answer),
                _surfaces(answer, over),
                _grounds(backgrounds),
                _links(answer, over),
            )
        ),
        painted=frozenset(_plain_colours(answer, "painted", over)),
        backgrounds=backgrounds,
        bare=bare,
        texts=tuple(dict.fromkeys(_plain_colours(answer, "texts", over))),
        fonts=tuple(_fonts(answer)),
        images=tuple(
            chain(_logos(answer, url), _organisation_logos(answer, url), _icons(answer, url), _previews(answer, url))
        ),
        manifest=web_url(answer.get("manifest"), url),
    )


def _colour(item: Item, over: str = WHITE, key: str = "colour") -> str | None:
    value = item.get(key)
    return parse_colour(value, over) if isinstance(value, str) else None


def _texts(answer: Item, key: str) -> Iterator[str]:
    values = answer.get(key)
    yield from (value for value in values[:MAX_TEXTS] if isinstance(value, str)) if isinstance(values, list) else ()


def _plain_colours(answer: Item, key: str, over: str) -> Iterator[str]:
    for item in items_of(answer, key):
        if colour := _colour(item, over):
            yield colour


def _backgrounds(item: Item) -> tuple[tuple[Background, ...], float]:
    """Return the background colours by share, and the share without a background.

    A canvas colour that the page chose by `color-scheme` counts as a background.
    """
    cells = number(item.get("cells"))
    if cells == 0:
        return (), 1.0
    areas: dict[str, float] = {}
    for record in items_of(item, "colours"):
        if colour := _colour(record):
            areas[colour] = areas.get(colour, 0.0) + number(record.get("amount"))
    bare = number(item.get("bare"))
    if canvas := _colour(item, key="canvas"):
        areas[canvas], bare = areas.get(canvas, 0.0) + bare, 0.0
    found = [Background(colour=colour, share=min(1.0, area / cells)) for colour, area in areas.items() if area > 0]
    return tuple(sorted(found, key=lambda ground: (-ground.share, ground.colour))), min(1.0, bare / cells)


def _calls(answer: Item, over: str) -> Iterator[ColourRecord]:
    for item in items_of(answer, "calls"):
        backdrop = _colour(item, over, "backdrop") or over
        colours = item.get("colours")
        for rank, css in enumerate(colours[:4] if isinstance(colours, list) else []):
            if isinstance(css, str) and (colour := parse_colour(css, backdrop)):
                weight = _call_weight(item) * (_SECOND_STOP if rank else 1)
                yield _call(item, colour, "filled", weight, backdrop)
                if rank == 0:
                    yield from _tinted_label(item, colour, backdrop)
        if border := _colour(item, backdrop, "border"):
            yield _call(item, border, "outlined", _call_weight(item), backdrop)


def _tinted_label(item: Item, fill: str, backdrop: str) -> Iterator[ColourRecord]:
    """Yield the brand colours of a white or pale button: its label, and the background around a white one."""
    label = _colour(item, fill, "text")
    if label and vividness(fill) < _PALE and vividness(label) > 0:
        role = "inverse" if vividness(backdrop) > 0 else "pale"
        yield _call(item, label, role, _call_weight(item), backdrop)
    if vividness(fill) == 0 and contrast(fill, backdrop) >= _SEEN:
        yield _call(item, backdrop, "background of a", _call_weight(item), backdrop)


def _call(item: Item, colour: str, role: str, weight: float, backdrop: str) -> ColourRecord:
    further_down = "further down" if number(item.get("top")) >= 900 else "in the first screen"
    return ColourRecord(
        colour=colour,
        source=EvidenceSource.call,
        found=f"{role} button “{clean_text(item.get('label'), 40)}” {further_down}",
        area=number(item.get("area")),
        role=role,
        weight=weight,
        text=_colour(item, colour, "text") if role == "filled" else None,
        backdrop=backdrop,
        radius_px=_radius(item),
    )


def _call_weight(item: Item) -> float:
    weight = _BY_PLACE.get(clean_text(item.get("place"), 20), 1.0)
    weight *= _FURTHER_DOWN if number(item.get("top")) >= 900 else 1
    weight *= _FOREIGN if item.get("foreign") is True else 1
    weight *= _OVER_THE_PAGE if item.get("layer") is True else 1
    weight *= _MENU_ENTRY if item.get("menu") is True else 1
    weight *= _DESTRUCTIVE if item.get("destructive") is True else 1
    weight *= _FOLLOWS if item.get("follows") is True and item.get("place") == "main" else 1
    return weight * (_WALL if number(item.get("wall")) >= 3 else 1)


def _radius(item: Item) -> float:
    """Return the radius in pixels, at most half the height: `50%` and `9999px` both mean fully round."""
    css = clean_text(item.get("radius"), 40).split(" ")[0]
    height = number(item.get("height"), 400) or 40.0
    try:
        size = float(css.removesuffix("%")) * height / 100 if css.endswith("%") else float(css.removesuffix("px"))
    except ValueError:
        return 0.0
    return min(height / 2, max(0.0, size)) if math.isfinite(size) else 0.0


def _declared(answer: Item) -> Iterator[ColourRecord]:
    for item in items_of(answer, "variables"):
        name = clean_text(item.get("name"), 100)
        if colour := _colour(item, key="value"):
            yield ColourRecord(colour=colour, source=EvidenceSource.variable, found=f"CSS variable {name}", role=name)
    for item in items_of(answer, "theme_colours"):
        if (colour := _colour(item)) and "dark" not in clean_text(item.get("media"), 100):
            yield ColourRecord(
                colour=colour, source=EvidenceSource.declared, found="meta theme-color", role="theme-color"
            )
    for key, source in (("declared", EvidenceSource.declared), ("details", EvidenceSource.detail)):
        for item in items_of(answer, key):
            if colour := _colour(item):
                what = clean_text(item.get("what"), 40)
                yield ColourRecord(colour=colour, source=source, found=what, role=what)
    for item in items_of(answer, "wordmarks"):
        colour, ground = _colour(item), _colour(item, key="backdrop")
        if colour:
            yield ColourRecord(colour=colour, source=EvidenceSource.logo, found="name in the header", role="wordmark")
        if colour and ground and item.get("named") is True and vividness(colour) == 0:
            yield ColourRecord(colour=ground, source=EvidenceSource.logo, found="background of the name", role="ground")


def _surfaces(answer: Item, over: str) -> Iterator[ColourRecord]:
    for item in items_of(answer, "surfaces"):
        if colour := _colour(item, over):
            place = clean_text(item.get("place"), 20)
            area = number(item.get("area"))
            yield ColourRecord(
                colour=colour, source=EvidenceSource.surface, found=f"{place} background", area=area, role=place
            )


def _grounds(backgrounds: tuple[Background, ...]) -> Iterator[ColourRecord]:
    """Yield the background colours of large parts of the page."""
    for ground in backgrounds:
        if ground.share >= _LARGE_SHARE:
            yield ColourRecord(
                colour=ground.colour,
                source=EvidenceSource.surface,
                found="page background",
                area=ground.share,
                role="page",
            )


def _links(answer: Item, over: str) -> Iterator[ColourRecord]:
    for item in items_of(answer, "links"):
        if colour := _colour(item, over):
            letters = number(item.get("amount"))
            yield ColourRecord(colour=colour, source=EvidenceSource.link, found="links in the text", area=letters)
    for item in items_of(answer, "headings"):
        if colour := _colour(item, over):
            letters = number(item.get("amount"))
            yield ColourRecord(colour=colour, source=EvidenceSource.heading, found="headings", area=letters)


def _fonts(answer: Item) -> Iterator[FontRecord]:
    for key, heading in (("heading_fonts", True), ("body_fonts", False)):
        for item in items_of(answer, key):
            if family := clean_text(item.get("family"), 500):
                yield FontRecord(family=family, heading=heading, letters=number(item.get("amount")))


def _names(answer: Item) -> Iterator[tuple[str, str]]:
    yield clean_text(answer.get("site_name")), "og:site_name"
    yield clean_text(answer.get("application_name")), "application-name"
    for item in items_of(answer, "organisations"):
        yield clean_text(item.get("name")), f"JSON-LD {clean_text(item.get('type'), 60)}"


def _logos(answer: Item, base: str) -> Iterator[ImageRecord]:
    for item in items_of(answer, "logos"):
        paints = tuple(_paints(item))
        url, inline = web_url(item.get("url"), base), item.get("inline")
        inline = inline if isinstance(inline, str) and len(inline) < MAX_INLINE else ""
        if url or paints or inline:
            yield ImageRecord(
                url=url or "",
                kind=ImageKind.logo,
                found="logo on the page",
                roles=frozenset(role for role in ("header", "home", "named") if item.get(role) is True),
                size=number(item.get("width"), 1e5),
                distance=number(item.get("distance")),
                alt=clean_text(item.get("alt")),
                backdrop=_colour(item, key="backdrop"),
                paints=paints,
                inline=inline,
            )


def _paints(item: Item) -> Iterator[tuple[str, float]]:
    for paint in items_of(item, "paints"):
        if colour := _colour(paint):
            yield colour, number(paint.get("amount"))


def _organisation_logos(answer: Item, base: str) -> Iterator[ImageRecord]:
    for item in items_of(answer, "organisations"):
        if url := web_url(item.get("logo"), base):
            yield ImageRecord(url=url, kind=ImageKind.organisation, found="JSON-LD logo")


def _icons(answer: Item, base: str) -> Iterator[ImageRecord]:
    for item in items_of(answer, "icons"):
        if url := web_url(item.get("url"), base):
            rel = clean_text(item.get("rel"), 60).lower()
            yield ImageRecord(
                url=url,
                kind=ImageKind.icon,
                found=f"link rel={rel}",
                roles=frozenset(rel.split()),
                size=_icon_size(item, url),
            )


def _previews(answer: Item, base: str) -> Iterator[ImageRecord]:
    if url := web_url(answer.get("preview"), base):
        yield ImageRecord(url=url, kind=ImageKind.preview, found="og:image")


def _icon_size(item: Item, url: str) -> float:
    sizes = clean_text(item.get("sizes"), 60).lower()
    vector = "svg" in clean_text(item.get("type"), 60).lower() or urlsplit(url).path.lower().endswith(".svg")
    if vector or sizes == "any":
        return math.inf
    widths = [part.split("x")[0] for part in sizes.split()]
    return float(max((int(w) for w in widths if w.isascii() and w.isdigit() and len(w) < 6), default=0))
