"""Binning: turns a number into a categorical feature such as `words <9`."""

from bisect import bisect_right
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bins:
    """Bins named by their upper edge; `more` from the last edge on."""

    name: str
    edges: tuple[float, ...]
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        below = [f"{self.name} <{edge:g}" for edge in self.edges]
        object.__setattr__(self, "names", (*below, f"{self.name} more"))

    def __call__(self, value: float) -> str:
        return self.names[bisect_right(self.edges, value)]
