"""Tokenization and stemming, so that the words of a question match their inflected forms in a text.

The stems are Snowball's, as in PostgreSQL's text search. Scripts without spaces between words (Chinese, Japanese,
Thai …) are split into character bigrams.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import pairwise

import Stemmer

from tasks.knowledge.language.text_search import text_search_configuration

MAX_WORD_LENGTH = 100

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?\d*")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

Stem = Callable[[str], str]


def read_words(text: str) -> Iterator[str]:
    """Yield the words and numbers as written; `snake_case` and `CamelCase` names are split."""
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        word = match[0][:MAX_WORD_LENGTH]
        if _UNSPACED.match(word):
            yield from ("".join(pair) for pair in pairwise(word)) if len(word) > 1 else (word,)
        else:
            yield from _CAMEL.split(word)


def stemmer(language: str) -> Stem:
    """Return the stemmer for a BCP 47 language tag; for an unknown language it only folds case."""
    return configuration_stemmer(text_search_configuration(language))


@cache
def configuration_stemmer(name: str) -> Stem:
    """Return the stemmer for a PostgreSQL text search configuration."""
    if name not in Stemmer.algorithms():
        return _fold
    stem_word = Stemmer.Stemmer(name).stemWord

    @lru_cache(maxsize=50_000)
    def stem(word: str) -> str:
        folded: str = stem_word(_fold(word))
        return folded

    return stem


def _fold(word: str) -> str:
    """Fold case and strip the possessive."""
    return re.sub(r"['’]s?$", "", word.casefold())


def stems(text: str, language: str) -> list[str]:
    """Return the stems of a text's words, in order."""
    stem = stemmer(language)
    return [stem(word) for word in read_words(text)]
