"""Words and their stems: how a question's words are found again in a text that inflects them.

The stems are Snowball's, as in PostgreSQL's text search. Writing without spaces between words (Chinese,
Japanese, Thai …) is taken in pairs of characters.
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
    """The words and numbers as they are written; `snake_case` and `CamelCase` names in their parts."""
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        word = match[0][:MAX_WORD_LENGTH]
        if _UNSPACED.match(word):
            yield from ("".join(pair) for pair in pairwise(word)) if len(word) > 1 else (word,)
        else:
            yield from _CAMEL.split(word)


def stemmer(language: str) -> Stem:
    """What turns a word into its stem, in a language given as a BCP 47 tag; unknown ones only fold case."""
    return stemmer_of(text_search_configuration(language))


@cache
def stemmer_of(name: str) -> Stem:
    """The same for a language as PostgreSQL's text search calls it."""
    if name not in Stemmer.algorithms():
        return _fold
    stem_word = Stemmer.Stemmer(name).stemWord

    @lru_cache(maxsize=50_000)
    def stem(word: str) -> str:
        folded: str = stem_word(_fold(word))
        return folded

    return stem


def _fold(word: str) -> str:
    """In lower case, without the possessive."""
    return re.sub(r"['’]s?$", "", word.casefold())


def stems(text: str, language: str) -> list[str]:
    """The stems of a text's words, in order."""
    stem = stemmer(language)
    return [stem(word) for word in read_words(text)]
