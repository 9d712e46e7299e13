"""The crawl record: the URLs of a build and their status, so that it can resume where it stopped."""

import random
import string

from tasks.core.database import Pool, open_pool
from tasks.core.models import Target
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.records.crawl_record import CrawlRecord
from tests.knowledge.material import SITE, new_job, page_of


def targets(*paths: str, depth: int = 1) -> list[Target]:
    """URLs of the site."""
    return [Target(url=SITE + path, depth=depth) for path in paths]


async def new_record(pool: Pool) -> CrawlRecord:
    """The record of a new build."""
    return CrawlRecord(pool, (await new_job(pool)).build_id)


async def test_known_urls_survive_in_the_order_they_were_found(pool: Pool, database_url: str) -> None:
    """Another process reads the same URLs, depths and order, all queued."""
    record = await new_record(pool)
    found = [*targets("/z", "/a", depth=1), *targets(*(f"/{n}" for n in range(2_000)), depth=2)]
    await record.add_urls(found[:2])
    await record.add_urls(found[2:])
    async with open_pool(database_url) as other:
        known = await CrawlRecord(other, record.build_id).read()
    assert [url.target for url in known] == found
    assert {(url.status, url.reason, url.content_hash) for url in known} == {("queued", None, None)}


async def test_a_url_found_again_stays_as_it_is(pool: Pool) -> None:
    """Depth and status do not change; new URLs, also twice in one list, are added once."""
    record = await new_record(pool)
    await record.add_urls(targets("/a", depth=1))
    await record.record_outcome(f"{SITE}/a", "skipped", "robots")
    await record.add_urls([*targets("/a", depth=3), *targets("/b", "/b", depth=3)])
    known = [(url.target.url, url.target.depth, url.status) for url in await record.read()]
    assert known == [(f"{SITE}/a", 1, "skipped"), (f"{SITE}/b", 3, "queued")]


async def test_an_address_may_be_longer_than_an_index_takes(pool: Pool) -> None:
    """It is found again by its digest, beside one that differs at the end."""
    record, chance = await new_record(pool), random.Random(1)
    query = "".join(chance.choices(string.ascii_letters + string.digits, k=6_000))
    await record.add_urls(targets(f"/a?{query}", f"/a?{query}x"))
    await record.record_outcome(f"{SITE}/a?{query}x", "skipped", "robots")
    assert [url.status for url in await record.read()] == ["queued", "skipped"]


async def test_a_page_has_all_addresses_that_lead_to_it(pool: Pool) -> None:
    """Through others, too; addresses that lead to each other belong to none, and a page without any has none."""
    record = await new_record(pool)
    await record.add_urls(targets("/page", "/moved", "/twice", "/one", "/other", "/lonely"))
    await store_pages(pool, record.build_id, [page_of("/page", ["Text."]), page_of("/lonely", ["Alone."])])
    for path, same_as in {"/twice": "/moved", "/moved": "/page", "/one": "/other", "/other": "/one"}.items():
        await record.record_outcome(SITE + path, "skipped", "duplicate", same_as=SITE + same_as)
    await record.settle_duplicates([])
    async with pool.connection() as connection:
        query = "SELECT url, metadata -> 'aliases' FROM knowledge_scraped_pages WHERE job_id = %s"
        kept = dict(await (await connection.execute(query, (record.build_id,))).fetchall())
    assert kept == {f"{SITE}/page": [f"{SITE}/moved", f"{SITE}/twice"], f"{SITE}/lonely": None}


async def test_no_urls_are_no_work(pool: Pool) -> None:
    """An empty list adds nothing."""
    record = await new_record(pool)
    await record.add_urls([])
    assert await record.read() == []


async def test_each_outcome_is_known_to_the_next_attempt(pool: Pool) -> None:
    """Stored with the content hash, failed, skipped with the reason, still queued."""
    record = await new_record(pool)
    await record.add_urls(targets("/stored", "/failed", "/skipped", "/open"))
    page = page_of("/stored", ["Text."])
    await store_pages(pool, record.build_id, [page])
    await record.record_outcome(f"{SITE}/failed", "failed", "timeout after 30s")
    await record.record_outcome(f"{SITE}/skipped", "skipped", "robots")
    known = [(url.status, url.reason, url.content_hash) for url in await record.read()]
    assert known == [
        ("stored", None, page.chunked.content_hash),
        ("failed", None, None),
        ("skipped", "robots", None),
        ("queued", None, None),
    ]


async def test_a_failed_page_that_is_stored_later_is_stored(pool: Pool) -> None:
    """The retry's success replaces the failure, and its cause is forgotten."""
    record = await new_record(pool)
    await record.add_urls(targets("/a"))
    await record.record_outcome(f"{SITE}/a", "failed", "HTTP 503")
    await store_pages(pool, record.build_id, [page_of("/a", ["Text."])])
    (url,) = await record.read()
    assert url.status == "stored"
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT error, reason FROM crawl_urls WHERE job_id = %s", (record.build_id,))
        assert await rows.fetchall() == [(None, None)]


async def test_a_page_reached_through_a_redirect_is_stored_under_the_url_asked_for(pool: Pool) -> None:
    """Otherwise the next attempt would fetch it again."""
    record = await new_record(pool)
    await record.add_urls(targets("/old"))
    await store_pages(pool, record.build_id, [page_of("/old", ["Text."], moved_to="/new")])
    assert [url.status for url in await record.read()] == ["stored"]


async def test_a_cause_may_hold_what_postgresql_does_not_take(pool: Pool) -> None:
    """A NUL is removed from a server's text, and half an emoji replaced."""
    record = await new_record(pool)
    await record.add_urls(targets("/a"))
    await record.record_outcome(f"{SITE}/a", "skipped", "a\0b\ud83d")
    assert [url.reason for url in await record.read()] == ["ab\N{REPLACEMENT CHARACTER}"]


async def test_builds_know_their_own_urls_only(pool: Pool) -> None:
    """Two builds of one site do not mix."""
    one, other = await new_record(pool), await new_record(pool)
    for record in (one, other):
        await record.add_urls(targets("/a"))
    await one.record_outcome(f"{SITE}/a", "failed", "HTTP 500")
    assert [url.status for url in await other.read()] == ["queued"]
