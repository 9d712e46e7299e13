"""An evaluation as tables: the totals, and each question that was not answered rightly."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deployments.display.formatting import to_text
from tasks.knowledge.evaluation.verdicts import Judged, Totals, Verdict, plain_text

MAX_QUOTE = 240
_STYLES = {Verdict.wrong: "red", Verdict.failed: "red", Verdict.refused: "yellow"}


def render_evaluation(judged: Sequence[Judged], totals: Totals) -> RenderableType:
    """Render the failures, then the totals."""
    failures = [each for each in judged if each.verdict is not Verdict.right]
    parts: list[RenderableType] = [render_failures(failures)] if failures else []
    return Group(*parts, _totals(totals))


def render_failures(failures: Sequence[Judged]) -> Table:
    """Render a row for each question that was not answered rightly."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", border_style="bright_black")
    table.add_column("Line", justify="right")
    table.add_column("Question", overflow="fold", ratio=2)
    table.add_column("", no_wrap=True)
    table.add_column("Expected", overflow="fold", ratio=2)
    table.add_column("Answer and first page cited", overflow="fold", ratio=3)
    for each in failures:
        table.add_row(
            str(each.expected.line or ""),
            to_text(each.expected.question, fold=True),
            Text(each.verdict, _STYLES[each.verdict]),
            to_text(each.expected.described, fold=True),
            to_text(_quote(each), fold=True),
        )
    return table


def _quote(judged: Judged) -> str:
    given = judged.given
    said = given.failure or plain_text(given.text)
    quote = said if len(said) <= MAX_QUOTE else said[:MAX_QUOTE].rstrip() + " …"
    return f"{quote} ({given.pages[0]})" if given.pages else quote


def _totals(totals: Totals) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name, value in (
        ("questions", str(totals.questions)),
        ("right", f"{totals.right} ({totals.share_right:.0%})"),
        ("wrong", str(totals.wrong)),
        ("refused although the site answers", str(totals.refused)),
        ("broken off", str(totals.failed)),
        ("rightly refused", f"{totals.rightly_refused} of {totals.unanswerable}"),
        ("first words after, median · 95 %", f"{totals.first_s_median:.2f} s · {totals.first_s_p95:.2f} s"),
    ):
        table.add_row(name, value)
    return table
