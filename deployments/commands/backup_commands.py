"""The commands `backup` and `restore`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from deployments.display.formatting import printable
from deployments.stack.data_lock import open_data_lock
from deployments.stack.embedded_postgres import open_postgres
from deployments.stack.stack_file import find_stack
from tasks.core.database import open_pool
from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings
from tasks.knowledge.indexing.vector_index import index_all
from tasks.records.backup import write_backup
from tasks.records.backup_file import Advance, BackupManifest, open_backup
from tasks.records.restore import restore_backup


def run_backup(settings: Settings, file: Path, console: Console) -> None:
    """Write a backup of the stack's database, and print its size.

    Raises:
        BackupFailed: the file cannot be written, or the database's schema is not the newest.
        DependencyUnavailable: there is no database, or it failed.
    """
    with _open_database(settings, is_created=False) as url, _progress(console, None) as advance:
        manifest = write_backup(url, file, advance)
    size = f"{file.stat().st_size / 1e6:,.1f} MB"
    _print(console, f"{file}: {size} ({_describe(manifest)})")


def run_restore(settings: Settings, file: Path, console: Console, *, replace: bool) -> None:
    """Restore a backup into the stack's database, index large widgets, and print what is there.

    Raises:
        BackupFailed: nothing was restored.
        DependencyUnavailable: the database failed.
    """
    with open_backup(file) as backup:
        total = backup.manifest.bytes
    with _open_database(settings, is_created=True) as url:
        with _progress(console, total) as advance:
            manifest = restore_backup(url, file, advance, replace=replace)
        indexed = asyncio.run(_index_all(url))
    made = f"{manifest.created_at.astimezone():%Y-%m-%d %H:%M}"
    _print(console, f"Restored the backup of {made} ({_describe(manifest)}, indexed widgets: {indexed})")


async def _index_all(database_url: str) -> int:
    async with open_pool(database_url, max_size=2) as pool:
        return await index_all(pool)


@contextmanager
def _open_database(settings: Settings, *, is_created: bool) -> Iterator[str]:
    """Find the database: DATABASE_URL, that of the running stack, or the embedded one, started for the command."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
    elif stack := asyncio.run(find_stack(settings.data_dir)):
        yield stack["database_url"]
    elif is_created or (settings.data_dir / "postgres").exists():
        with open_data_lock(settings.data_dir) as data_dir, open_postgres(data_dir / "postgres") as server:
            yield server.url
    else:
        problem = f"there is no database in {settings.data_dir}"
        raise DependencyUnavailable("PostgreSQL", problem, "set DATABASE_URL or WIDGET_BUILDER_DATA_DIR")


@contextmanager
def _progress(console: Console, total: int | None) -> Iterator[Advance]:
    """Show the table and the bytes handled, on a terminal."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=total)

        def advance(table: str, size: int) -> None:
            progress.update(task, description=f"{table:<22}", advance=size)

        yield advance


def _describe(manifest: BackupManifest) -> str:
    counts = {name: table.rows for name, table in manifest.tables.items()}
    return f"widgets: {counts.get('widgets', 0):,}, pages: {counts.get('stored_pages', 0):,}, rows: {manifest.rows:,}"


def _print(console: Console, text: str) -> None:
    console.print(printable(text), soft_wrap=True, highlight=False, markup=False)
