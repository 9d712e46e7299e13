"""Function words: the stop words of question analysis, by language.

A word is left out only in the languages of the site and of the question: "hoe" is Dutch for "how", and English for a
tool. The grammatical words of fourteen languages follow Snowball's lists (BSD), as PostgreSQL has them.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache, cached_property, lru_cache
from operator import itemgetter
from pathlib import Path

from tasks.core.models import Frozen

MIN_HITS = 2
"""Function words of a language from which a text may be written in it …"""
MIN_RATIO = 2.0
"""… and their ratio to those of the expected languages."""


class FunctionWords(Frozen):
    """The words, in lower case, of some languages together."""

    framing: frozenset[str] = frozenset()
    """Words that frame a question: "tell", "explain", "how many"."""
    pointers: frozenset[str] = frozenset()
    """Pronouns that refer to an earlier message: "it", "those"."""
    function: frozenset[str] = frozenset()
    """Articles, prepositions, auxiliaries: the usual stop words."""
    openers: tuple[str, ...] = ()
    """Openings of a follow-up question: "and", "what about"."""

    @cached_property
    def all(self) -> frozenset[str]:
        """All words but the openers: none of them names the topic of a question."""
        return self.framing | self.grammatical

    @cached_property
    def grammatical(self) -> frozenset[str]:
        """The words that search leaves out: they are on every page."""
        return self.pointers | self.function


def function_words(*languages: str) -> FunctionWords:
    """Return the words of these languages (primary subtags); without any, of all."""
    return _joined(tuple(sorted(set(languages))))


def likely_language(words: Iterable[str], expected: Collection[str]) -> str:
    """Return the language that the words are written in, judged by its function words; empty for one of `expected`."""
    known = _languages_by_word()
    hits = Counter(language for word in words for language in known.get(word.casefold(), ()))
    best, most = max(hits.items(), key=itemgetter(1), default=("", 0))
    likely = max((hits[language] for language in expected), default=0)
    return best if most >= max(MIN_HITS, MIN_RATIO * likely) and best not in set(expected) else ""


@cache
def _languages_by_word() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for language, known in _load().items():
        for word in known.all:
            found.setdefault(word, []).append(language)
    return found


@lru_cache(maxsize=1_000)
def _joined(languages: tuple[str, ...]) -> FunctionWords:
    chosen = [known for language, known in _load().items() if not languages or language in languages]
    return FunctionWords(
        framing=frozenset().union(*(known.framing for known in chosen)),
        pointers=frozenset().union(*(known.pointers for known in chosen)),
        function=frozenset().union(*(known.function for known in chosen)),
        openers=tuple(opener for known in chosen for opener in known.openers),
    )


@cache
def _load() -> dict[str, FunctionWords]:
    """Return the words by language; the file is read once a process."""
    loaded = json.loads(Path(__file__).with_name("function_words.json").read_text("utf-8"))
    return {language: FunctionWords.model_validate(words) for language, words in loaded.items()}
