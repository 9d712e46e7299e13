"""A shop's knowledge to answer from, and answers as a visitor sees them."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.answering.answer_events import Citation, CitationsEvent, TokenEvent
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.generation.chat_model import ChatModel
from tasks.knowledge.answering.generation.open_chat_model import open_chat_model
from tasks.knowledge.answering.reply import AnsweringSite, Reply
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.embedder import Embedder, Vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.language.words import stems
from tasks.records.conversations import Turn
from tasks.records.publication import activate_build
from tests.conftest import MakeSettings
from tests.knowledge.material import SITE, embed_page, new_job
from tests.sites.openai_server import OpenAIServer

EMBEDDER = LocalEmbedder(None)
READER = SentenceReader("all-MiniLM-L6-v2", Path("no-data"), deadline_s=60)
"""The packaged sentence model; tests wait for its ratings, however busy the machine."""


class PaidEmbedder:
    """The local embedder at a price, as a service's is: its tokens are paid from budgets."""

    model = EMBEDDER.model
    price: float | None = 0.02
    usage = EMBEDDER.usage

    async def embed(
        self, texts: Sequence[str], *, into: list[Vector | EmbeddingFailed] | None = None
    ) -> list[Vector | EmbeddingFailed]:
        """Return the local model's vectors."""
        return await EMBEDDER.embed(texts, into=into)


SHOP = {
    "/shipping": (
        "Shipping",
        "# Shipping\n\nParcels leave our warehouse the same day and arrive within two working days.\n\n"
        "Shipping to Norway costs €14. Within the EU we charge €4.90 for each parcel.",
    ),
    "/returns": (
        "Returns",
        "# Returns\n\nSend back what you do not like within 30 days and get your money back.\n\n"
        "To return something:\n\n1. Print the label from your account.\n2. Stick it on the parcel.\n"
        "3. Hand it in at any post office.",
    ),
    "/roasting": (
        "Roasting",
        "# Roasting\n\nCoffee beans are roasted slowly in small batches every Tuesday morning by Ines Okafor.",
    ),
    "/machines": (
        "Espresso machines",
        "# Espresso machines\n\n## Prices\n\n| Machine | Price | Guarantee |\n|---|---|---|\n"
        "| Piccola | €420 | 2 years |\n| Grande | €1,150 | 5 years |\n\n"
        "## Descaling\n\nRun citric acid through the boiler every three months to remove limescale. "
        "Rinse with two litres of fresh water afterwards.\n\n```\nhold STEAM + POWER for 5 seconds\n```",
    ),
    "/about": ("About us", "# About us\n\nThe roastery was founded in 2011 by Ines Okafor and her brother in Leith."),
}


@dataclass(frozen=True)
class Seen:
    """An answer as the visitor received it."""

    pieces: list[str]
    citations: tuple[Citation, ...]
    reply: Reply

    @property
    def text(self) -> str:
        """All of the text."""
        return "".join(self.pieces)

    @property
    def paths(self) -> list[str]:
        """The pages cited."""
        return [citation.url.removeprefix(SITE) for citation in self.citations]


async def build_site(
    pool: Pool,
    pages: dict[str, tuple[str, str]],
    *,
    name: str = "Leith Roasters",
    embedder: Embedder = EMBEDDER,
) -> AnsweringSite:
    """A widget that answers from the pages."""
    job = await new_job(pool)
    stored = [await embed_page(embedder, path, *text) for path, text in pages.items()]
    await store_pages(pool, job.build_id, stored)
    await activate_build(pool, job, replace=True)
    return AnsweringSite(widget_id=job.widget_id, name=name, url=f"{SITE}/", language="en")


async def ask(answerer: Answerer, site: AnsweringSite, message: str, *history: Turn) -> Seen:
    """The whole answer to a message."""
    reply = await answerer.prepare(site, message, history)
    pieces: list[str] = []
    citations: tuple[Citation, ...] = ()
    async for event in answerer.answer(reply):
        match event:
            case TokenEvent():
                pieces.append(event.text)
            case CitationsEvent():
                citations = event.citations
    return Seen(pieces, citations, reply)


def turn(seen: Seen) -> Turn:
    """The conversation turn of an answer."""
    return Turn(question=seen.reply.message, searched=seen.reply.searched, answer=seen.text)


def references(text: str) -> list[tuple[str, int]]:
    """Each reference with the words before it, back to the previous reference or the start of the line."""
    found, start = [], 0
    for match in re.finditer(r"(?<!\\)\[(\d+)\]", text):
        said = text[start : match.start()]
        found.append((said.rpartition("\n")[2] if said.strip() else said, int(match[1])))
        start = match.end()
    return found


def check_references(seen: Seen) -> None:
    """Check that every [n] resolves to a passage with the statement's words."""
    passages = {citation.n: citation.text for citation in seen.citations}
    for said, n in references(seen.text):
        words = set(stems(re.sub(r"[`*\\-]", " ", said), "en"))
        assert len(words - set(stems(passages[n], "en"))) <= 0.4 * len(words), (said, passages[n])


@asynccontextmanager
async def model_at(server: OpenAIServer, make: MakeSettings) -> AsyncIterator[ChatModel]:
    """The chat model of the server."""
    async with open_chat_model(make(openai_api_key="sk-test", openai_base_url=server.base_url)) as model:
        assert model is not None
        yield model
