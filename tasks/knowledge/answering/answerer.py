"""The answerer: from a visitor's message to an answer with citations, or a refusal.

A chat model generates the answer from the passages, and each of its sentences is checked against them. Without a model,
and whenever it fails, the answer is extractive. Either way nothing is shown that the passages do not support.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound, TryLater
from tasks.core.models import Passage
from tasks.knowledge.answering.answer_events import CitationsEvent, TokenEvent
from tasks.knowledge.answering.clarification import find_choices
from tasks.knowledge.answering.evidence.evidence_score import Evidence, ReadPassages
from tasks.knowledge.answering.evidence.sense import NOTHING_READ, Check, Reading
from tasks.knowledge.answering.extractive_answer import select_near_quote, select_quotes
from tasks.knowledge.answering.generation.chat_model import ChatModel, ModelFailed
from tasks.knowledge.answering.generation.generated_answer import generate_answer, rewrite_follow_up
from tasks.knowledge.answering.own_answer_match import match_own_answer
from tasks.knowledge.answering.own_answer_text import own_answer_pieces
from tasks.knowledge.answering.phrases import Phrase, phrase
from tasks.knowledge.answering.prompt_injection import remove_instructions
from tasks.knowledge.answering.question.follow_ups import resolve_follow_up
from tasks.knowledge.answering.question.language_detection import detect_language
from tasks.knowledge.answering.question.question_analysis import Question, analyse_question
from tasks.knowledge.answering.question.small_talk import match_small_talk
from tasks.knowledge.answering.reply import AnsweringSite, AnswerKind, Reply
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.answering.suggestions.heading_questions import asks_about_topic
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.language.glossary import translate
from tasks.knowledge.language.words import primary_subtag
from tasks.knowledge.search.passage_search import MAX_QUERY_LENGTH, find_passages
from tasks.knowledge.search.rankings import RECALL_WEIGHTS
from tasks.records.conversations import Turn

logger = logging.getLogger("widget_builder.chat")

PASSAGES = 16
"""Passages scored for a question …"""
PER_PAGE = 3
"""… and their maximum per page."""
HISTORY = 3
"""Earlier turns that a follow-up may refer to."""


class Answerer:
    """Answers the visitors of all widgets."""

    def __init__(
        self, pool: Pool, embedder: Embedder, model: ChatModel | None, reader: SentenceReader | None = None
    ) -> None:
        self._reader = reader
        self._pool = pool
        self._embedder = embedder
        self._model = model
        self._in_flight: dict[str, asyncio.Future[list[str]]] = {}

    async def single_flight(self, key: str, make: Callable[[], Awaitable[list[str]]]) -> list[str]:
        """Return the result of `make`; concurrent calls with the same key share one run of it."""
        if key not in self._in_flight:
            task = asyncio.ensure_future(make())
            self._in_flight[key] = task
            task.add_done_callback(lambda _: self._in_flight.pop(key, None))
        # Shielded: a cancelled caller must not cancel the run for the others.
        return await asyncio.shield(self._in_flight[key])

    async def warm_up(self) -> None:
        """Load the models that the first visitor would otherwise wait for."""
        await asyncio.to_thread(_warm_up)
        if self._reader is not None:
            await self._reader.load()
        if self._model is not None:
            with suppress(ModelFailed):  # Its status says so.
                await self._model.warm_up()

    @property
    def generates(self) -> bool:
        """Whether a chat model generates the answers, at a cost."""
        return self._model is not None

    async def prepare(self, site: AnsweringSite, message: str, history: Sequence[Turn] = ()) -> Reply:
        """Return a reply with the scored passages: all that is needed before the first word.

        Raises:
            NotFound: the widget does not exist.
            TryLater: the embedder's budget is spent.
            EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: the question could not be embedded.
        """
        language = detect_language(message, site.language)
        small_talk = match_small_talk(message)
        if small_talk is not None:
            return Reply(site, message, language, message, small_talk=small_talk)
        # Before the conversation is read: a question that the owner answers stands for itself.
        own = await match_own_answer(self._pool, site.widget_id, message, site.language, self)
        if own is not None:
            return Reply(site, message, language, message, own=own)
        searched = await self._resolve_follow_up(message, history, language)
        try:
            evidence = await self.find_evidence(site, searched, asked_in=language)
        except (NotFound, TryLater):
            raise
        except InvalidRequest:
            # The message has nothing to search for: a refusal.
            evidence = []
        choices = find_choices(searched, language, site.language, evidence)
        return Reply(site, message, language, searched, evidence, history[-HISTORY:], choices=choices)

    async def read_senses(self, question: str, texts: Sequence[str], language: str) -> Mapping[str, float]:
        """Rate texts by their sense for a question; none without a sentence model, or when it is late."""
        if self._reader is None:
            return {}
        return (await self._reader.read(question, texts, asked_in=language, written_in=language)).senses

    async def judge(self, question: str, texts: Sequence[str], language: str) -> Mapping[str, float]:
        """Rate texts by the cross-encoder for a question; none without it, or when it is late."""
        if self._reader is None:
            return {}
        return await self._reader.judge(question, texts, asked_in=language, written_in=language)

    async def find_evidence(self, site: AnsweringSite, searched: str, *, asked_in: str = "") -> list[Evidence]:
        """Return the evidence of the site's passages, strongest first."""
        query = searched[:MAX_QUERY_LENGTH]
        said = await asyncio.to_thread(translate, query, asked_in or site.language, site.language)
        passages, analysed = await asyncio.gather(
            find_passages(
                self._pool,
                self._embedder,
                site.widget_id,
                query,
                PASSAGES,
                per_page=PER_PAGE,
                weights=RECALL_WEIGHTS,
                build_id=site.build_id,
            ),
            analyse_question(self._pool, site.widget_id, said, site.language, asked_in),
        )
        safe = [each for passage in passages if (each := _remove_instructions(passage))]
        if not safe:
            return []
        question = analysed.model_copy(update={"text": query})
        read = await asyncio.to_thread(ReadPassages, question, safe)
        return await asyncio.to_thread(read.score, await self._rate(question, read, asked_in))

    async def _rate(self, question: Question, read: ReadPassages, asked_in: str) -> Reading:
        """Return the statements' ratings by sense, and those of the likeliest by the cross-encoder."""
        languages = {"asked_in": asked_in or question.language, "written_in": question.language}
        reading = NOTHING_READ
        if self._reader is not None:
            reading = await self._reader.read(question.text, read.contexts, **languages)
        if asks_about_topic(question.text, languages["asked_in"]):
            return reading.model_copy(update={"check": Check.unasked})
        if self._reader is None or not reading.senses:
            return reading
        likeliest = await asyncio.to_thread(read.shortlist, reading)
        return reading.model_copy(update={"fits": await self._reader.judge(question.text, likeliest, **languages)})

    async def _resolve_follow_up(self, message: str, history: Sequence[Turn], language: str) -> str:
        if not history:
            return message
        if self._model is not None:
            try:
                return await rewrite_follow_up(self._model, message, history)
            except ModelFailed:
                logger.info("resolving a follow-up without the chat model")
        return resolve_follow_up(message, history[-1].searched, language)

    async def answer(self, reply: Reply) -> AsyncIterator[TokenEvent | CitationsEvent]:
        """Yield the answer's events in order; `reply` holds the whole answer afterwards."""
        async for piece in self._pieces(reply):
            reply.pieces.append(piece)
            yield TokenEvent(text=piece)
        reply.text = "".join(reply.pieces).strip()
        yield CitationsEvent(citations=reply.citations)

    async def quote(self, site: AnsweringSite, question: str) -> Reply:
        """Return the finished reply to a question as the site's own words give it: the chat model is not paid.

        Raises:
            NotFound, TryLater, EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable: as `prepare`.
        """
        quoting = Answerer(self._pool, self._embedder, None, self._reader)
        reply = await quoting.prepare(site, question)
        async for _ in quoting.answer(reply):
            pass
        return reply

    async def _pieces(self, reply: Reply) -> AsyncIterator[str]:
        if reply.small_talk is not None:
            reply.kind = AnswerKind.small_talk
            yield phrase(reply.small_talk, reply.language, reply.site.name, reply.site.language)
            return
        if reply.own is not None:
            reply.kind = AnswerKind.own
            reply.cite_owner(reply.own)
            for piece in own_answer_pieces(reply.own.answer):
                yield piece
            return
        if reply.choices:
            reply.kind = AnswerKind.small_talk
            yield phrase(Phrase.which_one, reply.language, reply.site.name, reply.site.language)
            return
        if self._model is not None and reply.evidence:
            async for piece in generate_answer(self._model, reply):
                yield piece
            if reply.kind is AnswerKind.generated:
                return
            if reply.says_not_found:
                yield reply.refuse()
                return
        for piece in _extract(reply):
            yield piece


def _remove_instructions(passage: Passage) -> Passage | None:
    """Return the passage without prompt injections; none if nothing else is left."""
    text = remove_instructions(passage.text)
    if text == passage.text:
        return passage
    return passage.model_copy(update={"text": text}) if re.search(r"\w", text) else None


def _warm_up() -> None:
    detect_language("Where is it?", "en")
    embed_locally(["Where is it?"])


def _extract(reply: Reply) -> list[str]:
    """Return the pieces of an extractive answer, or of the refusal."""
    quotes = select_quotes(reply.evidence)
    if not quotes:
        near = select_near_quote(reply.evidence)
        return [reply.refuse()] if near is None else list(reply.come_near(near))
    reply.kind = AnswerKind.extractive
    reply.cite([reply.evidence.index(quoted.evidence) for quoted in quotes])
    pieces: list[str] = []
    if primary_subtag(reply.language) != primary_subtag(reply.site.language):
        pieces.append(phrase(Phrase.site_says, reply.language, reply.site.name, reply.site.language) + "\n\n")
    for n, quoted in enumerate(quotes, start=1):
        first, *others = quoted.pieces(n)
        pieces += [first if n == 1 else "\n\n" + first, *others]
    return pieces
