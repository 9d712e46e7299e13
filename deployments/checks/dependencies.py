"""The services a stack works with, asked one by one: database, Prefect, API, embeddings.

Each check says what it found or raises `DependencyUnavailable` with a problem and its remedy. `stack` is what a
running stack says of itself in DATA_DIR/stack.json.
"""

import asyncio
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import psycopg
from alembic.script import ScriptDirectory
from openai import AsyncOpenAI
from psycopg.conninfo import conninfo_to_dict
from safetensors import SafetensorError

from deployments.stack.embedded_postgres import _find_programs
from deployments.stack.stack_file import STACK_FILE
from tasks.core.database import VECTOR_DIMENSIONS, Connection
from tasks.core.errors import DependencyUnavailable, EmbeddingFailed
from tasks.core.settings import Settings
from tasks.knowledge.embedding.embedder import to_vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tasks.records.schema import LEAST_PGVECTOR, MIGRATIONS

ANSWER_TIMEOUT_S = 5
"""Seconds a service has for its first answer; less than a check may take, so that the check can say who is silent."""
LEAST_POSTGRES = 13
DATABASE, PREFECT, EMBEDDINGS = "PostgreSQL", "Prefect", "Embeddings"

_PGVECTOR = """
SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
       (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')
"""

Stack = dict[str, Any]


async def check_database(settings: Settings, stack: Stack | None) -> str:
    """Which PostgreSQL there is, reached and with the newest schema; the embedded one may be yet to start.

    Raises:
        DependencyUnavailable: it is out of reach, too old, or has an old schema.
    """
    if settings.database_url is not None:
        return await _check_server(settings.database_url.get_secret_value(), "DATABASE_URL", "`widget-builder migrate`")
    if stack is not None and "database_url" in stack:
        return await _check_server(stack["database_url"], "embedded, running", "`widget-builder up` again")
    return await _check_embedded(settings.data_dir / "postgres")


async def _check_embedded(folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        _find_programs() / "postgres", "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    said = output.decode(errors="replace").strip()
    found = re.search(r"\b(\d+)\.\d+", said)
    if process.returncode or found is None:
        raise DependencyUnavailable(DATABASE, f"the embedded one does not start: {said}", "run `make install` again")
    try:
        written = (folder / "PG_VERSION").read_text().strip()
    except OSError:
        written = ""
    if written not in ("", found[1]):
        problem = f"{folder} was written by PostgreSQL {written}, the embedded one is {found[1]}"
        raise DependencyUnavailable(DATABASE, problem, "set WIDGET_BUILDER_DATA_DIR to a new folder, or move the data")
    return f"PostgreSQL {found[0]}, embedded: `widget-builder up` starts it"


async def _check_server(url: str, where: str, renew: str) -> str:
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        # Its text repeats the address, password and all.
        remedy = "write it as postgresql://user:password@host:5432/database"
        raise DependencyUnavailable(DATABASE, "DATABASE_URL cannot be read", remedy) from error
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=ANSWER_TIMEOUT_S) as connection:
            postgres, pgvector = await _check_versions(connection)
            revision = await _read_revision(connection)
    except psycopg.Error as error:
        problem = str(error).strip().split("\n")[0]
        raise DependencyUnavailable(DATABASE, problem, "start it, or correct DATABASE_URL") from error
    _check_revision(revision, renew)
    return f"PostgreSQL {postgres}, pgvector {pgvector}, schema {revision} ({where})"


async def _check_versions(connection: Connection) -> tuple[int, str]:
    postgres = connection.info.server_version // 10_000
    installed, available = await (await connection.execute(_PGVECTOR)).fetchone() or (None, None)
    pgvector, least = installed or available, ".".join(map(str, LEAST_PGVECTOR))
    if postgres < LEAST_POSTGRES:
        problem, remedy = f"PostgreSQL {postgres} is too old", f"use PostgreSQL {LEAST_POSTGRES} or later"
    elif pgvector is None:
        problem, remedy = "the extension `vector` is not there", f"install pgvector {least} or later"
    elif tuple(int(part) for part in re.findall(r"\d+", pgvector)[:3]) < LEAST_PGVECTOR:
        problem = f"pgvector {pgvector} is too old"
        remedy = f"install pgvector {least} or later and run ALTER EXTENSION vector UPDATE"
    else:
        return postgres, pgvector
    raise DependencyUnavailable(DATABASE, problem, remedy)


async def _read_revision(connection: Connection) -> str | None:
    """The schema's revision; None before the first migration."""
    row = await (await connection.execute("SELECT to_regclass('alembic_version') IS NOT NULL")).fetchone()
    if row is None or not row[0]:
        return None
    row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    return None if row is None else str(row[0])


def _check_revision(revision: str | None, renew: str) -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    newest = script.get_current_head()
    if revision == newest:
        return
    if revision is None:
        raise DependencyUnavailable(DATABASE, "the database has no tables yet", f"run {renew}")
    if revision in {known.revision for known in script.walk_revisions()}:
        raise DependencyUnavailable(DATABASE, f"its schema is {revision}, the newest is {newest}", f"run {renew}")
    problem = f"its schema {revision} is unknown here; this version knows up to {newest}"
    raise DependencyUnavailable(DATABASE, problem, "install the version of the product that wrote it, or a later one")


async def check_prefect(settings: Settings, stack: Stack | None) -> str:
    """Which Prefect there is: reached, knowing our deployments, with a worker; or the embedded one, yet to start.

    Raises:
        DependencyUnavailable: the first of these that is not so.
    """
    url = settings.prefect_api_url or (stack or {}).get("prefect_api_url")
    if url is None:
        return f"{version('prefect')}, embedded: `widget-builder up` starts it"
    _check_address(PREFECT, url, "PREFECT_API_URL")
    # Loading Prefect takes its time; nobody waits for it who does not need it.
    from deployments.checks.prefect_server import check_server

    return await check_server(url)


def _check_address(dependency: str, url: str, setting: str) -> None:
    # The HTTP clients fail on these in ways of their own, not with their errors.
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise DependencyUnavailable(dependency, f"{setting} is no address: {error}", f"correct {setting}") from error


async def check_api(settings: Settings, stack: Stack | None) -> str:
    """Where the API of the running stack is, ready for work; no stack need run.

    Raises:
        DependencyUnavailable: it is not ready, or its stack died.
    """
    if stack is None:
        if (settings.data_dir / STACK_FILE).exists():
            problem = f"the stack that {settings.data_dir / STACK_FILE} names does not answer"
            raise DependencyUnavailable("API", problem, "start `widget-builder up` again")
        return "not running: `widget-builder up` starts it"
    address = stack["api_url"]
    try:
        async with httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S, trust_env=False) as http:
            answer = await http.get(f"{address}/readyz")
        states = dict(answer.json()["dependencies"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        problem = f"{address} does not answer as the API does ({type(error).__name__})"
        raise DependencyUnavailable("API", problem, f"see {settings.data_dir / 'logs' / 'api.log'}") from error
    if wrong := [f"{name}: {state}" for name, state in states.items() if state != "ok"]:
        raise DependencyUnavailable("API", f"{address} is not ready; {'; '.join(wrong)}", "mend what it names")
    return f"{address} is ready"


async def check_embeddings(settings: Settings, _stack: Stack | None) -> str:
    """Who embeds, tried with one word.

    Raises:
        DependencyUnavailable: nobody does, and why.
    """
    if settings.uses_openai:
        return await _check_openai(settings)
    try:
        (vector,) = await LocalEmbedder(None).embed(["word"])
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        remedy = "run `make install` again"
        raise DependencyUnavailable(EMBEDDINGS, f"the local model cannot be loaded: {error}", remedy) from error
    if isinstance(vector, EmbeddingFailed):
        raise DependencyUnavailable(EMBEDDINGS, f"the local model fails: {vector}", "run `make install` again")
    return f"local model {LOCAL_MODEL}"


async def _check_openai(settings: Settings) -> str:
    key, model = settings.openai_api_key, settings.embedding_model
    if key is None:
        raise DependencyUnavailable(EMBEDDINGS, "there is no key", "set OPENAI_API_KEY")
    _check_address(EMBEDDINGS, settings.openai_base_url, "OPENAI_BASE_URL")
    async with AsyncOpenAI(
        api_key=key.get_secret_value(), base_url=settings.openai_base_url, timeout=ANSWER_TIMEOUT_S, max_retries=0
    ) as client:
        place = str(client.base_url).rstrip("/")
        # As builds ask for it: only this family lets the width be chosen.
        width = VECTOR_DIMENSIONS if model.startswith("text-embedding-3") else openai.omit
        try:
            answer = await client.embeddings.create(model=model, input=["word"], dimensions=width)
            numbers = answer.data[0].embedding
            to_vector(numbers)
        except openai.APIError as error:
            problem, remedy = _explain(error, model)
            raise DependencyUnavailable(EMBEDDINGS, f"{place} {problem}", remedy) from error
        except (EmbeddingFailed, IndexError, TypeError, ValueError) as error:
            remedy = "set WIDGET_BUILDER_EMBEDDING_MODEL to a model of at most 1536 dimensions"
            raise DependencyUnavailable(EMBEDDINGS, f"{model} at {place}: {error}", remedy) from error
    return f"{model} at {place}, {len(numbers)} dimensions"


def _explain(error: openai.APIError, model: str) -> tuple[str, str]:
    """Problem and remedy; the service's own words are left out, they may repeat the key."""
    code = str(error.code or error.type or "")
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return "refuses the key", "correct OPENAI_API_KEY"
        case openai.NotFoundError():
            return f"does not know the model {model}", "correct WIDGET_BUILDER_EMBEDDING_MODEL or OPENAI_BASE_URL"
        case openai.RateLimitError():
            return f"takes no requests now ({code})", "add credit to the account, or wait, if too much was asked"
        case openai.APIConnectionError():
            why = f"within {ANSWER_TIMEOUT_S} s" if isinstance(error, openai.APITimeoutError) else "at all"
            return f"does not answer {why}", "check OPENAI_BASE_URL and the way out of this machine"
        case openai.APIStatusError():
            return f"answers with HTTP {error.status_code} ({code})", "check OPENAI_BASE_URL and the model"
    return "does not answer as OpenAI does", "check OPENAI_BASE_URL"
