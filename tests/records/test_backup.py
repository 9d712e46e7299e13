"""Backup and restoration: everything from one snapshot, checked before anything is touched, all or nothing."""

import json
import stat
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from tasks.core.database import Pool, open_pool
from tasks.core.errors import BackupFailed, DependencyUnavailable
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.indexing.vector_index import index_all
from tasks.knowledge.search.passage_search import search
from tasks.records.backup import TABLES, TRANSIENT_TABLES, write_backup
from tasks.records.backup_file import MANIFEST, BackupManifest, create_backup, open_backup
from tasks.records.conversations import ChatMessage, ensure_conversation, store_message
from tasks.records.leads import LeadDraft, store_lead
from tasks.records.own_answers import OwnAnswerDraft, add_own_answer
from tasks.records.pictures import save_screenshot
from tasks.records.publication import activate_build
from tasks.records.restore import restore_backup
from tasks.records.schema import migrate, newest_version
from tasks.records.schema_version import needed_version
from tests.knowledge.material import count, embed_page, new_job
from tests.records.databases import migrate_to, new_database

EMBEDDER = LocalEmbedder(None)
QUESTION = "how long do the beans keep"
PAGES = {
    "/storage": (
        "Storage",
        "Our beans keep for nine months in a cool, dark jar.\n\nTabs\tand \\backslashes\\ too: “ß”.",
    ),
    "/visits": ("Visits", "The roastery can be visited on Saturdays from ten to four."),
}
MADE = datetime(2026, 11, 1, tzinfo=UTC)
ODD = "a\tb\\n\\N\nü😀"


def ignore(_table: str, _bytes: int) -> None:
    """Show no progress."""


@pytest.fixture(scope="module")
def source_url(postgres_url: str) -> str:
    """A database with the current schema."""
    url = new_database(postgres_url)
    migrate(url)
    return url


@pytest.fixture(scope="module")
async def source(source_url: str) -> AsyncIterator[Pool]:
    """One widget with pages, a conversation, an address, an own answer and a picture."""
    async with open_pool(source_url, max_size=2) as pool:
        job = await new_job(pool)
        pages = [await embed_page(EMBEDDER, path, *content) for path, content in PAGES.items()]
        await store_pages(pool, job.build_id, pages)
        await activate_build(pool, job, replace=True)
        async with pool.connection() as connection:
            conversation = await ensure_conversation(connection, job.widget_id, None)
        message = ChatMessage(question=ODD, searched=ODD, answer="", answered=True, kind="extractive")
        await store_message(pool, job.widget_id, conversation, message)
        await store_lead(pool, job.widget_id, None, LeadDraft(email="a@b.example", name=ODD, message="", consent=None))
        await add_own_answer(pool, job.widget_id, OwnAnswerDraft(questions=(), answer=ODD), EMBEDDER.model, [])
        await save_screenshot(pool, job.widget_id, bytes(range(256)))
        yield pool


@pytest.fixture(scope="module")
def backup(source: Pool, source_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    path = tmp_path_factory.mktemp("backups") / "all.backup"
    write_backup(source_url, path, ignore)
    return path


@pytest.fixture(scope="module")
def scratch_url(postgres_url: str) -> str:
    """A database to restore into, empty at first."""
    return new_database(postgres_url)


def contents(url: str) -> dict[str, list[str]]:
    """All rows of all tables, as text, sorted."""
    with psycopg.connect(url) as connection:
        return {
            table: sorted(row[0] for row in connection.execute(f"SELECT t::text FROM {table} AS t").fetchall())  # type: ignore[arg-type]
            for table in TABLES
        }


async def test_a_restored_database_has_the_same_rows_and_answers_alike(
    source: Pool, source_url: str, backup: Path, scratch_url: str
) -> None:
    """Every row of every table; the same passages for a question; and new rows get new numbers."""
    manifest = restore_backup(scratch_url, backup, ignore)
    assert contents(scratch_url) == contents(source_url)
    assert manifest.rows == sum(map(len, contents(source_url).values()))
    async with open_pool(scratch_url, max_size=2) as restored:
        async with source.connection() as connection:
            row = await (await connection.execute("SELECT id, active_job_id FROM widgets")).fetchone()
        assert row is not None
        widget_id: UUID = row[0]
        found = await search(restored, EMBEDDER, widget_id, QUESTION)
        assert found == await search(source, EMBEDDER, widget_id, QUESTION)
        assert "nine months" in found[0].text
        last = "SELECT max(position) FROM chat_messages"
        before = await count(restored, last)
        message = ChatMessage(question="a", searched="a", answer="b", answered=True, kind="extractive")
        async with restored.connection() as connection:
            conversation = await ensure_conversation(connection, widget_id, None)
        await store_message(restored, widget_id, conversation, message)
        assert await count(restored, last) == before + 1


async def test_a_database_restored_over_another_has_the_schema_of_a_migrated_one(
    source_url: str, backup: Path, scratch_url: str
) -> None:
    """Foreign keys are back, migrating finds nothing to do, and large widgets get their own indexes again."""
    restore_backup(scratch_url, backup, ignore, replace=True)
    query = "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2"
    with psycopg.connect(source_url) as migrated, psycopg.connect(scratch_url) as restored:
        assert restored.execute(query).fetchall() == migrated.execute(query).fetchall()
    migrate(scratch_url)
    indexes = "SELECT count(*) FROM pg_class WHERE relname ~ '^stored_chunks_(near|words)_[0-9a-f]{32}$'"
    async with open_pool(scratch_url, max_size=2) as pool:
        assert await count(pool, indexes) == 0
        assert await index_all(pool, more_than=0) == 1
        assert await count(pool, indexes) == 2


def test_every_table_of_the_schema_is_in_the_backup(source_url: str, backup: Path) -> None:
    """A migration that adds a table adds it to the backup too."""
    with psycopg.connect(source_url) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relname <> 'alembic_version'"
        )
        assert {row[0] for row in rows.fetchall()} == {*TABLES, *TRANSIENT_TABLES}
    with open_backup(backup) as opened:
        assert set(opened.manifest.tables) == set(TABLES)


def test_the_file_is_its_owner_s_alone_and_complete(backup: Path) -> None:
    """Nobody else reads it, and no unfinished file stays beside it."""
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert list(backup.parent.iterdir()) == [backup]


def test_a_database_with_widgets_is_overwritten_only_on_demand(source_url: str, backup: Path) -> None:
    """The refusal says how many there are, and changes nothing."""
    before = contents(source_url)
    with pytest.raises(BackupFailed, match=r"widgets \(1\).*--replace"):
        restore_backup(source_url, backup, ignore)
    assert contents(source_url) == before


@pytest.mark.parametrize("damage", ["cut in half", "one byte changed", "a text", "empty", "no rows"])
def test_a_damaged_file_is_refused_and_the_database_stays(
    source_url: str, backup: Path, tmp_path: Path, damage: str
) -> None:
    """Even with `--replace`: the whole file is read before anything is touched."""
    whole = backup.read_bytes()
    at = whole.index(b"tables/stored_pages.copy") + 60
    contents_of = {
        "cut in half": whole[: len(whole) // 2],
        "one byte changed": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
        "a text": b"CREATE TABLE widgets (id uuid);",
        "empty": b"",
        "no rows": _without_rows(backup, tmp_path / "less.backup"),
    }
    damaged = tmp_path / "damaged.backup"
    damaged.write_bytes(contents_of[damage])
    before = contents(source_url)
    for url in (source_url, "postgresql://u@127.0.0.1:1/x"):
        with pytest.raises(BackupFailed, match="damaged, incomplete or no backup"):
            restore_backup(url, damaged, ignore, replace=True)
    assert contents(source_url) == before


def _without_rows(backup: Path, path: Path) -> bytes:
    """The archive with one member emptied: as an archive it is whole."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"" if name == "tables/leads.copy" else old.read(name))
    return path.read_bytes()


def _of_schema(backup: Path, path: Path, version: str) -> Path:
    """The archive with another version of the schema in its manifest."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name != MANIFEST:
                new.writestr(name, old.read(name))
        new.writestr(MANIFEST, json.dumps({**json.loads(old.read(MANIFEST)), "schema_version": version}))
    return path


def test_data_that_its_schema_refuses_leaves_the_database_as_it_was(
    source_url: str, backup: Path, tmp_path: Path
) -> None:
    """The checks pass, the tables have been dropped and half filled: all is rolled back."""
    before = contents(source_url)
    old = _of_schema(backup, tmp_path / "old.backup", "0011")
    with pytest.raises(BackupFailed, match="is not that of schema 0011"):
        restore_backup(source_url, old, ignore, replace=True)
    assert contents(source_url) == before


def test_a_file_of_a_later_schema_is_refused(scratch_url: str, backup: Path, tmp_path: Path) -> None:
    """With the version that made it."""
    with pytest.raises(BackupFailed, match=r"later version of the product \(0\.\d+.*schema 9999\)"):
        restore_backup(scratch_url, _of_schema(backup, tmp_path / "new.backup", "9999"), ignore, replace=True)


def test_a_file_of_an_earlier_schema_is_migrated(scratch_url: str, tmp_path: Path) -> None:
    """A page of the days when each build had its own copy is in the view, and the schema is the newest."""
    widget, job, page = (UUID(int=n) for n in (1, 2, 3))
    vector = "[" + ",".join(["1"] + ["0"] * 1535) + "]"
    tables = {
        "widgets": (("id", "site_url", "active_job_id"), f"{widget}\thttps://a.example/\t{job}\n"),
        "scrape_jobs": (
            ("id", "widget_id", "url", "depth", "max_pages"),
            f"{job}\t{widget}\thttps://a.example/\t1\t9\n",
        ),
        "knowledge_scraped_pages": (
            ("id", "job_id", "page_id", "url", "content", "content_hash", "token_count", "embedding", "metadata"),
            f'{page}\t{job}\t{page}\thttps://a.example/\tOld beans.\th\t2\t{vector}\t{{"embedding_model": "m"}}\n',
        ),
    }
    path = tmp_path / "old.backup"
    with create_backup(path, ignore) as writer:
        for name, (columns, rows) in tables.items():
            writer.add_table(name, columns, [rows.encode()])
        manifest: BackupManifest = writer.finish("0.0.9", "0011", MADE)
    restore_backup(scratch_url, path, ignore, replace=True)
    assert manifest.schema_version < newest_version()
    with psycopg.connect(scratch_url) as connection:
        rows = connection.execute("SELECT job_id, content FROM knowledge_scraped_pages").fetchall()
        assert rows == [(job, "Old beans.")]
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest_version(),)]


def test_an_update_that_is_not_finished_is_backed_up(postgres_url: str, scratch_url: str, tmp_path: Path) -> None:
    """The version before may still be at work; the restored database is of the newest schema."""
    url = new_database(postgres_url)
    migrate_to(url, needed_version())
    manifest = write_backup(url, tmp_path / "between.backup", ignore)
    assert manifest.schema_version == needed_version()
    restore_backup(scratch_url, tmp_path / "between.backup", ignore, replace=True)
    with psycopg.connect(scratch_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest_version(),)]


def test_a_database_without_the_newest_schema_is_not_backed_up(postgres_url: str, tmp_path: Path) -> None:
    """The message says what to run; no file is left."""
    with pytest.raises(BackupFailed, match="has no schema: run `widget-builder migrate`"):
        write_backup(new_database(postgres_url), tmp_path / "no.backup", ignore)
    with pytest.raises(DependencyUnavailable, match="doctor"):
        write_backup("postgresql://u@127.0.0.1:1/x", tmp_path / "no.backup", ignore)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(source_url: str, tmp_path: Path) -> None:
    """The cause and the way out, in one sentence."""
    with pytest.raises(BackupFailed, match=r"nowhere/all.backup cannot be written: No such file.*another"):
        write_backup(source_url, tmp_path / "nowhere" / "all.backup", ignore)
