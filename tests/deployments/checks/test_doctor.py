"""The doctor: every problem has its remedy, and no secret is shown."""

import asyncio
import json
import os
import socket
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from aiohttp import web
from pydantic import SecretStr

from deployments.checks import doctor, model_checks
from deployments.checks.doctor import Finding, check_version, examine, examine_one
from deployments.stack.stack_file import find_stack
from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import EmbeddingProvider, Settings
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tasks.records.schema import MIGRATIONS, migrate
from tests.conftest import MakeSettings
from tests.records.databases import new_database
from tests.sites.openai_chat import NextChat
from tests.sites.openai_server import Next, serve_openai
from tests.sites.server import serve_handler

ORDER = ["Python", "Chromium", "Database", "Prefect", "API", "Embeddings", "Chat", "Data", "Ports"]
NOBODY = "127.0.0.1:1"
"""An address where nothing listens."""


async def find(name: str, settings: Settings) -> Finding:
    """The finding of that name."""
    return await examine_one(name, settings, await find_stack(settings.data_dir))


def problem_and_remedy(finding: Finding) -> tuple[str, str]:
    """Problem and remedy of a failed check."""
    assert not finding.ok
    return finding.problem, finding.remedy


async def run_doctor(data_dir: Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the command."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deployments.cli", "doctor"),
        env=kept
        | {"WIDGET_BUILDER_DATA_DIR": str(data_dir), "PYTHONPATH": os.getcwd(), "COLUMNS": "200"}
        | environment,
        cwd=data_dir,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def serve_silence() -> AsyncIterator[str]:
    """Serve connections without ever answering; yield the address."""
    connections = []

    async def keep(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in connections:
            writer.close()


async def test_a_healthy_machine_passes_every_check(settings: MakeSettings, tmp_path: Path) -> None:
    """With the embedded services, before the first start; the doctor leaves no file behind."""
    found = await examine(settings(database_url=None, data_dir=tmp_path / "data"))
    assert [finding.name for finding in found] == ORDER
    assert [finding for finding in found if not finding.ok] == []
    details = {finding.name: finding.detail for finding in found}
    assert "chrom" in details["Chromium"]
    assert details["Database"].startswith("PostgreSQL 18.")
    assert details["Embeddings"] == f"local model {LOCAL_MODEL}"
    assert os.listdir(tmp_path) == []


async def test_a_database_with_the_newest_schema_is_well(settings: MakeSettings) -> None:
    """The detail names the versions of server and pgvector and the schema's revision."""
    finding = await find("Database", settings())
    assert finding.ok
    newest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))
    assert finding.detail == f"PostgreSQL 18, pgvector 0.8.5, schema {newest} (DATABASE_URL)"


async def test_a_database_out_of_reach_is_a_finding_without_its_password(settings: MakeSettings) -> None:
    """Nothing listens at that address."""
    wrong = settings(database_url=SecretStr(f"postgresql://anna:hunter2@{NOBODY}/x"))
    problem, remedy = problem_and_remedy(await find("Database", wrong))
    assert "Connection refused" in problem
    assert remedy == "start PostgreSQL, or correct DATABASE_URL"


@pytest.mark.parametrize("address", ["postgres//anna:hunter2@db/x", "postgresql://anna:hunter2@db:port/x"])
async def test_an_unreadable_database_address_is_not_repeated(settings: MakeSettings, address: str) -> None:
    """The driver's own message contains the whole URL with its password."""
    finding = await find("Database", settings(database_url=SecretStr(address)))
    assert not finding.ok
    assert "hunter2" not in repr(finding)


async def test_a_database_behind_the_schema_is_to_be_migrated(settings: MakeSettings, postgres_url: str) -> None:
    """The remedy for a database without tables is the command, and it works."""
    url = new_database(postgres_url)
    problem, remedy = problem_and_remedy(await find("Database", settings(database_url=SecretStr(url))))
    assert problem == "the database has no tables yet"
    assert remedy == "run `widget-builder migrate`"
    migrate(url)
    assert (await find("Database", settings(database_url=SecretStr(url)))).ok


async def test_a_schema_from_the_future_is_not_to_be_migrated(settings: MakeSettings, postgres_url: str) -> None:
    """A database that a later version has migrated needs that version."""
    url = new_database(postgres_url)
    migrate(url)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    problem, remedy = problem_and_remedy(await find("Database", settings(database_url=SecretStr(url))))
    assert "9999" in problem
    assert "migrate" not in remedy


async def test_data_of_another_postgres_is_a_finding(settings: MakeSettings, tmp_path: Path) -> None:
    """The embedded server would only log why it cannot use the data."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    problem, _ = problem_and_remedy(await find("Database", settings(database_url=None)))
    assert "was written by PostgreSQL 16" in problem


async def test_a_browser_path_that_does_not_exist_is_named(settings: MakeSettings) -> None:
    """The setting is to be corrected, not a browser to be installed."""
    problem, remedy = problem_and_remedy(await find("Chromium", settings(browser_path=Path("/nowhere/chromium"))))
    assert "/nowhere/chromium" in problem
    assert "WIDGET_BUILDER_BROWSER_PATH" in remedy


async def test_a_browser_that_does_not_start_is_a_finding(settings: MakeSettings) -> None:
    """An existing file need not be a browser."""
    problem, remedy = problem_and_remedy(await find("Chromium", settings(browser_path=Path("/bin/false"))))
    assert "/bin/false does not start" in problem
    assert remedy


async def test_an_openai_key_that_works_is_well(settings: MakeSettings) -> None:
    """One word is embedded, at the address of the settings."""
    async with serve_openai(key="sk-right") as server:
        right = settings(openai_api_key=SecretStr("sk-right"), openai_base_url=server.base_url)
        finding = await find("Embeddings", right)
    assert finding.ok
    assert finding.detail == f"text-embedding-3-small at {server.base_url}, 1536 dimensions"
    assert server.embedded == 1


async def test_a_rejected_openai_key_is_tried_once(settings: MakeSettings) -> None:
    """The remedy is the key; it is not shown, and no request is repeated."""
    async with serve_openai(key="sk-right") as server:
        wrong = settings(openai_api_key=SecretStr("sk-wrong-one"), openai_base_url=server.base_url)
        finding = await find("Embeddings", wrong)
    assert problem_and_remedy(finding) == (f"{server.base_url} refuses the key", "correct OPENAI_API_KEY")
    assert "sk-wrong-one" not in repr(finding)
    assert server.calls == 1


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (Next.insufficient_quota, "insufficient_quota"),
        (Next.server_error, "HTTP 500"),
        (Next.hang_up, "does not answer"),
        (Next.not_finite, "not a finite vector"),
    ],
)
async def test_failures_of_an_embedding_service_are_distinguished(
    settings: MakeSettings, answer: Next, named: str
) -> None:
    """Each failure has its own message."""
    async with serve_openai() as server:
        server.then(answer)
        problem, remedy = problem_and_remedy(
            await find("Embeddings", settings(openai_api_key=SecretStr("sk-x"), openai_base_url=server.base_url))
        )
    assert named in problem
    assert remedy


@pytest.mark.parametrize(
    ("model", "named"), [("no-such-model", "does not know the model no-such-model"), ("text-embedding-3-huge", "know")]
)
async def test_an_unknown_model_is_named(settings: MakeSettings, model: str, named: str) -> None:
    """The model's setting is the remedy."""
    async with serve_openai() as server:
        wrong = settings(openai_api_key=SecretStr("sk-x"), openai_base_url=server.base_url, embedding_model=model)
        problem, remedy = problem_and_remedy(await find("Embeddings", wrong))
    assert named in problem
    assert "WIDGET_BUILDER_EMBEDDING_MODEL" in remedy


@pytest.mark.parametrize(
    ("fault", "named", "setting"),
    [
        (NextChat.unknown_model, "does not have the model", "WIDGET_BUILDER_CHAT_MODEL"),
        (NextChat.invalid_api_key, "refuses the key", "OPENAI_API_KEY"),
        (NextChat.insufficient_quota, "no credit", "add credit"),
        (NextChat.too_long, "refuses the requests", "WIDGET_BUILDER_CHAT_MODEL"),
        (NextChat.server_error, "break off", "OPENAI_BASE_URL"),
    ],
)
async def test_a_chat_model_that_fails_is_a_finding(
    settings: MakeSettings, fault: NextChat, named: str, setting: str
) -> None:
    """With the setting to correct, and without the key."""
    async with serve_openai() as server:
        server.chat.always = fault
        made = settings(openai_api_key=SecretStr("sk-geheim"), openai_base_url=server.base_url)
        finding = await find("Chat", made)
    problem, remedy = problem_and_remedy(finding)
    assert named in problem
    assert setting in remedy
    assert "sk-geheim" not in repr(finding)


async def test_a_slow_chat_model_is_a_warning(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local model may be loading: the check passes, and says what visitors will see."""
    monkeypatch.setattr(model_checks, "SLOW_S", 0.3)
    async with serve_silence() as url:
        finding = await find("Chat", settings(openai_api_key=SecretStr("sk-x"), openai_base_url=f"{url}/v1"))
    assert finding.ok
    assert "no word after 0.3 s" in finding.warning


@pytest.mark.parametrize("name", ["Chat", "Embeddings"])
async def test_a_model_that_will_be_shut_down_is_a_warning(settings: MakeSettings, name: str) -> None:
    """The check passes, and says what to do soon."""
    soon = datetime.now(UTC).date() + timedelta(days=46)
    async with serve_openai() as server:
        server.shutdown_dates = {"gpt-4.1-mini": str(soon), "text-embedding-3-small": str(soon)}
        made = settings(openai_api_key=SecretStr("sk-x"), openai_base_url=server.base_url, chat_model="gpt-4.1-mini")
        finding = await find(name, made)
    assert finding.ok
    assert f"will be shut down on {soon}, in 46 days: set WIDGET_BUILDER_" in finding.warning


async def test_an_apis_warnings_are_shown(settings: MakeSettings, tmp_path: Path) -> None:
    """It is ready, and a model fails."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"dependencies": {"postgresql": "ok"}, "warnings": ["chat model x: no credit"]})

    async with serve_handler(answer) as url:
        (tmp_path / "stack.json").write_text(json.dumps({"api_url": url}))
        finding = await find("API", settings())
    assert (finding.ok, finding.warning) == (True, "chat model x: no credit")


async def test_openai_by_name_without_a_key_is_a_finding(settings: MakeSettings) -> None:
    """Settings that do not come from `load_settings` may lack the key."""
    problem, remedy = problem_and_remedy(
        await find("Embeddings", settings(embedding_provider=EmbeddingProvider.openai))
    )
    assert (problem, remedy) == ("OPENAI_API_KEY is not set", "set OPENAI_API_KEY")


@pytest.mark.parametrize("url", [f"http://anna:hunter2@{NOBODY}/api", "http://127.0.0.1:99999/api", "http://[::1/api"])
async def test_an_unreachable_prefect_server_is_a_finding(settings: MakeSettings, url: str) -> None:
    """Connection refused, or no valid URL: the setting is named, its secrets are not shown."""
    finding = await find("Prefect", settings(prefect_api_url=url))
    _, remedy = problem_and_remedy(finding)
    assert "PREFECT_API_URL" in remedy
    assert "hunter2" not in repr(finding)


async def test_a_page_that_is_no_prefect_server_is_a_finding(settings: MakeSettings) -> None:
    """The answer of a proxy or another product is not taken for Prefect's."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<h1>Welcome</h1>", content_type="text/html")

    async with serve_handler(answer) as url:
        problem, _ = problem_and_remedy(await find("Prefect", settings(prefect_api_url=f"{url}/api")))
    assert "does not answer as a Prefect server does" in problem


@pytest.mark.parametrize(("login", "named"), [(None, "asks for a login"), ("admin:hunter2", "refuses the login")])
async def test_a_prefect_server_that_wants_another_login_is_a_finding(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, login: str | None, named: str
) -> None:
    """Whether it is missing or wrong is said, with the setting; the login itself is not shown."""
    monkeypatch.delenv("PREFECT_API_AUTH_STRING", raising=False)
    asked = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Authorization"))
        return web.json_response({"exception_message": "Unauthorized"}, status=401)

    async with serve_handler(answer) as url:
        secret = SecretStr(login) if login else None
        finding = await find("Prefect", settings(prefect_api_url=f"{url}/api", prefect_api_auth_string=secret))
    problem, remedy = problem_and_remedy(finding)
    assert named in problem
    assert "PREFECT_API_AUTH_STRING" in remedy
    assert "hunter2" not in repr(finding)
    assert asked == [f"Basic {b64encode(login.encode()).decode()}" if login else None]


DEPLOYED = [
    {"id": str(uuid4()), "flow_id": str(uuid4()), "name": name, "entrypoint": entrypoint}
    for name, entrypoint in [
        ("build", "flows.build.build_widget"),
        ("nightly", "flows.recrawl.recrawl_widgets"),
        ("housekeeping", "flows.housekeeping.housekeeping"),
    ]
]


@pytest.mark.parametrize(
    ("version", "pool_status", "deployed", "named", "remedy"),
    [
        ("3.7.9", 200, DEPLOYED, "3.7.9", "run Prefect 3."),
        ("4.0.0", 200, DEPLOYED, "4.0.0", "run Prefect 3."),
        ("3.99.0", 404, DEPLOYED, "no work pool widget-builder", "widget-builder register"),
        ("3.99.0", 200, DEPLOYED[:1], "lacks the deployments nightly", "widget-builder register"),
        ("3.99.0", 200, DEPLOYED, "no worker is online", "prefect worker start --pool widget-builder"),
    ],
)
async def test_a_prefect_server_that_lacks_something_has_its_remedy(
    settings: MakeSettings, version: str, pool_status: int, deployed: list[object], named: str, remedy: str
) -> None:
    """Old version, other major version; missing pool, deployment or worker."""

    async def answer(request: web.Request) -> web.StreamResponse:
        match request.path.removeprefix("/api"):
            case "/admin/version":
                return web.json_response(version)
            case "/deployments/filter":
                return web.json_response(deployed)
            case "/csrf-token":
                return web.json_response({"detail": "CSRF protection is disabled."}, status=422)
            case "/work_pools/widget-builder":
                pool = {"id": str(uuid4()), "name": "widget-builder", "type": "widget-builder"}
                return web.json_response(pool | {"default_queue_id": str(uuid4())}, status=pool_status)
        return web.json_response([])

    async with serve_handler(answer) as url:
        problem, said = problem_and_remedy(await find("Prefect", settings(prefect_api_url=f"{url}/api")))
    assert named in problem
    assert remedy in said


async def test_a_running_api_that_is_no_api_of_ours_is_a_finding(settings: MakeSettings, tmp_path: Path) -> None:
    """Another server answers /readyz."""
    async with serve_handler(_answer_ok) as url:
        (tmp_path / "stack.json").write_text(json.dumps({"api_url": url}))
        problem, remedy = problem_and_remedy(await find("API", settings()))
    assert "does not answer as the API does" in problem
    assert "api.log" in remedy


async def _answer_ok(_request: web.Request) -> web.StreamResponse:
    return web.json_response("ok")


async def test_an_api_that_is_not_ready_says_for_what(settings: MakeSettings, tmp_path: Path) -> None:
    """The finding lists the failed dependencies of /readyz alone."""

    async def answer(request: web.Request) -> web.StreamResponse:
        states = {"postgresql": "ok", "worker": "none is online"}
        return web.json_response({"dependencies": states}, status=503 if request.path == "/readyz" else 200)

    async with serve_handler(answer) as url:
        (tmp_path / "stack.json").write_text(json.dumps({"api_url": url}))
        problem, _ = problem_and_remedy(await find("API", settings()))
    assert problem == f"{url} is not ready; worker: none is online"


async def test_a_stack_that_died_is_a_finding(settings: MakeSettings, tmp_path: Path) -> None:
    """Its file exists, but its API does not answer."""
    (tmp_path / "stack.json").write_text(json.dumps({"api_url": f"http://{NOBODY}"}))
    problem, remedy = problem_and_remedy(await find("API", settings()))
    assert "does not answer" in problem
    assert remedy == "start `widget-builder up` again"


async def test_a_data_folder_that_is_a_file_is_a_finding(settings: MakeSettings, tmp_path: Path) -> None:
    """No user can write there, not even root."""
    (tmp_path / "data").write_text("")
    problem, remedy = problem_and_remedy(await find("Data", settings(data_dir=tmp_path / "data")))
    assert "cannot be written" in problem
    assert "WIDGET_BUILDER_DATA_DIR" in remedy


async def test_a_full_disk_is_a_finding(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less free space than the minimum."""
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 10**18)
    problem, _ = problem_and_remedy(await find("Data", settings()))
    assert "GB left" in problem


async def test_a_port_in_use_is_shown_with_its_substitute(settings: MakeSettings) -> None:
    """The check passes: the stack takes the next free port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        finding = await find("Ports", settings(port=port))
    assert finding.ok
    assert f"API {port} is taken, " in finding.detail


async def test_a_host_that_is_not_this_machine_is_a_finding(settings: MakeSettings) -> None:
    """The address belongs to no machine (RFC 5737)."""
    _, remedy = problem_and_remedy(await find("Ports", settings(host="192.0.2.1")))
    assert remedy == "correct WIDGET_BUILDER_HOST"


async def test_a_check_that_takes_too_long_is_a_finding(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that never answers delays the doctor only until the timeout."""
    monkeypatch.setattr(doctor, "CHECK_TIMEOUT_S", 0.3)
    async with serve_silence() as url:
        finding = await find("Embeddings", settings(openai_api_key=SecretStr("sk-x"), openai_base_url=f"{url}/v1"))
    assert problem_and_remedy(finding)[0] == "the check took longer than 0.3 s"


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)])
def test_an_unsupported_python_is_refused(version: tuple[int, ...]) -> None:
    """Versions older and newer than the tested ones."""
    with pytest.raises(DependencyUnavailable, match="is not supported"):
        check_version(version)


async def test_the_command_shows_remedies_and_no_secret_and_exits_1(tmp_path: Path) -> None:
    """Problems are on standard output with their remedies; the password and the key are not."""
    code, out, err = await run_doctor(
        tmp_path,
        DATABASE_URL=f"postgresql://anna:hunter2@{NOBODY}/x",
        OPENAI_API_KEY="sk-geheim",
        OPENAI_BASE_URL=f"http://anna:hunter3@{NOBODY}/v1",
        WIDGET_BUILDER_BROWSER_PATH="/nowhere/chromium",
    )
    assert (code, err) == (1, "")
    assert "→ start PostgreSQL, or correct DATABASE_URL" in out
    assert "→ check OPENAI_BASE_URL" in out
    for secret in ("hunter2", "hunter3", "sk-geheim"):
        assert secret not in out


async def test_the_command_exits_0_where_all_is_well(tmp_path: Path) -> None:
    """One line for each dependency."""
    code, out, err = await run_doctor(tmp_path)
    assert (code, err) == (0, "")
    assert [line.split()[1] for line in out.splitlines()] == ORDER
