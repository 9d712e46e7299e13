"""Whether a passage answers a question: the one decision between an answer and a refusal.

A passage's evidence is a weighted sum of what one can point at:

- `window`: how much of what the question asks for (its words, the rarer in the site the heavier) stands within
  three neighbouring statements, their headings and the page's title; around a line whose label is asked about and whose
  value is what is asked for (`given`), the question's words for that count as found;
- `place`: how much of it the headings and the title have: the passage is about it;
- `similarity`: the cosine of the local model's vectors of the question and the passage, or its best window; of the
  local model whichever provider embeds the site, so that the scale is always the same;
- `foreign`: how much of it no page of the site has;
- `names`: the heaviest name, identifier or number of the question that the passage lacks;
- `is_given`: it has such a line.

The weights are near a logistic regression's on half of the questions in `tests/benchmarks/site_questions.py`, on a
small shop's, and on some 170 questions that were asked of the wrong site; `python -m tests.benchmarks answers`
measures: of the questions that two sites answer, 83 and 90 % of the two halves are answered from a right page; all 30
that they cannot answer are refused. The threshold was chosen with all of these in view: neither
half was held out. Of those asked of the wrong site, many of which it half answers ("How do I list all tables?", asked
of a web framework), 87 % are. On a site that was not looked at before, 17 of 18 were answered, and of 64 others 56
refused; three of the eight left it does answer.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from tasks.core.models import Frozen, Passage
from tasks.knowledge.answering.evidence.labelled_values import Given, find_given, implied_stems
from tasks.knowledge.answering.evidence.statements import Statement, read_statements
from tasks.knowledge.answering.evidence.synonyms import find_synonyms
from tasks.knowledge.answering.question.answer_types import find_sought, is_value
from tasks.knowledge.answering.question.quantities import asks_for_number, has_number
from tasks.knowledge.answering.question.question_analysis import Question, QuestionTerm
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.language.words import read_words, stemmer, stems

WINDOW, PLACE, SIMILARITY, FOREIGN, NAMES, BIAS = 4.8, 2.1, 6.2, -3.7, -0.9, -7.75
LINE = 1.5
"""Of a line with what is asked for; not fitted, as few of the questions are answered by one."""
ENOUGH = 0.19
"""Evidence from which on a passage counts as answering, as a probability."""
NEIGHBOURS = 1
NUMBER = 0.3
"""What having a number is worth to a statement, in shares of the question. To the decision whether the passage
answers at all it is worth nothing: measured, passages that do not answer have numbers as often."""
GIVEN = 0.5
"""What it is worth that a line gives what is asked for."""
MOST_READ = 8
"""Passages read sentence by sentence; of the others all words together are looked at."""

Each = TypeVar("Each")


class Evidence(Frozen):
    """What speaks for a passage, each from 0 to 1 (similarity −1 … 1)."""

    passage: Passage
    window: float
    place: float
    similarity: float
    foreign: float
    names: float
    is_given: bool
    best: int | None
    """Which of the passage's statements is in the middle of the best window; none when it has none."""

    @property
    def strength(self) -> float:
        """The probability that the passage answers."""
        total = (
            WINDOW * self.window
            + PLACE * self.place
            + SIMILARITY * self.similarity
            + FOREIGN * self.foreign
            + NAMES * self.names
            + LINE * self.is_given
            + BIAS
        )
        return 1 / (1 + math.exp(-total))

    @property
    def answers(self) -> bool:
        """Whether it is enough to answer from."""
        return self.strength >= ENOUGH


class _Words:
    """How much of a question is found: a word counts fully, one that means nearly the same by its cosine."""

    def __init__(self, question: Question, texts: Iterable[str]) -> None:
        self._terms = question.terms
        self._total = question.weight or 1.0
        stem = stemmer(question.language)
        words = {word.casefold(): stem(word) for text in texts for word in read_words(text)}
        replaceable = [term.word.casefold() for term in question.terms if not term.is_name]
        self._synonyms = find_synonyms(replaceable, words)

    def credit(self, term: QuestionTerm, found: Collection[str]) -> float:
        """How much of the term the stems have."""
        if term.stem in found:
            return 1.0
        near = self._synonyms.get(term.word.casefold(), {})
        return max((credit for stem, credit in near.items() if stem in found), default=0.0)

    def share(self, found: Collection[str]) -> float:
        """How much of the question's weight the stems have."""
        return sum(term.weight * self.credit(term, found) for term in self._terms) / self._total


def weigh(question: Question, passages: Sequence[Passage]) -> list[Evidence]:
    """The evidence of each passage, strongest first. Takes processor time: some 30 ms in all."""
    if not passages:
        return []
    texts = [_embedded(passage, passage.text) for passage in passages]
    words = _Words(question, texts)
    # To read all of them sentence by sentence would double the time to the first word.
    worth = [words.share({*stems(text, question.language), *implied_stems(question, text)}) for text in texts]
    order = sorted(range(len(passages)), key=lambda place: -(worth[place] + passages[place].similarity))
    weighed = [_weigh(question, words, passages[place]) for place in order[:MOST_READ]]
    return sorted(_compared(question, weighed), key=lambda evidence: -evidence.strength)


def _embedded(passage: Passage, text: str) -> str:
    return f"{passage.title} > {passage.heading}\n\n{text}"


def _compared(question: Question, weighed: Sequence[Evidence]) -> list[Evidence]:
    """The evidence with the similarities: of the passage or of its best window, whichever is more alike."""
    texts = [
        _embedded(evidence.passage, text)
        for evidence in weighed
        for text in (evidence.passage.text, _best_window(evidence))
    ]
    asked, *vectors = embed_locally([question.text, *texts])
    alike = [float(asked @ vector) for vector in vectors]
    return [
        evidence.model_copy(update={"similarity": max(alike[2 * place : 2 * place + 2])})
        for place, evidence in enumerate(weighed)
    ]


def _best_window(evidence: Evidence) -> str:
    if evidence.best is None:
        return ""
    statements = read_statements(evidence.passage.text)
    return " ".join([statements[evidence.best].heading, *_around([s.text for s in statements], evidence.best)])


def _weigh(question: Question, words: _Words, passage: Passage) -> Evidence:
    place = set(stems(f"{passage.title} {passage.heading}", question.language))
    statements = read_statements(passage.text)
    found = [set(stems(statement.text, question.language)) for statement in statements]
    given = find_given(question, words.credit, statements, place, passage.title)
    windows = [
        words.share(
            place.union(*_around(found, index), stems(statement.heading, question.language), given[index].stems)
        )
        for index, statement in enumerate(statements)
    ]
    everything = place.union(*found, *(line.stems for line in given))
    missing = [term for term in question.terms if not words.credit(term, everything)]
    return Evidence(
        passage=passage,
        window=max(windows, default=0.0),
        place=words.share(place),
        similarity=0.0,
        foreign=sum(term.weight for term in missing if not term.is_known) / (question.weight or 1.0),
        names=max((term.weight for term in missing if term.is_name), default=0.0),
        is_given=any(line.is_it for line in given),
        best=_best(question, words, statements, found, given, windows),
    )


def _number_test(question: str) -> Callable[[str], bool]:
    """Whether a text has what is asked for, where that is a number: of the kind, if the question tells it."""
    measured = [kind for kind in find_sought(question) if kind.is_measured]
    if measured:
        return lambda text: is_value(measured, text)
    return has_number if asks_for_number(question) else lambda _: False


def _around(found: Sequence[Each], index: int) -> Sequence[Each]:
    return found[max(0, index - NEIGHBOURS) : index + NEIGHBOURS + 1]


def _best(
    question: Question,
    words: _Words,
    statements: Sequence[Statement],
    found: Sequence[set[str]],
    given: Sequence[Given],
    windows: Sequence[float],
) -> int | None:
    """Of the statements the one that has most of the question itself; a window's worth counts half.

    Where the question asks for a number, a statement that has one comes before one that has not; before both a line
    that gives what is asked for.

    A question on the page is no answer: what it asks belongs to the statement after it.
    """

    has_number = _number_test(question.text)

    def worth(at: int) -> float:
        own = found[at] | found[at - 1] if at and statements[at - 1].asks else found[at]
        number = 0.0
        if has_number(statements[at].text):
            # What is asked for, under a heading that has what it is asked of: "Delivery", "in 2 to 4 days".
            own, number = own.union(stems(statements[at].heading, question.language)), NUMBER
        line = GIVEN if given[at].is_it else 0.0
        return words.share(own | given[at].stems) + windows[at] / 2 + number + line

    candidates = [at for at, statement in enumerate(statements) if not statement.asks]
    return max(candidates, key=lambda at: (worth(at), -at), default=None)
