"""What the doctor found, as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from deployments.display.wording import words

if TYPE_CHECKING:
    from deployments.checks.doctor import Finding


def render_findings(findings: Sequence["Finding"]) -> RenderableType:
    """One row a dependency; where something is wrong, the problem and its remedy."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True, min_width=12)
    table.add_column(overflow="fold")
    for finding in findings:
        mark = Text("✓", "green") if finding.ok else Text("✗", "red")
        if finding.ok:
            table.add_row(mark, words(finding.name), words(finding.detail, "dim", fold=True))
            continue
        table.add_row(mark, words(finding.name, "bold"), words(finding.problem, "red", fold=True))
        if finding.remedy:
            table.add_row("", "", words(f"→ {finding.remedy}", fold=True))
    return table
