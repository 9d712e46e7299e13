"""The egress gate as a service of its own: the one way out of a network in which pages are fetched."""

import asyncio

from tasks.core.egress_policy import egress_policy
from tasks.core.errors import InvalidRequest
from tasks.core.settings import Settings
from tasks.web.fetching.egress import open_gate


async def run_egress(settings: Settings, host: str, port: int) -> int:
    """Keep the gate open until cancelled.

    Raises:
        InvalidRequest: it cannot listen there.
    """
    try:
        async with open_gate(egress_policy(settings), host=host, port=port):
            print(f"The egress gate listens on {host}:{port}", flush=True)
            await asyncio.Event().wait()
    except OSError as error:
        problem = f"The egress gate cannot listen on {host}:{port}: {error.strerror}. Choose another --host or --port."
        raise InvalidRequest("address_in_use", problem) from error
    return 0
