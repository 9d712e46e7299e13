"""Memory and processor time of the product's processes, sampled every second."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psutil
from rich.table import Table

EVERY_S = 1.0
MB = 1_000_000
WARM = "deployments.worker.embedded_worker"


@dataclass
class Peak:
    """Peak memory of the processes of one kind, and their processor time."""

    largest: int = 0
    """Resident bytes of the largest single process."""
    together: int = 0
    """Resident bytes of all of them at once; shared pages are counted once for each process."""
    count: int = 0
    """Most processes at once."""
    began: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)

    @property
    def cpu_s(self) -> float:
        """Seconds of one processor, all processes together, since the first sample of each."""
        return sum(self.ended[pid] - self.began[pid] for pid in self.ended)

    def add_sample(self, usages: "list[Usage]") -> None:
        """Add one sample."""
        sizes = [usage.size for usage in usages]
        self.largest = max(self.largest, *sizes)
        self.together = max(self.together, sum(sizes))
        self.count = max(self.count, len(sizes))
        for usage in usages:
            # A process that appears after the first sample was started by the product, so all of its time counts.
            self.began.setdefault(usage.pid, usage.cpu_s if not self.ended else 0.0)
        self.ended |= {usage.pid: usage.cpu_s for usage in usages}


@dataclass(frozen=True)
class Usage:
    """One process at one moment."""

    pid: int
    size: int
    """Resident bytes."""
    cpu_s: float
    """Processor seconds since the process started."""


@asynccontextmanager
async def watch_memory(pids: Mapping[str, int]) -> AsyncIterator[dict[str, Peak]]:
    """Yield the peaks by kind of process, updated while the context is open."""
    peaks: dict[str, Peak] = defaultdict(Peak)
    sampler = asyncio.create_task(_sample_forever(pids, peaks))
    try:
        yield peaks
    finally:
        sampler.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sampler


async def _sample_forever(pids: Mapping[str, int], peaks: dict[str, Peak]) -> None:
    while True:
        for kind, usages in (await asyncio.to_thread(sample, pids)).items():
            peaks[kind].add_sample(usages)
        await asyncio.sleep(EVERY_S)


def sample(pids: Mapping[str, int]) -> dict[str, list[Usage]]:
    """Return the usage of each process of the trees, by kind."""
    children: dict[int, list[psutil.Process]] = defaultdict(list)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            children[process.ppid()].append(process)
    found: dict[str, list[Usage]] = defaultdict(list)
    roots = set(pids.values())
    for name, pid in pids.items():
        waiting = [psutil.Process(pid)] if psutil.pid_exists(pid) else []
        while waiting:
            process = waiting.pop()
            with contextlib.suppress(psutil.Error):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                times = process.cpu_times()
                usage = Usage(process.pid, process.memory_info().rss, times.user + times.system)
                found[name if process.pid == pid else _kind(process, name)].append(usage)
            waiting += [child for child in children[process.pid] if child.pid not in roots]
    return found


def _kind(process: psutil.Process, root: str) -> str:
    command = " ".join(process.cmdline())
    if "chrom" in process.name():
        return "chromium"
    if "playwright" in command:
        return "playwright driver"
    if WARM in command:
        # Forked from each other, they share most of their memory.
        above = sum(WARM in " ".join(parent.cmdline()) for parent in process.parents())
        return ("worker", "fork server", "flow run", "page readers' server", "page readers")[above]
    return root if root == "postgres" else f"{root}: others"


def render_peaks(peaks: Mapping[str, Peak]) -> Table:
    """The peaks as a table."""
    columns = ("process", "most at once", "largest, MB", "together, MB", "processor, s")
    table = Table(*columns, title="Peak memory (RSS) and processor time")
    for kind, peak in sorted(peaks.items(), key=lambda item: -item[1].together):
        row = (f"{peak.largest / MB:.0f}", f"{peak.together / MB:.0f}", f"{peak.cpu_s:.1f}")
        table.add_row(kind, str(peak.count), *row)
    return table
