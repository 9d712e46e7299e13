"""The commands for existing widgets: `list`, `recrawl` and `delete`."""

import asyncio
import json
import os
import pty
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.deployments import story
from tests.deployments.command_line import ADMIN, COMMAND, run, running_stack, start
from tests.deployments.fake_api import FakeApi, serve_fake_api

OTHER_ID = "6a3c9a52-0b5e-4a8b-b6c3-6d0c0a2b9e02"


def widget(widget_id: str, **more: Any) -> dict[str, Any]:
    """A widget as the API describes it."""
    return {
        "id": widget_id,
        "name": "Acme Tools",
        "site_url": story.SITE,
        "state": "ready",
        "pages": 140,
        "created_at": "2026-11-23T12:00:00Z",
        "built_at": "2026-11-23T12:00:00Z",
        "build_id": str(story.BUILD_ID),
        "build_status": "completed",
        "build_error": None,
        **more,
    }


def two_widgets(**more: Any) -> FakeApi:
    """An API with one widget that answers, and one that is being built."""
    young = widget(OTHER_ID, name="Beans\x1b[2J", state="building", pages=0, built_at=None, build_status="running")
    return FakeApi(widgets={it["id"]: it for it in (young, widget(story.WIDGET_ID))}, **more)


async def test_a_list_is_a_line_a_widget_where_there_is_no_terminal(tmp_path: Path) -> None:
    """Tabs separate the columns; the request carries the stack's token."""
    async with running_stack(tmp_path, two_widgets()) as api:
        code, out, err = await run(tmp_path, "list", TZ="UTC")
    assert (code, err) == (0, "")
    young, old = (line.split("\t") for line in out.splitlines())
    assert old == [story.WIDGET_ID, "ready", "140", "2026-11-23 12:00", "Acme Tools", story.SITE]
    assert young == [OTHER_ID, "building", "0", "–", "Beans[2J", story.SITE]
    assert api.tokens == {f"Bearer {ADMIN}"}


async def test_a_list_for_machines_is_an_object_a_line(tmp_path: Path) -> None:
    """The objects are the same as in the API."""
    async with running_stack(tmp_path, two_widgets()) as api:
        code, out, _ = await run(tmp_path, "list", "--json")
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == list(api.widgets.values())


async def test_an_empty_list_says_how_to_build_a_widget(tmp_path: Path) -> None:
    """The exit code is 0."""
    async with running_stack(tmp_path, FakeApi()):
        code, out, _ = await run(tmp_path, "list")
        assert (code, "widget-builder build URL" in out) == (0, True)
        assert await run(tmp_path, "list", "--json") == (0, "", "")


async def test_on_a_terminal_widgets_are_a_table_and_deleting_asks_first(tmp_path: Path) -> None:
    """Only `y` deletes."""
    async with running_stack(tmp_path, two_widgets()) as api:
        code, out = await on_a_terminal(tmp_path, "list")
        assert code == 0
        assert "Widget" in out
        assert "Acme Tools" in out
        code, out = await on_a_terminal(tmp_path, "delete", story.WIDGET_ID, answer="\n")
        assert (code, "Nothing was deleted." in out, len(api.widgets)) == (1, True, 2)
        code, out = await on_a_terminal(tmp_path, "delete", story.WIDGET_ID, answer="y\n")
        assert (code, set(api.widgets)) == (0, {OTHER_ID})
        code, out = await on_a_terminal(tmp_path, "delete", OTHER_ID, "--yes")
        assert (code, api.widgets) == (0, {})


async def on_a_terminal(data_dir: Path, *arguments: str, answer: str = "") -> tuple[int, str]:
    """Exit code and output of the command on a terminal where `answer` is typed."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "WIDGET_BUILDER_DATA_DIR": str(data_dir), "COLUMNS": "140", "TERM": "xterm"}
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    seen = await asyncio.to_thread(_read_all, ours)
    os.close(ours)
    return await asyncio.wait_for(process.wait(), 30), seen


def _read_all(terminal: int) -> str:
    seen = b""
    while True:
        try:
            seen += os.read(terminal, 65_536)
        except OSError:  # nobody is at the other end any more
            return seen.decode()


async def test_deleting_names_the_deleted_widget(tmp_path: Path) -> None:
    """Without a terminal there is no confirmation."""
    async with running_stack(tmp_path, two_widgets()) as api:
        code, out, err = await run(tmp_path, "delete", story.WIDGET_ID)
    assert (code, out, err) == (0, f"Deleted: Acme Tools ({story.SITE})\n", "")
    assert set(api.widgets) == {OTHER_ID}


@pytest.mark.parametrize("command", ["delete", "recrawl"])
async def test_a_widget_that_is_not_there_is_one_line(tmp_path: Path, command: str) -> None:
    """Exit code 1; 2 for an invalid id."""
    async with running_stack(tmp_path, two_widgets()):
        code, out, err = await run(tmp_path, command, str(story.BUILD_ID))
        assert (code, out, err) == (1, "", "widget-builder: There is no such widget.\n")
        code, out, err = await run(tmp_path, command, "nonsense")
        assert (code, out, "must be a widget's id" in err) == (2, "", True)


@pytest.mark.parametrize("arguments", [("list",), ("recrawl", story.WIDGET_ID), ("delete", story.WIDGET_ID)])
async def test_without_a_stack_the_error_says_how_to_start_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """No service is started."""
    code, out, err = await run(tmp_path, *arguments)
    assert (code, out) == (1, "")
    assert err.startswith("widget-builder: API: no stack runs on")
    assert "widget-builder up" in err
    assert os.listdir(tmp_path) == []


async def test_an_api_elsewhere_is_asked_with_the_administrators_token(tmp_path: Path) -> None:
    """WIDGET_BUILDER_PUBLIC_URL is used if no stack runs here."""
    async with serve_fake_api(two_widgets()) as api:
        token = "an administrator's token"
        code, out, _ = await run(tmp_path, "list", WIDGET_BUILDER_PUBLIC_URL=api.url, WIDGET_BUILDER_ADMIN_TOKEN=token)
    assert (code, len(out.splitlines()), api.tokens) == (0, 2, {f"Bearer {token}"})


async def test_a_re_crawl_is_shown_like_a_build(tmp_path: Path) -> None:
    """As lines or as JSON, also when the connection breaks; the exit code says how it ended."""
    async with running_stack(tmp_path, two_widgets(events=story.completed().events, drop_after={3})):
        code, out, err = await run(tmp_path, "recrawl", story.WIDGET_ID)
        assert (code, err) == (0, "")
        assert f"Widget      {story.WIDGET_ID}" in out
        code, out, _ = await run(tmp_path, "recrawl", story.WIDGET_ID, "--json")
        assert [json.loads(line)["seq"] for line in out.splitlines()] == list(
            range(1, len(story.completed().events) + 1)
        )
    async with running_stack(tmp_path, two_widgets(events=story.failed().events)):
        code, _, _ = await run(tmp_path, "recrawl", story.WIDGET_ID)
        assert code == 1


async def test_ctrl_c_cancels_a_re_crawl(tmp_path: Path) -> None:
    """The command waits for the end of the build."""
    events = story.cancelled().events
    held = two_widgets(events=events[:-1], hold_after=events[-2].seq, ending=events[-1:])
    async with running_stack(tmp_path, held) as api, start(tmp_path, "recrawl", story.WIDGET_ID) as process:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readuntil(b"lost?q=1 (HTTP 404)\n"), 30)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 30)
        assert api.cancelled.is_set()
    assert process.returncode == 130
