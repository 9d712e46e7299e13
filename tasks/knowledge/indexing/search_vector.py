"""The search vector of a passage: its terms as a `tsvector`, analysed here and not by PostgreSQL.

PostgreSQL's parser cuts words of Hindi and Thai at their vowel signs, and has fewer stemmers.
"""

import re
from collections.abc import Sequence

from tasks.knowledge.language.words import index_terms

MAX_POSITION = 16_383
"""PostgreSQL's largest position of a lexeme."""

_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)


def search_vector(place: Sequence[str], text: str, language: str) -> str:
    """Return the `tsvector` literal; terms of the title and the headings, those in the text included, have weight A."""
    inner = [heading for heading in _HEADING.findall(text) if heading not in place] if "#" in text else []
    marked = [(term, "A") for term in index_terms(" \n".join([*place, *inner]), language)]
    marked += [(term, "") for term in index_terms(text, language)]
    positions: dict[str, list[str]] = {}
    for at, (term, weight) in enumerate(marked[:MAX_POSITION], start=1):
        positions.setdefault(term, []).append(f"{at}{weight}")
    return " ".join(f"{_quoted(term)}:{','.join(found)}" for term, found in positions.items())


def _quoted(term: str) -> str:
    return "'" + term.replace("'", "''") + "'"
