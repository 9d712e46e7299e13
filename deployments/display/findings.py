"""The doctor's findings as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from deployments.display.formatting import to_text

if TYPE_CHECKING:
    from deployments.checks.doctor import Finding


def render_findings(findings: Sequence["Finding"]) -> RenderableType:
    """Render one row for each dependency: its detail, or the problem and its remedy."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True, min_width=12)
    table.add_column(overflow="fold")
    for finding in findings:
        mark = Text("✗", "red") if not finding.ok else Text("!", "yellow") if finding.warning else Text("✓", "green")
        if finding.ok:
            table.add_row(mark, to_text(finding.name), to_text(finding.detail, "dim", fold=True))
            if finding.warning:
                table.add_row("", "", to_text(f"→ {finding.warning}", "yellow", fold=True))
            continue
        table.add_row(mark, to_text(finding.name, "bold"), to_text(finding.problem, "red", fold=True))
        if finding.remedy:
            table.add_row("", "", to_text(f"→ {finding.remedy}", fold=True))
    return table
