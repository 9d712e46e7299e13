"""A rolling update with whole processes: the product of an earlier commit builds, and this one takes its place."""

import asyncio

from tests.cluster.compose_services import ROOT
from tests.cluster.topology import RunningCluster

POLL_S = 0.2
RETURN_S = 240.0


async def update(cluster: RunningCluster) -> None:
    """Update as deployments/README says: migrate, replace one after the other, register."""
    cluster.code = ROOT
    await cluster.run_ours("migrate", "widget-builder migrate")
    for name in ("api-1", "worker-1", "api-2", "worker-2"):
        await _replace(cluster, name)
    await cluster.run_ours("register", "widget-builder register")


async def finish(cluster: RunningCluster) -> None:
    """Drop what only the version before needed."""
    await cluster.run_ours("finish", "widget-builder migrate --finish")


async def _replace(cluster: RunningCluster, name: str) -> None:
    service = cluster.services[name]
    before = cluster.process_of(name)
    service.env["PYTHONPATH"] = str(cluster.code)
    cluster.report(name, "replaced", "")
    before.terminate()
    async with asyncio.timeout(RETURN_S):
        while service.process is None or service.process.pid == before.pid or not await service.is_ready(service):
            await asyncio.sleep(POLL_S)
