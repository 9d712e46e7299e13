"""The command line: its output, exit codes, and handling of Ctrl-C."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.deployments import story
from tests.deployments.command_line import ADMIN, run, running_stack, start
from tests.deployments.fake_api import FakeApi


async def test_help_names_the_commands_and_loads_nothing_heavy(tmp_path: Path) -> None:
    """Prefect, the database driver and the HTTP client stay unloaded until a command needs them."""
    code, out, _ = await run(tmp_path, "--help")
    assert code == 0
    names = ("up", "build", "ask", "list", "recrawl", "delete", "inspect", "doctor", "migrate", "register")
    for name in (*names, "backup", "restore"):
        assert f"\n  {name} " in out
    check = (
        "import sys, deployments.cli; "
        "print([m for m in ('prefect', 'httpx', 'psycopg', 'rich', 'pydantic') if m in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", check, stdout=asyncio.subprocess.PIPE)
    out_bytes, _ = await process.communicate()
    assert out_bytes.decode().strip() == "[]"


async def test_the_version_is_the_package_s(tmp_path: Path) -> None:
    """`--version` prints one line."""
    code, out, _ = await run(tmp_path, "--version")
    assert code == 0
    assert out.startswith("widget-builder 0.")


async def test_a_build_on_the_running_stack_exits_0_with_the_widget_s_addresses(tmp_path: Path) -> None:
    """The stack that stack.json names is used; the output has no control codes."""
    async with running_stack(tmp_path, FakeApi(story.completed().events)) as api:
        code, out, err = await run(tmp_path, "build", story.SITE, "--depth", "3", "--max-pages", "9")
    assert (code, err) == (0, "")
    assert api.posts == [{"url": story.SITE, "depth": 3, "max_pages": 9}]
    assert "\x1b" not in out
    assert f"Widget      {story.WIDGET_ID}" in out
    assert "Prefect UI  http://127.0.0.1:4200" in out


async def test_stay_beside_a_running_stack_prints_its_addresses_and_ends(tmp_path: Path) -> None:
    """A stack that the command has not started goes on without it."""
    async with running_stack(tmp_path, FakeApi(story.completed().events)) as api:
        code, out, _ = await run(tmp_path, "build", story.SITE, "--stay")
    assert code == 0
    assert f"Onboarding  {api.url}/" in out


async def test_a_failed_build_exits_1_and_says_why(tmp_path: Path) -> None:
    """The cause is on standard output."""
    async with running_stack(tmp_path, FakeApi(story.failed().events)):
        code, out, _ = await run(tmp_path, "build", story.SITE)
    assert code == 1
    assert "https://acme-tools.example/: HTTP 404" in out


async def test_json_prints_the_events_alone(tmp_path: Path) -> None:
    """Every line of standard output is an event, also when the connection broke in between."""
    async with running_stack(tmp_path, FakeApi(story.completed().events, drop_after={3})):
        code, out, _ = await run(tmp_path, "build", story.SITE, "--json", "--stay")
    assert code == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["type"] == "builder_completed"


async def test_a_refused_request_is_one_line_and_exit_2(tmp_path: Path) -> None:
    """The line is the API's message."""
    refusal = {"error": {"code": "depth_invalid", "message": "`depth` must be …", "field": "depth"}}
    async with running_stack(tmp_path, FakeApi(refusal=(422, refusal))):
        code, out, err = await run(tmp_path, "build", story.SITE, "--depth", "99")
    assert (code, out) == (2, "")
    assert err == "widget-builder: `depth` must be …\n"


async def test_a_wrong_address_is_refused_before_any_service_starts(tmp_path: Path) -> None:
    """No stack is started for it."""
    code, out, err = await run(tmp_path, "build", "ftp://acme-tools.example")
    assert (code, out) == (2, "")
    assert err == "widget-builder: The address must start with http:// or https://.\n"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [("build",), ("build", story.SITE, "--depth", "x"), ("build", story.SITE, "--depth", "-1"), ("paint",)],
)
async def test_wrong_usage_exits_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """The error is on standard error."""
    code, out, err = await run(tmp_path, *arguments)
    assert (code, out) == (2, "")
    assert "Usage: widget-builder" in err


async def test_usage_names_arguments_as_the_documentation_does(tmp_path: Path) -> None:
    """In capitals, as in messages: WIDGET, QUESTION, FILE, URL."""
    for command in (("ask", "{WIDGET} {QUESTION}"), ("evaluate", "{WIDGET} {FILE}"), ("build", "{URL}")):
        _, out, _ = await run(tmp_path, command[0], "--help")
        assert f"[OPTIONS] {command[1]}\n" in out


async def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path) -> None:
    """No traceback; the environment variable's name; exit code 2."""
    for command in (("up",), ("build", story.SITE), ("doctor",), ("migrate",)):
        code, _, err = await run(tmp_path, *command, WIDGET_BUILDER_PORT="eighty")
        assert code == 2
        assert err.startswith("widget-builder: WIDGET_BUILDER_PORT: ")
        assert err.count("\n") == 1


@pytest.mark.parametrize(("command", "setting"), [("migrate", "DATABASE_URL"), ("register", "PREFECT_API_URL")])
async def test_commands_for_services_of_one_s_own_ask_for_their_address(
    tmp_path: Path, command: str, setting: str
) -> None:
    """The embedded services need neither setting."""
    code, _, err = await run(tmp_path, command)
    assert code == 2
    assert err.startswith(f"widget-builder: {setting}: ")


async def test_ctrl_c_cancels_the_build_and_waits_for_its_end(tmp_path: Path) -> None:
    """The first interrupt goes to the API; the stream's last event is still shown; exit code 130."""
    events = story.cancelled().events
    held = FakeApi(events[:-1], hold_after=events[-2].seq, ending=events[-1:])
    async with running_stack(tmp_path, held) as api, start(tmp_path, "build", story.SITE) as process:
        assert process.stdout is not None
        before = await asyncio.wait_for(process.stdout.readuntil(b"lost?q=1 (HTTP 404)\n"), 30)
        assert b"Build started" in before
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert api.cancelled.is_set()
        assert api.tokens == {"Bearer owner-secret"}
    assert process.returncode == 130
    assert "Cancelling the build" in out.decode()
    assert "Build cancelled" in out.decode()
    assert err == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_being_terminated_cancels_the_build_too(tmp_path: Path, number: signal.Signals) -> None:
    """A service manager (SIGTERM) and a closed window (SIGHUP) cancel like Ctrl-C; the exit code names the signal."""
    events = story.cancelled().events
    held = FakeApi(events[:-1], hold_after=events[-2].seq, ending=events[-1:])
    async with running_stack(tmp_path, held) as api, start(tmp_path, "build", story.SITE) as process:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readuntil(b"lost?q=1 (HTTP 404)\n"), 30)
        process.send_signal(number)
        await asyncio.wait_for(process.communicate(), 30)
        assert api.cancelled.is_set()
    assert process.returncode == 128 + number


async def test_a_build_without_an_owners_token_is_cancelled_with_the_stacks_own(tmp_path: Path) -> None:
    """As when the answer that had the owner's token was lost: stack.json has the administrator's."""
    first, *events, last = story.cancelled().events
    data = {name: value for name, value in first.data.items() if name != "owner_token"}
    held = FakeApi([first.model_copy(update={"data": data}), *events], hold_after=events[-1].seq, ending=[last])
    async with running_stack(tmp_path, held) as api, start(tmp_path, "build", story.SITE) as process:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readuntil(b"lost?q=1 (HTTP 404)\n"), 30)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 30)
        assert api.tokens == {f"Bearer {ADMIN}"}
    assert process.returncode == 130


async def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    """The build has not ended yet."""
    events = story.first_half().events
    held = FakeApi(events, hold_after=events[-1].seq, deaf=True)
    async with running_stack(tmp_path, held) as api, start(tmp_path, "build", story.SITE) as process:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readuntil(b"lost?q=1 (HTTP 404)\n"), 30)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(api.asked_to_cancel.wait(), 30)
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert err == b""
