"""Fifty clients follow one build: each connects at a random time, drops once and reconnects for the rest."""

import asyncio
import random
from dataclasses import dataclass, field

from httpx_sse import aconnect_sse
from rich.table import Table

from tests.benchmarks.client import BUILDS, BuildRun, open_http, read_frames, run_build
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import open_product
from tests.sites.generated import generated_site

CLIENTS = 50
PAGES = 150
PAGE_S = 0.5
LONGEST_WAIT_S = 20.0
"""Latest time to connect, when the build is about to end or has ended."""
MOST_BEFORE_DROP = 30
SEED = 11


@dataclass
class Follower:
    """One client and the events it received."""

    joins_after_s: float
    drops_after: int
    """Number of events before its connection breaks."""
    away_s: float
    seen: list[tuple[int, str]] = field(default_factory=list)
    """Number and object of each event."""
    dropped: bool = False

    async def follow(self, api_url: str, started: "asyncio.Future[str]") -> None:
        """Follow the build to its end, over two connections."""
        build_id = await asyncio.shield(started)
        await asyncio.sleep(self.joins_after_s)
        await self.read(api_url, build_id, at_most=self.drops_after)
        self.dropped = len(self.seen) == self.drops_after
        await asyncio.sleep(self.away_s)
        await self.read(api_url, build_id)

    async def read(self, api_url: str, build_id: str, *, at_most: int | None = None) -> None:
        """Read the events after the last one received, to the end or until there are `at_most` in all."""
        headers = {"Last-Event-ID": str(self.seen[-1][0])} if self.seen else {}
        async with (
            open_http(api_url) as http,
            aconnect_sse(http, "GET", f"{BUILDS}/{build_id}/events", headers=headers) as source,
        ):
            if source.response.status_code == 204:
                return
            source.response.raise_for_status()
            async for frame in read_frames(source):
                self.seen.append((int(frame.id), frame.data))
                if len(self.seen) == at_most:
                    return

    def saw_all(self, events: list[tuple[int, str]]) -> bool:
        """Whether it received each event once, in order."""
        return self.seen == events


async def run(scores: Scores) -> None:
    """Follow one build with all clients, and compare the events of each with the build's."""
    source = random.Random(SEED)
    followers = [
        Follower(source.uniform(0, LONGEST_WAIT_S), source.randint(1, MOST_BEFORE_DROP), source.uniform(0, 2))
        for _ in range(CLIENTS)
    ]
    async with generated_site(PAGES, 3, PAGE_S) as site, open_product() as product:
        build_id: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            build = group.create_task(run_build(product.api_url, f"{site.url}/", depth=3, started=build_id.set_result))
            for follower in followers:
                group.create_task(follower.follow(product.api_url, build_id))
        run = build.result()
        witness = Follower(0, 0, 0)
        await witness.read(product.api_url, run.build_id)
    _report(scores, run, witness, followers)


def _report(scores: Scores, run: BuildRun, witness: Follower, followers: list[Follower]) -> None:
    last = run.end.seq
    right = [follower for follower in followers if follower.saw_all(witness.seen)]
    late = sum(follower.joins_after_s > run.seconds for follower in followers)
    table = Table("", "", title=f"{CLIENTS} clients on one stream", show_header=False)
    table.add_row("events of the build", str(last))
    table.add_row("build took", f"{run.seconds:.1f} s")
    table.add_row("clients that came after its end", str(late))
    table.add_row("clients that dropped and came back", str(sum(follower.dropped for follower in followers)))
    table.add_row("clients that saw 1 … N once, in order", str(len(right)))
    scores.console.print(table)
    numbers = list(range(1, last + 1))
    scores.holds("the POST stream has 1 … N once, in order", [timed.event.seq for timed in run.events] == numbers)
    scores.holds("the stream read afterwards has too", [number for number, _ in witness.seen] == numbers)
    scores.holds(f"all {CLIENTS} clients saw the same", len(right) == CLIENTS, f"{len(right)} of {CLIENTS}")
    dropped = sum(follower.dropped for follower in followers)
    scores.holds("each dropped once", dropped == CLIENTS, f"{dropped} of {CLIENTS}")
