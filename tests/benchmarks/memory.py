"""How much memory the product's processes hold at their worst, sampled twice a second."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
from rich.table import Table

EVERY_S = 0.5
MB = 1_000_000


@dataclass
class Peak:
    """The most that processes of one kind held at any sample."""

    largest: int = 0
    """Resident bytes of the largest single process."""
    together: int = 0
    """Resident bytes of all of them at once; pages they share are counted in each."""
    count: int = 0
    """Most processes at once."""

    def raise_to(self, sizes: list[int]) -> None:
        """Take in one sample."""
        self.largest = max(self.largest, *sizes)
        self.together = max(self.together, sum(sizes))
        self.count = max(self.count, len(sizes))


@asynccontextmanager
async def watch_memory(pids: Mapping[str, int]) -> AsyncIterator[dict[str, Peak]]:
    """The peaks by kind of process, growing while the context is open."""
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
        for kind, sizes in (await asyncio.to_thread(sample, pids)).items():
            peaks[kind].raise_to(sizes)
        await asyncio.sleep(EVERY_S)


def sample(pids: Mapping[str, int]) -> dict[str, list[int]]:
    """Resident bytes of each process of the trees, by kind."""
    children: dict[int, list[psutil.Process]] = defaultdict(list)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            children[process.ppid()].append(process)
    found: dict[str, list[int]] = defaultdict(list)
    roots = set(pids.values())
    for name, pid in pids.items():
        waiting = [psutil.Process(pid)] if psutil.pid_exists(pid) else []
        while waiting:
            process = waiting.pop()
            with contextlib.suppress(psutil.Error):
                found[name if process.pid == pid else _kind(process, name)].append(process.memory_info().rss)
            waiting += [child for child in children[process.pid] if child.pid not in roots]
    return found


def _kind(process: psutil.Process, root: str) -> str:
    command = " ".join(process.cmdline())
    if "chrom" in process.name():
        return "chromium"
    if "playwright" in command:
        return "playwright driver"
    if "multiprocessing" in command:
        return "page readers (pool)"
    if "deployments.standby" in command or "prefect.engine" in command:
        return "flow run or standby"
    return root if root == "postgres" else f"{root}: others"


def render_peaks(peaks: Mapping[str, Peak]) -> Table:
    """The peaks as a table."""
    table = Table("process", "most at once", "largest, MB", "together, MB", title="Peak memory (RSS)")
    for kind, peak in sorted(peaks.items(), key=lambda item: -item[1].together):
        table.add_row(kind, str(peak.count), f"{peak.largest / MB:.0f}", f"{peak.together / MB:.0f}")
    return table
