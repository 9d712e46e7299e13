"""The evidence of a passage: its best statement, and the probability that it answers the question.

The one decision between an answer and a refusal. The statements of the passages that share most with the question are
measured (`statement_features`) and weighed (`answer_model`).
"""

import math
from collections.abc import Mapping, Sequence

from tasks.core.models import Frozen, Passage
from tasks.knowledge.answering.evidence.answer_model import REFUSAL_THRESHOLD, Rating, choose_part, rate_answer
from tasks.knowledge.answering.evidence.fact_evidence import asked_facts, facts_in
from tasks.knowledge.answering.evidence.labelled_values import implied_stems
from tasks.knowledge.answering.evidence.sense import NOTHING_READ, Check, Reading
from tasks.knowledge.answering.evidence.statement_candidates import StatementCandidate, question_above, read_candidates
from tasks.knowledge.answering.evidence.statement_features import Features, TermMatcher, measure
from tasks.knowledge.answering.question.question_analysis import Question
from tasks.knowledge.language.words import stems

MAX_JUDGED = 10
"""Statements that the cross-encoder reads beside the question: the likeliest without it."""

NOT_JUDGED = Rating(strength=0.01, is_near=False)
"""Rating of the others, when it has read some."""

MAX_READ_PASSAGES = 8
"""Passages read statement by statement; the others are preselected by all their words together."""

FACT_SHARE = 0.5
"""Share of a question that counts as met by a passage with the kind of fact that it asks for."""

SURE_FACT = 0.8
"""Certainty that a statement has the kind of fact that is asked for from which the cross-encoder only adds to its odds.

"What are your opening hours?" is asked in vain of many sites that it learned from. Such statements of a passage gain as
much as the best of them: "How can I contact you?" asks for the telephone number as much as for the address.
"""

LEAST_LABELLED = -1.0
"""The most that the cross-encoder takes from the log-odds of a labelled value of the asked type ("Seal: €1.50")."""

NEAR_LOG_ODDS = 0.3
"""Difference in log-odds below which two statements of a passage are as likely."""

SAME_QUESTION_STRENGTH = 0.75
"""Least probability that a statement answers below the site's own, equal question."""


class Evidence(Frozen):
    """A passage with the probability that it answers."""

    passage: Passage
    strength: float
    """The probability that its best statement answers the question."""
    is_near: bool = False
    """Whether that statement comes near: it is shown with a reservation if nothing answers."""
    best: int | None
    """Index of the statement that answers best; none for a passage without statements."""

    @property
    def answers(self) -> bool:
        """Whether the evidence reaches the refusal threshold."""
        return self.strength >= REFUSAL_THRESHOLD


class ReadPassages:
    """The passages that are read statement by statement, and their candidates."""

    def __init__(self, question: Question, passages: Sequence[Passage]) -> None:
        texts = [f"{passage.title} > {passage.heading}\n\n{passage.text}" for passage in passages]
        self.question = question
        self._asked = set(stems(question.text, question.language))
        self._matcher = TermMatcher(question, texts)
        shares = [
            self._matcher.share({*stems(text, question.language), *implied_stems(question, text)}) for text in texts
        ]
        asked = {each.name for each in asked_facts(question.text)}
        facts = [0.0 if asked.isdisjoint(facts_in(text)) else FACT_SHARE for text in texts]
        order = sorted(
            range(len(passages)), key=lambda index: -(shares[index] + facts[index] + passages[index].similarity)
        )
        self.passages = [passages[index] for index in order[:MAX_READ_PASSAGES]]
        self.candidates = read_candidates(self.passages)

    @property
    def contexts(self) -> list[str]:
        """The statements as a sentence model reads them, those of the likeliest passages first."""
        return [candidate.context for candidate in self.candidates]

    def _asks_the_same(self, candidate: StatementCandidate) -> bool:
        """Whether the statement is the first below a heading that is the visitor's question."""
        asked = question_above(self.passages[candidate.passage].text, candidate.at)
        return bool(asked) and set(stems(asked, self.question.language)) == self._asked

    def measure(self, reading: Reading = NOTHING_READ) -> list[Features]:
        """Return the features of each candidate."""
        return measure(self.question, self._matcher, self.passages, self.candidates, reading)

    def _rate(
        self,
        candidate: StatementCandidate,
        features: Features,
        reading: Reading,
        check: Check,
        fact_fits: Mapping[int, float],
    ) -> Rating:
        part = choose_part(features, is_understood=reading.is_understood)
        fit = reading.fits.get(candidate.context)
        if fit is not None and features.fact >= SURE_FACT:
            fit = max(fact_fits[candidate.passage], 0.0)
        elif fit is not None and features.is_labelled:
            fit = max(fit, LEAST_LABELLED)
        is_left_out = reading.fits and fit is None
        rating = NOT_JUDGED if is_left_out else rate_answer(part, features, self.question.language, check, fit)
        if not self._asks_the_same(candidate):
            return rating
        return Rating(max(rating.strength, SAME_QUESTION_STRENGTH), is_near=True)

    def _fact_fits(self, rated: Sequence[tuple[Features, StatementCandidate]], reading: Reading) -> dict[int, float]:
        """Return by passage the best rating of the statements that surely have the asked kind of fact."""
        best: dict[int, float] = {}
        for features, candidate in rated:
            if features.fact >= SURE_FACT and (fit := reading.fits.get(candidate.context)) is not None:
                best[candidate.passage] = max(fit, best.get(candidate.passage, fit))
        return best

    def shortlist(self, reading: Reading) -> list[str]:
        """Return the contexts of the likeliest statements, best first: what the cross-encoder reads."""
        rated = list(zip(self.measure(reading), self.candidates, strict=True))
        fact_fits = self._fact_fits(rated, reading)
        # Nothing is decided yet, so that the thresholds of one part do not stand against another's.
        strength = [self._rate(each, features, reading, Check.unasked, fact_fits).strength for features, each in rated]
        likely = sorted(range(len(rated)), key=lambda at: -strength[at])
        return list(dict.fromkeys(self.candidates[at].context for at in likely))[:MAX_JUDGED]

    def score(self, reading: Reading = NOTHING_READ) -> list[Evidence]:
        """Return the evidence of the passages, strongest first. Takes some 30 ms of processor time."""
        found: dict[int, list[tuple[Rating, StatementCandidate]]] = {}
        measured = list(zip(self.measure(reading), self.candidates, strict=True))
        fact_fits = self._fact_fits(measured, reading)
        check = Check.read if reading.fits else reading.check
        for features, candidate in measured:
            rating = self._rate(candidate, features, reading, check, fact_fits)
            found.setdefault(candidate.passage, []).append((rating, candidate))
        evidence = [
            _weigh(passage, found[number]) if number in found else Evidence(passage=passage, strength=0.0, best=None)
            for number, passage in enumerate(self.passages)
        ]
        return sorted(evidence, key=lambda each: -each.strength)


def _weigh(passage: Passage, rated: Sequence[tuple[Rating, StatementCandidate]]) -> Evidence:
    """Return a passage's evidence by its best statement: of those nearly as likely, the first on the page.

    The rows of a list, such as the days of opening hours, are hardly told apart by a question that names none.
    """
    strongest = max((rating for rating, _ in rated), key=lambda rating: rating.strength)
    odds = _log_odds(strongest.strength)
    near = [each for rating, each in rated if odds - _log_odds(rating.strength) <= NEAR_LOG_ODDS]
    best = min(near, key=lambda each: each.at)
    return Evidence(passage=passage, strength=strongest.strength, is_near=strongest.is_near, best=best.at)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))
