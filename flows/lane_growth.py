"""Adaptive numbers of lanes: a stage with a `MAX_…_WORKERS` setting gets more lanes while that makes the build faster.

Additive increase, multiplicative decrease: some lanes more while all are at work, and back if that brought too little;
half of them when pages fail, memory runs short, or a host asks to slow down. Such a host is never pushed again: stages
that fetch stay within their default from then on. Each change is an event.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

from flows.lanes import Lanes
from flows.progress import Progress
from flows.workspace import Workspace
from tasks.core.boundaries import contain
from tasks.core.events import Stage
from tasks.core.settings import Settings

STEP_S = 3.0
"""Seconds between two decisions."""
STEPS_TO_FIRST = 3
"""A step is the default number of lanes divided by this."""
LEAST_GAIN = 0.5
"""Least share of the throughput that new lanes would bring in proportion; with less, they go."""
PAUSE_STEPS = 5
"""Steps without growth after lanes had to go."""
LEAST_FREE_MEMORY = 0.1
"""Share of the machine's memory that stays free."""
MOST_PROCESSOR = 95.0
"""Percentage of the processors in use at which more lanes would only wait for each other."""
FAILED_SHARE = 0.2
"""Share of a step's pages that fail …"""
FEW_FAILURES = 3
"""… beyond so many, at which there are too many lanes."""
FETCHING = ("extract-browser", "extract-http", "scrape")
_STAGES = {"extract-browser": Stage.url_extraction, "extract-http": Stage.url_extraction, "scrape": Stage.scraping}
_STAGES |= {"embed": Stage.embedding, "store": Stage.storage}


@dataclass(frozen=True)
class Seen:
    """Observations of a stage since the last decision."""

    rate: float
    """Items a second."""
    may_grow: bool
    """All lanes are at work, more work waits, and the processor has time for it."""
    trouble: str = ""
    """Why there are too many lanes."""
    is_pushed_back: bool = False
    """A host asked to slow down."""


@dataclass
class LaneGrowth:
    """The number of lanes of one stage."""

    first: int
    """The default."""
    most: int
    lanes: int = field(init=False)
    _before: tuple[int, float] | None = None
    """Lanes and throughput before the last growth, until it has been judged."""
    _pause: int = 0

    def __post_init__(self) -> None:
        self.lanes = self.first

    def decide(self, seen: Seen) -> str:
        """Change the number of lanes if what was seen asks for it; return the reason, empty without a change."""
        before, reason = self.lanes, self._decide(seen)
        return reason if self.lanes != before else ""

    def _decide(self, seen: Seen) -> str:
        if seen.is_pushed_back:
            self.most = min(self.most, self.first)
        if seen.trouble or seen.is_pushed_back:
            self._before, self._pause = None, PAUSE_STEPS
            self.lanes = min(self.most, max(1, self.lanes // 2))
            return seen.trouble or "a host asked to slow down"
        if self._before is not None:
            (lanes, rate), self._before = self._before, None
            if seen.rate < rate * (1 + LEAST_GAIN * (self.lanes / lanes - 1)):
                self._pause, self.lanes = PAUSE_STEPS, lanes
                return f"more lanes brought {seen.rate:.1f} items/s after {rate:.1f}"
        if self._pause:
            self._pause -= 1
        elif seen.may_grow and self.lanes < self.most:
            self._before = self.lanes, seen.rate
            self.lanes = min(self.most, self.lanes + max(1, self.first // STEPS_TO_FIRST))
            return f"all were at work at {seen.rate:.1f} items/s, and more waited"
        return ""


def first_lanes(settings: Settings, limit: str) -> int:
    """Return the lanes that a stage begins with."""
    return min(settings.max_lanes[limit], settings.model_copy(update={"adaptive": False}).max_lanes[limit])


class _Watched:
    """One stage's lanes, and what was counted at the last decision."""

    def __init__(self, lanes: Lanes[Any], first: int) -> None:
        self._lanes = lanes
        self._growth = LaneGrowth(first, lanes.most)
        self._done = self._ended = self._failed = self._slow_downs = 0
        lanes.most = first

    async def decide(self, progress: Progress, slow_downs: int, trouble: str, is_busy: bool) -> None:
        """Change the number of lanes if need be, and tell."""
        lanes, meter = self._lanes, progress.meters[_STAGES[self._lanes.limit]]
        done, self._done = lanes.done - self._done, lanes.done
        failed, self._failed = meter.failed - self._failed, meter.failed
        ended, self._ended = meter.done + meter.failed - self._ended, meter.done + meter.failed
        asked, self._slow_downs = slow_downs - self._slow_downs, slow_downs
        if not trouble and failed > max(FEW_FAILURES, FAILED_SHARE * ended):
            trouble = f"{failed} of {ended} pages failed"
        may_grow = not is_busy and not lanes.idle and lanes.working >= lanes.most and bool(lanes.source.waiting)
        before = self._growth.lanes
        seen = Seen(done / STEP_S, may_grow, trouble, is_pushed_back=asked > 0 and lanes.limit in FETCHING)
        if reason := self._growth.decide(seen):
            lanes.most = self._growth.lanes
            await lanes.source.wake_waiters()
            await progress.emit_lanes(_STAGES[lanes.limit], lanes.limit, before, lanes.most, reason)


async def adapt_lanes(space: Workspace, lanes: Sequence[Lanes[Any]]) -> None:
    """Adapt the lanes of the stages that may have more than their default; return only if there are none."""
    firsts = {of.limit: first_lanes(space.settings, of.limit) for of in lanes}
    watched = [_Watched(of, firsts[of.limit]) for of in lanes if of.adaptive and firsts[of.limit] < of.most]
    psutil.cpu_percent()
    while watched:
        await asyncio.sleep(STEP_S)
        memory = psutil.virtual_memory()
        is_short = memory.available < LEAST_FREE_MEMORY * memory.total
        trouble = f"{memory.available // 1024**2} MB of memory are free" if is_short else ""
        is_busy = psutil.cpu_percent() >= MOST_PROCESSOR
        for stage in watched:
            try:
                await stage.decide(space.progress, space.web.slow_downs, trouble, is_busy)
            except Exception as error:  # noqa: BLE001 the number of lanes stays as it is
                contain(error, "the number of lanes")
