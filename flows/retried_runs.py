"""Retries of an ended flow run in Prefect, as its UI offers them."""

from datetime import datetime
from itertools import pairwise
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectException


async def read_retry_time(run_id: UUID) -> datetime | None:
    """Return when the run was last scheduled again after an end; None if never, or if Prefect is out of reach."""
    try:
        async with get_client(sync_client=False) as client:
            states = await client.read_flow_run_states(run_id)
    except (httpx.HTTPError, PrefectException):
        return None
    states.sort(key=lambda state: state.timestamp)
    retries = (later.timestamp for before, later in pairwise(states) if before.is_final() and later.is_scheduled())
    return max(retries, default=None)
