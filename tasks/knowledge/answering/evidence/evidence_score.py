"""The evidence score of a passage: the one decision between an answer and a refusal.

The score is a logistic function of a weighted sum of features. The share of a question is the share of its terms'
weights, which are inverse document frequencies.

- `window`: the largest share of the question within three neighbouring statements, their headings and the page's
  title; a labelled value of the answer type (`labelled_values`) implies the question's words for that type;
- `headings`: the share of the question in the headings and the title: the passage is about it;
- `similarity`: the cosine of the question and the passage, or its best window; always by the local model, whichever
  provider embeds the site, so that the scale stays the same;
- `unknown`: the share of the question that no page of the site has;
- `missing_name`: the largest weight of a name, identifier or number of the question that the passage lacks;
- `has_labelled_value`: whether the passage has a labelled value of the answer type.

The weights are close to those of a logistic regression on half of the questions in
`tests/benchmarks/site_questions.py`, on a small shop's, and on some 170 questions asked of the wrong site.
`python -m tests.benchmarks answers` measures: of the questions that two sites answer, 83 and 90 % in the two halves are
answered from a right page; all 30 that they do not answer are refused. The threshold was chosen with all of these in
view: neither half was held out. Of the questions asked of the wrong site, many of which it half answers ("How do I list
all tables?", asked of a web framework), 87 % are refused. On an unseen site, 17 of 18 questions were answered, and
of 64 others 56 were refused; three of the remaining eight have an answer on that site.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from tasks.core.models import Frozen, Passage
from tasks.knowledge.answering.evidence.labelled_values import LabelledValue, implied_stems, match_labelled_values
from tasks.knowledge.answering.evidence.statements import Statement, read_statements
from tasks.knowledge.answering.evidence.synonyms import find_synonyms
from tasks.knowledge.answering.question.answer_types import find_answer_types, has_value
from tasks.knowledge.answering.question.quantities import asks_for_number, has_number
from tasks.knowledge.answering.question.question_analysis import Question, QuestionTerm
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.language.words import read_words, stemmer, stems

WINDOW_WEIGHT, HEADINGS_WEIGHT, SIMILARITY_WEIGHT = 4.8, 2.1, 6.2
UNKNOWN_WEIGHT, MISSING_NAME_WEIGHT, BIAS = -3.7, -0.9, -7.75
LABELLED_VALUE_WEIGHT = 1.5
"""Not fitted, as labelled values answer few of the questions."""
REFUSAL_THRESHOLD = 0.19
"""Probability below which a passage does not count as an answer."""
NEIGHBOURS = 1
"""Statements before and after the middle of a window."""
NUMBER_BONUS = 0.3
"""Bonus of a statement with a number, in shares of the question. The score of the passage gets no such bonus: measured,
passages that do not answer have numbers as often."""
LABELLED_VALUE_BONUS = 0.5
"""Bonus of a statement with a labelled value of the answer type, in shares of the question."""
MAX_READ_PASSAGES = 8
"""Passages read statement by statement; the others are preselected by all their words together."""

Each = TypeVar("Each")


class Evidence(Frozen):
    """The features of a passage, each from 0 to 1 (similarity −1 … 1)."""

    passage: Passage
    window: float
    headings: float
    similarity: float
    unknown: float
    missing_name: float
    has_labelled_value: bool
    best: int | None
    """Index of the statement that answers best; none for a passage without statements."""

    @property
    def strength(self) -> float:
        """The probability that the passage answers the question."""
        total = (
            WINDOW_WEIGHT * self.window
            + HEADINGS_WEIGHT * self.headings
            + SIMILARITY_WEIGHT * self.similarity
            + UNKNOWN_WEIGHT * self.unknown
            + MISSING_NAME_WEIGHT * self.missing_name
            + LABELLED_VALUE_WEIGHT * self.has_labelled_value
            + BIAS
        )
        return 1 / (1 + math.exp(-total))

    @property
    def answers(self) -> bool:
        """Whether the evidence reaches the refusal threshold."""
        return self.strength >= REFUSAL_THRESHOLD


class _TermMatcher:
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


def score_passages(question: Question, passages: Sequence[Passage]) -> list[Evidence]:
    """Return the evidence of the passages, strongest first. Takes some 30 ms of processor time."""
    if not passages:
        return []
    texts = [_embedding_input(passage, passage.text) for passage in passages]
    matcher = _TermMatcher(question, texts)
    # Reading all passages statement by statement would double the time to the first word.
    shares = [matcher.share({*stems(text, question.language), *implied_stems(question, text)}) for text in texts]
    order = sorted(range(len(passages)), key=lambda index: -(shares[index] + passages[index].similarity))
    scored = [_score(question, matcher, passages[index]) for index in order[:MAX_READ_PASSAGES]]
    return sorted(_with_similarity(question, scored), key=lambda evidence: -evidence.strength)


def _embedding_input(passage: Passage, text: str) -> str:
    return f"{passage.title} > {passage.heading}\n\n{text}"


def _with_similarity(question: Question, scored: Sequence[Evidence]) -> list[Evidence]:
    """Add the similarity: of the passage or of its best window, whichever is higher."""
    texts = [
        _embedding_input(evidence.passage, text)
        for evidence in scored
        for text in (evidence.passage.text, _best_window(evidence))
    ]
    question_vector, *vectors = embed_locally([question.text, *texts])
    cosines = [float(question_vector @ vector) for vector in vectors]
    return [
        evidence.model_copy(update={"similarity": max(cosines[2 * index : 2 * index + 2])})
        for index, evidence in enumerate(scored)
    ]


def _best_window(evidence: Evidence) -> str:
    if evidence.best is None:
        return ""
    statements = read_statements(evidence.passage.text)
    return " ".join([statements[evidence.best].heading, *_around([s.text for s in statements], evidence.best)])


def _score(question: Question, matcher: _TermMatcher, passage: Passage) -> Evidence:
    headings = set(stems(f"{passage.title} {passage.heading}", question.language))
    statements = read_statements(passage.text)
    found = [set(stems(statement.text, question.language)) for statement in statements]
    labelled = match_labelled_values(question, matcher.credit, statements, headings, passage.title)
    windows = [
        matcher.share(
            headings.union(*_around(found, index), stems(statement.heading, question.language), labelled[index].stems)
        )
        for index, statement in enumerate(statements)
    ]
    everything = headings.union(*found, *(line.stems for line in labelled))
    missing = [term for term in question.terms if not matcher.credit(term, everything)]
    return Evidence(
        passage=passage,
        window=max(windows, default=0.0),
        headings=matcher.share(headings),
        similarity=0.0,
        unknown=sum(term.weight for term in missing if not term.is_known) / (question.weight or 1.0),
        missing_name=max((term.weight for term in missing if term.is_name), default=0.0),
        has_labelled_value=any(line.is_answer for line in labelled),
        best=_find_best(question, matcher, statements, found, labelled, windows),
    )


def _number_test(question: str) -> Callable[[str], bool]:
    """Return a test for the quantity that the question asks for: of its answer type, or any number."""
    quantities = [each for each in find_answer_types(question) if each.is_quantity]
    if quantities:
        return lambda text: has_value(quantities, text)
    return has_number if asks_for_number(question) else lambda _: False


def _around(found: Sequence[Each], index: int) -> Sequence[Each]:
    return found[max(0, index - NEIGHBOURS) : index + NEIGHBOURS + 1]


def _find_best(
    question: Question,
    matcher: _TermMatcher,
    statements: Sequence[Statement],
    found: Sequence[set[str]],
    labelled: Sequence[LabelledValue],
    windows: Sequence[float],
) -> int | None:
    """Return the index of the statement with the largest share of the question; its window's share counts half.

    If the question asks for a number, a statement with one gets a bonus, and so does a labelled value.

    A question on the page is not an answer: its words count for the statement after it.
    """

    has_number = _number_test(question.text)

    def score(at: int) -> float:
        own = found[at] | found[at - 1] if at and statements[at - 1].is_question else found[at]
        number_bonus = 0.0
        if has_number(statements[at].text):
            # The heading counts as part of a value below it: "Delivery", "in 2 to 4 days".
            own, number_bonus = own.union(stems(statements[at].heading, question.language)), NUMBER_BONUS
        value_bonus = LABELLED_VALUE_BONUS if labelled[at].is_answer else 0.0
        return matcher.share(own | labelled[at].stems) + windows[at] / 2 + number_bonus + value_bonus

    candidates = [at for at, statement in enumerate(statements) if not statement.is_question]
    return max(candidates, key=lambda at: (score(at), -at), default=None)
