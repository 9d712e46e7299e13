"""The move to pages that builds share: a database of the version before answers as before."""

from uuid import UUID, uuid4

import psycopg

from tasks.core.database import open_pool
from tasks.knowledge.embedding.embedder import to_vector
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tasks.records.crawl_record import CrawlRecord
from tasks.records.fact_records import read_stored_page
from tasks.records.known_pages import list_known_pages
from tasks.records.rollback import roll_back
from tasks.records.schema import migrate
from tests.records.databases import migrate_to, new_database

SITE = "https://example.com"
_PAGE = (
    "INSERT INTO knowledge_scraped_pages (job_id, page_id, url, title, content, content_hash, token_count, embedding,"
    " metadata) VALUES (%s, %s, %s, 'Beans', 'Old beans.', 'hash', 3, %s::vector, %s) RETURNING id"
)
_CHUNK = (
    "INSERT INTO knowledge_chunks (scraped_page_id, job_id, position, heading_path, text, token_count, content_hash,"
    " model, embedding, search) VALUES (%s, %s, 0, '{}', 'Old beans.', 3, 'hash', %s, %s::vector, 'bean:1')"
)
_VECTOR = str(to_vector([0.5, 0.25, 1.0]).tolist())


def fill(url: str) -> tuple[UUID, list[UUID]]:
    """Store a widget with two builds of three pages: plain, reached by a redirect, and of another model."""
    widget, jobs = uuid4(), [uuid4(), uuid4()]
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO widgets (id, site_url) VALUES (%s, %s)", (widget, f"{SITE}/"))
        for age, job in enumerate(jobs):
            connection.execute(
                "INSERT INTO scrape_jobs (id, widget_id, url, depth, max_pages, status, created_at) VALUES"
                " (%s, %s, %s, 1, 9, 'completed', now() + %s * interval '1 hour')",
                (job, widget, f"{SITE}/", age),
            )
            for order, (asked, path, model) in enumerate(
                [("/", "/", LOCAL_MODEL), ("/old", "/new", LOCAL_MODEL), ("/big", "/big", "big")]
            ):
                metadata = f'{{"embedding_model": "{model}", "depth": 1, "order": {order}, "aliases": ["/x"], "k": 1}}'
                row = connection.execute(_PAGE, (job, uuid4(), SITE + path, _VECTOR, metadata)).fetchone()
                assert row is not None
                connection.execute(_CHUNK, (row[0], job, model, _VECTOR))
                connection.execute(
                    "INSERT INTO crawl_urls (job_id, url, depth, place, status) VALUES (%s, %s, 1, %s, 'stored')",
                    (job, SITE + asked, order),
                )
        connection.execute("UPDATE widgets SET active_job_id = %s WHERE id = %s", (jobs[1], widget))
        connection.execute("SELECT knowledge_count_words(%s)", (jobs[1],))
    return widget, jobs


async def test_a_database_of_the_version_before_answers_as_before(postgres_url: str) -> None:
    """Each build has its pages with metadata, chunks and words; vectors are those of their models; rollback works."""
    url = new_database(postgres_url)
    migrate_to(url, "0011")
    widget, jobs = fill(url)
    migrate(url)
    async with open_pool(url) as pool, pool.connection() as connection:
        for job in jobs:
            rows = await connection.execute(
                "SELECT url, round((1 - (embedding <=> %s::vector))::numeric, 4), vector_dims(embedding), metadata FROM"
                " knowledge_scraped_pages WHERE job_id = %s ORDER BY (metadata ->> 'order')::int",
                (_VECTOR, job),
            )
            found = await rows.fetchall()
            assert [row[0] for row in found] == [f"{SITE}/", f"{SITE}/new", f"{SITE}/big"]
            assert all(row[1:3] == (1, 1536) for row in found)
            expected = {
                "embedding_model": LOCAL_MODEL,
                "depth": 1,
                "order": 1,
                "aliases": ["/x", f"{SITE}/old"],
                "k": 1,
            }
            assert found[1][3] == expected
            rows = await connection.execute(
                "SELECT vector_dims(embedding) FROM knowledge_chunks WHERE job_id = %s ORDER BY 1", (job,)
            )
            assert [row[0] for row in await rows.fetchall()] == [256, 256, 1536]
            assert [known.content_hash for known in await CrawlRecord(pool, job).read()] == ["hash"] * 3
            assert len([page async for batch in CrawlRecord(pool, job).read_stored() for page in batch]) == 3
        rows = await connection.execute("SELECT passages FROM widget_words WHERE widget_id = %s", (widget,))
        assert await rows.fetchall() == [(3,)]
        pages, total = await list_known_pages(pool, widget, state="stored", text=None, limit=9, offset=0)
        assert (total, [page.tokens for page in pages]) == (3, [3, 3, 3])
        assert await roll_back(pool, widget) == jobs[0]
        assert await read_stored_page(pool, jobs[0], f"{SITE}/nowhere") is None
