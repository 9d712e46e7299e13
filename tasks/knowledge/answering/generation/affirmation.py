"""Affirmation: the question's words that a generated sentence repeats, and the "Yes" before it.

An answer may repeat the question's words, but the passage must have the thing that it affirms: "Yes, we sell bicycles"
consists of the question alone. A question such as "How long does delivery take?" presumes its things; a question for
yes or no asks for them.
"""

import json
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

import regex

from tasks.core.models import Frozen
from tasks.knowledge.answering.evidence.synonyms import find_synonyms
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import is_unspaced, primary_subtag, read_words, stemmer

_HIRAGANA = regex.compile(r"\p{Hiragana}")
"""Letters of Japanese particles and endings: a pair of characters with one names nothing."""
_LATIN = regex.compile(r"[\p{Latin}'’]+")


class _Words(Frozen):
    """The words of a language."""

    yes: tuple[str, ...] = ()
    """Words and phrases that affirm a question as a whole."""
    offering: tuple[str, ...] = ()
    """Words that say only that there is a thing: "sell", "offer", "available"."""
    acting: tuple[str, ...] = ()
    """Verbs of visitors: "rent", "bring", "pay". A page says them in many ways."""
    interrogatives: tuple[str, ...] = ()
    """Words of questions that cannot be answered by yes or no."""


class AskedThings:
    """The question's words, and the things among them."""

    def __init__(self, question: str, site_name: str, languages: Collection[str], language: str) -> None:
        stem = stemmer(language)
        known = [_load().get(primary_subtag(each), _Words()) for each in languages]
        words = list(dict.fromkeys(word.casefold() for word in read_words(question)))
        interrogatives = _pieces(word for each in known for word in each.interrogatives)
        named = {stem(word) for word in read_words(site_name)}
        left_out = function_words(*map(primary_subtag, languages)).all | interrogatives
        self.offering = frozenset(map(stem, _pieces(word for each in known for word in each.offering)))
        self.acting = frozenset(map(stem, _pieces(word for each in known for word in each.acting)))
        self.stems = frozenset({*map(stem, words), *named})
        self._things = {
            word: stem(word)
            for word in words
            if len(word) > 1
            and word not in left_out
            and not _HIRAGANA.search(word)
            and stem(word) not in self.offering | named
        }
        self.things = frozenset(self._things.values())
        self.is_open = not interrogatives.isdisjoint(words)
        """Whether it asks for more than yes or no."""

    def backed_by(self, words: Iterable[str], stems: Collection[str], language: str) -> frozenset[str]:
        """Return the things that a passage has, by the same word or by a synonym."""
        stem = stemmer(language)
        # The local model's vectors of other scripts do not tell synonyms from other words.
        missing = [word for word, stemmed in self._things.items() if stemmed not in stems and _LATIN.fullmatch(word)]
        near = find_synonyms(missing, {word.casefold(): stem(word) for word in words})
        return self.things.intersection(stems) | {self._things[word] for word, found in near.items() if found}

    def are_among(self, backed: Collection[str]) -> bool:
        """Whether a passage with the backed things has all that the question asks for.

        In scripts without spaces, one group of characters tells: others reach over the ends of words.
        """
        unspaced = {thing for thing in self.things if is_unspaced(thing)}
        has_unspaced = not unspaced or not unspaced.isdisjoint(backed)
        return has_unspaced and self.things - unspaced <= set(backed)


def without_yes(sentence: str, language: str) -> str:
    """Return the sentence without the "Yes, " that it begins with."""
    found = _opening(primary_subtag(language)).match(sentence)
    rest = sentence[found.end() :] if found else ""
    return f"{found[1]}{rest[0].upper()}{rest[1:]}" if found and rest.strip() else sentence


@cache
def _opening(language: str) -> re.Pattern[str]:
    words = _load().get(language, _Words()).yes
    listed = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(\W*)(?:{listed or '(?!)'})\s*[,،、，;:!.。！–—-]+\s*", re.IGNORECASE)


def _pieces(words: Iterable[str]) -> frozenset[str]:
    return frozenset(piece.casefold() for word in words for piece in read_words(word))


@cache
def _load() -> dict[str, _Words]:
    """Return the words by language; the file is read once a process."""
    loaded = json.loads(Path(__file__).with_name("affirmations.json").read_text("utf-8"))
    return {language: _Words.model_validate(words) for language, words in loaded.items()}
