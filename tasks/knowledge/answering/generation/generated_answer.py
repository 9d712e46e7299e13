"""The generated answer: a chat model's text, each sentence checked against the passages before the visitor sees it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tasks.core.models import Passage
from tasks.knowledge.answering.answer_events import ErrorEvent
from tasks.knowledge.answering.generation.chat_model import (
    MAX_ANSWER_TOKENS,
    MAX_REWRITE_TOKENS,
    ChatModel,
    ModelFailed,
    PromptMessage,
)
from tasks.knowledge.answering.generation.grounded_text import GroundedText
from tasks.knowledge.answering.generation.grounding import Grounding
from tasks.knowledge.answering.phrases import primary_subtag
from tasks.knowledge.answering.reply import AnswerKind, Reply
from tasks.knowledge.answering.safe_markdown import make_link_check
from tasks.records.conversations import Turn

PASSAGES = 6
"""Passages in the prompt."""
MARKER = "NOT_FOUND"
"""The model's reply if the passages do not answer."""
MAX_CHARACTERS = 1_000
"""Length of an earlier question or answer in the prompt."""
MAX_PASSAGE_CHARACTERS = 3_000
BYTES_PER_TOKEN = 3
"""A cautious estimate: few texts have fewer."""

_FOLDER = Path(__file__).parent
INSTRUCTIONS = (_FOLDER / "instructions.md").read_text("utf-8")
REWRITING = (_FOLDER / "rewriting.md").read_text("utf-8")


async def generate_answer(model: ChatModel, reply: Reply) -> AsyncIterator[str]:
    """Yield the answer's pieces; if `reply` is still a refusal afterwards, an extractive answer must follow.

    That is so when the model failed before its first word, or when no passage supports its text.
    """
    prompted = reply.passages[:PASSAGES]
    same = primary_subtag(reply.language) == primary_subtag(reply.site.language)
    grounding = Grounding(prompted, f"{reply.searched} {reply.site.name}", reply.site.language, same_language=same)
    text = GroundedText(grounding, make_link_check(reply.site.url))
    has_started = False
    try:
        async for delta in _without_marker(model.stream(_messages(reply, prompted)), reply):
            for piece in text.feed(delta):
                has_started = True
                yield piece
        for piece in text.end():
            has_started = True
            yield piece
    except ModelFailed:
        if has_started:
            reply.kind = AnswerKind.generated
            reply.failure = ErrorEvent(code="answer_interrupted", message="The answer broke off. Please ask again.")
    if text.cited:
        reply.kind = AnswerKind.generated
        reply.cite([n - 1 for n in text.cited])
    elif has_started and reply.failure is None:
        # The beginning of a dropped sentence was shown: the extractive answer starts a new paragraph.
        yield "\n\n"


async def _without_marker(deltas: AsyncIterator[str], reply: Reply) -> AsyncIterator[str]:
    """Yield the text unless it begins with the marker; a possible beginning of the marker is held back."""
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


def _messages(reply: Reply, prompted: Sequence[Passage]) -> list[PromptMessage]:
    rules = INSTRUCTIONS.format(
        name=_one_line(reply.site.name), site_url=reply.site.url, language=reply.language, marker=MARKER
    )
    turns = [
        message
        for turn in reply.history
        for message in (
            PromptMessage(role="user", content=_shorten(turn.question)),
            PromptMessage(role="assistant", content=_shorten(turn.answer)),
        )
    ]
    passages = "\n\n".join(_framed(n, passage) for n, passage in enumerate(prompted, start=1))
    question = f"Passages of the website:\n\n{passages}\n\nThe visitor's question:\n\n{reply.message}"
    if reply.searched != reply.message:
        question += f"\n\nThat is, with what was said before:\n\n{reply.searched}"
    return [PromptMessage(role="system", content=rules), *turns, PromptMessage(role="user", content=question)]


def _framed(n: int, passage: Passage) -> str:
    # A page must not be able to close its own frame.
    text = passage.text[:MAX_PASSAGE_CHARACTERS].replace("</passage", "< /passage")
    place = f'page="{_one_line(passage.title)}" heading="{_one_line(passage.heading)}"'
    return f'<passage number="{n}" {place}>\n{text}\n</passage>'


def _one_line(text: str) -> str:
    return " ".join(text.replace('"', "'").replace("<", " ").split())[:300]


async def rewrite_follow_up(model: ChatModel, message: str, history: Sequence[Turn]) -> str:
    """Return the follow-up question as the model resolves it from the conversation.

    Raises:
        ModelFailed: the model gave no answer.
    """
    answer = await model.complete(_rewriting(message, history))
    return " ".join(answer.split())[:MAX_CHARACTERS] or message


def _rewriting(message: str, history: Sequence[Turn]) -> list[PromptMessage]:
    talk = "\n".join(f"Visitor: {_shorten(turn.question)}\nAssistant: {_shorten(turn.answer)}" for turn in history)
    content = f"{talk}\nVisitor: {message}"
    return [PromptMessage(role="system", content=REWRITING), PromptMessage(role="user", content=content)]


def _shorten(text: str) -> str:
    return text[:MAX_CHARACTERS]


def tokens_to_rewrite(message: str, history: Sequence[Turn]) -> int:
    """Return the maximum of tokens for resolving a follow-up; 0 without a conversation."""
    return _tokens(_rewriting(message, history)) + MAX_REWRITE_TOKENS if history else 0


def tokens_to_answer(reply: Reply) -> int:
    """Return the maximum of tokens for the answer; 0 if the model will not be asked."""
    if reply.small_talk is not None or not reply.evidence:
        return 0
    return _tokens(_messages(reply, reply.passages[:PASSAGES])) + MAX_ANSWER_TOKENS


def tokens_unused(reply: Reply) -> int:
    """Return the reserved tokens that a finished answer did not use."""
    written = PromptMessage(role="assistant", content="".join(reply.pieces))
    return max(0, MAX_ANSWER_TOKENS - _tokens([written])) if tokens_to_answer(reply) else 0


def _tokens(messages: Sequence[PromptMessage]) -> int:
    return sum(len(message.content.encode()) // BYTES_PER_TOKEN + 4 for message in messages)
