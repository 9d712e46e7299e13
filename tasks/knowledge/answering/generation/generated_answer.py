"""An answer in a model's words, each sentence checked against the passages before the visitor sees it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tasks.core.models import Passage
from tasks.knowledge.answering.answer_events import ErrorEvent
from tasks.knowledge.answering.generation.chat_model import (
    MAX_ANSWER_TOKENS,
    MAX_REWRITE_TOKENS,
    ChatModel,
    Message,
    ModelFailed,
)
from tasks.knowledge.answering.generation.grounded_text import GroundedText
from tasks.knowledge.answering.generation.grounding import Grounds
from tasks.knowledge.answering.phrases import base
from tasks.knowledge.answering.reply import AnswerKind, Reply
from tasks.knowledge.answering.safe_markdown import links_to
from tasks.records.conversations import Turn

PASSAGES = 6
"""Passages a model is shown."""
MARKER = "NOT_FOUND"
"""What it says when they do not answer."""
MAX_CHARACTERS = 1_000
"""Of an earlier question or answer."""
MAX_PASSAGE_CHARACTERS = 3_000
BYTES_A_TOKEN = 3
"""A cautious estimate: few texts have fewer."""

_FOLDER = Path(__file__).parent
INSTRUCTIONS = (_FOLDER / "instructions.md").read_text("utf-8")
REWRITING = (_FOLDER / "rewriting.md").read_text("utf-8")


async def generate(model: ChatModel, reply: Reply) -> AsyncIterator[str]:
    """The answer's pieces; `reply` is a refusal still when the passages are to be quoted instead.

    So it is when the model fails before its first word, and when no passage carries what it says.
    """
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
        # The beginning of a sentence that was dropped: what follows stands apart.
        yield "\n\n"


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
        for message in (
            Message(role="user", content=_short(turn.question)),
            Message(role="assistant", content=_short(turn.answer)),
        )
    ]
    passages = "\n\n".join(_framed(n, passage) for n, passage in enumerate(shown, start=1))
    question = f"Passages of the website:\n\n{passages}\n\nThe visitor's question:\n\n{reply.message}"
    if reply.searched != reply.message:
        question += f"\n\nThat is, with what was said before:\n\n{reply.searched}"
    return [Message(role="system", content=rules), *turns, Message(role="user", content=question)]


def _framed(n: int, passage: Passage) -> str:
    # A page cannot close its own frame.
    text = passage.text[:MAX_PASSAGE_CHARACTERS].replace("</passage", "< /passage")
    place = f'page="{_one_line(passage.title)}" heading="{_one_line(passage.heading)}"'
    return f'<passage number="{n}" {place}>\n{text}\n</passage>'


def _one_line(text: str) -> str:
    return " ".join(text.replace('"', "'").replace("<", " ").split())[:300]


async def rewrite(model: ChatModel, message: str, history: Sequence[Turn]) -> str:
    """The question as the model writes it out from the conversation.

    Raises:
        ModelFailed: it does not.
    """
    answer = await model.complete(_rewriting(message, history))
    return " ".join(answer.split())[:MAX_CHARACTERS] or message


def _rewriting(message: str, history: Sequence[Turn]) -> list[Message]:
    talk = "\n".join(f"Visitor: {_short(turn.question)}\nAssistant: {_short(turn.answer)}" for turn in history)
    content = f"{talk}\nVisitor: {message}"
    return [Message(role="system", content=REWRITING), Message(role="user", content=content)]


def _short(text: str) -> str:
    return text[:MAX_CHARACTERS]


def tokens_to_rewrite(message: str, history: Sequence[Turn]) -> int:
    """The tokens that writing a follow-up question out may use up at most; none without a conversation."""
    return _tokens(_rewriting(message, history)) + MAX_REWRITE_TOKENS if history else 0


def tokens_to_answer(reply: Reply) -> int:
    """The tokens that the answer may use up at most; none when the model will not be asked."""
    if reply.talk is not None or not reply.evidence:
        return 0
    return _tokens(_messages(reply, reply.passages[:PASSAGES])) + MAX_ANSWER_TOKENS


def tokens_unused(reply: Reply) -> int:
    """The tokens that a finished answer could have used up and did not."""
    written = Message(role="assistant", content="".join(reply.pieces))
    return max(0, MAX_ANSWER_TOKENS - _tokens([written])) if tokens_to_answer(reply) else 0


def _tokens(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode()) // BYTES_A_TOKEN + 4 for message in messages)
