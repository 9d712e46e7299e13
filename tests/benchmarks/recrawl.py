"""Re-crawls of a generated site: time, requests, embeddings and bytes beside its first build, and the diff.

Run without Prefect and browser, so the figures are those of the pipeline and the database.
"""

import os
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path

from rich.table import Table

from deployments.stack.embedded_postgres import open_postgres
from tasks.core.database import Pool, open_pool
from tasks.records.cleanup import tidy_widget
from tasks.records.schema import migrate
from tests.benchmarks.scores import Scores
from tests.crawling import Crawled, open_crawler
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


async def timed(build: Awaitable[Crawled]) -> tuple[Crawled, float]:
    """Return the build, and the seconds that it took."""
    began = time.monotonic()
    return await build, time.monotonic() - began


def change(site: LivingSite) -> None:
    """Change five pages, take five away for good, and add five."""
    leaves = site.leaves
    site.change(*leaves[:5])
    site.remove(*leaves[5:10], status=410)
    parent = next(path for path, children in site.links.items() if leaves[0] in children)
    site.add(parent, *(f"{parent}added-{number}/" for number in range(5)))


async def run(scores: Scores) -> None:
    """Build a site, and build it again: unchanged, changed, and ten times in a row."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        # The server drops root's rights.
        os.chmod(name, 0o755)
        with open_postgres(Path(name) / "data") as server:
            migrate(server.url)
            async with open_pool(server.url) as pool, living_site(PAGES, DEPTH) as site:
                await _measure(scores, pool, site)


async def _measure(scores: Scores, pool: Pool, site: LivingSite) -> None:
    table = Table("build", "s", "200", "304", "embedded", "bytes", "diff", title=f"{PAGES} pages")
    with open_crawler(pool) as crawler:
        async with crawler.open_workspace(await crawler.record("http://127.0.0.1:9"), render="never") as space:

            async def build(name: str, widget: Crawled | None) -> tuple[Crawled, float, int]:
                site.answers.clear()
                before, inputs = sum((await measure_sizes(pool)).values()), space.embedder.usage.inputs
                made, seconds = await timed(
                    crawler.publish_in(space, site.url, widget.widget_id if widget else None, depth=DEPTH)
                )
                grown, embedded = (
                    sum((await measure_sizes(pool)).values()) - before,
                    space.embedder.usage.inputs - inputs,
                )
                row = (f"{seconds:.2f}", site.answers[200], site.answers[304], embedded, grown, made.diff)
                table.add_row(name, *map(str, row))
                return made, seconds, embedded

            first, first_s, _ = await build("first", None)
            sizes, chunks = await measure_sizes(pool), await _count_chunks(pool, first)
            again, again_s, embedded = await build("unchanged", first)
            share = site.answers[304] / PAGES
            change(site)
            changed, changed_s, _ = await build("5 changed, 5 gone, 5 new", first)
            before = await measure_sizes(pool)
            for number in range(RECRAWLS):
                await build(f"re-crawl {number + 1}", first)
            grown = {name: size - before[name] for name, size in (await measure_sizes(pool)).items()}
            await tidy_widget(pool, first.widget_id, 2)
            tidied = sum((await measure_sizes(pool)).values())
            for number in range(RECRAWLS):
                await build(f"re-crawl {number + 1}, housekeeping after each", first)
                await tidy_widget(pool, first.widget_id, 2)
            kept = sum((await measure_sizes(pool)).values()) - tidied
    scores.console.print(table)
    _report(scores, "passage, first build", sizes, chunks)
    _report(scores, "unchanged page and re-crawl", grown, RECRAWLS * PAGES)
    scores.at_most("a passage, without its page", sizes["stored_chunks"] / chunks, 2_500, "B")
    scores.at_least("first build to unchanged re-crawl", first_s / again_s, 5, "×")
    scores.at_least("first build to changed re-crawl", first_s / changed_s, 5, "×")
    scores.at_least("answered by 304", share, 0.95, "")
    scores.at_most("embeddings of an unchanged re-crawl", embedded, 0, "")
    scores.holds("diff, unchanged", again.diff == {"added": 0, "changed": 0, "removed": 0, "unchanged": PAGES})
    right = {"added": 5, "changed": 5, "removed": 5, "unchanged": PAGES - 10}
    scores.holds("diff, changed", changed.diff == right, str(changed.diff))
    scores.at_most("an unchanged page of a re-crawl", grown["crawl_urls"] / RECRAWLS / PAGES, 300, "B")
    whole = sum(grown.values()) / RECRAWLS / PAGES
    scores.at_most(f"the same with its share of the build's events, {PAGES} pages", whole, 600, "B")
    scores.at_most("ten re-crawls with housekeeping", 100 * kept / tidied, 2, "%")


async def _count_chunks(pool: Pool, build: Crawled) -> int:
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT count(*) FROM knowledge_chunks WHERE job_id = %s", (build.build_id,))
        return int((await rows.fetchone() or (0,))[0])


def _report(scores: Scores, what: str, sizes: dict[str, int], number: int) -> None:
    table = Table("table", "bytes", f"a {what}", title=f"Bytes by table, {number} times a {what}")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:8]:
        table.add_row(name, str(size), f"{size / number:.0f}")
    scores.console.print(table)
