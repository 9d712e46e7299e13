"""One process of each kind killed while builds are under way."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil

from tests.cluster.topology import RunningCluster

KINDS = (
    *("run", "api-1", "prefect-server-1", "worker-1", "redis", "nginx"),
    *("prefect-services", "prefect-database", "product-database"),
)
PAUSE_S = 5.0
"""Seconds between the recovery from one and the next."""
POLL_S = 0.2
RECOVERY_S = 240.0


@dataclass
class Killings:
    """Kills, with the builds that were under way at each."""

    cluster: RunningCluster
    under_way: Callable[[], int]
    kinds: Sequence[str] = KINDS
    builds_at: dict[str, int] = field(default_factory=dict)

    async def kill_each(self) -> None:
        """Kill one of each kind, one after the other.

        Raises:
            TimeoutError: a program was not back in time.
        """
        for kind in self.kinds:
            process = await self._find(kind)
            self.builds_at[kind] = self.under_way()
            self.cluster.report(kind, "killed", f"with {self.builds_at[kind]} builds under way")
            process.kill()
            if kind != "run":
                await self._wait_for_return(kind, process.pid)
            await asyncio.sleep(PAUSE_S)

    async def _find(self, kind: str) -> psutil.Process:
        if kind != "run":
            return self.cluster.process_of(kind)
        async with asyncio.timeout(RECOVERY_S):
            # One that has begun its work has children; another waits for the next run.
            while not (busy := [run for run in self.cluster.runs() if run.children()]):
                await asyncio.sleep(POLL_S)
        return random.choice(busy)

    async def _wait_for_return(self, kind: str, pid: int) -> None:
        service = self.cluster.services[kind]
        async with asyncio.timeout(RECOVERY_S):
            while service.process is None or service.process.pid == pid or not await service.is_ready(service):
                await asyncio.sleep(POLL_S)
