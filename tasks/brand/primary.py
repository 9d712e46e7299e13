"""Ranking of the colours that may be the brand's, by the strength of independent evidence rather than by frequency.

Near colours (CIEDE2000 < 6) are one colour. Of each source only a colour's strongest record counts, and
sources are combined by noisy-OR: 1 − ∏(1 − strength). The order of the records makes no difference.
"""

import math
import re
from collections.abc import Iterable

from tasks.brand.brand_evidence import ColourRecord, EvidenceSource, ProbedPage
from tasks.brand.colours import difference, vividness
from tasks.brand.defaults import ALL_DEFAULTS, FRAMEWORKS, UA_BUTTONS
from tasks.core.models import Frozen
from tasks.core.oklch import WHITE, contrast, is_dark
from tasks.core.palette import TEXT_CONTRAST

SAME_COLOUR = 6.0
MIN_SCORE = 0.15
MIN_MARGIN = 0.1
"""Least lead of the first colour over the second for a clear decision."""
MAX_RECORDS = 64

_CALL = {"filled": 0.85, "inverse": 0.6, "outlined": 0.6, "pale": 0.5, "background of a": 0.45}
_GENEROUS_CALL = 5_000.0
_NEUTRAL_CALL = 0.6
_NEUTRAL_GROUND = 0.4
_NEUTRAL_BESIDE_LOGO = 0.7
"""Black buttons go with many brands: a logo's colour comes before theirs."""
_RAISED_CALL = 0.28
RAISED = 1.15
"""Least contrast of a grey button to the dark page around it."""
_FRAMEWORK_CALL = 0.6
_BRAND_VARIABLE = 0.6
_ACCENT_VARIABLE = 0.45
_OTHER_VARIABLE = 0.3
_LOGO = 0.55
_WORDMARK = 0.3
_LOGO_GROUND = 0.5
"""A white logo's background is the brand's colour more often than not."""
_BESIDE_GROUND = 0.75
OTHER = 20.0
"""Least difference of a button's colour that contrasts with the logo's background."""
_DECLARED = {"mask-icon": 0.5, "theme-color": 0.45, "manifest": 0.4, "msapplication-TileColor": 0.25}
_ICON = 0.4
_LINK = 0.3
_HEADING = 0.25
_BY_PLACE = {"header": 0.3, "hero": 0.3, "page": 0.25, "footer": 0.2, "bar": 0.1}
_DETAIL = 0.25
_PREVIEW = 0.08

_TYPE = (EvidenceSource.link, EvidenceSource.heading)

# Variables beside the brand's own colour: its states, its ramp, the text on it.
_DERIVED = re.compile(
    "text|fg|foreground|content|contrast|on|hover|active|focus|visited|disabled|pressed|border|outline|ring|"
    "shadow|subtle|emphasis|light|lighter|lightest|dark|darker|darkest|muted|soft|weak|inverse|bg|background|"
    "gradient|hue|transparent|alpha|opacity|success|warning|danger|error|info"
)
_BASE_STEPS = frozenset({"500", "600", "1"})


class BrandColour(Frozen):
    """One colour with its evidence."""

    colour: str
    score: float
    """0 … 1, combined over the sources."""
    records: tuple[ColourRecord, ...]
    """The strongest record of each source, the strongest first."""


def rank_brand_colours(page: ProbedPage) -> tuple[BrandColour, ...]:
    """Return the colours that may be the brand's, the most likely first; empty if the page has none."""
    called = frozenset(record.colour for record in page.colours if record.source is EvidenceSource.call)
    neutral = _NEUTRAL_BESIDE_LOGO if any(map(_is_coloured_logo, page.colours)) else 1.0
    grounds = [record.colour for record in page.colours if record.role == "ground" and vividness(record.colour) >= 1]
    weighed = [
        (strength * _contrasting(record, grounds), record)
        for record in page.colours
        if (strength := _strength(record, page, called, neutral)) > 0
    ]
    weighed.sort(key=lambda pair: (-pair[0], -pair[1].area, pair[1].colour, pair[1].source, pair[1].found))
    groups: list[list[tuple[float, ColourRecord]]] = []
    for pair in weighed[:MAX_RECORDS]:
        for group in groups:
            if difference(group[0][1].colour, pair[1].colour) < SAME_COLOUR:
                group.append(pair)
                break
        else:
            groups.append([pair])
    # A stable sort: equal scores stay in the order of their strongest record.
    ranked = sorted((_combine(group) for group in groups), key=lambda brand: -brand.score)
    return tuple(brand for brand in ranked if brand.score >= MIN_SCORE)


def _contrasting(record: ColourRecord, grounds: list[str]) -> float:
    """Return the factor on a button in another colour than the one that the logo stands on: it is to stand out."""
    is_other = record.source is EvidenceSource.call and bool(grounds)
    return _BESIDE_GROUND if is_other and min(difference(record.colour, one) for one in grounds) > OTHER else 1.0


def is_decided(ranked: tuple[BrandColour, ...]) -> bool:
    """Whether the first colour leads clearly."""
    return len(ranked) < 2 or ranked[0].score - ranked[1].score >= MIN_MARGIN


def _combine(group: Iterable[tuple[float, ColourRecord]]) -> BrandColour:
    best: dict[EvidenceSource, tuple[float, ColourRecord]] = {}
    for strength, record in group:
        best.setdefault(record.source, (strength, record))
    records = tuple(record for _, record in best.values())
    score = 1 - math.prod(1 - strength for strength, _ in best.values())
    return BrandColour(colour=records[0].colour, score=round(score, 4), records=records)


def _is_coloured_logo(record: ColourRecord) -> bool:
    is_drawn = record.source is EvidenceSource.logo and record.role not in ("wordmark", "ground")
    return is_drawn and record.weight >= 1 and vividness(record.colour) >= 1


def _strength(record: ColourRecord, page: ProbedPage, called: frozenset[str], neutral: float) -> float:
    """Return the strength of one record as evidence for its colour, 0 … 1; `neutral` is the factor on grey buttons."""
    if record.source is EvidenceSource.call:
        return record.weight * max(_call_strength(record), neutral * _neutral_strength(record, page))
    drawn = record.source in (EvidenceSource.logo, EvidenceSource.icon, EvidenceSource.preview) and record.role not in (
        "wordmark",
        "ground",
    )
    if record.colour in ALL_DEFAULTS and not drawn and record.colour not in called:
        return 0.0
    if record.colour in page.texts[:2] and (record.source in _TYPE or record.role == "wordmark"):
        return 0.0  # a link in the text's colour has no colour of its own
    return record.weight * _source_strength(record, page) * vividness(record.colour)


def _call_strength(record: ColourRecord) -> float:
    size = 0.75 + 0.25 * min(1.0, record.area / _GENEROUS_CALL)
    known = _FRAMEWORK_CALL if record.colour in FRAMEWORKS else 1.0
    return _CALL.get(record.role, 0.0) * size * known * vividness(record.colour)


def _neutral_strength(record: ColourRecord, page: ProbedPage) -> float:
    """Return the strength of a neutral colour.

    Black on a light page or white on a dark one may be the brand's, if it fills the buttons. So may the black
    background of a white button, on a light page; and, without other evidence, the raised grey of the buttons on a
    dark one.
    """
    if record.backdrop is None or record.colour in UA_BUTTONS or vividness(record.backdrop) > 0:
        return 0.0
    size = 0.75 + 0.25 * min(1.0, record.area / _GENEROUS_CALL)
    ground = page.ground or WHITE
    if is_dark(record.colour) is is_dark(ground):
        is_raised = record.role == "filled" and is_dark(ground) and contrast(record.colour, record.backdrop) >= RAISED
        return _RAISED_CALL * size if is_raised else 0.0
    if record.role == "background of a":
        return 0.0 if is_dark(ground) else _NEUTRAL_GROUND * size
    stands_out = contrast(record.colour, record.backdrop) >= TEXT_CONTRAST
    return _NEUTRAL_CALL * size if record.role == "filled" and stands_out else 0.0


def _source_strength(record: ColourRecord, page: ProbedPage) -> float:
    match record.source:
        case EvidenceSource.variable:
            return _variable_strength(record.role) if _is_painted(record.colour, page.painted) else 0.0
        case EvidenceSource.logo:
            return {"wordmark": _WORDMARK, "ground": _LOGO_GROUND}.get(record.role, _LOGO)
        case EvidenceSource.declared:
            return _DECLARED.get(record.role, 0.0)
        case EvidenceSource.icon:
            return _ICON
        case EvidenceSource.surface:
            return _BY_PLACE.get(record.role, 0.0)
        case EvidenceSource.link:
            return _LINK
        case EvidenceSource.heading:
            return _HEADING
        case EvidenceSource.detail:
            return _DETAIL
        case EvidenceSource.preview:
            return _PREVIEW
        case _:
            return 0.0


def _variable_strength(name: str) -> float:
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower())
    if any(_DERIVED.fullmatch(word) or (word.isdigit() and word not in _BASE_STEPS) for word in words):
        return 0.0
    if "brand" in words or "primary" in words:
        return _BRAND_VARIABLE
    if "accent" in words or "cta" in words:
        return _ACCENT_VARIABLE
    return _OTHER_VARIABLE if "theme" in words or "main" in words else 0.0


def _is_painted(colour: str, painted: frozenset[str]) -> bool:
    """Whether the colour is visible, within the rounding between colour notations."""
    wanted = bytes.fromhex(colour[1:])
    return colour in painted or any(
        all(abs(a - b) <= 2 for a, b in zip(wanted, bytes.fromhex(seen[1:]), strict=True)) for seen in painted
    )
