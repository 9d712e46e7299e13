"""`make soak`: builds, chats, cancels, kills and hostile sites for half an hour; nothing may grow, and numbers add up.

A stack of its own runs on a temporary folder, with a folder of its own for temporary files. Each service's memory,
files, connections and processes are noted every few seconds. Once Prefect's server is away, for five minutes of thirty.
At the end all work is waited for, and what is left is counted.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from rich.console import Console
from rich.table import Table

from deployments.stack.embedded_stack import Stack, open_stack
from tasks.core.database import CONNECTION_ERRORS, open_pool
from tasks.core.events import EventType
from tasks.core.settings import load_settings
from tasks.records.builds import read_build
from tests.benchmarks.scores import Scores
from tests.benchmarks.soak_outage import MOST_PAGES, OUTAGE_S, Outage, hold_prefect
from tests.product import ENVIRONMENT, PATH, UNWANTED, Product
from tests.sites.generated import generated_site
from tests.sites.hostile import MISBEHAVIOUR, STRANGE, serve_hostile

LIMITS = ("extract-browser", "extract-http", "scrape", "embed", "store")
SAMPLE_S = 5.0
IDLE_S = 300.0
"""Seconds after which all that was begun must have ended."""
MOST_GROWTH = 1.25
"""Largest memory of a service in the last third, for that in the middle one."""
MEMORY_MARGIN = 40e6
"""Bytes by which it may grow all the same."""
WARM_S = 60.0
"""Age of a process from which its memory is judged: before, it still loads what it needs, and kills make young ones."""
MORE_FILES = 25
"""Files by which an idle service may have more at the end than it had at the beginning."""
MORE_PROCESSES = 8
"""The same for processes: connections of PostgreSQL, a browser that waits for the next build."""
BETWEEN_KILLS_S = (20.0, 40.0)
SERVICES = ("postgres", "prefect", "worker", "api")


@dataclass
class Sample:
    """A service's use of the machine at one moment, its children included for all but memory."""

    age_s: float
    memory: int
    files: int
    connections: int
    processes: int


@dataclass
class Soak:
    """A run, and what was seen."""

    stack: Stack
    product: Product
    temporary: Path
    source: random.Random
    end: float
    outage: Outage
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    idle: dict[str, Sample] = field(default_factory=dict)
    """The services' use before anything was begun."""
    builds: dict[str, str] = field(default_factory=dict)
    """Builds begun, by id, with the kind of their site."""
    widgets: list[tuple[str, str]] = field(default_factory=list)
    """Widgets that can answer, with their owner's tokens."""
    counts: Counter[str] = field(default_factory=Counter)
    is_away: bool = False
    """Whether Prefect's server is away: nothing is killed meanwhile."""

    @property
    def is_over(self) -> bool:
        """Whether no more is to be begun."""
        return time.monotonic() >= self.end

    async def build_sites(self) -> None:
        """Build sites one after the other; some builds are cancelled."""
        while not self.is_over:
            seed = self.source.randrange(10**6)
            async with generated_site(self.source.choice((4, 20, 40)), 2, 0.05, seed=seed) as site:
                await self._follow(site.url, "generated", cancels=self.source.random() < 0.25)

    async def build_hostile_site(self) -> None:
        """Build pages that misbehave, as start pages."""
        async with serve_hostile() as url:
            while not self.is_over:
                path = self.source.choice((*MISBEHAVIOUR, *STRANGE, "/"))
                await self._follow(url + path, "hostile", cancels=False)

    async def _follow(self, url: str, kind: str, *, cancels: bool) -> None:
        events, headers = [], {}
        with suppress(httpx.HTTPError, OSError):
            async for event in self.product.stream("POST", PATH, json={"url": url, "depth": 2, "max_pages": 40}):
                events.append(event)
                if event["seq"] == 1:
                    self.builds[event["build_id"]] = kind
                    headers = {"Authorization": f"Bearer {event['data'].get('owner_token', '')}"}
                if event["type"] == "widget_ready":
                    self.widgets.append((event["data"]["widget_id"], headers["Authorization"]))
                if cancels and event["type"] == "parallel_processing_started":
                    self.counts["cancels"] += 1
                    await self.product.http.delete(f"{PATH}/{event['build_id']}", headers=headers)
                if self.source.random() < 0.02:
                    break  # a client that leaves
        if not events:
            # Refused while a service is away: clients come again later.
            await asyncio.sleep(1)
        elif not EventType(events[-1]["type"]).is_terminal:
            await self._wait_for(events[0]["build_id"])

    async def _wait_for(self, build_id: str) -> None:
        """Wait for the end of a build without its stream."""
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                while not await self._is_over(build_id):
                    await asyncio.sleep(1)

    async def _is_over(self, build_id: str) -> bool:
        with suppress(*CONNECTION_ERRORS):
            return (await read_build(self.product.pool, UUID(build_id))).is_over
        return False

    async def chat(self) -> None:
        """Ask widgets as visitors do."""
        while not self.is_over:
            await asyncio.sleep(0.3)
            if not self.widgets:
                continue
            path = f"/api/public/widgets/{self.source.choice(self.widgets)[0]}"
            with suppress(httpx.HTTPError):
                await self.product.http.get(f"{path}/search", params={"q": "the garden of the harbour"})
                answer = await self.product.http.post(f"{path}/chat", json={"message": "Where is the lantern?"})
                self.counts[f"chat {answer.status_code}"] += 1

    async def kill(self) -> None:
        """Kill a process now and then: runs, their browsers and readers, and each service."""
        victims = ("run", "run", "browser", "reader", "worker", "api", "prefect", "postgres")
        for number in range(10**6):
            await asyncio.sleep(self.source.uniform(*BETWEEN_KILLS_S))
            if self.is_over:
                return
            victim = victims[number % len(victims)]
            with suppress(psutil.Error):
                if self.is_away:
                    continue
                if process := self._find(victim):
                    process.kill()
                    self.counts[f"killed {victim}"] += 1

    def _find(self, victim: str) -> psutil.Process | None:
        pids = self.stack.info.pids
        if victim in SERVICES:
            return psutil.Process(pids[victim])
        servers = psutil.Process(pids["worker"]).children()
        runs = [run for server in servers for run in server.children()]
        below = [process for run in runs for process in run.children(recursive=True)]
        wanted = {
            "run": runs,
            "browser": [process for process in below if "chrom" in process.name()],
            "reader": [process for process in below if "python" in process.name()],
        }[victim]
        return self.source.choice(wanted) if wanted else None

    async def hold_prefect(self) -> None:
        """Have Prefect's server away once, in the middle of the time."""
        await asyncio.sleep((self.end - time.monotonic()) / 3)
        self.is_away = True
        try:
            with suppress(TimeoutError, psutil.Error):
                await hold_prefect(self.product, lambda: psutil.Process(self.stack.info.pids["prefect"]), self.outage)
        finally:
            self.is_away = False

    async def sample(self) -> None:
        """Note the services' use of the machine."""
        while not self.is_over:
            for name in SERVICES:
                with suppress(psutil.Error, KeyError):
                    self.samples[name].append(measure(psutil.Process(self.stack.info.pids[name])))
            await asyncio.sleep(SAMPLE_S)

    async def settle(self) -> None:
        """Wait for the end of all builds, and for an idle worker."""
        for build_id in self.builds:
            await self._wait_for(build_id)
        with suppress(TimeoutError, psutil.Error):
            async with asyncio.timeout(90):
                while not await self._is_idle():
                    await asyncio.sleep(1)

    async def _is_idle(self) -> bool:
        # Prefect's server may have been killed last, and be starting.
        with suppress(httpx.HTTPError, OSError):
            return not await self.slots() and len(self.run_processes()) <= 1
        return False

    async def slots(self) -> int:
        """Slots of all stages that are taken."""
        async with self.product.prefect() as client:
            found = [await client.read_global_concurrency_limit_by_name(name) for name in LIMITS]
        return sum(limit.active_slots for limit in found)

    def run_processes(self) -> list[psutil.Process]:
        """Processes of runs; one that is idle waits for the next."""
        servers = psutil.Process(self.stack.info.pids["worker"]).children()
        return [run for server in servers for run in server.children()]


def measure(process: psutil.Process) -> Sample:
    """Measure a process, and count its children's files, connections and processes."""
    family = [process, *process.children(recursive=True)]
    files = connections = 0
    for each in family:
        with suppress(psutil.Error):
            files += each.num_fds()
            connections += len(each.net_connections())
    return Sample(time.time() - process.create_time(), process.memory_info().rss, files, connections, len(family))


@asynccontextmanager
async def open_soak(seconds: float, seed: int) -> AsyncIterator[Soak]:
    """A stack that is kept up, on folders of its own."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name, pytest.MonkeyPatch.context() as patch:
        os.chmod(name, 0o755)
        temporary = Path(name) / "tmp"
        temporary.mkdir(mode=0o1777)
        temporary.chmod(0o1777)
        for variable in UNWANTED:
            patch.delenv(variable, raising=False)
        # For the services alone: claims on ports are among all stacks of the machine.
        ours = {"WIDGET_BUILDER_DATA_DIR": f"{name}/data", "TMPDIR": str(temporary), "WIDGET_BUILDER_PORT": "38180"}
        ours["WIDGET_BUILDER_MAX_PAGES"] = str(MOST_PAGES)
        for variable, value in {**ENVIRONMENT, **ours}.items():
            patch.setenv(variable, value)
        async with (
            open_stack(load_settings(_env_file=None), lambda *_: None) as stack,
            httpx.AsyncClient(base_url=stack.info.api_url, timeout=60) as http,
            open_pool(stack.info.database_url) as pool,
        ):
            keeping = asyncio.create_task(stack.wait())
            product = Product(stack.info, http, pool)
            outage = Outage(min(OUTAGE_S, seconds / 6))
            yield Soak(stack, product, temporary, random.Random(seed), time.monotonic() + seconds, outage)
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping


async def run(seconds: float, seed: int, scores: Scores) -> None:
    """Let all happen at once for that long, then look."""
    async with open_soak(seconds, seed) as soak:
        soak.idle = {name: measure(psutil.Process(soak.stack.info.pids[name])) for name in SERVICES}
        doings: list[Callable[[], Awaitable[None]]] = [
            *(soak.build_sites, soak.build_sites, soak.build_hostile_site, soak.chat, soak.kill, soak.sample),
            soak.hold_prefect,
        ]
        await asyncio.gather(*(doing() for doing in doings))
        await soak.settle()
        print_samples(soak, scores.console)
        await judge(soak, scores)


def print_samples(soak: Soak, console: Console) -> None:
    """Show each service's use, at the beginning and at the end."""
    table = Table("service", "", "middle third", "last third", "most", title=f"{len(soak.builds)} builds")
    for name, samples in soak.samples.items():
        for what in ("memory", "files", "connections", "processes"):
            found = [getattr(sample, what) for sample in samples]
            first, last = parts_of(found)
            unit = 1e6 if what == "memory" else 1
            table.add_row(name, what, f"{first / unit:.0f}", f"{last / unit:.0f}", f"{max(found) / unit:.0f}")
    console.print(table)
    console.print(dict(sorted(soak.counts.items())))


def parts_of(found: list[int]) -> tuple[float, float]:
    """Return the medians of the middle third and of the last: in the first, models are loaded."""
    third = max(len(found) // 3, 1)
    return median(found[third:-third] or found[:1]), median(found[-third:])


async def judge(soak: Soak, scores: Scores) -> None:
    """Add all figures with their targets."""
    for name, samples in soak.samples.items():
        warm = [sample.memory for sample in samples if sample.age_s >= WARM_S]
        first, last = parts_of(warm or [sample.memory for sample in samples])
        scores.at_most(f"{name}: memory", last / 1e6, max(first * MOST_GROWTH, first + MEMORY_MARGIN) / 1e6, "MB")
        before, after = soak.idle[name], measure(psutil.Process(soak.stack.info.pids[name]))
        if name != "postgres":
            # Each of its connections keeps the tables open that it has read.
            scores.at_most(f"{name}: files when idle", after.files, before.files + MORE_FILES, "")
        scores.at_most(f"{name}: processes when idle", after.processes, before.processes + MORE_PROCESSES, "")
    soak.outage.judge(scores)
    states = Counter[str]()
    for build_id, kind in soak.builds.items():
        build = await read_build(soak.product.pool, UUID(build_id))
        cause = f": {build.error[:300]}" if build.error and build.status == "failed" else ""
        states[f"{kind} {build.status}{cause}"] += 1
        if build.status == "completed" and (problem := find_wrong_sum(build.statistics or {})):
            scores.holds(f"statistics of {build_id}", False, problem)
    scores.console.print(dict(sorted(states.items())))
    unnamed = [state for state in states if "TaskGroup" in state or "ExceptionGroup" in state]
    scores.holds("every failed build names its cause", not unnamed, ", ".join(unnamed))
    open_ones = [state for state in states if state.split(":")[0].split()[-1] in ("pending", "running")]
    scores.holds("every build has ended", not open_ones, ", ".join(open_ones))
    scores.at_most("slots taken when idle", await soak.slots(), 0, "")
    scores.at_most("processes of runs when idle", len(soak.run_processes()), 1, "")
    left = [
        path for path in soak.temporary.rglob("*") if path.is_dir() and path.name.startswith(("playwright", "org."))
    ]
    scores.at_most("folders of browsers and readers left, those of one that waits included", len(left), 4, "")
    of_database = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    connections = await soak.product.count(of_database)
    scores.at_most("connections to PostgreSQL when idle", connections, 40, "")


def find_wrong_sum(statistics: dict[str, Any]) -> str | None:
    """Return the sum that does not add up."""
    sums = (
        ("total_urls", "scraped_pages", "failed_scrapes"),
        ("scraped_pages", "embedded_pages", "failed_embeddings"),
        ("embedded_pages", "stored_pages", "failed_stores"),
    )
    for whole, done, failed in sums:
        if statistics.get(whole) != statistics.get(done, 0) + statistics.get(failed, 0):
            return f"{whole} {statistics.get(whole)} is not {statistics.get(done)} + {statistics.get(failed)}"
    return None


def main() -> None:
    """Run, print, and exit with 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1_800)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    scores = Scores(Console(width=120))
    scores.console.print(f"seed {asked.seed}")
    asyncio.run(run(asked.seconds, asked.seed, scores))
    scores.console.print(scores.render())
    sys.exit(not scores.are_met)


if __name__ == "__main__":
    main()
