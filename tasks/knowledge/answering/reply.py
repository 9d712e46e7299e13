"""The state of an answer: its evidence before the first word, its text and citations at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from tasks.core.models import Frozen, Passage
from tasks.knowledge.answering.answer_events import Citation, ErrorEvent, make_citation
from tasks.knowledge.answering.evidence.evidence_score import Evidence
from tasks.knowledge.answering.evidence.statements import StatementKind, read_statements
from tasks.knowledge.answering.extractive_answer import Quote
from tasks.knowledge.answering.own_answer_match import OwnMatch
from tasks.knowledge.answering.own_answer_text import sanitize_owner_text
from tasks.knowledge.answering.phrases import Phrase, phrase
from tasks.knowledge.language.words import primary_subtag
from tasks.knowledge.search.deep_links import deep_link
from tasks.records.conversations import ChatMessage, CitedLink, Turn

NEAREST = 3
"""Pages cited below a refusal."""


class AnswerKind(StrEnum):
    """The origin of an answer."""

    generated = "generated"
    extractive = "extractive"
    own = "own"
    """The widget's owner wrote it."""
    refusal = "refusal"
    small_talk = "small_talk"
    """A greeting, thanks, or a question back: nothing that the site says."""


class AnsweringSite(Frozen):
    """The site that answers are about."""

    widget_id: UUID
    name: str
    url: str
    language: str = "en"
    """Language of its pages, BCP 47."""
    not_found: str = ""
    """Its owner's text for questions that it does not answer, Markdown; empty: the product's own."""
    instructions: str = ""
    """Its owner's wishes for the wording of generated answers."""
    build_id: UUID | None = None
    """The build whose knowledge answers; None: the active one."""


@dataclass
class Reply:
    """An answer and the state of its generation."""

    site: AnsweringSite
    message: str
    language: str
    """The visitor's language."""
    searched: str
    """The message as it is searched for: a follow-up is resolved."""
    evidence: Sequence[Evidence] = ()
    history: Sequence[Turn] = ()
    small_talk: Phrase | None = None
    """The phrase to reply with, if the message is small talk."""
    own: OwnMatch | None = None
    """The owner's own answer, if there is one for the message."""
    choices: Sequence[str] = ()
    """Questions for the things that the message fits, if it fits several: the reply asks back."""
    kind: AnswerKind = AnswerKind.refusal
    text: str = ""
    citations: tuple[Citation, ...] = ()
    failure: ErrorEvent | None = None
    is_near: bool = False
    """Whether the refusal quotes a statement that comes near."""
    says_not_found: bool = False
    """Whether the model found no answer in the passages."""
    pieces: list[str] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether the visitor got a complete answer."""
        return self.kind is not AnswerKind.refusal and self.failure is None

    @property
    def passages(self) -> list[Passage]:
        """The passages, strongest first."""
        return [evidence.passage for evidence in self.evidence]

    def as_message(self) -> ChatMessage:
        """Return the question and its answer as stored in the conversation."""
        return ChatMessage(
            question=self.message,
            searched=self.searched,
            answer=self.text,
            answered=self.answered,
            kind=self.kind,
            citations=tuple(CitedLink(n=each.n, url=each.url, title=each.title) for each in self.citations),
        )

    def cite(self, indices: Sequence[int]) -> None:
        """Cite the passages at these indices of `evidence` as [1], [2] …, each linked to its best statement."""
        self.citations = tuple(_cite(n, self.evidence[index]) for n, index in enumerate(indices, start=1))

    def cite_owner(self, own: OwnMatch) -> None:
        """Cite the site itself for its owner's answer, by the owner's link or else the start page."""
        url = own.link or self.site.url
        self.citations = (
            Citation(n=1, url=url, title=self.site.name, heading=own.question, text=own.answer, deep_link=url),
        )

    def refuse(self) -> str:
        """Turn the reply into a refusal that cites the nearest pages; return its text."""
        self.kind = AnswerKind.refusal
        self._cite_nearest()
        return self._not_found or phrase(Phrase.not_said, self.language, self.site.name, self.site.language)

    def come_near(self, quote: Quote) -> Iterator[str]:
        """Turn the reply into a refusal with a statement that comes near; yield its pieces."""
        self.kind = AnswerKind.refusal
        self.is_near = True
        self._cite_nearest(self.evidence.index(quote.evidence))
        yield phrase(Phrase.near_said, self.language, self.site.name, self.site.language)
        yield "\n\n"
        yield from quote.pieces(1)
        if self._not_found:
            yield f"\n\n{self._not_found}"

    def _cite_nearest(self, first: int = 0) -> None:
        """Cite the nearest pages, each once; `first` is the index of the evidence to begin with."""
        order = sorted(range(len(self.evidence)), key=lambda index: index != first)
        first_of_page = {self.evidence[index].passage.url: index for index in reversed(order)}
        self.cite([index for index in order if first_of_page[self.evidence[index].passage.url] == index][:NEAREST])

    @property
    def _not_found(self) -> str:
        """The owner's text for questions without an answer; empty if there is none for the visitor."""
        # The owner wrote it in one language; to others it would be as foreign as the site.
        if self.site.not_found and primary_subtag(self.language) == primary_subtag(self.site.language):
            return sanitize_owner_text(self.site.not_found)
        return ""


def _cite(n: int, evidence: Evidence) -> Citation:
    passage = evidence.passage
    best = None if evidence.best is None else read_statements(passage.text)[evidence.best]
    # A quoted row differs from the page's text, and code may be too long for a text fragment.
    is_plain = best is not None and best.kind in (StatementKind.sentence, StatementKind.item)
    return make_citation(n, passage, deep_link(passage.url, best.text) if best and is_plain else passage.deep_link)
