"""Checks of the services that a stack uses: database, Prefect, API.

Each check returns a description or raises `DependencyUnavailable` with a problem and its remedy. `stack` is the
contents of the running stack's DATA_DIR/stack.json.
"""

import asyncio
import re
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import psycopg
from psycopg.conninfo import conninfo_to_dict

from deployments.stack.embedded_postgres import find_programs
from deployments.stack.stack_file import STACK_FILE, StackData
from tasks.core.database import Connection
from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings
from tasks.records.schema import LEAST_PGVECTOR, newest_version
from tasks.records.schema_version import needed_version

ANSWER_TIMEOUT_S = 5
"""Seconds until a service's first response; shorter than a check's timeout, so that the check names the service."""
MIN_POSTGRES = 13
DATABASE, PREFECT = "PostgreSQL", "Prefect"

_PGVECTOR = """
SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
       (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')
"""


class Warned(NamedTuple):
    """The result of a check that passed, with an advice for the operator."""

    detail: str
    warning: str


async def check_database(settings: Settings, stack: StackData | None) -> str | Warned:
    """Check that PostgreSQL is reachable and has the schema that is needed; the embedded one need not run.

    Raises:
        DependencyUnavailable: PostgreSQL is unreachable, too old, or has an old schema.
    """
    if settings.database_url is not None:
        return await _check_server(settings.database_url.get_secret_value(), "DATABASE_URL", "`widget-builder migrate`")
    if stack is not None and "database_url" in stack:
        return await _check_server(stack["database_url"], "embedded, running", "`widget-builder up` again")
    return await _check_embedded(settings.data_dir / "postgres")


async def _check_embedded(folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        find_programs() / "postgres", "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    version_text = output.decode(errors="replace").strip()
    found = re.search(r"\b(\d+)\.\d+", version_text)
    if process.returncode or found is None:
        raise DependencyUnavailable(
            DATABASE, f"the embedded PostgreSQL does not start: {version_text}", "run `make install` again"
        )
    try:
        written = (folder / "PG_VERSION").read_text().strip()
    except OSError:
        written = ""
    if written not in ("", found[1]):
        problem = f"{folder} was written by PostgreSQL {written}, but the embedded version is {found[1]}"
        raise DependencyUnavailable(DATABASE, problem, "set WIDGET_BUILDER_DATA_DIR to a new folder, or move the data")
    return f"PostgreSQL {found[0]}, embedded: `widget-builder up` starts it"


async def _check_server(url: str, where: str, migrate_command: str) -> str | Warned:
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The driver's message repeats the whole URL, with the password.
        remedy = "set DATABASE_URL to postgresql://user:password@host:5432/database"
        raise DependencyUnavailable(DATABASE, "DATABASE_URL is not a valid connection URL", remedy) from None
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=ANSWER_TIMEOUT_S) as connection:
            postgres, pgvector = await _check_versions(connection)
            revision = await _read_revision(connection)
    except psycopg.Error as error:
        problem = str(error).strip().split("\n")[0]
        raise DependencyUnavailable(DATABASE, problem, "start PostgreSQL, or correct DATABASE_URL") from error
    is_finished = _check_revision(revision, migrate_command)
    detail = f"PostgreSQL {postgres}, pgvector {pgvector}, schema {revision} ({where})"
    advice = "once no earlier version runs, `widget-builder migrate --finish` drops what only that needs"
    return detail if is_finished else Warned(detail, advice)


async def _check_versions(connection: Connection) -> tuple[int, str]:
    postgres = connection.info.server_version // 10_000
    installed, available = await (await connection.execute(_PGVECTOR)).fetchone() or (None, None)
    pgvector, least = installed or available, ".".join(map(str, LEAST_PGVECTOR))
    if postgres < MIN_POSTGRES:
        problem, remedy = f"PostgreSQL {postgres} is too old", f"use PostgreSQL {MIN_POSTGRES} or later"
    elif pgvector is None:
        problem, remedy = "the extension `vector` is not installed", f"install pgvector {least} or later"
    elif tuple(int(part) for part in re.findall(r"\d+", pgvector)[:3]) < LEAST_PGVECTOR:
        problem = f"pgvector {pgvector} is too old"
        remedy = f"install pgvector {least} or later and run ALTER EXTENSION vector UPDATE"
    else:
        return postgres, pgvector
    raise DependencyUnavailable(DATABASE, problem, remedy)


async def _read_revision(connection: Connection) -> str | None:
    """Read the schema's revision; None before the first migration."""
    row = await (await connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL")).fetchone()
    if row is None or not row[0]:
        return None
    row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    return None if row is None else str(row[0])


def _check_revision(revision: str | None, migrate_command: str) -> bool:
    """Whether the schema is the newest; False if only the contracting migrations are to come."""
    needed, newest = needed_version(), newest_version()
    if revision is None:
        raise DependencyUnavailable(DATABASE, "the database has no tables yet", f"run {migrate_command}")
    if revision < needed:
        problem = f"the schema is {revision}, and this version needs {needed}"
        raise DependencyUnavailable(DATABASE, problem, f"run {migrate_command}")
    if revision > newest:
        problem = f"the schema {revision} is unknown to this version, which knows up to {newest}"
        raise DependencyUnavailable(DATABASE, problem, "install the version that created this schema, or a later one")
    return revision == newest


async def check_prefect(settings: Settings, stack: StackData | None) -> str:
    """Check that Prefect is reachable, has our deployments and a worker; the embedded server need not run.

    Raises:
        DependencyUnavailable: one of these fails; the error names the first.
    """
    url = settings.prefect_api_url or (stack or {}).get("prefect_api_url")
    if url is None:
        return f"{version('prefect')}, embedded: `widget-builder up` starts it"
    check_address(PREFECT, url, "PREFECT_API_URL")
    # Importing Prefect takes seconds.
    from deployments.checks.prefect_server import check_server

    if settings.prefect_api_url is None:
        return await check_server(url, (stack or {}).get("prefect_auth_string"))
    login = settings.prefect_api_auth_string
    return await check_server(url, login.get_secret_value() if login else None)


def check_address(dependency: str, url: str, setting: str) -> None:
    """Check that a setting is a URL.

    Raises:
        DependencyUnavailable: the setting is not a URL.
    """
    # On such URLs the HTTP clients raise other errors than their own.
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise DependencyUnavailable(
            dependency, f"{setting} is not a valid URL: {error}", f"correct {setting}"
        ) from error


async def check_api(settings: Settings, stack: StackData | None) -> str | Warned:
    """Check that the API of the running stack is ready; no stack need run.

    Raises:
        DependencyUnavailable: the API is not ready, or its stack crashed.
    """
    if stack is None:
        if (settings.data_dir / STACK_FILE).exists():
            problem = f"the stack named in {settings.data_dir / STACK_FILE} does not answer"
            raise DependencyUnavailable("API", problem, "start `widget-builder up` again")
        return "not running: `widget-builder up` starts it"
    address = stack["api_url"]
    try:
        async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S, trust_env=False) as http:
            answer = await http.get(f"{address}/readyz")
        body = answer.json()
        states, warnings = dict(body["dependencies"]), [str(warning) for warning in body.get("warnings", ())]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        problem = f"{address} does not answer as the API does ({type(error).__name__})"
        raise DependencyUnavailable("API", problem, f"see {settings.data_dir / 'logs' / 'api.log'}") from error
    if wrong := [f"{name}: {state}" for name, state in states.items() if state != "ok"]:
        raise DependencyUnavailable(
            "API", f"{address} is not ready; {'; '.join(wrong)}", "fix the dependencies named above"
        )
    detail = f"{address} is ready"
    return Warned(detail, "; ".join(warnings)) if warnings else detail
