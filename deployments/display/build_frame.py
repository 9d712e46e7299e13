"""The live frame of a build under way, rendered from its view."""

from datetime import UTC, datetime

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deployments.display.build_view import STAGES, BuildView, StageStatus, StageView
from deployments.display.formatting import format_duration, format_rate, host_label, short_url, to_text
from tasks.core.events import EventType, Stage

MAX_WIDTH = 100
"""Maximum width of a frame in columns."""

STAGE_NAMES = {
    Stage.theme: "Theme",
    Stage.url_extraction: "Extraction",
    Stage.scraping: "Scraping",
    Stage.embedding: "Embedding",
    Stage.storage: "Storage",
}
_MARKS = {
    StageStatus.waiting: ("·", "dim"),
    StageStatus.running: ("●", "cyan"),
    StageStatus.done: ("✓", "green"),
    StageStatus.stopped: ("✗", "red"),
}
OUTCOMES = {
    EventType.builder_completed: ("✓", "green", "Widget ready"),
    EventType.builder_failed: ("✗", "red", "Build failed"),
    EventType.builder_cancelled: ("■", "yellow", "Build cancelled"),
}


def render_frame(
    view: BuildView, *, width: int = 80, height: int = 24, now: datetime | None = None, notice: str = ""
) -> RenderableType:
    """Render a build under way: its site, a bar for each stage, the latest failures.

    Args:
        view: The build, as its events have described it.
        width: Columns of the terminal; when narrow, times are dropped first, then rates, then bars.
        height: Lines of the terminal; when low, fewer failures are shown.
        now: End of the time of running stages; by default the last event's time.
        notice: A line below the frame, in place of the last event's message.
    """
    now = now or view.latest or datetime.now(UTC)
    parts: list[RenderableType] = [
        _header(view),
        Text(),
        _theme_line(view),
        _stages(view, min(width, MAX_WIDTH), now),
    ]
    shown = view.failures[-max(0, min(5, height - 13)) :] if height > 13 else ()
    if shown:
        parts += [Text(), *(_failure_line(view, STAGE_NAMES[f.stage], f.url, f.cause) for f in reversed(shown))]
    parts += [Text(), to_text(notice or view.message, "yellow" if notice else "dim")]
    return in_panel(view, Group(*parts), width, subtitle=format_duration(view.seconds(now)))


def in_panel(view: BuildView, body: RenderableType, width: int, *, subtitle: str) -> RenderableType:
    """Put the body in a box titled with the site, or below its name where a box does not fit."""
    if width < 40:
        return Group(to_text(host_label(view), "bold"), body)
    mark, style, _ = OUTCOMES[view.outcome] if view.outcome else ("●", "cyan", "")
    title = Text.assemble((f"{mark} ", style), to_text(host_label(view), "bold"))
    title.truncate(max(10, min(width, MAX_WIDTH) - 8), overflow="ellipsis")
    return Panel(
        body,
        title=title,
        title_align="left",
        subtitle=Text(subtitle) if subtitle else None,
        subtitle_align="right",
        border_style="bright_black",
        box=box.ROUNDED,
        padding=(1, 2),
        width=min(width, MAX_WIDTH),
    )


def _header(view: BuildView) -> Text:
    facts = []
    if view.depth is not None:
        facts.append(f"depth {view.depth}")
    if view.max_pages is not None:
        facts.append(f"at most {view.max_pages} pages")
    if view.widget_id:
        facts.append(f"widget {view.widget_id}")
    return to_text(" · ".join(facts) or "Waiting for the build to start", "dim")


def _theme_line(view: BuildView) -> Table:
    known = view.stages[Stage.theme]
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(width=1)
    line.add_column(width=10, no_wrap=True)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    waiting = Text("" if known.began else "waiting", "dim")
    line.add_row(*_named(known, Stage.theme), theme_swatch(view) if view.theme else waiting)
    return line


def _named(known: StageView, stage: Stage) -> tuple[Text, Text]:
    mark, style = _MARKS[known.status]
    return Text(mark, style), Text(STAGE_NAMES[stage], "" if known.began else "dim")


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
        beside = {"rate": format_rate(known.rate), "time": format_duration(known.seconds(now))}
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
    whole = known.status is StageStatus.done
    total = max(known.total or 0, through, 1)
    return ProgressBar(
        total=total,
        completed=total if whole else through,
        complete_style="red" if known.status is StageStatus.stopped else "cyan",
        finished_style="green",
    )


def _count_of(known: StageView, stage: Stage) -> Text:
    if known.began is None:
        return Text()
    if known.status is StageStatus.done:
        return Text(f"{known.done} {'found' if stage is Stage.url_extraction else 'pages'}")
    return Text(f"{known.done} of {known.total}" if known.total is not None else f"{known.done}")


def _failure_line(view: BuildView, stage: str, url: str, cause: str) -> Table:
    line = Table.grid(padding=(0, 1), expand=True)
    line.add_column(width=1)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_row(Text("✗", "red"), to_text(short_url(view, url)), to_text(f"{stage}: {cause}", "red"))
    return line


def theme_swatch(view: BuildView) -> Text:
    """The theme in one line: colours, name and font."""
    if view.theme is None:
        return Text()
    theme = view.theme
    line = Text(no_wrap=True, overflow="ellipsis")
    for colour in (theme.primary, theme.background):
        line.append("███", style=colour)
    line.append_text(to_text(f" {theme.name}", "bold"))
    line.append_text(to_text(f"  {theme.primary}  {_first_font(theme.body_font)}", "dim"))
    if view.theme_problem:
        line.append_text(to_text(f"  neutral: {view.theme_problem}", "yellow"))
    return line


def _first_font(families: str) -> str:
    return families.split(",")[0].strip(" '\"")
