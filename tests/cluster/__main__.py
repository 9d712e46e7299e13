"""`make cluster-test`: twenty builds on a cluster of processes, one of each kind killed in the middle.

The cluster is that of docker-compose.yml and deployments/kubernetes: two workers, two API replicas, two of Prefect's
servers with their services apart, Redis, PostgreSQL, and nginx. Everything is in a temporary folder, on free ports of
loopback; whatever was started is ended. Every site is built twice at once, so that both workers ask the same hosts.
"""

import argparse
import asyncio
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from tasks.core.errors import DependencyUnavailable
from tests.benchmarks.scores import Scores
from tests.cluster.compose_services import ROOT
from tests.cluster.followed_builds import FollowedBuild
from tests.cluster.kills import KINDS, Killings
from tests.cluster.programs import ProgramsMissing, find_programs_of_cluster
from tests.cluster.small_sites import serve_small_sites
from tests.cluster.topology import RunningCluster, open_cluster
from tests.cluster.updating import finish, update
from tests.cluster.verdict import judge

SITES = 10
PAGES = 40
DEPTHS = (2, 3)
"""Both reach all pages: two builds of each site."""
HOST_LIMIT = 3
LANES = {"BROWSER_EXTRACT_WORKERS": 1, "HTTP_EXTRACT_WORKERS": 3, "SCRAPE_WORKERS": 2}
"""Of all workers together: fewer than four builds at once may ask of their sites."""
SETTINGS = {
    "WIDGET_BUILDER_EGRESS_ALLOW": "127.0.0.0/8",
    "WIDGET_BUILDER_HOST_CONCURRENCY": str(HOST_LIMIT),
    **{f"WIDGET_BUILDER_{name}": str(lanes) for name, lanes in LANES.items()},
}
BEFORE_KILLS = 2
"""Builds that are complete when the first process is killed."""
ALL_S = 2_400
"""Seconds after which whatever has not ended is given up."""


async def run(scores: Scores, kinds: Sequence[str], before: str | None, logs: Path | None) -> None:
    """Start the cluster, build, update and kill, and judge.

    Raises:
        ProgramsMissing: a program is not on this machine.
        DependencyUnavailable: a program of the cluster does not start, or dies too often.
    """
    programs, began = find_programs_of_cluster(), time.monotonic()

    def report(name: str, state: str, detail: str) -> None:
        scores.console.print(f"{time.monotonic() - began:6.1f} s  {name:<18} {state} {escape(detail)}")

    async with open_cluster(programs, SETTINGS, report, before) as cluster:
        supervision = asyncio.create_task(cluster.supervise())
        try:
            async with asyncio.timeout(ALL_S):
                await build_and_kill(cluster, kinds, scores)
        finally:
            supervision.cancel()
            await asyncio.wait([supervision])
            if logs is not None:
                shutil.copytree(cluster.folder / "logs", logs, dirs_exist_ok=True)
        if not supervision.cancelled():
            supervision.result()


async def build_and_kill(cluster: RunningCluster, kinds: Sequence[str], scores: Scores) -> None:
    """Follow all builds at once; meanwhile update an earlier product, and kill one process of each kind."""
    timeout, limits = httpx.Timeout(30, pool=None), httpx.Limits(max_connections=None)
    async with (
        serve_small_sites(SITES, PAGES) as sites,
        httpx.AsyncClient(base_url=cluster.api_url, timeout=timeout, limits=limits, trust_env=False) as http,
    ):
        builds = [FollowedBuild(f"{site.url}/", depth) for site in sites.each for depth in DEPTHS]
        killings = Killings(cluster, lambda: sum(build.end is None for build in builds), kinds)
        is_earlier = cluster.code != ROOT
        following = [asyncio.create_task(_follow(build, http, cluster)) for build in builds]
        disturbing = asyncio.create_task(_disturb_in_the_middle(builds, killings, is_earlier=is_earlier))
        await asyncio.gather(disturbing, *following)
        if is_earlier:
            scores.at_least("builds under way when all was updated", disturbing.result(), 1, "")
            await finish(cluster)
        lanes = sum(LANES.values())
        await judge(cluster, builds, sites, killings, scores, host_limit=HOST_LIMIT, fetch_lanes=lanes)


async def _follow(build: FollowedBuild, http: httpx.AsyncClient, cluster: RunningCluster) -> None:
    await build.follow(http)
    cluster.report("build", build.end or "", f"of {build.url} to depth {build.depth}")


async def _disturb_in_the_middle(builds: list[FollowedBuild], killings: Killings, *, is_earlier: bool) -> int:
    """Update and kill; return the builds under way at the end of the update."""
    while sum(build.end is not None for build in builds) < BEFORE_KILLS:
        await asyncio.sleep(0.5)
    if is_earlier:
        await update(killings.cluster)
    left = killings.under_way()
    await killings.kill_each()
    return left


def main() -> None:
    """Run, print, and exit with 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("--kill", nargs="*", choices=KINDS, default=KINDS, help="kinds of processes; default: all")
    parser.add_argument("--before", metavar="COMMIT", help="start with the product of this commit, and update it")
    parser.add_argument("--logs", type=Path, help="folder to copy the programs' logs into")
    asked = parser.parse_args()
    scores = Scores(Console(width=140))
    try:
        asyncio.run(run(scores, asked.kill, asked.before, asked.logs and asked.logs.resolve()))
    except (ProgramsMissing, DependencyUnavailable) as error:
        sys.exit(str(error))
    scores.console.print(scores.render())
    sys.exit(not scores.are_met)


if __name__ == "__main__":
    main()
