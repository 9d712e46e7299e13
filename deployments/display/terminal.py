"""A build on the terminal: a live frame of bars, plain lines where there is no terminal, or JSON lines."""

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

from deployments.display.build_frame import NAMES, render_frame
from deployments.display.build_summary import addresses, render_summary
from deployments.display.build_view import BuildView, advance
from deployments.display.wording import clean
from tasks.core.events import BuildEvent, EventType, Stage

ECHO_WIDTH = 2
"""Columns left free at the right: the `^C` a terminal echoes there must not begin a line of its own."""
PLAIN_EVERY_S = 5.0
"""Seconds between two progress lines of one stage where there is no terminal."""

_PROGRESS = {
    EventType.url_extraction_progress,
    EventType.scraping_progress,
    EventType.embedding_progress,
    EventType.storage_progress,
}


class Display(Protocol):
    """Where a build is shown."""

    def show(self, event: BuildEvent) -> None:
        """Show the build after one more event."""

    def say(self, text: str) -> None:
        """Show a line of our own."""


class LiveDisplay:
    """A frame that is drawn anew while the build runs, and a summary in its place when it is over."""

    def __init__(self, console: Console, prefect_url: str | None) -> None:
        self._console = console
        self._prefect_url = prefect_url
        self._view = BuildView()
        self._notice = ""

    def __rich__(self) -> RenderableType:
        size = self._console.size
        frame = render_frame(
            self._view,
            width=size.width - ECHO_WIDTH,
            height=size.height,
            now=datetime.now(UTC),
            notice=self._notice,
        )
        return Constrain(frame, size.width - ECHO_WIDTH)

    def show(self, event: BuildEvent) -> None:
        """Show the build after one more event."""
        self._view = advance(self._view, event)

    def say(self, text: str) -> None:
        """Show a line of our own below the frame."""
        self._notice = text

    @contextmanager
    def open(self) -> Iterator["LiveDisplay"]:
        """The display on the screen; a finished build leaves its summary there."""
        with Live(self, console=self._console, refresh_per_second=8, transient=True):
            yield self
        if self._view.outcome:
            _print_summary(self._console, self._view, self._prefect_url)


class PlainDisplay:
    """One line for each event worth reading: no control codes, nothing is taken back."""

    def __init__(self, console: Console, prefect_url: str | None) -> None:
        self._console = console
        self._prefect_url = prefect_url
        self._view = BuildView()
        self._told: dict[Stage, datetime] = {}

    def show(self, event: BuildEvent) -> None:
        """Write the event's line, and the summary after the last event."""
        self._view = advance(self._view, event)
        if self._is_news(event):
            self._write(f"{self._view.seconds(event.at):7.1f} s  {_line(event)}")
        if event.type.is_terminal:
            _print_summary(self._console, replace(self._view, owner_token=None), self._prefect_url)

    def say(self, text: str) -> None:
        """Write a line of our own."""
        self._write(text)

    def _write(self, text: str) -> None:
        self._console.print(Text(clean(text)), soft_wrap=True)

    def _is_news(self, event: BuildEvent) -> bool:
        """Whether the event gets a line: progress does every few seconds and when a stage is through."""
        if event.type not in _PROGRESS:
            return event.type is not EventType.log
        known, last = self._view.stages[event.stage], self._told.get(event.stage)
        through = known.total is not None and known.done + known.failed >= known.total
        if last is not None and not through and (event.at - last).total_seconds() < PLAIN_EVERY_S:
            return False
        self._told[event.stage] = event.at
        return True


class JsonDisplay:
    """One JSON object a line on standard output, as the API sent it; all else on standard error."""

    def show(self, event: BuildEvent) -> None:
        """Write the event."""
        print(event.to_json(), flush=True)

    def say(self, text: str) -> None:
        """Write a line of our own, away from the data."""
        print(clean(text), file=sys.stderr, flush=True)


@contextmanager
def open_display(console: Console, *, as_json: bool = False, prefect_url: str | None = None) -> Iterator[Display]:
    """The display that fits: JSON lines, a live frame on a terminal, plain lines elsewhere."""
    if as_json:
        yield JsonDisplay()
    elif console.is_terminal and not console.is_dumb_terminal:
        with LiveDisplay(console, prefect_url).open() as display:
            yield display
    else:
        yield PlainDisplay(console, prefect_url)


def _line(event: BuildEvent) -> str:
    name = NAMES.get(event.stage, "Build")
    cause = f" ({event.detail})" if event.detail else ""
    return f"{name:<11}{event.message}{cause}"


def _print_summary(console: Console, view: BuildView, prefect_url: str | None) -> None:
    console.print(render_summary(view, width=console.width))
    for name, value in addresses(view, prefect_url):
        line = Text.assemble((f"{name:<12}", "dim"), value)
        console.print(line, soft_wrap=True, highlight=False)
