"""Admission with real parts: URLs come in order; the counters add up, whichever pages replace each other."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from flows import admission as admission_module
from flows.admission import Admission
from flows.start_page import OpenedSite
from flows.workspace import Workspace
from tasks.core.choices import RenderMode
from tasks.core.errors import PageSkipped
from tasks.core.events import Stage
from tasks.core.models import ChunkedPage, ExtractedUrl, Link, Target
from tasks.web.crawl.duplicates import Duplicates
from tasks.web.crawl.fingerprints import fingerprint_of
from tasks.web.crawl.frontier import Frontier
from tasks.web.crawl.scope import Scope
from tests.crawling import Crawler
from tests.knowledge.material import page_of
from tests.sites.server import serve_handler

TEXT = " ".join(f"Sentence {word} says something of its own about gardens." for word in "abcdefghijklmnop")


@pytest.fixture
async def space(crawler: Crawler) -> AsyncIterator[Workspace]:
    """The workspace of a build of a site whose server answers every URL with 404."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=404)

    async with serve_handler(answer) as url:
        build_id = await crawler.record(url, depth=2, max_pages=100)
        async with crawler.open_workspace(build_id, render=RenderMode.never) as space:
            yield space


def frontier_of(space: Workspace) -> Frontier:
    """The frontier of the site, with its home page open."""
    frontier = Frontier(Scope(space.job.request.url), 2, 100)
    frontier.restore(Target(url=space.job.request.url, depth=0), has_place=True, is_open=True)
    return frontier


def admission_of(space: Workspace, frontier: Frontier, left_open: list[Target] | None = None) -> Admission:
    """The admission of a build that has stored no page."""
    return Admission(space, OpenedSite(frontier, None, left_open or [], Duplicates(), ""))


def links_of(space: Workspace, *paths: str) -> tuple[Link, ...]:
    """Links to paths of the site."""
    return tuple(Link(url_of(space, path)) for path in paths)


def url_of(space: Workspace, path: str) -> str:
    """The URL of a path of the site."""
    return space.job.request.url.rstrip("/") + path


def same_page(target: Target) -> ChunkedPage:
    """A page with the same text as every other, under its own URL."""
    page = page_of("/", [TEXT]).chunked
    read = page.page.model_copy(update={"target": target, "url": target.url})
    return page.model_copy(update={"page": read, "fingerprint": fingerprint_of(read)})


def paths_of(space: Workspace, targets: list[Target]) -> list[str]:
    """The paths of URLs of the site."""
    return [target.url.removeprefix(url_of(space, "")) for target in targets]


async def test_a_page_that_is_replaced_while_it_replaces_another_is_taken_back_once(space: Workspace) -> None:
    """The plainest of three addresses is kept, and counted once."""
    frontier, progress = frontier_of(space), space.progress
    frontier.record_links(0, 0, links_of(space, "/a?print=1", "/a/b/c", "/a/b"))
    targets = {target.url: target for target in frontier.admit_next()}
    admission = admission_of(space, frontier)

    async def keep(path: str) -> str | None:
        target = targets[url_of(space, path)]
        kept = await admission.keep_page(target, same_page(target))
        if kept is not None:
            await progress.count_passed(Stage.scraping)
        return kept.page.url if kept else None

    assert await keep("/a?print=1") == url_of(space, "/a?print=1")
    # The second is at work on replacing the first when the third comes.
    assert list(await asyncio.gather(keep("/a/b/c"), keep("/a/b"))) == [None, url_of(space, "/a/b")]
    for stage in (Stage.embedding, Stage.storage):
        assert await admission.record_passed(stage, targets[url_of(space, "/a/b")])
    assert progress.statistics.adds_up
    assert (progress.statistics.stored_pages, progress.statistics.skipped) == (1, {"duplicate": 2})
    await admission.settle()


async def test_urls_are_given_in_order_until_the_frontier_is_exhausted(space: Workspace) -> None:
    """First those that an earlier attempt left open, then level by level; each is in the crawl record."""
    home = Target(url=space.job.request.url, depth=0)
    links = {home.url: links_of(space, "/a", "/b"), url_of(space, "/a"): links_of(space, "/a/deep")}
    admission = admission_of(space, frontier_of(space), [home])
    taken: list[Target] = []
    async with asyncio.timeout(10):
        async for targets in admission:
            taken += targets
            for target in targets:
                await admission.record_found(ExtractedUrl(target=target, links=links.get(target.url, ())))
                await admission.skip(target, PageSkipped("empty", "no text"))
    assert paths_of(space, taken) == ["/", "/a", "/b", "/a/deep"]
    assert [target.order for target in taken] == [0, 1, 2, 3]
    record = await space.crawl_record.read()
    assert [(known.target, known.status) for known in record] == [(target, "skipped") for target in taken[1:]]


async def test_a_page_that_blocks_its_level_is_skipped_after_a_timeout(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty batch says that nothing has changed; the next level then comes without the page's links."""
    monkeypatch.setattr(admission_module, "PATIENCE_S", 0.1)
    admission = admission_of(space, frontier_of(space))
    home = Target(url=space.job.request.url, depth=0)
    await admission.record_found(ExtractedUrl(target=home, links=links_of(space, "/a", "/b")))
    batches = aiter(admission)
    async with asyncio.timeout(10):
        slow, quick = await anext(batches)
        await admission.record_found(ExtractedUrl(target=quick, links=links_of(space, "/next")))
        assert await anext(batches) == []
        assert await anext(batches) == []
        admission.skip_blocking_pages()
        assert paths_of(space, await anext(batches)) == ["/next"]
        # Its links are admitted when they arrive.
        await admission.record_found(ExtractedUrl(target=slow, links=links_of(space, "/late")))
        assert paths_of(space, await anext(batches)) == ["/late"]


async def test_a_page_is_fetched_under_the_url_that_claims_it_first(space: Workspace) -> None:
    """Another URL of the page is skipped as a duplicate of it, unfetched."""
    frontier = frontier_of(space)
    frontier.record_links(0, 0, links_of(space, "/a", "/b"))
    first, second = frontier.admit_next()
    admission = admission_of(space, frontier)
    assert await admission.claim_to_fetch(first)
    assert await admission.claim_to_fetch(first)
    assert admission.claim(first, second.url) is None
    skipped = admission.claim(second)
    assert skipped is not None
    assert skipped.same_as == first.url
    assert not await admission.claim_to_fetch(second)
    assert space.progress.statistics.skipped == {"duplicate": 1}
