"""An answer in the making: what it is made from at first, what it has become at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from tasks.core.models import Frozen, Passage
from tasks.knowledge.answering.answer_events import Citation, ErrorEvent, cite
from tasks.knowledge.answering.evidence.evidence_score import Evidence
from tasks.knowledge.answering.evidence.statements import StatementKind, read_statements
from tasks.knowledge.answering.phrases import Phrase, phrase
from tasks.knowledge.search.deep_links import deep_link
from tasks.records.conversations import ChatMessage, CitedLink, Turn

NEAREST = 3
"""Pages offered when the site does not say."""


class AnswerKind(StrEnum):
    """How an answer came about."""

    generated = "generated"
    extractive = "extractive"
    refusal = "refusal"
    small_talk = "small_talk"


class AnsweringSite(Frozen):
    """The widget's site, as answers name it."""

    widget_id: UUID
    name: str
    url: str
    language: str = "en"
    """Of its pages, BCP 47."""


@dataclass
class Reply:
    """An answer in the making."""

    site: AnsweringSite
    message: str
    language: str
    """The visitor's."""
    searched: str
    evidence: Sequence[Evidence] = ()
    history: Sequence[Turn] = ()
    talk: Phrase | None = None
    kind: AnswerKind = AnswerKind.refusal
    text: str = ""
    citations: tuple[Citation, ...] = ()
    failure: ErrorEvent | None = None
    says_not_found: bool = False
    """The model has read the passages and says that they do not answer."""
    pieces: list[str] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether the visitor got what was asked for."""
        return self.kind is not AnswerKind.refusal and self.failure is None

    @property
    def passages(self) -> list[Passage]:
        """The passages, strongest first."""
        return [evidence.passage for evidence in self.evidence]

    def as_message(self) -> ChatMessage:
        """The question and its answer, as they are kept."""
        return ChatMessage(
            question=self.message,
            searched=self.searched,
            answer=self.text,
            answered=self.answered,
            kind=self.kind,
            citations=tuple(CitedLink(n=each.n, url=each.url, title=each.title) for each in self.citations),
        )

    def cite(self, places: Sequence[int]) -> None:
        """Cite the passages at these places of `evidence` as [1], [2] …, each opened at its best statement."""
        self.citations = tuple(_cite(n, self.evidence[place]) for n, place in enumerate(places, start=1))

    def refuse(self) -> str:
        """Make it the refusal, with the nearest pages; its text."""
        self.kind = AnswerKind.refusal
        first_of_page = {evidence.passage.url: place for place, evidence in reversed(list(enumerate(self.evidence)))}
        self.cite(sorted(first_of_page.values())[:NEAREST])
        return phrase(Phrase.not_said, self.language, self.site.name)


def _cite(n: int, evidence: Evidence) -> Citation:
    passage = evidence.passage
    best = None if evidence.best is None else read_statements(passage.text)[evidence.best]
    # A row is not written on the page as it is quoted; code may be too long to be found.
    is_plain = best is not None and best.kind in (StatementKind.sentence, StatementKind.item)
    return cite(n, passage, deep_link(passage.url, best.text) if best and is_plain else passage.deep_link)
