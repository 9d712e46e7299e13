"""Re-crawls of a generated site: time, requests, embeddings and bytes beside its first build, and the diff.

Run without Prefect and browser, so the figures are those of the pipeline and the database.
"""

import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

from deployments.stack.embedded_postgres import open_postgres
from flows.workspace import Workspace
from tasks.core.database import Pool, open_pool
from tasks.records.cleanup import tidy_widget
from tasks.records.schema import migrate
from tests.benchmarks.crawl import processor_s
from tests.benchmarks.scores import Scores
from tests.crawling import Crawled, Crawler, open_crawler
from tests.sites.living import LivingSite, living_site

PAGES, DEPTH, RECRAWLS = 200, 3, 10
_SIZES = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = %s::regnamespace
"""


async def measure_sizes(pool: Pool) -> dict[str, int]:
    """Return the bytes of each table with its indexes, after a vacuum; the partitions of chunks together."""
    async with pool.connection() as connection:
        await connection.execute("VACUUM")
        rows = await (await connection.execute(_SIZES, ("public",))).fetchall()
    sizes: dict[str, int] = {}
    for name, size in rows:
        table = "stored_chunks" if name.startswith("stored_chunks") else name
        sizes[table] = sizes.get(table, 0) + size
    return sizes


def change(site: LivingSite) -> None:
    """Change five pages, take five away for good, and add five."""
    leaves = site.leaves
    site.change(*leaves[:5])
    site.remove(*leaves[5:10], status=410)
    parent = next(path for path, children in site.links.items() if leaves[0] in children)
    site.add(parent, *(f"{parent}added-{number}/" for number in range(5)))


async def run(scores: Scores) -> None:
    """Build a site, and build it again: unchanged, changed, and ten times in a row."""
    with temporary_database() as url:
        async with open_pool(url) as pool, living_site(PAGES, DEPTH) as site:
            await _measure(scores, pool, site)


@contextmanager
def temporary_database() -> Iterator[str]:
    """Serve an empty database of the newest schema; yield its URL."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        # The server drops root's rights.
        os.chmod(name, 0o755)
        with open_postgres(Path(name) / "data") as server:
            migrate(server.url)
            yield server.url


class LiveSite(Protocol):
    """A site that counts its answers by status."""

    url: str
    answers: Counter[int]


@dataclass(frozen=True)
class Measured:
    """A build with what it took."""

    made: Crawled
    seconds: float
    processor_s: float
    """Of all processes: pipeline, readers and PostgreSQL, and of the site, which is served by this process."""
    embedded: int
    answers: Counter[int]
    sizes: dict[str, int]
    """Bytes of each table after it."""
    grown: int
    """Bytes that the database has more after it."""


@dataclass
class Recrawls:
    """Builds of one site, each measured and a row of the table."""

    pool: Pool
    site: LiveSite
    crawler: Crawler
    space: Workspace
    depth: int
    max_pages: int
    rules: dict[str, Any]
    """Further rules of the widget."""
    table: Table
    console: Console

    async def build(self, name: str, widget: Crawled | None) -> Measured:
        """Build the site, as the next build of the widget if one is given, and publish it."""
        self.site.answers.clear()
        before, inputs = sum((await measure_sizes(self.pool)).values()), self.space.embedder.usage.inputs
        began, used = time.monotonic(), processor_s()
        made = await self.crawler.publish_in(
            self.space,
            self.site.url,
            widget.widget_id if widget else None,
            depth=self.depth,
            max_pages=self.max_pages,
            **self.rules,
        )
        seconds, used = time.monotonic() - began, processor_s() - used
        sizes = await measure_sizes(self.pool)
        embedded = self.space.embedder.usage.inputs - inputs
        measured = Measured(
            made, seconds, used, embedded, self.site.answers.copy(), sizes, sum(sizes.values()) - before
        )
        row = (f"{seconds:.2f}", f"{used:.2f}", *(measured.answers[of] for of in (200, 304)), embedded, measured.grown)
        self.table.add_row(name, *map(str, row), str(made.diff))
        self.console.print(f"{name}: {seconds:.1f} s, {used:.1f} s of processor time, {made.diff}", style="dim")
        return measured

    async def keep(self, name: str, widget: Crawled) -> float:
        """Build the widget ten times, with housekeeping after each; return the growth of the database in percent."""
        await tidy_widget(self.pool, widget.widget_id, 2)
        tidied = sum((await measure_sizes(self.pool)).values())
        for number in range(RECRAWLS):
            await self.build(f"{name} {number + 1}, housekeeping after each", widget)
            await tidy_widget(self.pool, widget.widget_id, 2)
        return 100 * sum((await measure_sizes(self.pool)).values()) / tidied - 100


@asynccontextmanager
async def open_recrawls(
    pool: Pool, site: LiveSite, console: Console, *, depth: int, max_pages: int, title: str, **rules: Any
) -> AsyncIterator[Recrawls]:
    """Open what builds without a browser share."""
    table = Table("build", "s", "processor s", "200", "304", "embedded", "bytes", "diff", title=title)
    with open_crawler(pool) as crawler:
        # On a busy machine no page may fail for want of time; all builds here share one fetcher, with its budget.
        settings = {"render": "never", "page_timeout_s": 600, "build_requests": 100_000}
        async with crawler.open_workspace(await crawler.record("http://127.0.0.1:9"), **settings) as space:
            yield Recrawls(pool, site, crawler, space, depth, max_pages, rules, table, console)


async def _measure(scores: Scores, pool: Pool, site: LivingSite) -> None:
    title = f"{PAGES} pages"
    async with open_recrawls(pool, site, scores.console, depth=DEPTH, max_pages=500, title=title) as recrawls:
        first = await recrawls.build("first", None)
        widget, chunks = first.made, await _count_chunks(pool, first.made)
        again = await recrawls.build("unchanged", widget)
        change(site)
        changed = await recrawls.build("5 changed, 5 gone, 5 new", widget)
        for number in range(RECRAWLS):
            last = await recrawls.build(f"re-crawl {number + 1}", widget)
        kept = await recrawls.keep("re-crawl", widget)
    grown = {name: size - changed.sizes[name] for name, size in last.sizes.items()}
    scores.console.print(recrawls.table)
    _report(scores, "passage, first build", first.sizes, chunks)
    _report(scores, "unchanged page and re-crawl", grown, RECRAWLS * PAGES)
    scores.at_most("a passage, without its page", first.sizes["stored_chunks"] / chunks, 2_500, "B")
    judge(scores, title, first, again, changed, PAGES)
    scores.at_most("an unchanged page of a re-crawl", grown["crawl_urls"] / RECRAWLS / PAGES, 300, "B")
    whole = sum(grown.values()) / RECRAWLS / PAGES
    scores.at_most(f"the same with its share of the build's events, {title}", whole, 600, "B")
    scores.at_most("ten re-crawls with housekeeping", kept, 2, "%")


def judge(scores: Scores, site: str, first: Measured, again: Measured, changed: Measured, pages: int) -> None:
    """Compare an unchanged re-crawl, and one with five pages changed, gone and new, with the first build."""
    for name, of in (("unchanged", again), ("changed", changed)):
        ratio = first.processor_s / of.processor_s
        scores.at_least(f"{site}: first build to {name} re-crawl, processor time", ratio, 5, "×")
        scores.at_least(f"{site}: the same by the clock", first.seconds / of.seconds, 5, "×")
    scores.at_least(f"{site}: answered by 304 or not asked", 1 - again.answers[200] / pages, 0.95, "")
    scores.at_most(f"{site}: embeddings of an unchanged re-crawl", again.embedded, 0, "")
    nothing = {"added": 0, "changed": 0, "removed": 0, "unchanged": pages}
    scores.holds(f"{site}: diff, unchanged", again.made.diff == nothing, str(again.made.diff))
    right = {"added": 5, "changed": 5, "removed": 5, "unchanged": pages - 10}
    scores.holds(f"{site}: diff, changed", changed.made.diff == right, str(changed.made.diff))


async def _count_chunks(pool: Pool, build: Crawled) -> int:
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT count(*) FROM knowledge_chunks WHERE job_id = %s", (build.build_id,))
        return int((await rows.fetchone() or (0,))[0])


def _report(scores: Scores, what: str, sizes: dict[str, int], number: int) -> None:
    table = Table("table", "bytes", f"a {what}", title=f"Bytes by table, {number} times a {what}")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:8]:
        table.add_row(name, str(size), f"{size / number:.0f}")
    scores.console.print(table)
