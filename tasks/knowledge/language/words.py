"""Tokenization and stemming: one analysis of text, for the index, for queries and for the evidence of answers.

The stems are Snowball's. Words of Thai, Lao, Burmese and Khmer, which are written without spaces, are split into
overlapping groups of two and of three characters, Chinese and Japanese ones into pairs and single characters.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from functools import cache, lru_cache
from itertools import chain, pairwise

import regex
import Stemmer

from tasks.knowledge.language.function_words import function_words

MAX_WORD_LENGTH = 100

# Combining marks belong to the letter before: vowels of Hindi, Thai and Arabic are such marks.
# An apostrophe joins an ending ("it's"), and parts an article ("l'hôtel").
_WORD = regex.compile(r"\d+(?:[.,:]\d+)*|\p{L}[\p{L}\p{M}]*(?:['’]\p{L}{1,2}(?!\p{L}))?\d*")
_ASCII_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[A-Za-z]+(?:'[A-Za-z]{1,2}(?![A-Za-z]))?\d*")
_SOUTH_EAST = regex.compile(r"[\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}]")
_EAST = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_RUNS = regex.compile(
    r"[\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}]+|[\p{Han}\p{Hiragana}\p{Katakana}ー]+|"
    r"[^\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}\p{Han}\p{Hiragana}\p{Katakana}ー]+"
)
_CHARACTER = regex.compile(r"\P{M}\p{M}*|\p{M}+")
_APOSTROPHE = re.compile("['’]")
_CAMEL = regex.compile(r"(?<=[a-z])(?=[A-Z])")
_COMPOUND = regex.compile(r"\p{L}[\p{L}\p{M}]*(?:-\p{L}[\p{L}\p{M}]*)+")

_ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
_LANGUAGES = {algorithm: language for language, algorithm in _ALGORITHMS.items()}

Stem = Callable[[str], str]


def primary_subtag(language: str) -> str:
    """Return the primary subtag of a BCP 47 tag; `no` for both kinds of Norwegian.

    Builds of earlier versions name their languages as PostgreSQL does (`german`).
    """
    subtag = language.casefold().replace("_", "-").split("-")[0]
    return "no" if subtag in ("nb", "nn") else _LANGUAGES.get(subtag, subtag)


def read_words(text: str) -> Iterator[str]:
    """Yield the words and numbers as written; `snake_case` and `CamelCase` names are split."""
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        word = match[0][:MAX_WORD_LENGTH]
        if word.isascii():
            yield from _CAMEL.split(word)
        else:
            yield from _split_unspaced(word, singles=False)


def is_unspaced(word: str) -> bool:
    """Whether the word is in a script without spaces between words."""
    return not word.isascii() and bool(_SOUTH_EAST.match(word) or _EAST.match(word))


def _split_unspaced(word: str, *, singles: bool) -> Iterator[str]:
    if not (_SOUTH_EAST.search(word) or _EAST.search(word)):
        yield word
        return
    for run in _RUNS.findall(word):
        if _SOUTH_EAST.match(run):
            characters = _CHARACTER.findall(run)
            yield from map("".join, pairwise(characters)) if len(characters) > 1 else (run,)
            yield from map("".join, zip(characters, characters[1:], characters[2:], strict=False))
        elif _EAST.match(run) and len(run) > 1:
            yield from map("".join, pairwise(run))
            if singles:
                yield from run
        else:
            yield run


def stemmer(language: str) -> Stem:
    """Return the stemmer for a BCP 47 language tag; for an unknown language it only folds case."""
    return _stemmer(primary_subtag(language))


@cache
def _stemmer(subtag: str) -> Stem:
    if subtag not in _ALGORITHMS:
        return _fold
    stem_word = Stemmer.Stemmer(_ALGORITHMS[subtag]).stemWord

    @lru_cache(maxsize=50_000)
    def stem(word: str) -> str:
        folded = _fold(word)
        # A word of nothing but affixes would be an empty term, which PostgreSQL rejects.
        stemmed: str = stem_word(folded) or folded
        return stemmed

    return stem


def _fold(word: str) -> str:
    """Fold case and strip the possessive."""
    folded = word.casefold()
    return regex.sub(r"['’]s?$", "", folded) if "'" in folded or "’" in folded else folded


def stems(text: str, language: str) -> list[str]:
    """Return the stems of a text's words, in order."""
    stem = stemmer(language)
    return [stem(word) for word in read_words(text)]


def is_among(word: str, listed: Collection[str]) -> bool:
    """Whether a list of function words has the word, or the part before its apostrophe ("what's")."""
    folded = word.casefold()
    return folded in listed or (len(parts := _APOSTROPHE.split(folded)) > 1 and parts[0] in listed)


def index_terms(text: str, language: str) -> list[str]:
    """Return the terms that a text is indexed and searched by, in order: its stems and some variants of them.

    Function words are left out; single characters of Chinese and Japanese are terms too, and so are `CamelCase` names
    and hyphenated words as one.
    """
    terms_of = _word_terms(primary_subtag(language))
    if text.isascii():
        words = _ASCII_WORD.findall(text)
    else:
        text = unicodedata.normalize("NFKC", text)
        words = _WORD.findall(text)
    if "-" in text:
        words += [found.replace("-", "") for found in _COMPOUND.findall(text)]
    return list(chain.from_iterable(map(terms_of, words)))


@cache
def _word_terms(subtag: str) -> Callable[[str], tuple[str, ...]]:
    stem, excluded = _stemmer(subtag), function_words(subtag).grammatical

    @lru_cache(maxsize=50_000)
    def terms(word: str) -> tuple[str, ...]:
        word = word[:MAX_WORD_LENGTH]
        if is_among(word, excluded):
            return ()
        if not word.isascii():
            parts = tuple(_split_unspaced(word, singles=True))
            return parts if len(parts) > 1 else tuple(map(stem, parts))
        names = _CAMEL.split(word)
        return tuple(map(stem, (word, *names) if len(names) > 1 else names))

    return terms
