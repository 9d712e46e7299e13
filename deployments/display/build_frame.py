"""A build under way, as one picture made from what its events told."""

from datetime import UTC, datetime

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deployments.display.build_view import STAGES, BuildView, StageView, Standing
from deployments.display.wording import duration, rate_of, site_of, within, words
from tasks.core.events import EventType, Stage

WIDEST = 100
"""Columns beyond which a frame grows no wider."""

NAMES = {
    Stage.theme: "Theme",
    Stage.url_extraction: "Extraction",
    Stage.scraping: "Scraping",
    Stage.embedding: "Embedding",
    Stage.storage: "Storage",
}
_MARKS = {
    Standing.waiting: ("·", "dim"),
    Standing.running: ("●", "cyan"),
    Standing.done: ("✓", "green"),
    Standing.stopped: ("✗", "red"),
}
ENDS = {
    EventType.builder_completed: ("✓", "green", "Widget ready"),
    EventType.builder_failed: ("✗", "red", "Build failed"),
    EventType.builder_cancelled: ("■", "yellow", "Build cancelled"),
}


def render_frame(
    view: BuildView, *, width: int = 80, height: int = 24, now: datetime | None = None, notice: str = ""
) -> RenderableType:
    """A build under way: its site, a bar for each stage, the failures that came last.

    Args:
        view: What the events told.
        width: Columns of the terminal; narrow ones lose times, then rates, then bars.
        height: Lines of the terminal; low ones show fewer failures.
        now: Up to when running stages are timed; absent, the last event's time.
        notice: A line of our own below it all.
    """
    now = now or view.latest or datetime.now(UTC)
    parts: list[RenderableType] = [
        _header(view),
        Text(),
        _theme_line(view),
        _stages(view, min(width, WIDEST), now),
    ]
    shown = view.failures[-max(0, min(5, height - 13)) :] if height > 13 else ()
    if shown:
        parts += [Text(), *(_failure_line(view, NAMES[f.stage], f.url, f.cause) for f in reversed(shown))]
    parts += [Text(), words(notice or view.message, "yellow" if notice else "dim")]
    return framed(view, Group(*parts), width, subtitle=duration(view.seconds(now)))


def framed(view: BuildView, body: RenderableType, width: int, *, subtitle: str) -> RenderableType:
    """The body in a box titled with the site; where there is no room for one, below its name."""
    if width < 40:
        return Group(words(site_of(view), "bold"), body)
    mark, style, _ = ENDS[view.outcome] if view.outcome else ("●", "cyan", "")
    title = Text.assemble((f"{mark} ", style), words(site_of(view), "bold"))
    title.truncate(max(10, min(width, WIDEST) - 8), overflow="ellipsis")
    return Panel(
        body,
        title=title,
        title_align="left",
        subtitle=Text(subtitle) if subtitle else None,
        subtitle_align="right",
        border_style="bright_black",
        box=box.ROUNDED,
        padding=(1, 2),
        width=min(width, WIDEST),
    )


def _header(view: BuildView) -> Text:
    facts = []
    if view.depth is not None:
        facts.append(f"depth {view.depth}")
    if view.max_pages is not None:
        facts.append(f"at most {view.max_pages} pages")
    if view.widget_id:
        facts.append(f"widget {view.widget_id}")
    return words(" · ".join(facts) or "Waiting for the build to start", "dim")


def _theme_line(view: BuildView) -> Table:
    known = view.stages[Stage.theme]
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(width=1)
    line.add_column(width=10, no_wrap=True)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    waiting = Text("" if known.began else "waiting", "dim")
    line.add_row(*_named(known, Stage.theme), swatch(view) if view.theme else waiting)
    return line


def _named(known: StageView, stage: Stage) -> tuple[Text, Text]:
    mark, style = _MARKS[known.standing]
    return Text(mark, style), Text(NAMES[stage], "" if known.began else "dim")


def _stages(view: BuildView, width: int, now: datetime) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=1)
    table.add_column(width=10, no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    wide = [text for least, text in ((56, "rate"), (72, "time")) if width >= least]
    for _ in wide:
        table.add_column(justify="right", no_wrap=True, style="dim", min_width=6)
    table.add_column(justify="right", no_wrap=True)
    for stage in STAGES[1:]:
        known = view.stages[stage]
        beside = {"rate": rate_of(known.rate), "time": duration(known.seconds(now))}
        table.add_row(
            *_named(known, stage),
            _bar(known, width),
            _count_of(known, stage),
            *(beside[name] for name in wide),
            Text(f"{known.failed} failed" if known.failed else "", "red"),
        )
    return table


def _bar(known: StageView, width: int) -> RenderableType:
    if known.began is None:
        return Text("waiting", "dim")
    if width < 40:
        return Text()
    through = known.done + known.failed
    whole = known.standing is Standing.done
    total = max(known.total or 0, through, 1)
    return ProgressBar(
        total=total,
        completed=total if whole else through,
        complete_style="red" if known.standing is Standing.stopped else "cyan",
        finished_style="green",
    )


def _count_of(known: StageView, stage: Stage) -> Text:
    if known.began is None:
        return Text()
    if known.standing is Standing.done:
        return Text(f"{known.done} {'found' if stage is Stage.url_extraction else 'pages'}")
    return Text(f"{known.done} of {known.total}" if known.total is not None else f"{known.done}")


def _failure_line(view: BuildView, stage: str, url: str, cause: str) -> Table:
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(width=1)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_row(Text("✗", "red"), words(within(view, url)), words(f"{stage}: {cause}", "red"))
    return line


def swatch(view: BuildView) -> Text:
    """The theme in one line: its colours, name and font."""
    if view.theme is None:
        return Text()
    theme = view.theme
    line = Text(no_wrap=True, overflow="ellipsis")
    for colour in (theme.primary, theme.background):
        line.append("███", style=colour)
    line.append_text(words(f" {theme.name}", "bold"))
    line.append_text(words(f"  {theme.primary}  {_first_font(theme.body_font)}", "dim"))
    if view.theme_problem:
        line.append_text(words(f"  neutral: {view.theme_problem}", "yellow"))
    return line


def _first_font(families: str) -> str:
    return families.split(",")[0].strip(" '\"")
