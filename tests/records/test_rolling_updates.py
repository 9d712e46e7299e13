"""Updates without a stop: the version before goes on, on the schema of this one, until its last machine is updated."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tasks.core.database import open_pool
from tasks.core.models import Target
from tasks.records.crawl_record import CrawlRecord
from tasks.records.schema import MIGRATIONS, migrate, newest_version
from tasks.records.schema_version import is_contracting, needed_version
from tests.records.databases import migrate_to, new_database

SITE = "https://example.com/"
BEFORE = "0019"
"""The schema of the version before; its statements, as they were, are those below."""
ADD_URLS = """
    INSERT INTO crawl_urls (job_id, url, depth, place, status)
    SELECT %s, url, depth, place, status
    FROM unnest(%s::text[], %s::int[], %s::int[], %s::text[]) AS found (url, depth, place, status)
    ON CONFLICT (job_id, url) DO UPDATE
    SET depth = excluded.depth, place = excluded.place, status = excluded.status
    WHERE crawl_urls.status = 'found' AND excluded.status <> 'found'
"""
REFER = (
    "INSERT INTO crawl_urls (job_id, url, depth, place, status, reason, content_id)"
    " SELECT %s, url, depth, place, 'stored', reason, content"
    " FROM unnest(%s::text[], %s::int[], %s::int[], %s::text[], %s::uuid[])"
    " AS stored (url, depth, place, reason, content) ORDER BY url"
    " ON CONFLICT (job_id, url) DO UPDATE SET status = 'stored', error = NULL, reason = excluded.reason,"
    " content_id = excluded.content_id"
)
ADD_MESSAGE = (
    "INSERT INTO chat_messages (id, conversation_id, question, searched, answer, answered, kind, citations)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
COLUMNS = """
SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull AND NOT atthasdef AND attidentity = ''
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relkind IN ('r', 'p', 'v') AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
"""
CONSTRAINTS = """
SELECT relname, conname, contype::text, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype <> 'n' AND relnamespace = 'public'::regnamespace
"""
UNIQUE = """
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE %'
"""
EQUAL_KEYS = {"crawl_urls_key"}
"""New unique indexes that refuse nothing but what another one refuses already."""


class VersionBefore:
    """The version before at work on a widget: each step adds a page and asks a question."""

    def __init__(self, url: str) -> None:
        self.url, self.widget, self.job, self.conversation = url, uuid4(), uuid4(), uuid4()
        self.steps = 0
        self.faults: list[psycopg.Error] = []
        self._left, self._progress = threading.Event(), threading.Condition()
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO widgets (id, site_url) VALUES (%s, %s)", (self.widget, SITE))
            connection.execute(
                "INSERT INTO scrape_jobs (id, widget_id, url, depth, max_pages) VALUES (%s, %s, %s, 1, 9)",
                (self.job, self.widget, SITE),
            )
            connection.execute(
                "INSERT INTO conversations (id, widget_id) VALUES (%s, %s)", (self.conversation, self.widget)
            )

    def step(self, connection: "psycopg.Connection[Any]") -> None:
        """Find a page, admit it, store it, and answer a question."""
        address, page = f"{SITE}{self.steps}", uuid4()
        for status in ("found", "queued"):
            connection.execute(ADD_URLS, (self.job, [address], [1], [self.steps], [status]))
        connection.execute(REFER, (self.job, [address], [1], [self.steps], [None], [page]))
        connection.execute(ADD_MESSAGE, (uuid4(), self.conversation, "Open?", "open", "Yes.", True, "extractive", "[]"))
        connection.commit()
        self.steps += 1

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work in another thread; what goes wrong ends it, and is in `faults`."""
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self._left.set()
            thread.join()

    def _work(self) -> None:
        try:
            with psycopg.connect(self.url) as connection:
                while not self._left.is_set():
                    self.step(connection)
                    with self._progress:
                        self._progress.notify_all()
        except psycopg.Error as error:
            with self._progress:
                self.faults.append(error)
                self._progress.notify_all()

    def wait_for_steps(self, number: int) -> None:
        """Wait for so many more steps, or a fault."""
        until = self.steps + number
        with self._progress:
            self._progress.wait_for(lambda: self.steps >= until or self.faults, timeout=60)


def stored(url: str, job: UUID) -> list[tuple[str, str]]:
    """Return URL and status of a build's pages."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT url, status FROM crawl_urls WHERE job_id = %s ORDER BY place, url", (job,)
        ).fetchall()


def counted(url: str, widget: UUID) -> int:
    """Return the number of a widget's questions, as this version counts them."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM chat_messages WHERE counted_for = %s", (widget,)).fetchone()
    assert row is not None
    return int(row[0])


def test_the_version_before_works_on_while_the_schema_is_migrated(postgres_url: str) -> None:
    """Its statements run without a fault before, during and after; this version sees each page and question once."""
    url = new_database(postgres_url)
    migrate_to(url, BEFORE)
    before = VersionBefore(url)
    with before.working():
        before.wait_for_steps(1)
        assert migrate(url, contract=False) == needed_version()
        before.wait_for_steps(5)
    assert before.faults == []
    assert stored(url, before.job) == [(f"{SITE}{step}", "stored") for step in range(before.steps)]
    assert counted(url, before.widget) == before.steps


async def test_both_versions_add_to_one_build(postgres_url: str) -> None:
    """A page that one has stored stays so when the other finds it, either way round."""
    url = new_database(postgres_url)
    migrate_to(url, BEFORE)
    before = VersionBefore(url)
    migrate(url, contract=False)
    async with open_pool(url) as pool:
        with psycopg.connect(url) as connection:
            before.step(connection)
            record = CrawlRecord(pool, before.job)
            await record.add_urls([Target(url=f"{SITE}{number}", depth=1, order=number) for number in range(2)])
            before.step(connection)
    assert stored(url, before.job) == [(SITE + "0", "stored"), (SITE + "1", "stored")]


async def test_finishing_drops_what_only_the_version_before_needs(postgres_url: str) -> None:
    """The schema is then that of a new database, and takes an address of any length."""
    url, new = new_database(postgres_url), new_database(postgres_url)
    migrate_to(url, BEFORE)
    before = VersionBefore(url)
    with psycopg.connect(url) as connection:
        before.step(connection)
    migrate(url, contract=False)
    assert migrate(url) == migrate(new, contract=False) == newest_version()
    with psycopg.connect(url) as finished, psycopg.connect(new) as fresh:
        for query in (COLUMNS, CONSTRAINTS, UNIQUE):
            assert set(finished.execute(query).fetchall()) == set(fresh.execute(query).fetchall())
    long = SITE + "".join(uuid4().hex for _ in range(200))
    async with open_pool(url) as pool:
        await CrawlRecord(pool, before.job).add_urls([Target(url=long, depth=1, order=9)])
    assert (long, "queued") in stored(url, before.job)


MIGRATED = sorted(path.stem for path in MIGRATIONS.glob("versions/[0-9]*.py") if path.stem[:4] > BEFORE)


@pytest.fixture(scope="module")
def stepped_url(postgres_url: str) -> str:
    """A database that each test below migrates by one step."""
    url = new_database(postgres_url)
    migrate_to(url, BEFORE)
    return url


@pytest.mark.parametrize("name", MIGRATED)
def test_a_migration_only_adds_unless_it_contracts(stepped_url: str, name: str) -> None:
    """Columns, keys and constraints stay, and nothing new refuses what the version before writes."""
    queries = (COLUMNS, CONSTRAINTS, UNIQUE)
    with psycopg.connect(stepped_url) as connection:
        columns, constraints, unique = (set(connection.execute(query).fetchall()) for query in queries)
    migrate_to(stepped_url, name[:4])
    if is_contracting(name):
        return
    with psycopg.connect(stepped_url) as connection:
        after, constraints_after, unique_after = (set(connection.execute(query).fetchall()) for query in queries)
    tables = {table for table, *_ in columns}
    assert columns <= after
    assert constraints <= constraints_after
    assert unique <= unique_after
    assert [column for column in after - columns if column[0] in tables and column[3]] == []
    assert [added for added in constraints_after - constraints if added[0] in tables] == []
    assert [key for key in unique_after - unique if key[0] in tables and key[1] not in EQUAL_KEYS] == []
