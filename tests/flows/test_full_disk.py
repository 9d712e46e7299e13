"""A full disk of the database: a build ends with the cause, loses nothing, and goes on when there is space."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest

from flows.outcome import cause_of
from tasks.core.database import open_pool
from tasks.core.errors import StorageFull
from tasks.records.schema import migrate
from tests.crawling import Crawler
from tests.sites.generated import generated_site

PAGES = 80
DISK = 64 * 1024**2
FILLER = "filler"
BLOCKS = (bytes(64 * 1024), bytes(4 * 1024))


@pytest.fixture(scope="module")
def small_disk() -> Iterator[Path]:
    """A file system of its own, in memory."""
    with TemporaryDirectory(prefix="disk-") as name:
        os.chmod(name, 0o755)
        mounting = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", name]
        if subprocess.run(mounting, capture_output=True, check=False).returncode:
            pytest.skip("only root can mount a small disk")
        yield Path(name)
        subprocess.run(["umount", "--lazy", name], check=True)


@pytest.fixture(scope="module")
async def crawler_on_small_disk(crawler: Crawler, postgres_url: str, small_disk: Path) -> AsyncIterator[Crawler]:
    """Builds whose database is on the small disk."""
    folder = small_disk / "tables"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        owner = os.stat(row[0])
        folder.mkdir()
        os.chown(folder, owner.st_uid, owner.st_gid)
        connection.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")  # type: ignore[call-overload]
        connection.execute("CREATE DATABASE small TABLESPACE small")
        url = urlsplit(postgres_url)._replace(path="/small").geturl()
        migrate(url)
        async with open_pool(url) as pool:
            yield replace(crawler, pool=pool)
        (small_disk / FILLER).unlink(missing_ok=True)
        connection.execute("DROP DATABASE small WITH (FORCE)")
        connection.execute("DROP TABLESPACE small")


async def test_a_build_on_a_full_disk_ends_with_the_cause_and_goes_on_when_there_is_space(
    crawler_on_small_disk: Crawler, small_disk: Path
) -> None:
    """Stored pages are neither lost nor fetched again."""
    crawler = crawler_on_small_disk
    async with generated_site(PAGES, 2, 0.05) as site:
        build_id = await crawler.record(site.url)
        building = asyncio.create_task(crawler.go_on(build_id, render="never"))
        async with asyncio.timeout(60):
            while not await urls_stored(crawler, build_id):
                await asyncio.sleep(0.01)
        fill(small_disk)
        with pytest.raises(BaseExceptionGroup) as caught:
            await building
        # Whatever writes first.
        assert isinstance(cause_of(caught.value), StorageFull), caught.value
        before = await urls_stored(crawler, build_id)
        assert 0 < len(before) < PAGES
        (small_disk / FILLER).unlink()
        crawled = await crawler.go_on(build_id, render="never")
        assert len(crawled.pages) == PAGES
        assert {site.requests[url.removeprefix(site.url)] for url in before} == {1}


async def urls_stored(crawler: Crawler, build_id: UUID) -> list[str]:
    """URLs of the pages stored so far."""
    async with crawler.pool.connection() as connection:
        query = "SELECT url FROM knowledge_scraped_pages WHERE job_id = %s"
        return [row[0] for row in await (await connection.execute(query, (build_id,))).fetchall()]


def fill(disk: Path) -> None:
    """Leave no space."""
    # Without a buffer, which would be written once more at the closing; the build takes space, too.
    with (disk / FILLER).open("wb", buffering=0) as filler:
        for block in BLOCKS:
            with suppress(OSError):
                while filler.write(block):
                    pass
