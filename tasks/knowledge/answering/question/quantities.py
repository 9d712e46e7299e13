"""Questions for a quantity ("how much", "since when", "which port"), and numbers in texts."""

import re

from tasks.core.month_names import ENGLISH

_MEASURE = (
    r"\bhow (?:much|many|long|often|far|deep|high|tall|wide|big|large|old|heavy|fast|soon|late|early)\b"
    r"|\bwie (?:viele?|lange?|oft|weit|tief|hoch|breit|groß|alt|schwer|schnell)\b"
    r"|\bhoe (?:veel|lang|vaak|ver|diep|hoog|groot|oud|zwaar|snel)\b"
)
_ASKS = re.compile(
    _MEASURE
    + r"|\b(?:what|which) (?:year|date|time|port|number|percentage|size|age|price|amount|day|days|phone number)\b"
    r"|\b(?:since|until) (?:when|which year)\b|^when (?:was|were|did|is|are|do|does)\b"
    r"|\b(?:what|how much) (?:does|do|did|will|would|is|are) .{1,80}\b(?:cost|costs|price|fee|earn)\b"
    r"|\b(?:seit|bis|ab) wann\b|^wann\b"
    r"|\bwas kostet\b|\bwas kosten\b|\bcombien\b|^quand\b|\bcu[áa]nt[oa]s?\b|^¿?cu[áa]ndo\b|\bquant[oaie]\b"
    r"|^quando\b|\bhoeveel\b|^wanneer\b|\bсколько\b|^когда\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|once|twice"
    r"|half|daily|weekly|monthly|yearly|annually|every|always|never|free|unlimited|monday|tuesday|wednesday|thursday"
    rf"|friday|saturday|sunday|{'|'.join(ENGLISH)}"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|hundert|tausend|täglich|monatlich|jährlich|kostenlos"
    r"|deux|trois|quatre|cinq|dix|cent|mille|gratuit|dos|tres|cuatro|cinco|diez|cien|mil|gratis|due|tre|quattro|dieci"
    r"|twee|drie|vijf|tien|два|три|пять|десять)\b",
    re.IGNORECASE,
)


def asks_for_number(question: str) -> bool:
    """Whether the answer must contain a number, an amount or a time."""
    return bool(_ASKS.search(question))


def without_measure(question: str) -> str:
    """Remove "how deep", "wie viele" from the question: the answer gives the depth, not the word."""
    return re.sub(_MEASURE, " ", question, flags=re.IGNORECASE)


def has_number(text: str) -> bool:
    """Whether the text has a number, in digits or in words."""
    return bool(_NUMBER.search(text))
