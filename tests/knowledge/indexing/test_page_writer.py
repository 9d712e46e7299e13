"""The page writer: pages stored with their chunks or not at all, the same rows after any number of retries."""

import asyncio
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import numpy as np
import psycopg
import pytest

from tasks.core.database import Pool, open_pool
from tasks.core.errors import BuildEnded, StoreFailed
from tasks.core.models import EmbeddedPage
from tasks.knowledge.embedding.embedder import Vector, to_vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.indexing.page_writer import find_stored, store_pages
from tasks.records.crawl_record import CrawlRecord
from tests.knowledge.material import MODEL, SITE, cancel, count, embed_page, new_job, page_of, vector_of

CONTRACT = (
    "SELECT url, title, 1 - (embedding <=> $2) AS similarity FROM knowledge_scraped_pages"
    " WHERE job_id = $1 ORDER BY embedding <=> $2 LIMIT 5"
)
"""The contract's query, to the letter."""

Chunks = list[tuple[str, int, str]]


async def stored_chunks(pool: Pool, build_id: UUID) -> Chunks:
    """URL, position and text of all chunks of a build, those of pages that are gone included."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT coalesce(url, 'orphan'), position, text FROM knowledge_chunks AS chunk"
            " LEFT JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id"
            " WHERE chunk.job_id = %s ORDER BY 1, 2",
            (build_id,),
        )
        return await rows.fetchall()


async def count_pages(pool: Pool, build_id: UUID) -> int:
    """Pages of a build."""
    return await count(pool, "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s", build_id)


def too_short() -> Vector:
    """A vector that the table rejects."""
    return np.ones(10, dtype=np.float32)


async def test_a_page_is_stored_with_all_its_parts(pool: Pool) -> None:
    """Row, metadata and chunks say what the page says; `page_id` is the same in every build."""
    job = await new_job(pool)
    vectors = [to_vector([1.0]), to_vector([0.0, 1.0])]
    page = page_of("/a", ["One.", "Two."], vectors, headings=("Guide", "Install"), metadata={"language": "de-AT"})
    await store_pages(pool, job.build_id, [page])
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT page_id, url, title, content, content_hash, token_count, metadata FROM knowledge_scraped_pages"
            " WHERE job_id = %s",
            (job.build_id,),
        )
        assert await rows.fetchall() == [
            (
                uuid5(NAMESPACE_URL, f"{SITE}/a"),
                f"{SITE}/a",
                "A page",
                "One.\n\nTwo.",
                page.chunked.content_hash,
                page.chunked.token_count,
                {"language": "de-AT", "embedding_model": page.model, "depth": 1, "order": 0},
            )
        ]
        rows = await connection.execute(
            "SELECT position, heading_path, text, token_count, content_hash, model, embedding = %s::vector::halfvec"
            " FROM knowledge_chunks WHERE job_id = %s AND position = 1",
            (vectors[1], job.build_id),
        )
        chunk = page.chunked.chunks[1]
        assert await rows.fetchall() == [
            (1, ["Guide", "Install"], "Two.", chunk.token_count, chunk.content_hash, page.model, True)
        ]


@pytest.mark.parametrize(
    ("language", "word"), [("de", "häuser"), ("en", "houses"), ("tlh", "juHmey"), (None, "houses")]
)
async def test_words_are_found_in_the_pages_own_language(pool: Pool, language: str | None, word: str) -> None:
    """The terms of a chunk know its inflected words, title and headings; unknown languages word by word."""
    job = await new_job(pool)
    metadata = {"language": language} if language else {}
    page = page_of("/a", [f"Old {word}."], title="Castle", headings=("Tower",), metadata=metadata)
    await store_pages(pool, job.build_id, [page])
    configuration = {"de": "german", "tlh": "simple"}.get(language or "en", "english")
    for term in (word, "castle", "tower"):
        query = (
            "SELECT count(*) FROM knowledge_chunks, unnest(to_tsvector(%s::regconfig, %s))"
            " WHERE job_id = %s AND knowledge_term(lexeme) = ANY(knowledge_numbers(terms))"
        )
        assert await count(pool, query, configuration, term, job.build_id) == 1


@pytest.mark.parametrize("bad", ["chunk", "page"])
async def test_if_one_row_is_refused_nothing_of_the_batch_is_stored(pool: Pool, bad: str) -> None:
    """The last chunk or the page's own vector has the wrong width: neither its page nor the good one is there."""
    job = await new_job(pool)
    good = page_of("/good", ["Fine."])
    vectors = [to_vector([1.0]), too_short()] if bad == "chunk" else [too_short(), to_vector([1.0])]
    await CrawlRecord(pool, job.build_id).add_urls([good.chunked.page.target])
    with pytest.raises(StoreFailed, match="dimensions") as caught:
        await store_pages(pool, job.build_id, [good, page_of("/bad", ["One.", "Two."], vectors)])
    assert not caught.value.retriable
    assert (await count_pages(pool, job.build_id), await stored_chunks(pool, job.build_id)) == (0, [])
    assert [url.status for url in await CrawlRecord(pool, job.build_id).read()] == ["queued"]


async def test_a_refused_new_version_leaves_the_old_one(pool: Pool) -> None:
    """What is stored already is not lost."""
    job = await new_job(pool)
    await store_pages(pool, job.build_id, [page_of("/a", ["Old one.", "Old two."])])
    before = await stored_chunks(pool, job.build_id)
    with pytest.raises(StoreFailed):
        await store_pages(pool, job.build_id, [page_of("/a", ["New."], [too_short()])])
    assert await stored_chunks(pool, job.build_id) == before != []


@pytest.mark.parametrize("value", [np.nan, np.inf])
async def test_vectors_that_are_no_numbers_are_refused(pool: Pool, value: float) -> None:
    """A vector that no query can compare is not stored."""
    job = await new_job(pool)
    vector = to_vector([1.0])
    vector[7] = value
    with pytest.raises(StoreFailed):
        await store_pages(pool, job.build_id, [page_of("/a", ["Text."], [vector])])
    assert await count_pages(pool, job.build_id) == 0


async def test_storing_again_replaces_the_page_and_its_chunks(pool: Pool) -> None:
    """One row a URL, the new chunks and none of the old, also where there were more."""
    job = await new_job(pool)
    await store_pages(pool, job.build_id, [page_of("/a", ["1", "2", "3"]), page_of("/b", ["b"])])
    for texts in (["4"], ["5", "6"], ["5", "6"]):
        await store_pages(pool, job.build_id, [page_of("/a", texts)])
    assert await count_pages(pool, job.build_id) == 2
    assert await stored_chunks(pool, job.build_id) == [
        (f"{SITE}/a", 0, "5"),
        (f"{SITE}/a", 1, "6"),
        (f"{SITE}/b", 0, "b"),
    ]


async def test_a_url_twice_in_a_batch_is_stored_once(pool: Pool) -> None:
    """Two addresses that lead to one page: the later wins, both count as stored."""
    job = await new_job(pool)
    pages = [page_of("/one", ["First."], moved_to="/same"), page_of("/two", ["Second."], moved_to="/same")]
    await CrawlRecord(pool, job.build_id).add_urls([page.chunked.page.target for page in pages])
    await store_pages(pool, job.build_id, pages)
    assert await stored_chunks(pool, job.build_id) == [(f"{SITE}/same", 0, "Second.")]
    assert [url.status for url in await CrawlRecord(pool, job.build_id).read()] == ["stored", "stored"]


async def test_batches_stored_at_the_same_moment_equal_one(pool: Pool) -> None:
    """The same pages in different orders by six writers: no deadlock, each page with its chunks once."""
    job = await new_job(pool)
    pages = [page_of(f"/{n}", [f"{n} one", f"{n} two"]) for n in range(20)]
    await asyncio.gather(*(store_pages(pool, job.build_id, pages[:: 1 if n % 2 else -1]) for n in range(6)))
    assert await count_pages(pool, job.build_id) == 20
    chunks = await stored_chunks(pool, job.build_id)
    assert len(chunks) == len(set(chunks)) == 40


async def test_two_builds_keep_their_own_version_of_a_page(pool: Pool) -> None:
    """(job, URL) is unique: a re-crawl stands beside the old knowledge."""
    first = await new_job(pool)
    await store_pages(pool, first.build_id, [page_of("/a", ["Old."])])
    second = await new_job(pool, first.widget_id)
    await store_pages(pool, second.build_id, [page_of("/a", ["New."])])
    assert await stored_chunks(pool, first.build_id) == [(f"{SITE}/a", 0, "Old.")]
    assert await stored_chunks(pool, second.build_id) == [(f"{SITE}/a", 0, "New.")]


async def test_two_addresses_of_a_page_stored_apart_are_one_page(pool: Pool) -> None:
    """(job, URL) is unique also when the second address is read much later."""
    job = await new_job(pool)
    await store_pages(pool, job.build_id, [page_of("/one", ["First."], moved_to="/same")])
    await store_pages(pool, job.build_id, [page_of("/two", ["Second."], moved_to="/same")])
    assert await stored_chunks(pool, job.build_id) == [(f"{SITE}/same", 0, "Second.")]
    assert await count_pages(pool, job.build_id) == 1


async def test_a_page_that_has_not_changed_is_not_written_again(pool: Pool) -> None:
    """A re-crawl refers to the page of the build before, also if it was read again; a title is a change."""
    first = await new_job(pool)
    page = page_of("/a", ["Text."], metadata={"etag": "1"})
    await store_pages(pool, first.build_id, [page])
    (stored,) = (await find_stored(pool, first.widget_id, MODEL, [page.chunked])).values()
    second = await new_job(pool, first.widget_id)
    again = page_of("/a", ["Text."], [], metadata={"etag": "2"}, stored_id=stored)
    await store_pages(pool, second.build_id, [again])
    rows = "SELECT count(*) FROM stored_pages WHERE widget_id = %s AND metadata ->> 'etag' = '2'"
    assert await count(pool, rows, first.widget_id) == 1
    assert await stored_chunks(pool, second.build_id) == await stored_chunks(pool, first.build_id)
    renamed = page_of("/a", ["Text."], title="Another title")
    assert not await find_stored(pool, first.widget_id, MODEL, [renamed.chunked])
    assert not await find_stored(pool, (await new_job(pool)).widget_id, MODEL, [page.chunked])


async def test_a_page_that_is_gone_cannot_be_referred_to(pool: Pool) -> None:
    """The page fails instead of being missing without a word."""
    job = await new_job(pool)
    with pytest.raises(StoreFailed, match="gone"):
        await store_pages(pool, job.build_id, [page_of("/a", ["Text."], [], stored_id=uuid4())])


async def test_text_that_postgresql_does_not_take_is_stored_without_it(pool: Pool) -> None:
    """NUL and lone surrogates in title, text, headings and metadata cost those characters, not the page."""
    job = await new_job(pool)
    page = page_of(
        "/a", ["be\0fore \ud83d after"], title="T\0\udc00", headings=("H\ud800\0",), metadata={"d\0": "\ud83d"}
    )
    await store_pages(pool, job.build_id, [page])
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT title, content, text, heading_path, metadata ->> 'd' FROM knowledge_chunks AS chunk"
            " JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id WHERE chunk.job_id = %s",
            (job.build_id,),
        )
        text = "before \N{REPLACEMENT CHARACTER} after"
        sign = "\N{REPLACEMENT CHARACTER}"
        assert await rows.fetchall() == [(f"T{sign}", text, text, [f"H{sign}"], sign)]


async def test_a_page_with_half_an_emoji_goes_all_the_way(pool: Pool) -> None:
    """Chunked, embedded and stored; a script that cuts text leaves such."""
    job = await new_job(pool)
    page = await embed_page(LocalEmbedder(None), "/a", "Beans \ud83d", "# News \udc00\n\nFresh beans today \ud83d")
    await store_pages(pool, job.build_id, [page])
    sign = "\N{REPLACEMENT CHARACTER}"
    assert await stored_chunks(pool, job.build_id) == [(f"{SITE}/a", 0, f"# News {sign}\n\nFresh beans today {sign}")]


async def test_text_comes_back_as_it_was(pool: Pool) -> None:
    """Emoji, combining marks, right-to-left text, quotes, backslashes, SQL: untouched."""
    job = await new_job(pool)
    text = "🌱👩‍👩‍👧 e\u0301 السلام '; DROP TABLE widgets; -- \\u0000 \\ %s %(x)s {} \u2028\r\n\t$1"
    await store_pages(pool, job.build_id, [page_of("/a", [text], title=text)])
    assert await stored_chunks(pool, job.build_id) == [(f"{SITE}/a", 0, text)]
    query = "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s AND title = %s AND content = %s"
    assert await count(pool, query, job.build_id, text, text) == 1


async def test_a_build_that_has_ended_stores_nothing(pool: Pool) -> None:
    """Cancelled before, or while its last batch is being written: a zombie's writes are refused."""
    before, meanwhile = await new_job(pool), await new_job(pool)
    await cancel(pool, before)
    with pytest.raises(BuildEnded):
        await store_pages(pool, before.build_id, [page_of("/a", ["Text."])])
    async with pool.connection() as connection:
        async with connection.transaction():
            await connection.execute("UPDATE scrape_jobs SET status = 'cancelled' WHERE id = %s", (meanwhile.build_id,))
            storing = asyncio.create_task(store_pages(pool, meanwhile.build_id, [page_of("/a", ["Text."])]))
            done, _ = await asyncio.wait([storing], timeout=0.2)
            assert not done
        with pytest.raises(BuildEnded):
            await storing
    for job in (before, meanwhile):
        assert (await count_pages(pool, job.build_id), await stored_chunks(pool, job.build_id)) == (0, [])
    with pytest.raises(BuildEnded):
        await store_pages(pool, uuid4(), [page_of("/a", ["Text."])])


async def test_a_database_out_of_reach_may_be_tried_again(database_url: str, pool: Pool) -> None:
    """The error says so, and does not quote the page."""
    job = await new_job(pool)
    async with open_pool(database_url) as closed:
        pass
    with pytest.raises(StoreFailed, match="out of reach") as caught:
        await store_pages(closed, job.build_id, [page_of("/a", ["secret words"])])
    assert caught.value.retriable
    assert "secret" not in str(caught.value)


async def test_a_page_of_a_thousand_chunks_is_stored_whole(pool: Pool) -> None:
    """In order, none missing."""
    job = await new_job(pool)
    texts = [f"part {n}" for n in range(1_000)]
    await store_pages(pool, job.build_id, [page_of("/long", texts)])
    assert [(position, text) for _, position, text in await stored_chunks(pool, job.build_id)] == list(enumerate(texts))


async def test_the_contracts_query_runs_to_the_letter(pool: Pool, database_url: str) -> None:
    """It ranks the page that answers first, best first, five at most, of its own build only."""
    embedder = LocalEmbedder(None)
    job, other = await new_job(pool), await new_job(pool)
    texts = {
        "/shipping": ("Shipping", "Parcels leave our warehouse the same day and arrive within two working days."),
        "/returns": ("Returns", "Send back what you do not like within thirty days and get your money back."),
        "/roasting": ("Roasting", "Coffee beans are roasted slowly in small batches every Tuesday morning."),
        "/jobs": ("Jobs", "We are looking for a carpenter who builds furniture with us in Hamburg."),
        "/privacy": ("Privacy", "Cookies are stored in your browser; we never sell personal data."),
        "/press": ("Press", "Journalists find photographs and our logo here."),
    }
    pages: list[EmbeddedPage] = [await embed_page(embedder, path, *text) for path, text in texts.items()]
    await store_pages(pool, job.build_id, pages)
    await store_pages(pool, other.build_id, [await embed_page(embedder, "/other", "Coffee", "Roasted coffee beans.")])
    vector = vector_of((await embedder.embed(["When are the coffee beans roasted?"]))[0])
    text = "[" + ",".join(map(str, vector.tolist())) + "]"
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        rows = await psycopg.AsyncRawCursor(connection).execute(CONTRACT, (job.build_id, text))
        found = await rows.fetchall()
    assert found[0][:2] == (f"{SITE}/roasting", "Roasting")
    assert len(found) == 5
    assert [row[2] for row in found] == sorted((row[2] for row in found), reverse=True)
    assert all(row[0] != f"{SITE}/other" for row in found)


async def test_padding_leaves_the_similarity_unchanged(pool: Pool) -> None:
    """256 numbers stored as 1536: the database's cosine is that of the 256."""
    job = await new_job(pool)
    one, other = np.random.default_rng(7).normal(size=(2, 256)).astype(np.float32)
    await store_pages(pool, job.build_id, [page_of("/a", ["Text."], [to_vector(one)])])
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT vector_dims(embedding), 1 - (embedding <=> %s::vector) FROM knowledge_scraped_pages"
            " WHERE job_id = %s",
            (to_vector(other), job.build_id),
        )
        row = await rows.fetchone()
    assert row is not None
    cosine = float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
    assert (row[0], row[1]) == (1536, pytest.approx(cosine, abs=1e-5))
