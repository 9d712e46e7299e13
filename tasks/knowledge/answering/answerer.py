"""Answers: from a visitor's message to pieces of text and the passages behind them, or an honest "it does not say".

With a chat model the passages are put into words by it, and each sentence is checked against them; without one, and
whenever it fails, the passages are quoted. Either way what the passages do not carry is not said.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Passage
from tasks.knowledge.answering.answer_events import CitationsEvent, TokenEvent
from tasks.knowledge.answering.evidence.evidence_score import Evidence, score_passages
from tasks.knowledge.answering.extractive_answer import quote
from tasks.knowledge.answering.generation.chat_model import ChatModel, ModelFailed
from tasks.knowledge.answering.generation.generated_answer import generate, rewrite
from tasks.knowledge.answering.phrases import Phrase, base, phrase
from tasks.knowledge.answering.prompt_injection import without_instructions
from tasks.knowledge.answering.question.follow_ups import resolve_follow_up
from tasks.knowledge.answering.question.language_detection import detect_language
from tasks.knowledge.answering.question.question_analysis import analyse_question
from tasks.knowledge.answering.question.small_talk import match_small_talk
from tasks.knowledge.answering.reply import AnsweringSite, AnswerKind, Reply
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.search.passage_search import MAX_QUERY_LENGTH, RECALL_WEIGHTS, find_passages
from tasks.records.conversations import Turn

logger = logging.getLogger("widget_builder.chat")

PASSAGES = 16
"""Passages weighed for a question …"""
PER_PAGE = 3
"""… at most so many of a page."""
HISTORY = 3
"""Earlier turns that a question may lean on."""


class Answerer:
    """Answers the visitors of all widgets."""

    def __init__(self, pool: Pool, embedder: Embedder, model: ChatModel | None) -> None:
        self._pool = pool
        self._embedder = embedder
        self._model = model
        self._making: dict[str, asyncio.Future[list[str]]] = {}

    async def once(self, key: str, make: Callable[[], Awaitable[list[str]]]) -> list[str]:
        """What `make` gives; who asks for the same meanwhile waits for it instead of making it too."""
        if key not in self._making:
            task = asyncio.ensure_future(make())
            self._making[key] = task
            task.add_done_callback(lambda _: self._making.pop(key, None))
        # Whoever leaves does not take it from the others.
        return await asyncio.shield(self._making[key])

    async def warm_up(self) -> None:
        """Load what the first visitor would otherwise wait for."""
        await asyncio.to_thread(_warm_up)

    @property
    def generates(self) -> bool:
        """Whether a model words the answers, at a cost."""
        return self._model is not None

    async def prepare(self, site: AnsweringSite, message: str, history: Sequence[Turn] = ()) -> Reply:
        """The passages and what speaks for them: all that is needed before the first word.

        Raises:
            NotFound: there is no such widget.
            EmbeddingFailed, EmbeddingRefused: the question could not be embedded.
        """
        language = detect_language(message, site.language)
        talk = match_small_talk(message)
        if talk is not None:
            return Reply(site, message, language, message, talk=talk)
        searched = await self._write_out(message, history, language)
        try:
            evidence = await self.weigh(site, searched, is_foreign=language != base(site.language))
        except NotFound:
            raise
        except InvalidRequest:
            # Nothing in it can be searched for, so the site does not say.
            evidence = []
        return Reply(site, message, language, searched, evidence=evidence, history=history[-HISTORY:])

    async def weigh(self, site: AnsweringSite, searched: str, *, is_foreign: bool = False) -> list[Evidence]:
        """The site's passages that may answer, strongest first."""
        query = searched[:MAX_QUERY_LENGTH]
        passages, question = await asyncio.gather(
            find_passages(
                self._pool, self._embedder, site.widget_id, query, PASSAGES, per_page=PER_PAGE, weights=RECALL_WEIGHTS
            ),
            analyse_question(self._pool, site.widget_id, query, site.language, is_foreign=is_foreign),
        )
        return await asyncio.to_thread(
            score_passages, question, [clean for p in passages if (clean := _without_instructions(p))]
        )

    async def _write_out(self, message: str, history: Sequence[Turn], language: str) -> str:
        if not history:
            return message
        if self._model is not None:
            try:
                return await rewrite(self._model, message, history)
            except ModelFailed:
                logger.info("a follow-up is written out without the model")
        return resolve_follow_up(message, history[-1].searched, language)

    async def answer(self, reply: Reply) -> AsyncIterator[TokenEvent | CitationsEvent]:
        """The answer's events in order; `reply` holds all of it afterwards."""
        async for piece in self._pieces(reply):
            reply.pieces.append(piece)
            yield TokenEvent(text=piece)
        reply.text = "".join(reply.pieces).strip()
        yield CitationsEvent(citations=reply.citations)

    async def _pieces(self, reply: Reply) -> AsyncIterator[str]:
        if reply.talk is not None:
            reply.kind = AnswerKind.small_talk
            yield phrase(reply.talk, reply.language, reply.site.name)
            return
        if self._model is not None and reply.evidence:
            async for piece in generate(self._model, reply):
                yield piece
            if reply.kind is AnswerKind.generated:
                return
            if reply.says_not_found:
                yield reply.refuse()
                return
        for piece in _extract(reply):
            yield piece


def _without_instructions(passage: Passage) -> Passage | None:
    """The passage as visitors should read it; none when nothing of it is meant for them."""
    text = without_instructions(passage.text)
    if text == passage.text:
        return passage
    return passage.model_copy(update={"text": text}) if re.search(r"\w", text) else None


def _warm_up() -> None:
    detect_language("Where is it?", "en")
    embed_locally(["Where is it?"])


def _extract(reply: Reply) -> list[str]:
    """The passages quoted, or the refusal."""
    quotes = quote(reply.evidence)
    if not quotes:
        return [reply.refuse()]
    reply.kind = AnswerKind.extractive
    reply.cite([reply.evidence.index(quoted.evidence) for quoted in quotes])
    pieces: list[str] = []
    if base(reply.language) != base(reply.site.language):
        pieces.append(phrase(Phrase.site_says, reply.language, reply.site.name) + "\n\n")
    for n, quoted in enumerate(quotes, start=1):
        first, *others = quoted.pieces(n)
        pieces += [first if n == 1 else "\n\n" + first, *others]
    return pieces
