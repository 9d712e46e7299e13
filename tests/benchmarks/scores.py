"""Figures with their targets, and whether each target was met."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class Score:
    """One figure beside its target."""

    what: str
    measured: str
    target: str
    is_met: bool


@dataclass
class Scores:
    """All figures of a run of benchmarks."""

    console: Console
    scores: list[Score] = field(default_factory=list)

    def at_most(self, what: str, measured: float, target: float, unit: str = "s") -> None:
        """Add a figure that must not be larger than its target."""
        self._add(what, f"{measured:.3g} {unit}", f"≤ {target:g} {unit}", is_met=measured <= target)

    def at_least(self, what: str, measured: float, target: float, unit: str) -> None:
        """Add a figure that must not be smaller than its target."""
        self._add(what, f"{measured:.3g} {unit}", f"≥ {target:g} {unit}", is_met=measured >= target)

    def holds(self, what: str, is_met: bool, measured: str = "") -> None:
        """Add a condition that must hold."""
        self._add(what, measured or ("yes" if is_met else "no"), "yes", is_met=is_met)

    def _add(self, what: str, measured: str, target: str, *, is_met: bool) -> None:
        self.scores.append(Score(what, measured, target, is_met))

    @property
    def are_met(self) -> bool:
        """Whether all targets are met."""
        return all(score.is_met for score in self.scores)

    def render(self) -> Table:
        """All figures as a table."""
        table = Table("", "measured", "target", "", title="Summary")
        for score in self.scores:
            mark = "[green]✓[/]" if score.is_met else "[red]missed[/]"
            table.add_row(escape(score.what), score.measured, score.target, mark)
        return table
