"""Secrets: after builds that fail in ten ways, no store, log, stream, response or environment has one of ours."""

import asyncio
import os
import secrets
import socket
import sqlite3
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest
from aiohttp import web
from prefect.client.schemas.objects import FlowRun

from deployments.checks.doctor import examine_one
from deployments.stack.embedded_stack import Stack, open_stack
from deployments.stack.environment import environment_of
from tasks.core.database import Pool, open_pool
from tasks.core.settings import Settings, load_settings
from tests.product import ENVIRONMENT, PATH, UNWANTED, Event, Product
from tests.sites.openai_server import Refusal
from tests.sites.server import serve_handler, serve_site

KEY = f"sk-proj-{secrets.token_urlsafe(24)}"
ADMIN = secrets.token_urlsafe(24)
PASSWORD = f"pass/{secrets.token_urlsafe(12)}"
MAY_HOLD_SECRETS = {"stack.json", "login"}
"""Files, 0600, whose purpose it is to hold them."""
FAULTS = {
    "refused": (401, "invalid_api_key"),
    "limited": (429, "rate_limit_exceeded"),
    "unpaid": (429, "insufficient_quota"),
    "broken": (500, "server_error"),
    "model": (404, "model_not_found"),
    "elsewhere": (405, "method_not_allowed"),
}
"""Answers of the embedding service; each quotes the key that it was sent."""
RUNS = ("limited", "unpaid", "broken", "model", "elsewhere")

CRASHING = """
import asyncio
from prefect import flow, task
from flows.build import build_widget
from flows.redacted_states import redact_run
from tasks.core.settings import load_settings

@task
async def crash(settings):
    key = settings.openai_api_key.get_secret_value()
    try:
        raise ValueError(f"no such key: {key}")
    except ValueError as error:
        raise RuntimeError(f"a defect, with {settings.database_url.get_secret_value()}") from error

@flow
async def crash_in_a_task():
    settings = load_settings()
    redact_run(settings)
    await crash(settings)

async def main():
    await asyncio.gather(crash_in_a_task(return_state=True), build_widget("http://127.0.0.1/", return_state=True))

asyncio.run(main())
raise RuntimeError(load_settings().openai_api_key.get_secret_value())
"""
"""A task that crashes, a build whose database refuses the password, and an error that nobody catches."""


@dataclass
class Seen:
    """Texts that the product gave to the outside, by their source."""

    texts: dict[str, str] = field(default_factory=dict)
    owner_tokens: list[str] = field(default_factory=list)


@dataclass
class FaultyService:
    """An embedding service with one fault at a time."""

    url: str = ""
    fault: str = "refused"
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request is left waiting."""


@asynccontextmanager
async def serve_faults() -> AsyncIterator[FaultyService]:
    """The service, on loopback."""
    service = FaultyService()

    async def answer(request: web.Request) -> web.StreamResponse:
        if service.fault == "hanging":
            service.asked.set()
            await asyncio.sleep(600)
        status, code = FAULTS[service.fault]
        message = f"You sent {request.headers['Authorization']} and {request.headers['Authorization'].split()[-1]}."
        return Refusal(status, message, "error", code=code, headers={"Retry-After": "86400"}).response()

    async with serve_handler(answer) as service.url:
        yield service


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stack, Product, FaultyService]]:
    """A stack with a key that no service accepts."""
    with tempfile.TemporaryDirectory(prefix="secrets-") as name, pytest.MonkeyPatch.context() as patch:
        os.chmod(name, 0o755)
        async with serve_faults() as service:
            ours = {
                "WIDGET_BUILDER_DATA_DIR": f"{name}/data",
                "WIDGET_BUILDER_PORT": "38080",
                "WIDGET_BUILDER_PAGE_TIMEOUT_S": "30",
                "WIDGET_BUILDER_ADMIN_TOKEN": ADMIN,
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": f"{service.url}/v1",
            }
            for variable in UNWANTED:
                patch.delenv(variable, raising=False)
            for variable, value in {**ENVIRONMENT, **ours}.items():
                patch.setenv(variable, value)
            async with (
                open_stack(load_settings(_env_file=None), lambda *_: None) as stack,
                httpx.AsyncClient(base_url=stack.info.api_url, timeout=60) as http,
                open_pool(stack.info.database_url) as pool,
            ):
                yield stack, Product(stack.info, http, pool), service


async def test_no_secret_is_anywhere_after_builds_that_fail_in_ten_ways(
    stack: tuple[Stack, Product, FaultyService],
) -> None:
    """In files, tables, Prefect's records, logs, event streams, responses, output and environments."""
    running, product, service = stack
    seen = Seen()
    async with serve_site() as site:
        await asyncio.gather(fail_by_request(product, site.url, seen), fail_in_a_process(running, seen))
        for service.fault in RUNS:
            await fail_in_prefect(product, site.url, service.fault)
        service.fault = "hanging"
        await cancel_while_waiting(product, site.url, service.asked)
        service.fault = "refused"
        await ask(product, load_settings(_env_file=None), seen)
    check_environments(running)
    await check_stores(running, product.pool, seen)


async def fail_in_prefect(product: Product, site: str, fault: str) -> FlowRun:
    """A build with the fault, to its end."""
    run = await start_run(product, site)
    async with product.prefect() as client, asyncio.timeout(150):
        while run.state is None or not run.state.is_final():
            await asyncio.sleep(0.2)
            run = await client.read_flow_run(run.id)
    assert not run.state.is_completed(), fault
    return run


async def start_run(product: Product, site: str) -> FlowRun:
    """Start a build of one page in Prefect."""
    async with product.prefect() as client:
        deployment = await client.read_deployment_by_name("build-widget/build")
        return await client.create_flow_run_from_deployment(deployment.id, parameters={"url": site, "depth": 0})


async def fail_by_request(product: Product, site: str, seen: Seen) -> None:
    """A build that a client asked for, with its stream, as first seen and as replayed with its log."""
    events: list[Event] = [event async for event in product.stream("POST", PATH, json={"url": site, "depth": 0})]
    assert events[-1]["type"] == "builder_failed"
    assert "rejects the API key" in events[-1]["detail"]
    token = events[0]["data"].pop("owner_token")
    seen.owner_tokens.append(token)
    owner, path = {"Authorization": f"Bearer {token}"}, f"{PATH}/{events[0]['build_id']}/events?logs=1"
    replayed = [event async for event in product.stream("GET", path, headers=owner)]
    seen.texts["events"] = f"{events} {replayed}"


async def cancel_while_waiting(product: Product, site: str, asked: asyncio.Event) -> None:
    """A build that is cancelled while the embedding service does not answer."""
    run = await start_run(product, site)
    async with asyncio.timeout(150):
        await asked.wait()
    answer = await product.http.delete(f"{PATH}/{run.id}", headers={"Authorization": f"Bearer {ADMIN}"})
    assert answer.json()["status"] == "cancelled"


async def fail_in_a_process(running: Stack, seen: Seen) -> None:
    """Runs whose process has a database's URL with a wrong password, and the command line with a broken one."""
    # Nobody listens on this port.
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    env = environment_of("worker", running.env)
    wrong = env | {"DATABASE_URL": f"postgresql://anna:{PASSWORD}@127.0.0.1:{port}/shop"}
    broken = env | {"DATABASE_URL": f"postgres//anna:{PASSWORD}@127.0.0.1/shop"}
    seen.texts["runs"], seen.texts["migrate"] = await asyncio.gather(
        output_of(wrong, "-c", CRASHING), output_of(broken, "-m", "deployments.cli", "migrate")
    )
    assert "a defect, with" in seen.texts["runs"]


async def output_of(env: dict[str, str], *arguments: str) -> str:
    """Everything that a Python process prints before it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 1, output.decode()
    return output.decode()


async def ask(product: Product, settings: Settings, seen: Seen) -> None:
    """Responses about the stack's state, and the doctor's findings."""
    for path in ("/readyz", "/metrics", "/healthz"):
        seen.texts[path] = (await product.http.get(path)).text
    listed = await product.http.get("/api/widgets", headers={"Authorization": f"Bearer {ADMIN}"})
    seen.texts["widgets"] = listed.text
    widget = listed.json()["widgets"][0]["id"]
    seen.texts["search"] = (await product.http.get(f"/api/public/widgets/{widget}/search", params={"q": "x"})).text
    stack_data = product.info.model_dump()
    for name in ("Database", "Prefect", "API", "Embeddings"):
        seen.texts[f"doctor: {name}"] = repr(await examine_one(name, settings, stack_data))
    seen.texts["settings"] = f"{settings!r} {settings}"


def check_environments(running: Stack) -> None:
    """PostgreSQL and Prefect have none of our secrets; the worker has not the administrator's token."""
    pids = running.info.pids
    worker = psutil.Process(pids["worker"])
    assert ADMIN not in worker.environ().values()
    for process in (psutil.Process(pids["postgres"]), psutil.Process(pids["prefect"])):
        values = " ".join(process.environ().values())
        assert not [secret for secret in (KEY, ADMIN, running.info.database_url) if secret in values], process


async def check_stores(running: Stack, pool: Pool, seen: Seen) -> None:
    """No find in files, tables, Prefect's database and what was seen outside; and each has what it must have."""
    folder = running.data_dir
    stores = dict(seen.texts)
    stores |= {f"PostgreSQL: {name}": text async for name, text in read_tables(pool)}
    stores |= {f"Prefect: {name}": text for name, text in read_sqlite(folder / "prefect" / "prefect.db")}
    login = str(getattr(running.info, "prefect_auth_string", "") or "")
    wanted = [KEY, ADMIN, PASSWORD, login.partition(":")[2], *seen.owner_tokens]
    finds = [(name, secret) for name, text in stores.items() for secret in filter(None, wanted) if secret in text]
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.name in MAY_HOLD_SECRETS:
            assert mode == 0o600, path
        else:
            finds += [(str(path), secret) for secret in filter(None, wanted) if secret.encode() in content]
        if path.suffix == ".log":
            assert mode == 0o600, path
    assert finds == []
    assert stat.S_IMODE((folder / "logs").stat().st_mode) == 0o700
    # The places that were looked at are the right ones: the failures are there, without the key.
    assert "rejects the API key" in stores["PostgreSQL: build_events"]
    assert "rejects the API key" in stores["Prefect: log"]
    assert "no such key: ***" in stores["Prefect: log"]
    assert "a defect, with ***" in stores["Prefect: task_run_state"] + stores["Prefect: flow_run_state"]
    assert "rejects the API key" in (folder / "logs" / "worker.log").read_text()


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
