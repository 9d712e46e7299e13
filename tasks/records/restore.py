"""Restoration of a backup file, in one transaction: all of it, or nothing.

The tables are created in the schema of the file, filled, and then migrated to the newest schema. Foreign keys are set
aside meanwhile: widgets and builds refer to each other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tasks.core.errors import BackupFailed, DependencyUnavailable
from tasks.records.backup import TABLES, TRANSIENT_TABLES, Connection, first_line, table_columns
from tasks.records.backup_file import Advance, BackupManifest, BackupReader, open_backup
from tasks.records.schema import SchemaConnection, knows_version, open_schema, read_version

LOCK_WAIT_S = 30
"""Seconds that the tables may be in use by other programs."""
_VIEWS = ("knowledge_scraped_pages", "knowledge_chunks")
_FUNCTIONS = ("knowledge_padded", "knowledge_numbers", "knowledge_terms", "knowledge_term")
_FOREIGN_KEYS = """
SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'f' AND conparentid = 0 AND relname = ANY(%s) AND relnamespace = current_schema()::regnamespace
"""
_IDENTITY_COLUMNS = """
SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE attidentity <> '' AND relname = ANY(%s) AND relnamespace = current_schema()::regnamespace
"""


def restore_backup(database_url: str, path: Path, advance: Advance, *, replace: bool = False) -> BackupManifest:
    """Restore the file into the database, which has no widgets unless `replace`.

    Raises:
        BackupFailed: the file is damaged or of a later version, or the database has widgets; it stays as it was.
        DependencyUnavailable: the database failed; it stays as it was.
    """
    with open_backup(path) as backup:
        if not knows_version(backup.manifest.schema_version):
            made_by = f"{backup.manifest.product}, schema {backup.manifest.schema_version}"
            raise BackupFailed(f"{path} was made by a later version of the product ({made_by}): update first.")
        backup.verify()
        with _database_errors(), open_schema(database_url) as schema:
            schema.driver.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'")
            _clear(schema, replace=replace)
            schema.upgrade(backup.manifest.schema_version)
            _fill(schema.driver, backup, advance)
            schema.upgrade("head")
            for table in TABLES:
                schema.driver.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
            schema.commit()
    return backup.manifest


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise BackupFailed(
            f"The tables have been in use for {LOCK_WAIT_S} s: stop the API and the workers, then restore again."
        ) from error
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise BackupFailed(f"The file's data is not that of its schema: {first_line(error)}") from error
    except psycopg.Error as error:
        raise DependencyUnavailable("PostgreSQL", first_line(error), "see `widget-builder doctor`") from error


def _clear(schema: SchemaConnection, *, replace: bool) -> None:
    """Drop all of the product's objects, whatever migration they are of."""
    found = read_version(schema.driver)
    if found is None:
        return
    if not knows_version(found):
        raise BackupFailed(f"The database has the schema of a later version ({found}): update the product first.")
    count = schema.driver.execute("SELECT count(*) FROM widgets").fetchone()
    if count and count[0] and not replace:
        raise BackupFailed(
            f"The database has widgets ({count[0]}): restore into an empty one, or use --replace to delete them."
        )
    # The names to drop are those of the newest schema.
    schema.upgrade("head")
    for kind, names in (("VIEW", _VIEWS), ("TABLE", (*TABLES, *TRANSIENT_TABLES, "alembic_version"))):
        schema.driver.execute(sql.SQL(f"DROP {kind} {{}} CASCADE").format(_identifiers(names)))
    schema.driver.execute(sql.SQL("DROP FUNCTION {} CASCADE").format(_identifiers(_FUNCTIONS)))


def _fill(connection: Connection, backup: BackupReader, advance: Advance) -> None:
    tables = list(backup.manifest.tables)
    foreign_keys = connection.execute(_FOREIGN_KEYS, (tables,)).fetchall()
    for table, name, _ in foreign_keys:
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*map(sql.Identifier, (table, name))))
    for table in tables:
        _fill_table(connection, backup, table, advance)
    for table, name, definition in foreign_keys:
        named = map(sql.Identifier, (table, name))
        connection.execute(sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(*named, sql.SQL(definition)))
    for table, column in connection.execute(_IDENTITY_COLUMNS, (tables,)).fetchall():
        _continue_sequence(connection, table, column)


def _fill_table(connection: Connection, backup: BackupReader, table: str, advance: Advance) -> None:
    described = backup.manifest.tables[table]
    if not set(described.columns) <= set(table_columns(connection, table)):
        raise BackupFailed(f"The file's table {table} is not that of schema {backup.manifest.schema_version}.")
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _identifiers(described.columns))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for block in backup.read_table(table):
                copy.write(block)
                advance(table, len(block))
        if cursor.rowcount != described.rows:
            raise BackupFailed(f"The file's table {table} has {cursor.rowcount} rows instead of {described.rows}.")


def _continue_sequence(connection: Connection, table: str, column: str) -> None:
    connection.execute(
        sql.SQL(
            "SELECT setval(pg_get_serial_sequence({name}, {column_name}), max({column})) FROM {table}"
            " HAVING max({column}) IS NOT NULL"
        ).format(
            name=sql.Literal(table),
            column_name=sql.Literal(column),
            column=sql.Identifier(column),
            table=sql.Identifier(table),
        )
    )


def _identifiers(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
