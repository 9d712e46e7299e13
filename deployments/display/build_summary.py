"""The summary of a finished build."""

from collections.abc import Mapping
from datetime import UTC, datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deployments.display.build_frame import OUTCOMES, STAGE_NAMES, in_panel, theme_swatch
from deployments.display.build_view import STAGES, BuildView, Cause
from deployments.display.formatting import format_duration, printable, short_url, to_text
from tasks.core.events import EventType, Stage


def render_summary(view: BuildView, *, width: int = 80) -> RenderableType:
    """Render a finished build: pages by stage, causes of failures, skipped pages."""
    _, style, outcome = OUTCOMES[view.outcome] if view.outcome else ("", "dim", "")
    head = Text.assemble((outcome, f"bold {style}"), (f" in {format_duration(view.seconds())}", style))
    parts: list[RenderableType] = [head]
    if view.error:
        parts.append(to_text(view.error, "red", fold=True))
    if view.remedy:
        parts.append(to_text(f"→ {view.remedy}", fold=True))
    if view.theme:
        parts += [Text(), theme_swatch(view)]
    if view.stages[Stage.scraping].began:
        parts += [Text(), _table(view, width)]
    if view.causes:
        parts += [Text(), _causes(view, view.causes)]
    notes = [note for note in (_changes(view), _skipped(view), _readiness(view), _volume(view)) if note]
    if notes:
        parts += [Text(), *(to_text(note, "dim", fold=True) for note in notes)]
    return in_panel(view, Group(*parts), width, subtitle="")


def _table(view: BuildView, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim", border_style="bright_black")
    table.add_column("Stage", min_width=10)
    for name in ("Pages", "Failed", "Seconds", "Pages/s")[: 4 if width >= 50 else 2]:
        table.add_column(name, justify="right", min_width=min(8, len(name) + 1))
    now = view.latest or datetime.now(UTC)
    for stage in STAGES[1:]:
        known = view.stages[stage]
        seconds = known.seconds(now)
        cells = [
            Text(str(known.done) if known.began else "–"),
            Text(str(known.failed), "red" if known.failed else "dim"),
            Text("–" if seconds is None else f"{seconds:.1f}"),
            Text("–" if known.rate is None else f"{known.rate:.1f}"),
        ]
        table.add_row(Text(STAGE_NAMES[stage]), *cells[: len(table.columns) - 1])
    return table


def _causes(view: BuildView, causes: Mapping[tuple[Stage, str], Cause]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style="red")
    table.add_column(overflow="fold")
    for (stage, reason), cause in sorted(causes.items(), key=lambda item: -item[1].count):
        which = f"{'e.g. ' if cause.count > 1 else ''}{short_url(view, cause.example)}"
        line = Text.assemble(f"{STAGE_NAMES[stage].lower()}: ", printable(reason), (f"  {printable(which)}", "dim"))
        table.add_row(f"{cause.count} ×", line)
    return table


def _changes(view: BuildView) -> str:
    counts = ", ".join(f"{count} {change}" for change, count in view.diff.items())
    return f"Since the build before: {counts}" if counts else ""


def _skipped(view: BuildView) -> str:
    if not view.skipped:
        return ""
    reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in view.skipped.items())
    return f"Skipped: {reasons}"


def _readiness(view: BuildView) -> str:
    if view.ready_at is None or view.began is None:
        return ""
    after = format_duration((view.ready_at - view.began).total_seconds())
    pages = "1 page" if view.ready_pages == 1 else f"{view.ready_pages} pages"
    return f"Answering since {after}" + (f", from {pages} on" if view.ready_pages else "")


def _volume(view: BuildView) -> str:
    facts = []
    if view.by_method:
        facts.append(", ".join(f"{count} {method}" for method, count in view.by_method.items() if count))
    if view.byte_count:
        facts.append(f"{view.byte_count / 1e6:.1f} MB read")
    if view.token_count:
        facts.append(f"{view.token_count:,} tokens")
    return " · ".join(fact for fact in facts if fact)


def addresses(view: BuildView, prefect_url: str | None) -> list[tuple[str, str]]:
    """Names and values to copy: widget, owner token, preview, Prefect UI, embed snippet."""
    token = view.owner_token if view.outcome is EventType.builder_completed else None
    found = [
        ("Widget", view.widget_id),
        ("Owner token", f"{token}  (shown only once)" if token else None),
        ("Preview", view.preview_url),
        ("Prefect UI", prefect_url),
        ("Embed", view.embed_snippet),
    ]
    return [(name, printable(value)) for name, value in found if value]
