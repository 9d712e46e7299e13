"""The services on the terminal: the stack's states and the doctor's findings."""

import asyncio
import io
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from deployments.commands.build_command import _while_up
from deployments.display.findings import render_findings
from deployments.display.startup import open_service_display, render_services
from tasks.core.errors import DependencyUnavailable


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_services_are_told_line_by_line_where_there_is_no_terminal() -> None:
    """One line a change, then the addresses; a repeated state is not told again."""
    console = Console(file=io.StringIO(), width=80)
    with open_service_display(console, keep=True) as display:
        display.report("PostgreSQL", "starting")
        display.report("PostgreSQL", "starting")
        display.report("PostgreSQL", "ready", "embedded")
        display.tell([("Onboarding", "http://127.0.0.1:8080/")])
    assert written(console).splitlines() == [
        "PostgreSQL: starting",
        "PostgreSQL: ready (embedded)",
        "Onboarding  http://127.0.0.1:8080/",
    ]


def test_services_keep_one_line_each_on_a_terminal() -> None:
    """The last picture stays, with state, detail and addresses."""
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None)
    with open_service_display(console, keep=True) as display:
        display.report("PostgreSQL", "starting")
        display.report("PostgreSQL", "ready", "embedded")
        display.report("API", "failed", "port in use")
        display.tell([("Onboarding", "http://127.0.0.1:8080/")])
    shown = written(console)
    assert "✓ PostgreSQL ready" in shown
    assert "✗ API        failed   port in use" in shown
    assert "Ctrl-C stops all of it." in shown


def test_services_before_the_first_report_show_nothing() -> None:
    """An empty picture is drawn without harm."""
    console = Console(file=io.StringIO(), width=80)
    console.print(render_services({}, []))
    assert written(console).strip() == ""


def test_findings_show_the_remedy_of_what_is_wrong() -> None:
    """What is well has its detail, what is not its problem and how to mend it."""
    good = SimpleNamespace(name="PostgreSQL", ok=True, problem="", remedy="", detail="18.4, pgvector 0.8.5")
    bad = SimpleNamespace(name="Chromium", ok=False, problem="not found", remedy="apt-get install chromium", detail="")
    console = Console(file=io.StringIO(), width=60)
    console.print(render_findings(cast(Any, [good, bad])))
    lines = [line.rstrip() for line in written(console).splitlines()]
    assert lines == [
        "✓ PostgreSQL   18.4, pgvector 0.8.5",
        "✗ Chromium     not found",
        "               → apt-get install chromium",
    ]


class MortalStack:
    """A stack whose service dies."""

    async def wait(self) -> None:
        """Return never: a service dies first."""
        await asyncio.sleep(0.01)
        raise DependencyUnavailable("worker", "exited with 1", "its last lines: …")


async def test_a_build_ends_when_a_service_of_its_stack_dies() -> None:
    """The stack's error is the build's, at once."""
    build = asyncio.sleep(60, result="never")
    with pytest.raises(DependencyUnavailable, match="exited with 1"):
        await _while_up(cast(Any, MortalStack()), build)


async def test_a_build_that_is_over_does_not_wait_for_its_stack() -> None:
    """The result is the build's."""
    assert await _while_up(cast(Any, MortalStack()), asyncio.sleep(0, result="done")) == "done"
    assert await _while_up(None, asyncio.sleep(0, result="done")) == "done"
