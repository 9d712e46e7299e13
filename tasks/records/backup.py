"""Backup of all of the product's data into one file, from one snapshot of the database."""

from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql

from tasks.core.errors import BackupFailed, DependencyUnavailable
from tasks.records.backup_file import Advance, BackupManifest, BackupWriter, create_backup
from tasks.records.schema import newest_version, read_version
from tasks.records.schema_version import needed_version

TABLES = (
    "build_events",
    "chat_messages",
    "chat_salts",
    "chat_usage",
    "conversations",
    "crawl_urls",
    "embedding_cache",
    "embedding_limits",
    "fact_edits",
    "feedback",
    "found_logos",
    "leads",
    "members",
    "own_answer_questions",
    "own_answers",
    "own_logos",
    "scrape_jobs",
    "site_facts",
    "sources",
    "stored_chunks",
    "stored_pages",
    "suggested_questions",
    "webhook_deliveries",
    "webhooks",
    "widget_pictures",
    "widget_vocabularies",
    "widget_words",
    "widgets",
    "workspace_answers",
    "workspaces",
)
"""The tables of the newest schema; other tables in the database are not ours."""
TRANSIENT_TABLES = ("embedding_claims", "host_claims", "host_limits")
"""Tables without lasting data, left out: they stand for work that is under way."""
Connection = psycopg.Connection[tuple[Any, ...]]
_SESSION = "SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 3"
"""Values are written so that any server reads them alike, as pg_dump does."""
_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


def write_backup(database_url: str, path: Path, advance: Advance) -> BackupManifest:
    """Write all data to the file; builds, chats and re-crawls may go on meanwhile.

    Raises:
        BackupFailed: the database's schema is not this version's, or the file cannot be written.
        DependencyUnavailable: the database failed.
    """
    try:
        with psycopg.connect(database_url, client_encoding="utf8") as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.transaction():
                connection.execute(_SESSION)
                found = _check_version(connection)
                with create_backup(path, advance) as writer:
                    for table in TABLES:
                        _add_table(connection, writer, table)
                    return writer.finish(version("ai-widget-builder"), found, _now(connection))
    except psycopg.Error as error:
        raise DependencyUnavailable("PostgreSQL", first_line(error), "see `widget-builder doctor`") from error


def table_columns(connection: Connection, table: str) -> tuple[str, ...]:
    """Return the columns of a table that are written; generated ones are computed anew. Empty: no such table."""
    return tuple(row[0] for row in connection.execute(_COLUMNS, (table,)).fetchall())


def first_line(error: Exception) -> str:
    """Return the first line of a database error."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _check_version(connection: Connection) -> str:
    found = read_version(connection)
    if found is not None and needed_version() <= found <= newest_version():
        return found
    state = "has no schema" if found is None else f"has schema {found}, and this version needs {needed_version()}"
    raise BackupFailed(f"The database {state}: run `widget-builder migrate`, or the product's version that fits.")


def _now(connection: Connection) -> datetime:
    row = connection.execute("SELECT now()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def _add_table(connection: Connection, writer: BackupWriter, table: str) -> None:
    columns = table_columns(connection, table)
    writer.add_table(table, columns, _rows(connection, table, columns))


def _rows(connection: Connection, table: str, columns: tuple[str, ...]) -> Iterator[bytes | bytearray | memoryview]:
    # A query: COPY of a partitioned table's own name is refused before PostgreSQL 18.
    statement = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield from copy
