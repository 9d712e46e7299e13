"""A stack with OpenAI's key: how builds end when the service refuses, how they go on, and where the key is not."""

import asyncio
import socket
import sys
from contextlib import closing
from dataclasses import dataclass, field
from secrets import token_urlsafe
from uuid import uuid4

import pytest

from deployments.checks.doctor import examine_one
from deployments.stack.embedded_stack import Stack
from deployments.stack.environment import environment_of
from tasks.core.models import BuildRequest
from tasks.core.settings import Settings
from tasks.records.new_builds import create_build
from tests.deployments.keyed_stack import ADMIN, COLLECTOR_LOGIN, HANGING, KEY, Keyed, serve_fault_pages
from tests.deployments.stores import find_in_environments, find_in_files, read_stores
from tests.flow_runs import BUILD, END_S, end_of, retry, run_deployment, start_deployment
from tests.product import PATH, Event, Product
from tests.sites.generated import generated_site

pytestmark = pytest.mark.timeout(400)

PASSWORD = f"pass/{token_urlsafe(12)}"

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
    details: dict[str, str] = field(default_factory=dict)
    """Cause that each build of a client's ended with, by fault."""


@pytest.fixture(scope="module")
async def seen(keyed: Keyed) -> Seen:
    """Events and records of failures in ten ways, all at once."""
    running, product, service = keyed.stack, keyed.product, keyed.service
    seen = Seen()
    async with serve_fault_pages() as site:
        await asyncio.gather(
            fail_by_request(product, site, "refused", seen),
            fail_by_request(product, site, "unpaid", seen),
            *(fail_in_prefect(product, f"{site}/{fault}/") for fault in ("limited", "broken", "model", "elsewhere")),
            cancel_while_waiting(product, f"{site}/{HANGING}/", service.asked),
            fail_in_a_process(running, seen),
        )
    return seen


async def fail_in_prefect(product: Product, url: str) -> None:
    """A build that an operator started, to its end."""
    run = await run_deployment(product, BUILD, {"url": url, "depth": 0})
    assert run.state is not None
    assert not run.state.is_completed(), url


async def fail_by_request(product: Product, site: str, fault: str, seen: Seen) -> None:
    """A build that a client asked for, with its stream, as first seen and as replayed with its log."""
    asked = {"url": f"{site}/{fault}/", "depth": 0}
    events: list[Event] = [event async for event in product.stream("POST", PATH, json=asked)]
    assert events[-1]["type"] == "builder_failed"
    seen.details[fault] = events[-1]["detail"]
    token = events[0]["data"].pop("owner_token")
    seen.owner_tokens.append(token)
    owner, path = {"Authorization": f"Bearer {token}"}, f"{PATH}/{events[0]['build_id']}/events?logs=1"
    replayed = [event async for event in product.stream("GET", path, headers=owner)]
    seen.texts[f"events: {fault}"] = f"{events} {replayed}"


async def cancel_while_waiting(product: Product, url: str, asked: asyncio.Event) -> None:
    """A build that is cancelled while the embedding service does not answer."""
    run = await start_deployment(product, BUILD, {"url": url, "depth": 0})
    async with asyncio.timeout(END_S):
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


async def test_retry_in_prefect_resumes_a_build_that_ended_by_an_empty_account(keyed: Keyed) -> None:
    """Stored pages are kept, and neither fetched nor embedded again; the event says what to do."""
    product, service = keyed.product, keyed.service
    service.allowance = 40
    async with generated_site(60, 3, 0.1) as site:
        request = BuildRequest(url=site.url + "/", depth=3, max_pages=60)
        new = await create_build(product.pool, request, build_id=uuid4())
        run = await start_deployment(product, BUILD, {**request.model_dump(), "build_id": str(new.build_id)})
        count_stored = "SELECT count(*) FROM crawl_urls WHERE status = 'stored' AND job_id = %s"
        async with asyncio.timeout(END_S):
            while not await product.count(count_stored, new.build_id):
                await asyncio.sleep(0.05)
        service.may_refuse.set()
        run = await end_of(product, run.id)
        assert run.state is not None
        assert run.state.is_failed()
        events = await product.replay(str(new.build_id))
        assert events[-1]["type"] == "builder_failed"
        assert "resume the build" in events[-1]["message"]
        async with product.pool.connection() as connection:
            query = "SELECT url FROM crawl_urls WHERE status = 'stored' AND job_id = %s"
            stored = [str(row[0]) for row in await (await connection.execute(query, (new.build_id,))).fetchall()]
        assert stored
        service.allowance = None
        run = await retry(product, run.id)
        assert run.state is not None
        assert run.state.is_completed(), run.state
        rest = await product.replay(str(new.build_id), after=events[-1]["seq"])
        assert rest[-1]["type"] == "builder_completed"
        assert rest[-1]["data"]["statistics"]["stored_pages"] == 60
        assert [event["seq"] for event in events + rest] == list(range(1, len(events + rest) + 1))
        assert {site.requests[url.removeprefix(site.url)] for url in stored} == {1}
        inputs = "SELECT count(*) FROM knowledge_chunks WHERE job_id = %s"
        # An overview a page, and its chunks: nothing that was paid for is paid for twice, but what was under way.
        assert service.openai.embedded <= await product.count(inputs, new.build_id) + 60 + 2 * 32


async def test_a_refused_key_or_an_empty_account_ends_a_build_after_one_call(keyed: Keyed, seen: Seen) -> None:
    """No retry storm, and the build says the cause."""
    calls = keyed.service.calls
    assert (calls["refused"], calls["unpaid"]) == (1, 1)
    assert "rejects the API key" in seen.details["refused"]
    assert "has no credit" in seen.details["unpaid"]


async def test_no_secret_is_anywhere_after_builds_that_fail_in_ten_ways(
    keyed: Keyed, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In files, tables, Prefect's records, logs, event streams, responses, output and environments."""
    running, product = keyed.stack, keyed.product
    monkeypatch.setattr(keyed.service, "fault", "refused")
    await ask(product, keyed.settings, seen)
    login = str(running.info.prefect_auth_string).partition(":")[2]
    wanted = [KEY, ADMIN, PASSWORD, COLLECTOR_LOGIN, login, *seen.owner_tokens]
    assert all(wanted)
    stores = seen.texts | await read_stores(running, product.pool)
    finds = [(name, secret) for name, text in stores.items() for secret in wanted if secret in text]
    finds += find_in_files(running.data_dir, wanted)
    finds += find_in_environments(running, [KEY, ADMIN, running.info.database_url], ADMIN)
    assert finds == []
    # The places that were looked at are the right ones: the failures are there, without the key.
    assert "rejects the API key" in stores["PostgreSQL: build_events"]
    assert "rejects the API key" in stores["Prefect: log"]
    assert "no such key: ***" in stores["Prefect: log"]
    assert "a defect, with ***" in stores["Prefect: task_run_state"] + stores["Prefect: flow_run_state"]
    assert "rejects the API key" in (running.data_dir / "logs" / "worker.log").read_text()
