"""The brand's colour, by the strength of independent evidence rather than by counting.

Near colours (CIEDE2000 < 6) are one colour. Of each channel only a colour's strongest record counts, and
channels are combined by noisy-OR: 1 − ∏(1 − strength). The order of the records makes no difference.
"""

import math
import re
from collections.abc import Iterable

from tasks.brand.colours import UA_BLUES, difference, vividness
from tasks.brand.evidence import Channel, ColourRecord, Looks
from tasks.core.models import Frozen

SAME_COLOUR = 6.0
MIN_SCORE = 0.1
MAX_RECORDS = 48

_CALL = 0.85
_BY_HINT = {"primary": 1.0, "": 0.95, "secondary": 0.6, "status": 0.4}
_GENEROUS_CALL = 6_000.0
_BRAND_VARIABLE = 0.6
_ACCENT_VARIABLE = 0.45
_THEME_COLOR = 0.5
_BY_PLACE = {"header": 0.35, "hero": 0.3, "footer": 0.2}
_LINK = 0.3

# Variables beside the brand's own colour: its states, its ramp, what stands on it.
_DERIVED = re.compile(
    "text|fg|foreground|content|contrast|on|hover|active|focus|visited|disabled|pressed|border|outline|ring|"
    "shadow|subtle|emphasis|light|lighter|lightest|dark|darker|darkest|muted|soft|weak|inverse|bg|background|"
    "gradient|hue|transparent|alpha|opacity|success|warning|danger|error|info"
)
_BASE_STEPS = frozenset({"500", "600"})


class BrandColour(Frozen):
    """One colour with all that speaks for it."""

    colour: str
    score: float
    """0 … 1, combined over the channels."""
    records: tuple[ColourRecord, ...]
    """The strongest of each channel, the strongest first."""


def rank_brand_colours(looks: Looks) -> tuple[BrandColour, ...]:
    """The colours that may be the brand's, the most likely first; empty if the page has none."""
    weighed = [(strength, record) for record in looks.colours if (strength := _strength(record, looks)) > 0]
    weighed.sort(key=lambda pair: (-pair[0], -pair[1].area, pair[1].colour, pair[1].channel, pair[1].found))
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


def _combine(group: Iterable[tuple[float, ColourRecord]]) -> BrandColour:
    best: dict[Channel, tuple[float, ColourRecord]] = {}
    for strength, record in group:
        best.setdefault(record.channel, (strength, record))
    records = tuple(record for _, record in best.values())
    score = 1 - math.prod(1 - strength for strength, _ in best.values())
    return BrandColour(colour=records[0].colour, score=round(score, 4), records=records)


def _strength(record: ColourRecord, looks: Looks) -> float:
    """What one record alone says for its colour, 0 … 1."""
    if record.colour in UA_BLUES and record.channel is not Channel.call:
        return 0.0
    return _channel_strength(record, looks) * vividness(record.colour)


def _channel_strength(record: ColourRecord, looks: Looks) -> float:
    match record.channel:
        case Channel.call:
            size = 0.85 + 0.15 * min(1.0, record.area / _GENEROUS_CALL)
            return _CALL * size * _BY_HINT.get(record.role, 0.95)
        case Channel.variable:
            return _variable_strength(record.role) if _is_painted(record.colour, looks.painted) else 0.0
        case Channel.theme_color:
            return 0.0 if "dark" in record.role else _THEME_COLOR
        case Channel.surface:
            return _BY_PLACE.get(record.role, 0.0)
        case Channel.link:
            return _LINK


def _variable_strength(name: str) -> float:
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower())
    if any(_DERIVED.fullmatch(word) or (word.isdigit() and word not in _BASE_STEPS) for word in words):
        return 0.0
    if "brand" in words or "primary" in words:
        return _BRAND_VARIABLE
    return _ACCENT_VARIABLE if "accent" in words or "theme" in words else 0.0


def _is_painted(colour: str, painted: frozenset[str]) -> bool:
    """Whether it is seen, give or take the rounding between colour notations."""
    wanted = bytes.fromhex(colour[1:])
    return colour in painted or any(
        all(abs(a - b) <= 2 for a, b in zip(wanted, bytes.fromhex(seen[1:]), strict=True)) for seen in painted
    )
