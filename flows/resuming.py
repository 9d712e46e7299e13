"""Resuming a build: restore the frontier and the duplicates from the crawl record of earlier attempts."""

import asyncio

from flows.workspace import Workspace
from tasks.core.models import ExtractedUrl, Fingerprint, Target
from tasks.reading import fingerprints_of
from tasks.records.crawl_record import CrawledUrl
from tasks.web.crawl.duplicates import Duplicates
from tasks.web.crawl.family_budgets import WASTED_REASONS
from tasks.web.crawl.frontier import Frontier
from tasks.web.crawl.urls import page_key


async def resume(
    space: Workspace, crawl: list[CrawledUrl], home: ExtractedUrl | None, frontier: Frontier, duplicates: Duplicates
) -> list[Target]:
    """Restore the frontier and the duplicates; return the URLs that are still to be read.

    Stored pages are fingerprinted again, so a trap that an earlier attempt detected stays detected.
    """
    pages = await _restore_pages(space, duplicates)
    frontier.register_known(known.target for known in crawl)
    left_open = []
    for known in crawl:
        is_home = home is not None and known.target.is_home
        to_read = known.status in ("queued", "failed")
        if known.status != "found":
            has_place = known.status != "skipped"
            page = pages.get(known.target.order)
            was_wasted = known.reason in WASTED_REASONS
            frontier.restore(known.target, has_place=has_place, is_open=to_read, page=page, was_wasted=was_wasted)
        if to_read and not is_home:
            left_open.append(known.target)
    if home is not None and not crawl:
        frontier.restore(home.target, has_place=True, is_open=True)
    left_open += await _admit_further(space, crawl, frontier)
    frontier.restore_found([known.target for known in crawl if known.status == "found"])
    return left_open


async def _admit_further(space: Workspace, crawl: list[CrawledUrl], frontier: Frontier) -> list[Target]:
    """Admit the start pages of further sites that the build has not admitted before, and return them."""
    known = {page_key(each.target.url) for each in crawl if each.status != "found"} | {page_key(space.job.request.url)}
    admitted: list[Target] = []
    for url in space.job.request.sites or ():
        if page_key(url) not in known and frontier.admitted < frontier.max_pages:
            order = 1 + max((each.target.order for each in crawl), default=0) + len(admitted)
            admitted.append(Target(url=url, depth=0, order=order))
            frontier.restore(admitted[-1], has_place=True, is_open=True)
    await space.crawl_record.add_urls(admitted)
    return admitted


async def _restore_pages(space: Workspace, duplicates: Duplicates) -> dict[int, Fingerprint]:
    """Return the fingerprints of the stored pages by order, and add the pages to the duplicates."""
    loop, found = asyncio.get_running_loop(), dict[int, Fingerprint]()
    async for stored in space.crawl_record.read_stored():
        pages = [known.page for known in stored]
        for known, page in zip(
            stored, await loop.run_in_executor(space.processes, fingerprints_of, pages), strict=True
        ):
            target = known.page.target
            if page is not None:
                found[target.order] = page
            duplicates.restore(
                known.page.url, target.order, known.content_hash, target_url=target.url, fingerprint=page
            )
    return found
