"""Features of a candidate: the measures that the answer model weighs.

The share of a question is the share of its terms' weights, which are inverse document frequencies.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from tasks.core.models import Passage
from tasks.knowledge.answering.evidence.fact_evidence import FactFeatures, fact_test, is_yes_or_no
from tasks.knowledge.answering.evidence.labelled_values import LabelledValue, match_labelled_values
from tasks.knowledge.answering.evidence.local_vectors import local_vectors
from tasks.knowledge.answering.evidence.sense import Reading
from tasks.knowledge.answering.evidence.statement_candidates import StatementCandidate
from tasks.knowledge.answering.evidence.statements import StatementKind, read_statements
from tasks.knowledge.answering.evidence.synonyms import find_synonyms
from tasks.knowledge.answering.evidence.word_matches import MatchFeatures, WordMatcher
from tasks.knowledge.answering.question.answer_types import find_answer_types, has_value
from tasks.knowledge.answering.question.quantities import asks_for_number, has_number
from tasks.knowledge.answering.question.question_analysis import Question, QuestionTerm
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.language.words import read_words, stemmer, stems

NEIGHBOURS = 1
"""Statements before and after the middle of a window."""


class Features(NamedTuple):
    """The features of a candidate; shares and flags from 0 to 1."""

    own: float
    """Share of the question in the statement, with the question on the page that it follows."""
    window: float
    """Share in it and its neighbours, their headings and the page's title."""
    near_heading: float
    """Share in the nearest heading."""
    unknown: float
    """Share that no page of the site has."""
    missing: float
    """Share that the passage lacks."""
    missing_name: float
    """Largest weight of a name, identifier or number of the question that the passage lacks …"""
    unknown_name: float
    """… and that no page of the site has."""
    is_labelled: float
    """Whether it is a labelled value of the answer type."""
    has_type: float
    """Whether the question asks for a quantity and the statement has one; −1 if it has none."""
    word_cosine: float
    """Cosine of the question and the context by the local embedding model, a bag of words …"""
    passage_cosine: float
    """… and of the question and the whole passage."""
    terms: float
    """Logarithm of the number of the question's terms."""
    length: float
    """Logarithm of the statement's number of words."""
    is_listed: float
    """Whether it is an item or a row."""
    intent: float
    """Certainty of the question's everyday intent if the statement has a value for it; negative if it has none."""
    sense: float
    """Similarity in sense: the cosine by the sentence model, in standard deviations above unrelated sentences."""
    sense_lead: float
    """`sense` less the best of any other page."""
    sense_gap: float
    """`sense` less the best of all candidates, at most 0."""
    sense_passage: float
    """The best `sense` in its passage."""
    near: float = 0.0
    """Mean match of the question's words in the statement, by `word_matches` …"""
    near_window: float = 0.0
    """… and in statement, context and headings."""
    rarest: float = 0.0
    """Match of the question's rarest word in the statement …"""
    rarest_window: float = 0.0
    """… in statement, context and headings …"""
    rarest_site: float = 0.0
    """… and in all that was read of the site."""
    unmatched: float = 0.0
    """Share of the question's words that neither statement nor context nor headings say …"""
    unmatched_yes_no: float = 0.0
    """… of a question for yes or no; otherwise 0."""
    fact: float = 0.0
    """Certainty that a kind of fact is asked for if the statement has one; negative if it has none."""
    other_fact: float = 0.0
    """Whether it has a fact of a kind that is not asked for, and none that is."""


SENSE = ("intent", "sense", "sense_lead", "sense_gap", "sense_passage")
"""Features that need the sentence model."""
WITH_SENSE = (*SENSE, *MatchFeatures._fields, "unmatched_yes_no", *FactFeatures._fields)
"""Features that are weighed beside it alone: by words, they took the weight of labelled values, and lines lost."""


class TermMatcher:
    """Matches a question's terms in sets of stems: the word itself has credit 1, a synonym its cosine."""

    def __init__(self, question: Question, texts: Iterable[str]) -> None:
        self._terms = question.terms
        self._total = question.weight or 1.0
        stem = stemmer(question.language)
        words = {word.casefold(): stem(word) for text in texts for word in read_words(text)}
        replaceable = [term.word.casefold() for term in question.terms if not term.is_name]
        self._synonyms = find_synonyms(replaceable, words)

    def credit(self, term: QuestionTerm, found: Collection[str]) -> float:
        """Return the credit for the term, 0 … 1."""
        if term.stem in found:
            return 1.0
        near = self._synonyms.get(term.word.casefold(), {})
        return max((credit for stem, credit in near.items() if stem in found), default=0.0)

    def share(self, found: Collection[str]) -> float:
        """Return the share of the question's weight that the stems have."""
        return sum(term.weight * self.credit(term, found) for term in self._terms) / self._total


class _PassageFeatures(NamedTuple):
    """The features that all statements of a passage share, and its statements' stems and matches."""

    headings: frozenset[str]
    found: list[set[str]]
    labelled: list[LabelledValue]
    shared: dict[str, float]


def measure(
    question: Question,
    matcher: TermMatcher,
    passages: Sequence[Passage],
    candidates: Sequence[StatementCandidate],
    reading: Reading,
) -> list[Features]:
    """Return the features of each candidate; those of the sentence model are NaN where it has not read the context."""
    if not candidates:
        return []
    texts = [f"{passage.title} > {passage.heading}\n\n{passage.text}" for passage in passages]
    (query,) = embed_locally([question.text])
    cosines = local_vectors([*texts, *(candidate.context for candidate in candidates)]) @ query
    known = [_measure_passage(question, matcher, passage) for passage in passages]
    has_type = _type_test(question.text)
    senses = _Senses(passages, candidates, reading)
    matches = _match_words(question, texts, passages, candidates)
    has_fact, is_yes_no = fact_test(question.text, reading), is_yes_or_no(question.text)
    return [
        _measure_statement(question, matcher, known[each.passage], each, has_type)._replace(
            word_cosine=float(cosine),
            passage_cosine=float(cosines[each.passage]),
            unmatched_yes_no=matched.unmatched if is_yes_no else 0.0,
            **matched._asdict(),
            **has_fact(each.statement.text)._asdict(),
            **senses.measure(each),
        )
        for each, matched, cosine in zip(candidates, matches, cosines[len(passages) :], strict=True)
    ]


def _match_words(
    question: Question, texts: Sequence[str], passages: Sequence[Passage], candidates: Sequence[StatementCandidate]
) -> list[MatchFeatures]:
    """Return the matches of the question's words in each candidate."""
    words = WordMatcher(question, texts)
    headings = [words.columns(f"{passage.title} {passage.heading}") for passage in passages]
    found = []
    for each in candidates:
        own = words.columns(each.statement.text)
        found.append(words.measure(own, own | words.columns(each.context) | headings[each.passage]))
    return found


class _Senses:
    """Similarities in sense of the candidates, by passage and page."""

    def __init__(self, passages: Sequence[Passage], candidates: Sequence[StatementCandidate], reading: Reading) -> None:
        self._reading = reading
        self._pages = [passage.url for passage in passages]
        self._best: dict[int, float] = {}
        for each in candidates:
            sense = reading.senses.get(each.context, -math.inf)
            self._best[each.passage] = max(sense, self._best.get(each.passage, -math.inf))

    def measure(self, candidate: StatementCandidate) -> dict[str, float]:
        """Return the features that need the sentence model; NaN if the candidate was not read by it."""
        sense = self._reading.senses.get(candidate.context, math.nan)
        is_asked = 1.0 if has_value(self._reading.asked, candidate.statement.text) else -1.0
        page = self._pages[candidate.passage]
        others = [best for number, best in self._best.items() if self._pages[number] != page]
        lead = sense - max(others, default=-math.inf)
        return {
            "intent": self._reading.certainty * is_asked if self._reading.asked else 0.0,
            "sense": sense,
            "sense_lead": min(lead, MAX_LEAD),
            "sense_gap": sense - max(self._best.values()),
            "sense_passage": self._best[candidate.passage],
        }


MAX_LEAD = 3.0
"""Lead over other pages in standard deviations, at most: of a site with one page it says nothing."""


def _measure_passage(question: Question, matcher: TermMatcher, passage: Passage) -> _PassageFeatures:
    headings = frozenset(stems(f"{passage.title} {passage.heading}", question.language))
    statements = read_statements(passage.text)
    found = [set(stems(statement.text, question.language)) for statement in statements]
    labelled = match_labelled_values(question, matcher.credit, statements, headings, passage.title)
    inner = (stem for statement in statements for stem in stems(statement.heading, question.language))
    everything = headings.union(inner, *found, *(line.stems for line in labelled))
    missing = [term for term in question.terms if not matcher.credit(term, everything)]
    total = question.weight or 1.0
    shared = {
        "unknown": sum(term.weight for term in missing if not term.is_known) / total,
        "missing": sum(term.weight for term in missing) / total,
        "missing_name": max((term.weight for term in missing if term.is_name), default=0.0),
        "unknown_name": max((term.weight for term in missing if term.is_name and not term.is_known), default=0.0),
    }
    return _PassageFeatures(headings, found, labelled, shared)


def _measure_statement(
    question: Question,
    matcher: TermMatcher,
    passage: _PassageFeatures,
    candidate: StatementCandidate,
    has_type: Callable[[str], float],
) -> Features:
    at, statement = candidate.at, candidate.statement
    nearest = set(stems(statement.heading, question.language))
    labelled = passage.labelled[at]
    around = passage.found[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]
    led = set(stems(candidate.context, question.language)) - passage.headings
    return Features(
        own=matcher.share(passage.found[at] | led | labelled.stems),
        window=matcher.share(passage.headings.union(*around, nearest, labelled.stems)),
        near_heading=matcher.share(nearest),
        is_labelled=float(labelled.is_answer),
        has_type=has_type(statement.text),
        terms=math.log1p(len(question.terms)),
        length=math.log1p(len(statement.text.split())),
        is_listed=float(statement.kind in (StatementKind.item, StatementKind.row)),
        word_cosine=0.0,
        passage_cosine=0.0,
        intent=math.nan,
        sense=math.nan,
        sense_lead=math.nan,
        sense_gap=math.nan,
        sense_passage=math.nan,
        **passage.shared,
    )


def _type_test(question: str) -> Callable[[str], float]:
    """Return a test for the value that the question asks for: 1 if the text has one, −1 if not, 0 if none is asked."""
    quantities = [each for each in find_answer_types(question) if each.is_quantity]
    if quantities:
        return lambda text: 1.0 if has_value(quantities, text) else -1.0
    if asks_for_number(question):
        return lambda text: 1.0 if has_number(text) else -1.0
    return lambda _: 0.0
