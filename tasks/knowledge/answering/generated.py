"""An answer in a model's words, each sentence checked against the passages before the visitor sees it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tasks.core.models import Passage
from tasks.knowledge.answering.events import ErrorEvent
from tasks.knowledge.answering.grounded_text import GroundedText
from tasks.knowledge.answering.markup import links_to
from tasks.knowledge.answering.model import MAX_ANSWER_TOKENS, ChatModel, Message, ModelFailed
from tasks.knowledge.answering.phrases import base
from tasks.knowledge.answering.reply import AnswerKind, Reply, Turn
from tasks.knowledge.answering.support import Grounds

PASSAGES = 6
"""Passages a model is shown."""
MARKER = "NOT_FOUND"
"""What it says when they do not answer."""
CHARACTERS_A_TOKEN = 3
"""A cautious estimate: few texts have fewer."""

_FOLDER = Path(__file__).parent
INSTRUCTIONS = (_FOLDER / "instructions.md").read_text("utf-8")
REWRITING = (_FOLDER / "rewriting.md").read_text("utf-8")


async def generate(model: ChatModel, reply: Reply) -> AsyncIterator[str]:
    """The answer's pieces. None at all when the model fails before the first: then it is to be quoted instead."""
    shown = reply.passages[:PASSAGES]
    same = base(reply.language) == base(reply.site.language)
    grounds = Grounds(shown, f"{reply.searched} {reply.site.name}", reply.site.language, same_language=same)
    text = GroundedText(grounds, links_to(reply.site.url))
    has_spoken = False
    try:
        async for delta in _without_marker(model.stream(_messages(reply, shown)), reply):
            for piece in text.feed(delta):
                has_spoken = True
                yield piece
        for piece in text.end():
            has_spoken = True
            yield piece
    except ModelFailed:
        if has_spoken:
            reply.kind = AnswerKind.generated
            reply.failure = ErrorEvent(code="answer_interrupted", message="The answer broke off. Please ask again.")
    if text.cited:
        reply.kind = AnswerKind.generated
        reply.cite([n - 1 for n in text.cited])
    elif has_spoken and reply.failure is None:
        # Words before a list whose every item was dropped: they answer nothing.
        yield "\n\n" + reply.refuse()
    elif reply.says_not_found:
        yield reply.refuse()


async def _without_marker(deltas: AsyncIterator[str], reply: Reply) -> AsyncIterator[str]:
    """The text, unless it begins with the marker; what may become the marker is held back."""
    head: str | None = ""
    async for delta in deltas:
        if head is None:
            yield delta
            continue
        head += delta
        begun = head.lstrip(" \n\"'`*")
        if begun.startswith(MARKER):
            reply.says_not_found = True
            return
        if not MARKER.startswith(begun):
            yield head
            head = None
    if head:
        yield head


def _messages(reply: Reply, shown: Sequence[Passage]) -> list[Message]:
    rules = INSTRUCTIONS.format(
        name=_one_line(reply.site.name), site_url=reply.site.url, language=reply.language, marker=MARKER
    )
    turns = [
        message
        for turn in reply.history
        for message in (Message(role="user", content=turn.question), Message(role="assistant", content=turn.answer))
    ]
    passages = "\n\n".join(_framed(n, passage) for n, passage in enumerate(shown, start=1))
    question = f"Passages of the website:\n\n{passages}\n\nThe visitor's question:\n\n{reply.message}"
    return [Message(role="system", content=rules), *turns, Message(role="user", content=question)]


def _framed(n: int, passage: Passage) -> str:
    # A page cannot close its own frame.
    text = passage.text.replace("</passage", "< /passage")
    place = f'page="{_one_line(passage.title)}" heading="{_one_line(passage.heading)}"'
    return f'<passage number="{n}" {place}>\n{text}\n</passage>'


def _one_line(text: str) -> str:
    return " ".join(text.replace('"', "'").replace("<", " ").split())[:300]


async def rewrite(model: ChatModel, message: str, history: Sequence[Turn]) -> str:
    """The question as the model writes it out from the conversation.

    Raises:
        ModelFailed: it does not.
    """
    talk = "\n".join(f"Visitor: {turn.question}\nAssistant: {turn.answer[:500]}" for turn in history)
    content = f"{talk}\nVisitor: {message}"
    answer = await model.complete([Message(role="system", content=REWRITING), Message(role="user", content=content)])
    return " ".join(answer.split())[:1_000] or message


def estimate_tokens(reply: Reply) -> int:
    """At most so many tokens the answer may use up, its question and passages included."""
    asked = sum(len(message.content) for message in _messages(reply, reply.passages[:PASSAGES]))
    return asked // CHARACTERS_A_TOKEN + MAX_ANSWER_TOKENS
