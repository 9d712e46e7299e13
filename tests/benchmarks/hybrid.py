"""The hybrid search with a real embedder behind OpenAI's protocol: both rankings together beside each alone.

Questions of XQuAD (English, paragraphs as pages). The weights of models that are not our own were in view on the
articles at even places; the articles at odd places were only measured.
"""

import gzip
import json
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from pydantic import SecretStr
from rich.table import Table

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed
from tasks.core.models import EmbeddedPage, Job, ReadPage, Target
from tasks.core.settings import Settings
from tasks.knowledge.embedding.embedder import Embedder, Vector
from tasks.knowledge.embedding.openai_embedder import open_openai_embedder
from tasks.knowledge.embedding.page_vector import page_vector
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.knowledge.indexing.chunks import chunk_page, embedding_text, overview_text
from tasks.knowledge.search.passage_search import find_passages
from tasks.knowledge.search.rankings import Ranking
from tests.benchmarks.embedding_server import NAME, NoModel, serve_embeddings
from tests.benchmarks.knowledge import SITE, open_database, store_widget
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import ROOT

FILE = ROOT.parent / "shared" / "bench" / "answers" / "xquad-even-articles.json.gz"
QUESTIONS_A_PAGE = 2
FOUND = 5


class Question(NamedTuple):
    """A question, the page that answers it, and its half: 0 in view, 1 only measured."""

    text: str
    url: str
    half: int


class _Remembering:
    """The embedder, with the vectors of texts that it has embedded before."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Vector | EmbeddingFailed] = {}
        self.model, self.price, self.usage = embedder.model, embedder.price, embedder.usage

    async def embed(
        self, texts: Sequence[str], *, into: list[Vector | EmbeddingFailed] | None = None
    ) -> list[Vector | EmbeddingFailed]:
        """Return the texts' vectors."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, await self._embedder.embed(new) if new else (), strict=True))
        return [self._known[text] for text in texts]


class Ranks(NamedTuple):
    """Shares of questions whose page is first, and among the first five; and the mean reciprocal rank."""

    first: float
    five: float
    reciprocal: float


async def run(scores: Scores) -> None:
    """Store the paragraphs, ask the questions with each ranking, print the shares by half."""
    if not FILE.is_file():
        scores.console.print("hybrid: ../shared/bench/answers is missing", style="yellow")
        return
    try:
        async with serve_embeddings() as base_url, open_database() as pool:
            settings = Settings(
                _env_file=None,
                openai_api_key=SecretStr("sk-local"),
                openai_base_url=base_url,
                embedding_model=NAME,
            )
            async with open_openai_embedder(settings) as embedder:
                await _measure(scores, pool, _Remembering(embedder))
    except NoModel as error:
        scores.console.print(f"hybrid: {error}", style="yellow")


async def _measure(scores: Scores, pool: Pool, embedder: Embedder) -> None:
    pages, questions = _read_material()
    await embedder.embed([question.text for question in questions])
    job = await store_widget(pool, [await _embed(page, embedder) for page in pages])
    table = Table("half", "ranked by", "first", f"first {FOUND}", "reciprocal rank", title=f"Hybrid with {NAME}")
    for half, name in enumerate(("in view", "only measured")):
        asked = [question for question in questions if question.half == half]
        found = {by: await _ranks(pool, embedder, job, asked, by) for by in Ranking}
        for by, ranks in found.items():
            table.add_row(f"{name}, {len(asked)}", by, *(f"{value:.3f}" for value in ranks))
        if half:
            best = max(found[Ranking.vector].reciprocal, found[Ranking.text].reciprocal)
            both = found[Ranking.both]
            scores.at_least(f"{NAME}, {name}: reciprocal rank of both beside each", both.reciprocal, best, "")
            most = max(found[Ranking.vector].first, found[Ranking.text].first)
            scores.at_least(f"{NAME}, {name}: page first, both beside each", both.first, most, "")
    scores.console.print(table)


def _read_material() -> tuple[list[ReadPage], list[Question]]:
    articles = json.loads(gzip.decompress(FILE.read_bytes()))["en"]
    pages: list[ReadPage] = []
    questions: list[Question] = []
    for place, article in enumerate(articles):
        for number, paragraph in enumerate(article["paragraphs"]):
            url = f"{SITE}/{place}/{number}"
            title = article["title"].replace("_", " ")
            pages.append(ReadPage(target=Target(url=url, depth=1), url=url, title=title, markdown=paragraph["context"]))
            asked = paragraph["qas"][:QUESTIONS_A_PAGE]
            questions += [Question(each["question"], url, place % 2) for each in asked]
    return pages, questions


async def _embed(page: ReadPage, embedder: Embedder) -> EmbeddedPage:
    chunked = chunk_page(page, load_tokenizer(embedder.model))
    texts = [embedding_text(page.title, chunk.heading_path, chunk.text) for chunk in chunked.chunks]
    overview, *parts = [
        vector
        for vector in await embedder.embed([overview_text(chunked), *texts])
        if not isinstance(vector, EmbeddingFailed)
    ]
    whole = page_vector(overview, parts, [chunk.token_count for chunk in chunked.chunks])
    return EmbeddedPage(chunked=chunked, model=embedder.model, page_vector=whole, chunk_vectors=tuple(parts))


async def _ranks(pool: Pool, embedder: Embedder, job: Job, asked: Sequence[Question], by: Ranking) -> Ranks:
    places: list[int] = []
    for question in asked:
        found = await find_passages(pool, embedder, job.widget_id, question.text, FOUND, per_page=1, by=by)
        urls = [passage.url for passage in found]
        places.append(urls.index(question.url) + 1 if question.url in urls else 0)
    return Ranks(
        fmean(place == 1 for place in places),
        fmean(place > 0 for place in places),
        fmean(1 / place if place else 0 for place in places),
    )
