"""What an answer consists of, as it is sent: pieces of text, the passages behind them, an end.

A piece is Markdown with references like [1]; the citations say what each leads to.
"""

from typing import Literal
from uuid import UUID

from tasks.core.models import Frozen, Passage


class TokenEvent(Frozen):
    """The next piece of the answer."""

    type: Literal["token"] = "token"
    text: str


class Citation(Frozen):
    """A passage the answer rests on, or, when there is none, one of the nearest."""

    n: int
    """What refers to it in the text: 1, 2, 3 …"""
    url: str
    title: str
    heading: str
    text: str
    deep_link: str
    """The page, opened at the words quoted."""


class CitationsEvent(Frozen):
    """All passages of the answer."""

    type: Literal["citations"] = "citations"
    citations: tuple[Citation, ...]


class DoneEvent(Frozen):
    """The answer is complete."""

    type: Literal["done"] = "done"
    conversation_id: UUID
    message_id: UUID
    answered: bool
    """Whether the site says it."""
    suggestions: tuple[str, ...] = ()
    """Questions that can be answered, where this one cannot."""


class ErrorEvent(Frozen):
    """The answer ends here, unfinished."""

    type: Literal["error"] = "error"
    code: str
    message: str
    retry_after: int | None = None
    """Seconds after which asking again may help."""


AnswerEvent = TokenEvent | CitationsEvent | DoneEvent | ErrorEvent


def cite(n: int, passage: Passage, deep_link: str) -> Citation:
    """The passage as number `n`."""
    return Citation(
        n=n,
        url=passage.url,
        title=passage.title,
        heading=passage.heading,
        text=passage.text,
        deep_link=deep_link,
    )
