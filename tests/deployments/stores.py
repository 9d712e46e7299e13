"""All places where a stack keeps or shows something, as texts: tables, Prefect's records, files, environments."""

import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import psutil

from deployments.stack.embedded_stack import Stack
from tasks.core.database import Pool

MAY_HOLD_SECRETS = {"stack.json", "login"}
"""Files, 0600, whose purpose it is to hold them."""


async def read_stores(running: Stack, pool: Pool) -> dict[str, str]:
    """Return all rows of our tables and of Prefect's, as text."""
    stores = {f"PostgreSQL: {name}": text async for name, text in read_tables(pool)}
    prefect = running.data_dir / "prefect" / "prefect.db"
    return stores | {f"Prefect: {name}": text for name, text in read_sqlite(prefect)}


def find_in_files(folder: Path, secrets: list[str]) -> list[tuple[str, str]]:
    """Return the files with a secret in them; those that may have one, and all logs, are their owner's alone."""
    finds = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.name in MAY_HOLD_SECRETS or path.suffix == ".log":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        if path.name not in MAY_HOLD_SECRETS:
            finds += [(str(path), secret) for secret in secrets if secret.encode() in content]
    assert stat.S_IMODE((folder / "logs").stat().st_mode) == 0o700
    return finds


def find_in_environments(running: Stack, secrets: list[str], admin: str) -> list[tuple[str, str]]:
    """Return the services whose environment has a secret that is not theirs.

    PostgreSQL and Prefect have none of our secrets; the worker has not the administrator's token.
    """
    not_theirs = {"worker": [admin], "postgres": secrets, "prefect": secrets}
    finds = []
    for name, unwanted in not_theirs.items():
        values = " ".join(psutil.Process(running.info.pids[name]).environ().values())
        finds += [(name, secret) for secret in unwanted if secret in values]
    return finds


async def read_tables(pool: Pool) -> AsyncIterator[tuple[str, str]]:
    """All rows of our tables, as text."""
    async with pool.connection() as connection:
        named = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in await named.fetchall():
            rows = await connection.execute(f'SELECT t::text FROM "{table}" AS t')  # type: ignore[arg-type]
            yield table, "\n".join(row[0] for row in await rows.fetchall())


def read_sqlite(path: Path) -> Iterator[tuple[str, str]]:
    """All rows of Prefect's tables, as text."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            yield table, "\n".join(map(repr, connection.execute(f'SELECT * FROM "{table}"')))
