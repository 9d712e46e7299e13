"""The generated answer: a chat model's text, each sentence checked against the passages before the visitor sees it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from babel import Locale, UnknownLocaleError

from tasks.core.models import Passage
from tasks.knowledge.answering.answer_events import ErrorEvent
from tasks.knowledge.answering.generation.chat_model import (
    MAX_ANSWER_TOKENS,
    MAX_REWRITE_TOKENS,
    ChatModel,
    ModelFailed,
    PromptMessage,
)
from tasks.knowledge.answering.generation.grounded_text import MARKER, GroundedText
from tasks.knowledge.answering.generation.grounding import Grounding
from tasks.knowledge.answering.reply import AnswerKind, Reply
from tasks.knowledge.answering.safe_markdown import make_link_check
from tasks.knowledge.language.words import primary_subtag
from tasks.records.conversations import Turn

PASSAGES = 6
"""Passages in the prompt."""
MAX_CHARACTERS = 1_000
"""Length of an earlier question or answer in the prompt."""
MAX_PASSAGE_CHARACTERS = 3_000
BYTES_PER_TOKEN = 3
"""A cautious estimate: few texts have fewer."""

_FOLDER = Path(__file__).parent
INSTRUCTIONS = (_FOLDER / "instructions.md").read_text("utf-8")
WISHES = (_FOLDER / "wishes.md").read_text("utf-8")
REWRITING = (_FOLDER / "rewriting.md").read_text("utf-8")


async def generate_answer(model: ChatModel, reply: Reply) -> AsyncIterator[str]:
    """Yield the answer's sentences; if `reply` is still a refusal afterwards, nothing was shown.

    That is so when the model failed before its first supported sentence, or when no passage supports its text.
    """
    prompted = reply.passages[:PASSAGES]
    text = GroundedText(_grounding(reply, prompted), make_link_check(reply.site.url))
    try:
        async for delta in model.stream(_messages(reply, prompted)):
            for piece in text.feed(delta):
                yield piece
            if text.has_marker and not text.cited:
                break
        for piece in text.end():
            yield piece
    except ModelFailed:
        if text.cited:
            reply.failure = ErrorEvent(code="answer_interrupted", message="The answer broke off. Please ask again.")
    if text.cited:
        reply.kind = AnswerKind.generated
        reply.cite([n - 1 for n in text.cited])
    reply.says_not_found = text.has_marker and not text.cited


def _grounding(reply: Reply, prompted: Sequence[Passage]) -> Grounding:
    same = primary_subtag(reply.language) == primary_subtag(reply.site.language)
    return Grounding(
        prompted,
        reply.searched,
        reply.site.language,
        same_language=same,
        answer_language=reply.language,
        site_name=reply.site.name,
    )


def _messages(reply: Reply, prompted: Sequence[Passage]) -> list[PromptMessage]:
    rules = INSTRUCTIONS.format(
        name=_one_line(reply.site.name),
        site_url=reply.site.url,
        language=language_name(reply.language),
        marker=MARKER,
        wishes=_wishes(reply.site.instructions),
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


def _wishes(instructions: str) -> str:
    """Return the prompt's part with the owner's instructions, which cannot close their own frame; empty without any."""
    return WISHES.format(wishes=instructions.replace("</wishes", "< /wishes")) if instructions else ""


def language_name(tag: str) -> str:
    """Return the English name of a BCP 47 language; the tag itself if there is none."""
    try:
        return Locale.parse(tag, sep="-").get_language_name("en") or tag
    except (ValueError, UnknownLocaleError):
        return tag


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
    if reply.small_talk is not None or reply.choices or not reply.evidence:
        return 0
    return _tokens(_messages(reply, reply.passages[:PASSAGES])) + MAX_ANSWER_TOKENS


def tokens_unused(reply: Reply) -> int:
    """Return the reserved tokens that a finished answer did not use."""
    written = PromptMessage(role="assistant", content="".join(reply.pieces))
    return max(0, MAX_ANSWER_TOKENS - _tokens([written])) if tokens_to_answer(reply) else 0


def _tokens(messages: Sequence[PromptMessage]) -> int:
    return sum(len(message.content.encode()) // BYTES_PER_TOKEN + 4 for message in messages)
