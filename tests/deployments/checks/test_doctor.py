"""The doctor: every problem has its remedy, and no secret is shown."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from deployments.checks import doctor
from deployments.checks.doctor import check_version, examine
from tasks.core.errors import DependencyUnavailable
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tests.conftest import MakeSettings
from tests.deployments.checks.examining import NOBODY, find, problem_and_remedy, serve_silence
from tests.sites.server import serve_handler

ORDER = ["Python", "Chromium", "Database", "Prefect", "API", "Embeddings", "Chat", "Data", "Ports"]


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


async def test_an_apis_warnings_are_shown(settings: MakeSettings, tmp_path: Path) -> None:
    """It is ready, and a model fails."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"dependencies": {"postgresql": "ok"}, "warnings": ["chat model x: no credit"]})

    async with serve_handler(answer) as url:
        (tmp_path / "stack.json").write_text(json.dumps({"api_url": url}))
        finding = await find("API", settings())
    assert (finding.ok, finding.warning) == (True, "chat model x: no credit")


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
