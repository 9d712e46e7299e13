"""The verdict: the state of databases, Prefect and sites after all builds have ended."""

import asyncio
from collections import Counter

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.objects import FlowRun

from tasks.core.database import open_pool
from tests.benchmarks.scores import Scores
from tests.cluster.followed_builds import FollowedBuild
from tests.cluster.kills import Killings
from tests.cluster.small_sites import SmallSites
from tests.cluster.topology import LOGIN, RunningCluster
from tests.flow_runs import BUILD

LIMITS = ("extract-browser", "extract-http", "scrape", "embed", "store")
RELEASE_S = 180.0
"""Seconds in which slots of processes that were killed must be free: their leases expire."""


async def judge(
    cluster: RunningCluster,
    builds: list[FollowedBuild],
    sites: SmallSites,
    killings: Killings,
    scores: Scores,
    *,
    host_limit: int,
    fetch_lanes: int,
) -> None:
    """Add all figures with their targets."""
    ends = Counter(build.end or "no end" for build in builds)
    scores.console.print(dict(ends), {"reconnections": sum(build.reconnections for build in builds)})
    scores.at_least("builds completed, as their clients saw it", ends["builder_completed"], len(builds), "")
    problems = [problem for build in builds for problem in build.problems]
    scores.holds("events without gaps or repetitions", not problems, "; ".join(problems[:3]))
    await judge_database(cluster, len(builds), len(sites.each[0].paths), scores)
    await judge_prefect(cluster, len(builds), scores)
    most = max(site.tally.most for site in sites.each)
    scores.at_most("pages asked of one site at once", most, host_limit, "")
    scores.at_least("the same, so that the limit was reached", most, host_limit, "")
    scores.at_most("pages asked of all sites at once", sites.tally.most, fetch_lanes, "")
    asked = sum(count for site in sites.each for path, count in site.requests.items() if path in site.paths)
    needed = len(builds) * len(sites.each[0].paths)
    scores.at_most("pages fetched, for each that is needed", asked / needed, 1.25, "")
    killed = [kind for kind in killings.kinds if killings.builds_at.get(kind)]
    scores.at_least("kinds of processes killed while builds were under way", len(killed), len(killings.kinds), "")


async def judge_database(cluster: RunningCluster, builds: int, pages: int, scores: Scores) -> None:
    """Each build is there once, ended once, and has each page once."""
    queries = {
        "widgets": "SELECT count(*) FROM widgets",
        "builds recorded as completed": "SELECT count(*) FROM scrape_jobs WHERE status = 'completed'",
        "builds recorded": "SELECT count(*) FROM scrape_jobs",
        "terminal events": "SELECT count(*) FROM build_events WHERE type IN"
        " ('builder_completed', 'builder_failed', 'builder_cancelled')",
    }
    async with open_pool(cluster.database_url) as pool, pool.connection() as connection:
        for what, query in queries.items():
            row = await (await connection.execute(query)).fetchone()  # type: ignore[arg-type]
            scores.holds(f"{builds} {what}", row == (builds,), str(row and row[0]))
        rows = await connection.execute("SELECT count(*), count(DISTINCT (job_id, url)) FROM knowledge_scraped_pages")
        stored = await rows.fetchone()
        scores.holds(f"{builds * pages} pages stored, each once", stored == (builds * pages,) * 2, str(stored))


async def judge_prefect(cluster: RunningCluster, builds: int, scores: Scores) -> None:
    """Each build had one flow run, which ended; no slot stays taken."""
    async with PrefectClient(cluster.prefect_api_url, auth_string=LOGIN) as client:
        end = asyncio.get_running_loop().time() + RELEASE_S
        # A build tells its end before its run does.
        while await _is_busy(client) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(1)
        runs = await _flow_runs(client)
        # One that is killed after its build has ended, and before itself has, counts as crashed in Prefect.
        ended = sum(run.state is not None and run.state.is_final() for run in runs)
        states = dict(Counter(run.state_name or "" for run in runs))
        scores.holds(f"{builds} flow runs, all ended", ended == len(runs) == builds, str(states))
        scores.at_most("slots taken when idle", await _taken_slots(client), 0, "")


async def _is_busy(client: PrefectClient) -> bool:
    runs = await _flow_runs(client)
    return any(run.state is None or not run.state.is_final() for run in runs) or await _taken_slots(client) > 0


async def _flow_runs(client: PrefectClient) -> list[FlowRun]:
    return await client.read_flow_runs(flow_filter=FlowFilter(name=FlowFilterName(any_=[BUILD.partition("/")[0]])))


async def _taken_slots(client: PrefectClient) -> int:
    return sum([(await client.read_global_concurrency_limit_by_name(name)).active_slots for name in LIMITS])
