"""The events of an answer's stream: pieces of text, citations, and an end.

A piece is Markdown with references like [1]; the citations resolve them.
"""

from typing import Literal
from uuid import UUID

from tasks.core.models import Frozen, Passage


class TokenEvent(Frozen):
    """The next piece of the answer."""

    type: Literal["token"] = "token"
    text: str


class Citation(Frozen):
    """A passage that supports the answer; below a refusal, one of the nearest."""

    n: int
    """The number of the reference in the text: 1, 2, 3 …"""
    url: str
    title: str
    heading: str
    text: str
    deep_link: str
    """URL of the page with a text fragment for the quoted words."""


class CitationsEvent(Frozen):
    """All passages of the answer."""

    type: Literal["citations"] = "citations"
    citations: tuple[Citation, ...]


class DoneEvent(Frozen):
    """The answer is complete."""

    type: Literal["done"] = "done"
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    """Absent, like the conversation, if the answer is not stored."""
    answered: bool
    """Whether the site answers the question."""
    near: bool = False
    """Whether an unanswered question got a statement that comes near, with a reservation."""
    suggestions: tuple[str, ...] = ()
    """Answerable questions after a refusal; after a question back, one for each thing that may be meant."""
    contact: Literal["offered", "wanted"] | None = None
    """Why the widget shows its form for an e-mail address: after a refusal, or as the visitor wants a person."""


class ErrorEvent(Frozen):
    """The answer ends unfinished."""

    type: Literal["error"] = "error"
    code: str
    message: str
    retry_after: int | None = None
    """Seconds after which a retry may succeed."""


AnswerEvent = TokenEvent | CitationsEvent | DoneEvent | ErrorEvent


def make_citation(n: int, passage: Passage, deep_link: str) -> Citation:
    """Return the passage as citation number `n`."""
    return Citation(
        n=n,
        url=passage.url,
        title=passage.title,
        heading=passage.heading,
        text=passage.text,
        deep_link=deep_link,
    )
