"""Whether a passage answers a question: the one decision between an answer and a refusal.

A passage's evidence is a weighted sum of what one can point at:

- `window`: how much of what the question asks for (its words, the rarer in the site the heavier) stands within
  three neighbouring statements, their headings and the page's title;
- `place`: how much of it the headings and the title have: the passage is about it;
- `similarity`: the cosine of the local model's vectors, whichever provider embeds the site, so that the scale
  is always the same;
- `foreign`: how much of it no page of the site has;
- `names`: the heaviest name, identifier or number of the question that the passage lacks.

The weights are a logistic regression's on half of the questions in `tests/benchmarks/site_questions.py`, and on
questions about other sites that these two cannot answer; `python -m tests.benchmarks answers` measures both halves.
"""

import math
from collections.abc import Iterable, Sequence

from tasks.core.models import Frozen, Passage
from tasks.knowledge.answering.question import Question
from tasks.knowledge.answering.sentences import Statement, read_statements
from tasks.knowledge.answering.words import stems
from tasks.knowledge.local_model import embed_locally

WINDOW, PLACE, SIMILARITY, FOREIGN, NAMES, BIAS = 3.5, 2.5, 7.0, -2.0, -2.0, -7.5
ENOUGH = 0.15
"""Evidence from which on a passage counts as answering, as a probability."""
NEIGHBOURS = 1


class Evidence(Frozen):
    """What speaks for a passage, each from 0 to 1 (similarity −1 … 1)."""

    passage: Passage
    window: float
    place: float
    similarity: float
    foreign: float
    names: float
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
            + BIAS
        )
        return 1 / (1 + math.exp(-total))

    @property
    def answers(self) -> bool:
        """Whether it is enough to answer from."""
        return self.strength >= ENOUGH


def weigh(question: Question, passages: Sequence[Passage]) -> list[Evidence]:
    """The evidence of each passage, strongest first. Takes processor time: about 2 ms a passage."""
    if not passages:
        return []
    asked, *vectors = embed_locally([question.text, *(_embedded(passage) for passage in passages)])
    similarities = [float(asked @ vector) for vector in vectors]
    weighed = [_weigh(question, *pair) for pair in zip(passages, similarities, strict=True)]
    return sorted(weighed, key=lambda evidence: -evidence.strength)


def _embedded(passage: Passage) -> str:
    return f"{passage.title} > {passage.heading}\n\n{passage.text}"


def _weigh(question: Question, passage: Passage, similarity: float) -> Evidence:
    place = set(stems(f"{passage.title} {passage.heading}", question.language))
    statements = read_statements(passage.text)
    found = [set(stems(statement.text, question.language)) for statement in statements]
    windows = [
        _share(question, place.union(*_around(found, index), stems(statement.heading, question.language)))
        for index, statement in enumerate(statements)
    ]
    everything = place.union(*found)
    missing = [term for term in question.terms if term.stem not in everything]
    total = question.weight or 1.0
    return Evidence(
        passage=passage,
        window=max(windows, default=0.0),
        place=_share(question, place),
        similarity=similarity,
        foreign=sum(term.weight for term in missing if not term.is_known) / total,
        names=max((term.weight for term in missing if term.is_name), default=0.0),
        best=_best(question, statements, found, windows),
    )


def _around(found: Sequence[set[str]], index: int) -> Sequence[set[str]]:
    return found[max(0, index - NEIGHBOURS) : index + NEIGHBOURS + 1]


def _share(question: Question, found: Iterable[str]) -> float:
    """How much of the question's weight the stems have."""
    known = set(found)
    return sum(term.weight for term in question.terms if term.stem in known) / (question.weight or 1.0)


def _best(
    question: Question, statements: Sequence[Statement], found: Sequence[set[str]], windows: Sequence[float]
) -> int | None:
    """Of the statements the one that has most of the question itself; a window's worth counts half.

    A question on the page is no answer: what it asks belongs to the statement after it.
    """

    def worth(at: int) -> float:
        own = found[at] | found[at - 1] if at and statements[at - 1].asks else found[at]
        return _share(question, own) + windows[at] / 2

    candidates = [at for at, statement in enumerate(statements) if not statement.asks]
    return max(candidates, key=lambda at: (worth(at), -at), default=None)
