"""Displays of a build: a live frame on a terminal, plain lines elsewhere, or JSON lines."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.text import Text

from deployments.display.build_frame import STAGE_NAMES, render_frame
from deployments.display.build_summary import addresses, render_summary
from deployments.display.build_view import BuildView
from deployments.display.formatting import printable
from deployments.display.view_steps import advance
from tasks.core.events import BuildEvent, EventType, Stage

ECHO_COLUMNS = 2
"""Columns left free at the right: the `^C` that a terminal echoes must not wrap to a new line."""
PLAIN_INTERVAL_S = 5.0
"""Seconds between two progress lines of one stage in plain output."""

_PROGRESS = {
    EventType.url_extraction_progress,
    EventType.scraping_progress,
    EventType.embedding_progress,
    EventType.storage_progress,
}


class Display(Protocol):
    """Shows a build's events and notices."""

    def show(self, event: BuildEvent) -> None:
        """Show the build after one more event."""

    def show_notice(self, text: str) -> None:
        """Show a message of the command itself."""


class LiveDisplay:
    """A frame that is redrawn while the build runs, replaced by a summary at its end."""

    def __init__(self, console: Console, prefect_url: str | None) -> None:
        self._console = console
        self._prefect_url = prefect_url
        self._view = BuildView()
        self._notice = ""

    def __rich__(self) -> RenderableType:
        size = self._console.size
        frame = render_frame(
            self._view,
            width=size.width - ECHO_COLUMNS,
            height=size.height,
            now=datetime.now(UTC),
            notice=self._notice,
        )
        return Constrain(frame, size.width - ECHO_COLUMNS)

    def show(self, event: BuildEvent) -> None:
        """Show the build after one more event."""
        self._view = advance(self._view, event)

    def show_notice(self, text: str) -> None:
        """Show a message of the command itself below the frame."""
        self._notice = text

    @contextmanager
    def open(self) -> Iterator["LiveDisplay"]:
        """Show the display on the screen; a finished build leaves its summary there."""
        with Live(self, console=self._console, refresh_per_second=8, transient=True):
            yield self
        if self._view.outcome:
            _print_summary(self._console, self._view, self._prefect_url)


class PlainDisplay:
    """One line for each relevant event, without control codes."""

    def __init__(self, console: Console, prefect_url: str | None) -> None:
        self._console = console
        self._prefect_url = prefect_url
        self._view = BuildView()
        self._shown_at: dict[Stage, datetime] = {}

    def show(self, event: BuildEvent) -> None:
        """Write the event's line, and the summary after the last event."""
        self._view = advance(self._view, event)
        if self._is_shown(event):
            if event.type in _PROGRESS:
                self._shown_at[event.stage] = event.at
            self._write(f"{self._view.seconds(event.at):7.1f} s  {_line(event)}")
        if event.type.is_terminal:
            _print_summary(self._console, replace(self._view, owner_token=None), self._prefect_url)

    def show_notice(self, text: str) -> None:
        """Write a message of the command itself."""
        self._write(text)

    def _write(self, text: str) -> None:
        self._console.print(Text(printable(text)), soft_wrap=True)

    def _is_shown(self, event: BuildEvent) -> bool:
        """Whether the event gets a line: progress does every few seconds and when all pages are processed."""
        if event.type not in _PROGRESS:
            return event.type is not EventType.log
        known, last = self._view.stages[event.stage], self._shown_at.get(event.stage)
        is_complete = known.total is not None and known.done + known.failed >= known.total
        return last is None or is_complete or (event.at - last).total_seconds() >= PLAIN_INTERVAL_S


class JsonDisplay:
    """Events as the API sent them, one JSON object a line on standard output; notices go to standard error."""

    def show(self, event: BuildEvent) -> None:
        """Write the event."""
        print(event.to_json(), flush=True)

    def show_notice(self, text: str) -> None:
        """Write a message of the command itself to standard error."""
        print(printable(text), file=sys.stderr, flush=True)


@contextmanager
def open_display(console: Console, *, as_json: bool = False, prefect_url: str | None = None) -> Iterator[Display]:
    """Open the display that suits the console: JSON lines, a live frame on a terminal, plain lines elsewhere."""
    if as_json:
        yield JsonDisplay()
    elif console.is_terminal and not console.is_dumb_terminal:
        with LiveDisplay(console, prefect_url).open() as display:
            yield display
    else:
        yield PlainDisplay(console, prefect_url)


def _line(event: BuildEvent) -> str:
    name = STAGE_NAMES.get(event.stage, "Build")
    cause = f" ({event.detail})" if event.detail else ""
    return f"{name:<11}{event.message}{cause}"


def _print_summary(console: Console, view: BuildView, prefect_url: str | None) -> None:
    console.print(render_summary(view, width=console.width))
    for name, value in addresses(view, prefect_url):
        line = Text.assemble((f"{name:<12}", "dim"), value)
        console.print(line, soft_wrap=True, highlight=False)
