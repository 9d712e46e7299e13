"""Comparison of two builds of a widget by their answers to the same questions, before the later one is published.

Answers quote the site: a comparison costs no chat model, and the same question gives the same answer.
"""

from collections.abc import Sequence
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed, TryLater
from tasks.core.models import Frozen
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.answering_site import answering_site
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.evaluation.expectations import Expectation, expectations_of
from tasks.knowledge.evaluation.verdicts import GivenAnswer, Verdict, judge
from tasks.records.owner_questions import read_shown_suggestions, read_test_questions
from tasks.records.widgets import WidgetRecord, read_widget

LEAST_LOST = 2
"""Least net loss of right answers that counts: one page may well have been taken away on purpose."""


class ComparedQuestion(Frozen):
    """A question with its verdicts."""

    question: str
    before: Verdict
    """Of the build that answers now."""
    after: Verdict


class AnswerComparison(Frozen):
    """The verdicts on both builds' answers."""

    questions: tuple[ComparedQuestion, ...] = ()
    """Those that both could be asked."""

    @property
    def right_before(self) -> int:
        """Right answers of the build that answers now."""
        return sum(each.before is Verdict.right for each in self.questions)

    @property
    def right_after(self) -> int:
        """Right answers of the later build."""
        return sum(each.after is Verdict.right for each in self.questions)

    @property
    def lost(self) -> tuple[str, ...]:
        """The questions that only the build before answers right."""
        return tuple(
            each.question for each in self.questions if each.before is Verdict.right and each.after is not Verdict.right
        )

    def is_clearly_worse(self, most_lost: float) -> bool:
        """Whether more than this share of the right answers is lost, and at least `LEAST_LOST`."""
        loss = self.right_before - self.right_after
        return loss >= LEAST_LOST and loss > most_lost * self.right_before

    @property
    def summary(self) -> dict[str, object]:
        """The totals and the questions lost: JSON."""
        return {
            "questions": len(self.questions),
            "right_before": self.right_before,
            "right_after": self.right_after,
            "lost": list(self.lost),
        }


async def compare_answers(
    pool: Pool, embedder: Embedder, widget_id: UUID, *, before: UUID, after: UUID
) -> AnswerComparison:
    """Ask both builds the owner's test questions and the suggested ones, which the site answers.

    Raises:
        NotFound: there is no such widget.
        EmbeddingRefused, EmbeddingUnavailable: the questions cannot be embedded.
    """
    widget = await read_widget(pool, widget_id)
    expected = await _read_expectations(pool, widget_id)
    answerer = Answerer(pool, embedder, None)
    compared = []
    for each in expected:
        given = [await _ask(answerer, widget, build_id, each.question) for build_id in (before, after)]
        verdicts = [judge(each, answer).verdict for answer in given]
        if Verdict.failed not in verdicts:
            compared.append(ComparedQuestion(question=each.question, before=verdicts[0], after=verdicts[1]))
    return AnswerComparison(questions=tuple(compared))


async def _read_expectations(pool: Pool, widget_id: UUID) -> Sequence[Expectation]:
    own = expectations_of(await read_test_questions(pool, widget_id))
    asked = {each.question for each in own}
    suggested = [text for text in await read_shown_suggestions(pool, widget_id) if text not in asked]
    return [*own, *(Expectation(question=text) for text in suggested)]


async def _ask(answerer: Answerer, widget: WidgetRecord, build_id: UUID, question: str) -> GivenAnswer:
    """Return a build's answer; one that could not be made says why."""
    try:
        reply = await answerer.quote(answering_site(widget, build_id), question)
    except (EmbeddingFailed, TryLater) as error:
        return GivenAnswer(text="", answered=False, failure=error.message)
    return GivenAnswer(
        text=reply.text, answered=reply.answered, pages=tuple(citation.url for citation in reply.citations)
    )
