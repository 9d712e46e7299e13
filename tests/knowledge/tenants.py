"""Many widgets in one partition of chunks: each small one must be found as if it were alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import LiteralString

import numpy as np
from psycopg import sql

from tasks.core.database import Pool
from tasks.core.models import EmbeddedPage, Job
from tasks.knowledge.embedding.embedder import LEAD_DIMENSIONS, Vector, to_vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.search.passage_search import find_passages
from tasks.knowledge.search.rankings import Ranking
from tasks.records.chunk_tables import chunk_table
from tasks.records.publication import activate_build
from tests.knowledge.material import new_job, page_of, vector_of

EMBEDDER = LocalEmbedder(None)
CHUNKS_A_PAGE = 10
_PAGE = to_vector([1.0])
_TURN: LiteralString = "md5({}::text || turn)::uuid"
_COPIES: tuple[LiteralString, ...] = (
    f"""
    INSERT INTO stored_pages
        (id, widget_id, page_id, digest, token_count, url, title, content, content_hash, model, embedding)
    SELECT {_TURN.format("id")}, widget_id, {_TURN.format("page_id")}, digest, token_count, url || '/' || turn, title,
        content, content_hash, model, embedding
    FROM stored_pages, generate_series(1, %(turns)s) AS turn WHERE widget_id = %(widget)s
    """,
    f"""
    INSERT INTO crawl_urls (job_id, url, depth, status, content_id)
    SELECT job_id, url || '/' || turn, depth, status, {_TURN.format("content_id")}
    FROM crawl_urls, generate_series(1, %(turns)s) AS turn WHERE job_id = %(job)s
    """,
    f"""
    INSERT INTO {{table}} (scraped_page_id, widget_id, position, token_count, heading_path, text, content_hash, model,
        language, embedding, terms)
    SELECT {_TURN.format("scraped_page_id")}, widget_id, position, token_count, heading_path, text, content_hash, model,
        language, subvector(embedding, turn + 1, {LEAD_DIMENSIONS} - turn) || subvector(embedding, 1, turn), terms
    FROM {{table}}, generate_series(1, %(turns)s) AS turn WHERE widget_id = %(widget)s
    """,
)
"""Copies of a widget's pages, with their chunks' vectors turned by some dimensions."""


def random_rows(number: int, seed: int) -> list[Vector]:
    """Vectors without any direction in common."""
    return list(map(to_vector, np.random.default_rng(seed).normal(size=(number, LEAD_DIMENSIONS))))


def pages_of(rows: Sequence[Vector]) -> list[EmbeddedPage]:
    """Pages whose passages differ by their vectors alone; each says its row's number."""
    made = []
    for first in range(0, len(rows), CHUNKS_A_PAGE):
        of_page = rows[first : first + CHUNKS_A_PAGE]
        texts = [f"Row {first + n}." for n in range(len(of_page))]
        page = page_of(f"/{first}", texts, of_page, model=EMBEDDER.model)
        made.append(replace(page, page_vector=_PAGE))
    return made


async def make_tenant(pool: Pool, rows: Sequence[Vector], *, beside: Job | None = None) -> Job:
    """A widget that answers from these passages, in the same partition as another."""
    while True:
        job = await new_job(pool)
        if beside is None or chunk_table(job.widget_id) == chunk_table(beside.widget_id):
            break
        await delete_tenant(pool, job)
    pages = pages_of(rows)
    for first in range(0, len(pages), 50):
        await store_pages(pool, job.build_id, pages[first : first + 50])
    await activate_build(pool, job, replace=True)
    return job


async def multiply(pool: Pool, job: Job, times: int) -> None:
    """Give the widget so many times the passages that it has, at most 256."""
    values = {"turns": times - 1, "widget": job.widget_id, "job": job.build_id}
    table = sql.Identifier(chunk_table(job.widget_id))
    async with pool.connection() as connection, connection.transaction():
        for copy in _COPIES:
            await connection.execute(sql.SQL(copy).format(table=table), values)


async def delete_tenant(pool: Pool, job: Job) -> None:
    """Delete the widget with all that it knows."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM widgets WHERE id = %s", (job.widget_id,))


async def find_rows(pool: Pool, job: Job, question: str, number: int) -> list[int]:
    """The numbers of the rows that a search by meaning finds."""
    found = await find_passages(
        pool, EMBEDDER, job.widget_id, question, number, per_page=CHUNKS_A_PAGE, by=Ranking.vector
    )
    return [int(passage.text.removeprefix("Row ").removesuffix(".")) for passage in found]


async def nearest_rows(rows: Sequence[Vector], question: str, number: int) -> list[int]:
    """The numbers of the nearest rows, reckoned here and not by the database."""
    asked = vector_of((await EMBEDDER.embed([question]))[0])[:LEAD_DIMENSIONS]
    matrix = np.array([row[:LEAD_DIMENSIONS] for row in rows], dtype=np.float32)
    distance = -(matrix @ np.array(asked, dtype=np.float32)) / np.linalg.norm(matrix, axis=1)
    return [int(row) for row in np.argsort(distance)[:number]]
