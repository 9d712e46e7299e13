"""Grounding: the check whether a passage supports a sentence, which every generated sentence must pass.

A passage supports a sentence if

- it has the sentence's figures, in digits or in words, in statements about the same things,
- its nearest statements deny what the sentence denies, and nothing else,
- it has the things of the question that the sentence affirms (`affirmation`),
- and it has most of the sentence's content words by their stems, or fewer in a statement of similar meaning.

Across languages words cannot be compared: then the passage must have the figures and the names that contain one, and a
denial only where it denies something itself.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache, cached_property

from babel import Locale, UnknownLocaleError

from tasks.core.models import Passage
from tasks.knowledge.answering.evidence.statements import read_statements
from tasks.knowledge.answering.generation.affirmation import AskedThings, without_yes
from tasks.knowledge.answering.generation.figures import MIN_RUN, Figure, read_figures
from tasks.knowledge.answering.generation.negation import is_known, is_negated, negations
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import Stem, primary_subtag, read_words, stemmer

SUPPORT_THRESHOLD = 0.6
"""Share of a sentence's content words that the passage must have …"""
PARAPHRASE_THRESHOLD = 0.3
"""… or of a paraphrase, if the nearest statement is as similar as this."""
SIMILARITY = 0.5
NEAREST_SHARE = 0.6
"""Share of the best statement's matching words from which on a statement is about the same things."""
MAX_UNCHECKED_LETTERS = 3
"""Length up to which a word is not checked: short words carry little meaning."""
MAX_INTERJECTION = 2
_CAPITALIZED_NOUNS = {"de", "lb"}
_META = frozenset(
    {"passag", "context", "contexte", "contexto", "kontext", "excerpt", "snippet", "auszug", "auszüg", "extrait"}
)
"""Stems of words for the prompt's passages: a visitor sees none."""
_REFERENCE = re.compile(r"\[\d{1,2}\]")
_MARKER = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*+])\s")
_CLAUSE_END = re.compile(r"[,;:()–—](?!\d)|\b(?:and|or|und|oder|et|ou|y|och|og|en|ja)\b", re.IGNORECASE)
ADDRESS = re.compile(r"\bhttps?://[^\s<>()\[\]]+")


class _Statement:
    """A statement of a passage, ready to be compared."""

    def __init__(self, text: str, heading: str, grounding: "Grounding") -> None:
        words = list(read_words(f"{heading} {text}"))
        self.text = text
        self.stems = frozenset(map(grounding.stem, words))
        self.forms = _forms(read_figures(words, grounding.languages))
        self.is_negated = is_negated(text, grounding.language)


class _Source:
    """A passage, ready to be compared."""

    def __init__(self, passage: Passage, grounding: "Grounding") -> None:
        self._passage, self._grounding = passage, grounding
        self.text = text = f"{passage.title} {passage.heading} {passage.text}"
        words = list(read_words(text))
        self.stems = frozenset(map(grounding.stem, words))
        self.forms = _forms(read_figures(words, grounding.languages))
        self.digits = re.sub(r"\D", "", text)
        self.things = grounding.asked.backed_by(words, self.stems, grounding.language)
        """The things of the question that the passage has."""

    @cached_property
    def statements(self) -> list[_Statement]:
        read = read_statements(self._passage.text)
        return [_Statement(each.text, each.heading or self._passage.heading, self._grounding) for each in read]

    def has(self, figure: Figure, word: str) -> bool:
        """Whether the passage has the figure, or the same digits in other groups."""
        if not figure.forms.isdisjoint(self.forms):
            return True
        run = re.sub(r"\D", "", word)
        if len(run) >= MIN_RUN and run in self.digits:
            return True
        # A word may be no number: "neuf" is nine and new.
        return figure.is_word and self._grounding.stem(word) in self.stems


class _Sentence:
    """A sentence's claims."""

    def __init__(self, text: str, grounding: "Grounding") -> None:
        self.text = ADDRESS.sub(" ", _REFERENCE.sub(" ", _MARKER.sub(" ", text)))
        self.words = list(read_words(self.text))
        self.figures = read_figures(self.words, grounding.languages)
        in_figures = {place for figure in self.figures for place in figure.places}
        others = [word for place, word in enumerate(self.words) if place not in in_figures]
        # What it denies is compared apart: `_agrees`.
        left_out = function_words(*grounding.languages).all | negations(*grounding.languages)
        self.names = [grounding.stem(word) for word in others if any(character.isdigit() for character in word)]
        self.proper = self._proper_names(others, grounding)
        self.stems = frozenset(map(grounding.stem, others))
        self.content = frozenset(
            grounding.stem(word)
            for word in others
            if (len(word) > MAX_UNCHECKED_LETTERS or _is_acronym(word)) and word.casefold() not in left_out
        )

    def _proper_names(self, words: Sequence[str], grounding: "Grounding") -> frozenset[str]:
        """Return the capitalized words within the sentence, in the languages where those are names."""
        if primary_subtag(grounding.answer_language) in _CAPITALIZED_NOUNS or not grounding.same_language:
            return frozenset()
        language = primary_subtag(grounding.answer_language)
        known = _calendar(language) | function_words(language).all
        return frozenset(
            grounding.stem(word)
            for word in words[1:]
            if word[0].isupper() and len(word) > 1 and word.casefold() not in known
        )

    @property
    def is_interjection(self) -> bool:
        """Whether it is a "Sure!" that only comes before an answer."""
        return len(self.words) <= MAX_INTERJECTION and len(self.content) <= 1 and not (self.figures or self.names)


class Grounding:
    """The passages that an answer must be supported by, and the question that it may repeat."""

    def __init__(
        self,
        passages: Sequence[Passage],
        question: str,
        language: str,
        *,
        same_language: bool,
        answer_language: str | None = None,
        site_name: str = "",
    ) -> None:
        self.stem: Stem = stemmer(language)
        self.language = language
        self.answer_language = answer_language or language
        self.languages = {primary_subtag(language), primary_subtag(self.answer_language)}
        self.same_language = same_language
        self.asked = AskedThings(question, site_name, self.languages, language)
        self._sources = [_Source(passage, self) for passage in passages]

    def supporting_passages(self, sentence: str) -> list[int]:
        """Return the passages (1, 2 …) that support the sentence, best first; all if it claims nothing."""
        claims = _Sentence(sentence, self)
        shares = [(self._support(claims, source), -n) for n, source in enumerate(self._sources, start=1)]
        return [-n for share, n in sorted(shares, reverse=True) if share > 0]

    def mentions(self, address: str) -> bool:
        """Whether a passage has the address in its text."""
        return any(address in source.text for source in self._sources)

    def makes_claims(self, sentence: str) -> bool:
        """Whether the sentence has a word that must be checked."""
        claims = _Sentence(sentence, self)
        if claims.is_interjection:
            return False
        return bool(claims.figures or claims.names or (self.same_language and claims.content))

    def has_asked(self, passage: int) -> bool:
        """Whether passage 1, 2 … has all things of the question; across languages that cannot be told."""
        return not self.same_language or self.asked.are_among(self._sources[passage - 1].things)

    def affirm(self, sentence: str, passage: int) -> str:
        """Return the supported sentence, without a "Yes" if its passage does not have the things of the question."""
        return sentence if self.has_asked(passage) else without_yes(sentence, self.answer_language)

    def _support(self, sentence: _Sentence, source: _Source) -> float:
        """Return how well the passage supports the sentence, 0 … 1; 0: not."""
        figures_hold = all(source.has(figure, sentence.words[figure.places[0]]) for figure in sentence.figures)
        if not figures_hold or any(name not in source.stems for name in sentence.names):
            return 0.0
        if not self.same_language:
            return float(self._may_deny(sentence, source))
        if self._affirms_strange_things(sentence, source):
            return 0.0
        if not (sentence.content - self.asked.offering or sentence.figures or sentence.names):
            return float(self.asked.are_among(source.things))
        if not sentence.proper <= source.stems | self.asked.stems or not _META.isdisjoint(
            sentence.content - source.stems
        ):
            return 0.0
        nearest = self._nearest(sentence, source)
        if not self._holds_figures(sentence, source, nearest) or not self._agrees(sentence, nearest):
            return 0.0
        return self._share(sentence, source, nearest)

    def _affirms_strange_things(self, sentence: _Sentence, source: _Source) -> bool:
        """Whether the sentence affirms a thing of the question that the passage does not have."""
        strange = (self.asked.things & sentence.stems) - source.things
        if not strange or is_negated(sentence.text, self.language):
            return False
        says_more = bool(sentence.figures or sentence.content & source.stems - self.asked.stems - self.asked.offering)
        # "Your parcel arrives within 2 days": what the question presumes, or what a visitor does, in the site's words.
        may_differ = self.asked.is_open or (strange <= self.asked.acting and bool(source.things - self.asked.acting))
        return not (says_more and may_differ)

    def _may_deny(self, sentence: _Sentence, source: _Source) -> bool:
        if not is_negated(sentence.text, self.answer_language) or not is_known(self.language):
            return True
        return any(statement.is_negated for statement in source.statements)

    def _nearest(self, sentence: _Sentence, source: _Source) -> list[_Statement]:
        """Return the statements about the same things as the sentence, nearest first."""
        # The question's words weigh less: they tell which of a table's rows is meant.
        rated = [
            (2 * len(sentence.content & each.stems) + len(self.asked.stems & each.stems), -place, each)
            for place, each in enumerate(source.statements)
        ]
        best = max((rating for rating, _, _ in rated), default=0)
        return [each for rating, _, each in sorted(rated, reverse=True)[:20] if rating >= NEAREST_SHARE * best]

    def _holds_figures(self, sentence: _Sentence, source: _Source, nearest: Sequence[_Statement]) -> bool:
        """Whether each figure stands in a statement about the same things as the sentence or its clause."""
        found = frozenset().union(*(statement.forms for statement in nearest))
        missing = [figure for figure in sentence.figures if figure.forms.isdisjoint(found)]
        missing = [each for each in missing if not _is_long(sentence.words[each.places[0]])]
        if not missing:
            return True
        clauses = [_Sentence(text, self) for text in _CLAUSE_END.split(sentence.text)]
        return (
            len(clauses) > 1
            and all(
                self._holds_figures(clause, source, self._nearest(clause, source))
                for clause in clauses
                if clause.figures
            )
            and all(len(clause.content) > 1 for clause in clauses if clause.figures)
        )

    def _agrees(self, sentence: _Sentence, nearest: Sequence[_Statement]) -> bool:
        if not is_known(self.language):
            return True
        denies = is_negated(sentence.text, self.language)
        return not nearest or any(statement.is_negated is denies for statement in nearest)

    def _share(self, sentence: _Sentence, source: _Source, nearest: Sequence[_Statement]) -> float:
        if not sentence.content:
            return 1.0
        share = len(sentence.content & (source.stems | self.asked.stems)) / len(sentence.content)
        if share >= SUPPORT_THRESHOLD:
            return share
        if share < PARAPHRASE_THRESHOLD or not nearest:
            return 0.0
        return share if similarity(sentence.text, [each.text for each in nearest[:3]]) >= SIMILARITY else 0.0


def similarity(sentence: str, statements: Sequence[str]) -> float:
    """Return the cosine of the sentence and the statement nearest in meaning, by the local model."""
    vector, *others = embed_locally([sentence, *statements])
    return max(float(vector @ other) for other in others)


def _forms(figures: Iterable[Figure]) -> frozenset[str]:
    return frozenset().union(*(figure.forms for figure in figures))


@cache
def _calendar(language: str) -> frozenset[str]:
    """Return the names of days and months: a page may abbreviate them."""
    try:
        locale = Locale.parse(language)
    except (ValueError, UnknownLocaleError):
        return frozenset()
    names = [*locale.days["format"]["wide"].values(), *locale.months["format"]["wide"].values()]
    return frozenset(form for name in names for form in (name.casefold(), f"{name.casefold()}s"))


def _is_acronym(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _is_long(word: str) -> bool:
    return len(re.sub(r"\D", "", word)) >= MIN_RUN
