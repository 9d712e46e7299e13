"""Glosses: a text of another language word for word in English, so that an English sentence model can read it.

A glossary is a file of entries, `form, other form = gloss`, in `glossaries/`. A word is looked up as written, then by
its stem, then without its accents; expressions of up to four words go before single ones. Compounds of some languages
are glossed by their parts. Words without an entry stay: names, numbers, loanwords.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, cached_property, lru_cache
from pathlib import Path

import regex

from tasks.knowledge.language.function_words import function_words, likely_language
from tasks.knowledge.language.words import is_among, primary_subtag, read_words, stemmer

MAX_WORDS = 4
"""Words of an expression."""
MIN_PART = 3
"""Letters of a compound's part."""
MIN_COMPOUND, MAX_COMPOUND = 7, 80
"""Letters of a word that may be a compound: at least, and at most; the longest of dictionaries have some 45."""

_FOLDER = Path(__file__).with_name("glossaries")
_TOKEN = regex.compile(r"(?P<word>\p{L}[\p{L}\p{M}]*)|[^\p{L}]+")
_INSIDE = regex.compile(r"[\s'’\-–]*")
"""Between the words of an expression."""
_LINKS = {
    "de": ("", "s", "n", "en", "es", "er", "e"),
    "nl": ("", "s", "en", "e", "n"),
    "sv": ("", "s", "e", "o", "u"),
    "da": ("", "s", "e"),
    "no": ("", "s", "e"),
    "fi": ("", "n"),
    "hu": ("",),
}
"""Letters between the parts of a compound, by language …"""
_DROPPED = ("e", "en", "a")
"""… and endings that its first part loses: Schule, halten, skola."""

ENGLISH = "en"
MAX_RENDERINGS = 2
"""Words of the site's language for one of another."""

Key = tuple[str, ...]


def has_glossary(language: str) -> bool:
    """Whether texts of the language (BCP 47) can be glossed."""
    return primary_subtag(language) in _languages()


@lru_cache(maxsize=10_000)
def gloss(text: str, language: str) -> str:
    """Return the text with its words glossed; as it is in a language without a glossary.

    `language` (BCP 47) is the site's: a text whose function words are another language's is glossed in that one.
    """
    subtag = primary_subtag(language)
    written_in = likely_language(read_words(text), (subtag,)) or subtag
    return _open(written_in).gloss(text) if written_in in _languages() else text


def translate(text: str, asked_in: str, written_in: str) -> str:
    """Return a question with its words as a site in another language may say them, by way of English.

    Each word or expression becomes up to `MAX_RENDERINGS`; names, numbers and words that no glossary has stay.
    """
    source, target = primary_subtag(asked_in), primary_subtag(written_in)
    if source == target or not all(each == ENGLISH or each in _languages() for each in (source, target)):
        return text
    english = text if source == ENGLISH else _open(source).gloss(text)
    return english if target == ENGLISH else _open(target).render(english)


def load_glossary(language: str) -> None:
    """Load the language's glossary, if there is one: some 0.2 s, once a process."""
    if has_glossary(language):
        _open(primary_subtag(language))


@cache
def _languages() -> frozenset[str]:
    return frozenset(file.stem for file in _FOLDER.glob("*.txt"))


@cache
def _open(subtag: str) -> "Glossary":
    return Glossary(subtag, (_FOLDER / f"{subtag}.txt").read_text("utf-8"))


class Glossary:
    """The entries of one language."""

    def __init__(self, language: str, listed: str) -> None:
        self._stem = stemmer(language)
        self._links = _LINKS.get(language, ())
        self._written: dict[Key, str] = {}
        self._stemmed: dict[Key, str] = {}
        self._plain: dict[Key, str] = {}
        for forms, meaning in _read(listed):
            for key in forms:
                self._written.setdefault(key, meaning)
                stemmed, plain = self._stems(key), self._stems(map(_without_accents, key))
                # What equals the written form is found there.
                if stemmed != key:
                    self._stemmed.setdefault(stemmed, meaning)
                if plain not in (key, stemmed):
                    self._plain.setdefault(plain, meaning)

    def gloss(self, text: str) -> str:
        """Return the text with its words glossed."""
        tokens = list(_TOKEN.finditer(unicodedata.normalize("NFC", text)))
        written: list[str] = []
        at = 0
        while at < len(tokens):
            if not tokens[at]["word"]:
                written.append(tokens[at][0].replace("’", " ").replace("'", " "))
                at += 1
                continue
            after, meaning = self._longest(tokens, at)
            written.append(meaning)
            at = after
        return "".join(written)

    def render(self, english: str) -> str:
        """Return an English text with words of this language: those with the same gloss, the first listed first."""
        words = [word for word in english.split() if not is_among(word.strip("?!.,;:¿¡"), function_words(ENGLISH).all)]
        rendered: list[str] = []
        at = 0
        while at < len(words):
            for end in range(min(len(words), at + MAX_WORDS), at, -1):
                found = self._renderings.get(_english_stems(" ".join(words[at:end])))
                if found:
                    rendered += found
                    at = end
                    break
            else:
                rendered.append(words[at])
                at += 1
        return " ".join(rendered)

    @cached_property
    def _renderings(self) -> dict[Key, list[str]]:
        found: dict[Key, list[str]] = {}
        for key, meaning in self._written.items():
            listed = found.setdefault(_english_stems(meaning), [])
            word = " ".join(key)
            if len(listed) < MAX_RENDERINGS and self._stems(key) not in map(self._stems, map(str.split, listed)):
                listed.append(word)
        return found

    def _longest(self, tokens: "list[regex.Match[str]]", at: int) -> tuple[int, str]:
        """Return where the longest expression from here ends, and its gloss."""
        ends: list[tuple[int, Key]] = []
        words: Key = ()
        for end in range(at, min(len(tokens), at + 2 * MAX_WORDS - 1)):
            if tokens[end]["word"]:
                words = (*words, tokens[end][0].casefold())
                ends.append((end + 1, words))
            elif not _INSIDE.fullmatch(tokens[end][0]):
                break
        for end, key in reversed(ends):
            if (found := self._find(key)) is not None:
                return end, found
        word = tokens[at][0]
        return at + 1, self._compound(word.casefold()) or word

    def _find(self, key: Key) -> str | None:
        stemmed, plain = self._stems(key), self._stems(map(_without_accents, key))
        tables = (self._written, key), (self._stemmed, stemmed), (self._written, stemmed)
        folded = (self._plain, plain), (self._stemmed, plain), (self._written, plain)
        return next((table[each] for table, each in (*tables, *folded) if each in table), None)

    def _compound(self, word: str) -> str | None:
        """Return the glosses of the compound's parts: of the longest first part whose rest can be glossed."""
        if not self._links or not MIN_COMPOUND <= len(word) <= MAX_COMPOUND:
            return None
        return self._parts(word, {})

    def _parts(self, word: str, known: dict[str, str | None]) -> str | None:
        """Return the glosses of the parts; `known` has those of rests, as a word may be cut in 2 ** parts ways."""
        if word not in known:
            known[word] = self._cut(word, known) if len(word) >= MIN_COMPOUND else None
        return known[word]

    def _cut(self, word: str, known: dict[str, str | None]) -> str | None:
        for cut in range(len(word) - MIN_PART, MIN_PART - 1, -1):
            first = self._first_part(word[:cut])
            rest = first and (self._find((word[cut:],)) or self._parts(word[cut:], known))
            if rest:
                return f"{first} {rest}"
        return None

    def _first_part(self, part: str) -> str | None:
        """Return the gloss of a part with the letters that join it to the next."""
        bare = [part.removesuffix(link) for link in self._links if part.endswith(link)]
        forms = (each + ending for each in bare if len(each) >= MIN_PART for ending in ("", *_DROPPED))
        return next((self._written[form,] for form in forms if (form,) in self._written), None)

    def _stems(self, words: Iterable[str]) -> Key:
        return tuple(map(self._stem, words))


def _read(listed: str) -> Iterator[tuple[list[Key], str]]:
    """Yield the forms and the gloss of each entry."""
    for line in listed.splitlines():
        left, _, meaning = line.partition(" = ")
        yield [tuple(_words(form)) for form in left.split(",")], meaning.strip()


def _english_stems(text: str) -> Key:
    return tuple(map(stemmer(ENGLISH), _words(text)))


def _words(text: str) -> list[str]:
    return [match[0].casefold() for match in _TOKEN.finditer(unicodedata.normalize("NFC", text)) if match["word"]]


def _without_accents(word: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", word) if not unicodedata.combining(letter))
