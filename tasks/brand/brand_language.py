"""The language of a page: as declared, unless its text is clearly in another."""

import re

from resiliparse.parse.lang import detect_fast

from tasks.brand.brand_evidence import ProbedPage

MIN_PROSE = 200
"""Letters needed to detect a language."""
FOREIGN_PROSE = 800
"""Distance to the nearest language (resiliparse) beyond which it is none of `_LANGUAGES`."""
CLEAR_LEAD = 60
"""Least distance by which English must be further away for an `en` in the markup to count as a mistake."""
DEFAULT_LANGUAGE = "en"

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.IGNORECASE)
_LANGUAGES = "en de fr es it pt nl pl sv da no fi cs tr hu ro el ru uk ar he hi zh ko ja id vi th".split()  # noqa: SIM905
_KANA = re.compile("[\u3040-\u30ff]")


def site_language(page: ProbedPage) -> tuple[str, str] | None:
    """Return the page's language as BCP 47 in canonical case (`pt-BR`), and the evidence for it.

    A clearly detected language of the text outweighs an `en` that a template left in the markup.
    """
    declared, (written, is_clear) = _declared_language(page), _written_language(page.prose)
    is_mistaken = declared is not None and declared.split("-")[0] == "en" and is_clear
    if declared and not is_mistaken:
        return declared, "lang attribute"
    return (written, "its text") if written else None


def _declared_language(page: ProbedPage) -> str | None:
    match = _LANGUAGE.match(page.language.replace("_", "-"))
    if match is None or page.language[match.end() : match.end() + 1].isalnum():
        return None
    language, *rest = match.group().split("-")
    return "-".join([language.lower(), *(p.title() if len(p) == 4 else p.upper() for p in rest)])


def _written_language(prose: str) -> tuple[str | None, bool]:
    """Detect the language of a text, and whether it is clearly not English."""
    if len(prose) >= MIN_PROSE / 4 and len(_KANA.findall(prose)) >= 0.2 * len(prose):
        return "ja", True
    if len(prose) < MIN_PROSE:
        return None, False
    found = detect_fast(prose, n_results=len(_LANGUAGES), langs=_LANGUAGES)
    distances = dict(found if isinstance(found, list) else [found])
    first = min(distances, key=lambda language: distances[language], default=None)
    if first is None or distances[first] > FOREIGN_PROSE:
        return None, False
    return first, distances.get("en", FOREIGN_PROSE) - distances[first] >= CLEAR_LEAD
