"""The evidence of passages: what the cross-encoder adds to the statements that it has read beside the question."""

from tasks.core.models import Passage
from tasks.knowledge.answering.evidence.evidence_score import MAX_JUDGED, NOT_JUDGED, ReadPassages
from tasks.knowledge.answering.evidence.sense import Check, Reading
from tasks.knowledge.answering.question.question_analysis import Question, QuestionTerm

LOCKERS = [f"Locker {number} costs {number} pounds a week." for number in range(1, 15)]
READ = ReadPassages(
    Question(
        text="What does a locker cost?",
        language="en",
        terms=(
            QuestionTerm(word="locker", stem="locker", weight=0.6, is_known=True, is_name=False),
            QuestionTerm(word="cost", stem="cost", weight=0.6, is_known=True, is_name=False),
        ),
    ),
    [
        Passage(url="https://example.com/a", title="", heading="", text=text, similarity=0.5, deep_link="")
        for text in (" ".join(LOCKERS), f"Notice. {LOCKERS[0]}", "The garage is open daily.")
    ],
)
BY_SENSE = Reading(senses=dict.fromkeys(READ.contexts, 4.0))
UNDERSTOOD = BY_SENSE.model_copy(update={"is_understood": True})


def strengths(fits: dict[str, float]) -> dict[str, float]:
    """The strength of each passage, by its first word."""
    reading = BY_SENSE.model_copy(update={"fits": fits})
    return {each.passage.text.split()[0]: each.strength for each in READ.score(reading)}


def test_the_likeliest_statements_are_read_beside_the_question_each_once() -> None:
    """No more than the limit, and none that shares nothing with the question before one that does."""
    listed = READ.shortlist(BY_SENSE)
    assert len(listed) == len(set(listed)) == MAX_JUDGED
    assert set(listed) <= set(LOCKERS)


def test_the_cross_encoder_turns_an_answer_into_a_refusal_and_back() -> None:
    """By what it adds to the log-odds of each statement."""
    listed = READ.shortlist(BY_SENSE)
    sure = strengths(dict.fromkeys(listed, 20.0))
    unsure = strengths(dict.fromkeys(listed, -20.0))
    assert unsure["Locker"] < 0.5 < sure["Locker"]


def test_a_statement_that_was_not_read_does_not_answer_beside_one_that_was() -> None:
    """Its odds without the cross-encoder are of another measure."""
    assert strengths({LOCKERS[0]: 1.0})["The"] == NOT_JUDGED.strength
    assert strengths({})["The"] != NOT_JUDGED.strength


def test_without_the_cross_encoder_more_evidence_is_asked_for() -> None:
    """Unless the question names a topic: then it is not asked, and the ratings are all that there is."""
    late, topic = (
        READ.score(UNDERSTOOD.model_copy(update={"check": check}))[0] for check in (Check.missing, Check.unasked)
    )
    assert late.strength < topic.strength


def test_a_statement_below_the_threshold_comes_near_until_the_cross_encoder_takes_more() -> None:
    """Each step down takes first the answer, then the nearness."""
    listed = READ.shortlist(BY_SENSE)
    states = []
    for fit in range(5, -15, -1):
        best = READ.score(UNDERSTOOD.model_copy(update={"fits": dict.fromkeys(listed, float(fit))}))[0]
        states.append((best.answers, best.is_near))
    assert list(dict.fromkeys(states)) == [(True, True), (False, True), (False, False)]
