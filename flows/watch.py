"""Heartbeat of a running build, and detection of its cancellation."""

import asyncio
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectException

from flows.progress import Progress
from flows.slots import Slots
from tasks.core.database import Pool
from tasks.core.errors import BuildEnded
from tasks.core.events import EventType
from tasks.core.models import Job
from tasks.records.builds import record_heartbeat

BEAT_S = 1.0
"""Seconds between heartbeats."""
PREFECT_BEATS = 3
"""Heartbeats between two checks for a cancellation in Prefect."""
PREFECT_TIMEOUT_S = 5.0
"""Seconds that Prefect has to answer one: heartbeats must not wait for a server that hangs."""


async def watch(pool: Pool, job: Job, run_id: UUID, progress: Progress, slots: Slots) -> None:
    """Send heartbeats until the build has ended; never return.

    Raises:
        BuildEnded: the build was cancelled through the API or in Prefect, has a terminal event, or a later attempt.
    """
    beats = 0
    while True:
        if not await record_heartbeat(pool, job.build_id, slots.leases, attempt=job.attempt):
            raise BuildEnded("The build was cancelled or ended outside this run.")
        beats += 1
        if beats % PREFECT_BEATS == 0 and await _is_cancelled(slots.client, run_id):
            await progress.emit(EventType.builder_cancelled, "The build was cancelled in Prefect")
            raise BuildEnded("The flow run was cancelled in Prefect.")
        await asyncio.sleep(BEAT_S)


async def _is_cancelled(client: PrefectClient, run_id: UUID) -> bool:
    try:
        async with asyncio.timeout(PREFECT_TIMEOUT_S):
            run = await client.read_flow_run(run_id)
    except (httpx.HTTPError, PrefectException, TimeoutError):
        # Prefect's server is unavailable: the build continues, and the next check asks again.
        return False
    return run.state is not None and (run.state.is_cancelling() or run.state.is_cancelled())
