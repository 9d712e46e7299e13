"""Rank of the right page for each question, by the page table's own query and by the search route."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from rich.table import Table

from tasks.core.choices import EmbeddingProvider
from tasks.core.errors import EmbeddingFailed
from tasks.core.settings import Settings
from tasks.knowledge.embedding.open_embedder import open_embedder
from tests.benchmarks.client import open_http
from tests.benchmarks.python_docs import DocsBuild
from tests.benchmarks.questions import QUESTIONS, Question
from tests.benchmarks.scores import Scores

QUERY = (
    "SELECT url, title, 1 - (embedding <=> $2) AS similarity "
    "FROM knowledge_scraped_pages WHERE job_id = $1 ORDER BY embedding <=> $2 LIMIT 5"
)
"""The query of the page table's readers, word for word."""
LIMIT = 5
FIRST = 8
"""Least number of questions whose right page comes first."""


@dataclass(frozen=True)
class Ranks:
    """Paths found for a question, best first."""

    question: Question
    by_query: list[str]
    by_search: list[str]


async def report(scores: Scores, docs: DocsBuild) -> None:
    """Ask all questions both ways and print the rank of the right page."""
    widget_id = str(docs.run.end.data["widget_id"])
    ranks = [await _ask(docs, widget_id, question) for question in QUESTIONS]
    table = Table(
        "question", "right page", "query", "search", "first by search", title="Retrieval: rank of the right page"
    )
    for rank in ranks:
        query, search = (_place(rank.question.page, found) for found in (rank.by_query, rank.by_search))
        first = rank.by_search[0] if rank.by_search else "nothing"
        table.add_row(rank.question.text, rank.question.page, query, search, "" if search == "1" else first)
    scores.console.print(table)
    for name, firsts in (
        ("by the page table's query", [rank.by_query[:1] for rank in ranks]),
        ("by search", [rank.by_search[:1] for rank in ranks]),
    ):
        right = sum(first == [question.page] for first, question in zip(firsts, QUESTIONS, strict=True))
        scores.at_least(f"right page first, {name}", right, FIRST, f"of {len(QUESTIONS)}")


def _place(page: str, found: list[str]) -> str:
    return str(found.index(page) + 1) if page in found else "–"


async def _ask(docs: DocsBuild, widget_id: str, question: Question) -> Ranks:
    return Ranks(
        question,
        by_query=await _query(docs.product.database_url, docs.run.build_id, question.text),
        by_search=await _search(docs.product.api_url, widget_id, question.text),
    )


async def _query(database_url: str, job_id: str, text: str) -> list[str]:
    settings = Settings(_env_file=None, embedding_provider=EmbeddingProvider.local)
    async with open_embedder(settings, None) as embedder:
        (vector,) = await embedder.embed([text])
    if isinstance(vector, EmbeddingFailed):
        raise vector
    numbers = "[" + ",".join(str(float(number)) for number in vector) + "]"
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        # A raw cursor takes the query's own $1 and $2.
        cursor = psycopg.AsyncRawCursor(connection)
        await cursor.execute(QUERY, (job_id, numbers))
        return [_path(url) for url, _, _ in await cursor.fetchall()]


async def _search(api_url: str, widget_id: str, text: str) -> list[str]:
    async with open_http(api_url) as http:
        address = f"/api/public/widgets/{widget_id}/search"
        answer = (await http.get(address, params={"q": text, "limit": LIMIT})).raise_for_status()
    return [_path(result["url"]) for result in answer.json()["results"]]


def _path(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
