"""The states of the stack's services on the terminal, live or line by line."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deployments.display.formatting import to_text

_MARKS = {
    "waiting": ("·", "dim"),
    "starting": ("●", "cyan"),
    "ready": ("✓", "green"),
    "failed": ("✗", "red"),
    "stopping": ("●", "yellow"),
    "stopped": ("■", "dim"),
}


def render_services(services: dict[str, tuple[str, str]], footer: list[tuple[str, str]]) -> RenderableType:
    """Render one line for each service (name, state, detail), and below them the addresses, if there are any."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True, min_width=10)
    table.add_column(no_wrap=True, min_width=8)
    table.add_column(overflow="fold")
    for name, (state, detail) in services.items():
        mark, style = _MARKS.get(state, ("●", "cyan"))
        table.add_row(Text(mark, style), to_text(name), to_text(state, style), to_text(detail, "dim", fold=True))
    if not footer:
        return table
    lines = [Text.assemble((f"{name:<12}", "dim"), to_text(value)) for name, value in footer]
    return Group(table, Text(), *lines, Text(), Text("Press Ctrl-C to stop all services.", "dim"))


class ServiceDisplay:
    """Shows the states of the services, live or as one line for each change."""

    def __init__(self, console: Console, *, is_live: bool) -> None:
        self._console = console
        self._is_live = is_live
        self._services: dict[str, tuple[str, str]] = {}
        self._footer: list[tuple[str, str]] = []

    def __rich__(self) -> RenderableType:
        return render_services(self._services, self._footer)

    def report(self, service: str, state: str, detail: str = "") -> None:
        """Show a service's state; the detail is its address or the reason."""
        if self._services.get(service) == (state, detail):
            return
        self._services = {**self._services, service: (state, detail)}
        if state == "stopping":
            self._footer = []  # the addresses are about to stop working
        if not self._is_live:
            self._write(f"{service}: {state}" + (f" ({detail})" if detail else ""))

    def show_addresses(self, addresses: list[tuple[str, str]]) -> None:
        """Show the addresses of the running services."""
        self._footer = addresses
        for name, value in () if self._is_live else addresses:
            self._write(f"{name:<12}{value}")

    def _write(self, text: str) -> None:
        self._console.print(to_text(text, fold=True), soft_wrap=True)


@contextmanager
def open_service_display(console: Console, *, keep: bool) -> Iterator[ServiceDisplay]:
    """Open the display that suits the console; with `keep` its last picture stays on the screen."""
    is_live = console.is_terminal and not console.is_dumb_terminal
    display = ServiceDisplay(console, is_live=is_live)
    if not is_live:
        yield display
        return
    with Live(display, console=console, refresh_per_second=8, transient=not keep):
        yield display
