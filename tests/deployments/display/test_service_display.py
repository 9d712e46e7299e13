"""The states of the stack's services on the terminal."""

import io

from rich.console import Console

from deployments.display.service_display import open_service_display, render_services


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_services_are_shown_line_by_line_where_there_is_no_terminal() -> None:
    """One line a change, then the addresses; a repeated state is not repeated."""
    console = Console(file=io.StringIO(), width=80)
    with open_service_display(console, keep=True) as display:
        display.report("PostgreSQL", "starting")
        display.report("PostgreSQL", "starting")
        display.report("PostgreSQL", "ready", "embedded")
        display.show_addresses([("Onboarding", "http://127.0.0.1:8080/")])
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
        display.show_addresses([("Onboarding", "http://127.0.0.1:8080/")])
    shown = written(console)
    assert "✓ PostgreSQL ready" in shown
    assert "✗ API        failed   port in use" in shown
    assert "Press Ctrl-C to stop all services." in shown


def test_services_before_the_first_report_show_nothing() -> None:
    """An empty display is drawn without an error."""
    console = Console(file=io.StringIO(), width=80)
    console.print(render_services({}, []))
    assert written(console).strip() == ""
