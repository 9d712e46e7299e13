"""The worker of the embedded stack: one process imports everything once, registers the deployments, and works.

`python -m deployments.worker.embedded_worker RUNS` does what `widget-builder register`, `prefect worker start` and its
fork server do in three interpreters, each of which takes 2–4 s of processor time to import Prefect and the flows. Here
the fork server is forked from the worker before that has a thread or an event loop.
"""

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from deployments.worker.forked_server import ForkedServer, fork_server
from tasks.core.errors import DependencyUnavailable

if TYPE_CHECKING:
    # Imported where it is used: child processes of a run import this module again, and it is light.
    from tasks.core.settings import Settings


async def register_and_work(settings: "Settings", forked: ForkedServer, runs: int) -> None:
    """Register when the Prefect server answers, then carry out at most so many runs at once until stopped.

    Raises:
        DependencyUnavailable: the server does not come up in time, or returns an error.
    """
    from prefect.client.orchestration import get_client
    from prefect.settings import get_current_settings
    from prefect.utilities.processutils import setup_signal_handlers_worker

    from deployments.stack.registration import wait_and_register
    from deployments.worker.warm_worker import WORK_POOL, WORKER_TYPE, WarmWorker

    name = f"{os.uname().nodename}-embedded"
    await wait_and_register(settings)
    async with get_client(sync_client=False) as client:
        pool = await client.read_work_pool(WORK_POOL)
    if pool.type != WORKER_TYPE:
        # The pool of an operator on a server of their own: its worker is Prefect's.
        forked.kill()
        command = ["prefect", "worker", "start", "--pool", WORK_POOL, "--name", name, "--limit", str(runs)]
        os.execv(sys.executable, [sys.executable, "-m", *command])
    setup_signal_handlers_worker(os.getpid(), "the worker", print)
    prefect = get_current_settings().worker
    worker = WarmWorker(
        name=name,
        work_pool_name=WORK_POOL,
        limit=runs,
        prefetch_seconds=prefect.prefetch_seconds,
        heartbeat_interval_seconds=int(prefect.heartbeat_seconds),
        forked=forked,
    )
    await worker.start(printer=_print_at_once)


def _print_at_once(text: str) -> None:
    """Print a line that the stack waits for."""
    print(text, flush=True)


def main(runs: int) -> None:
    """Fork the fork server, then register and work in this process."""
    forked = fork_server()
    if forked is None:
        return
    from tasks.core.settings import load_settings

    try:
        asyncio.run(register_and_work(load_settings(), forked, runs))
    except DependencyUnavailable as unavailable:
        sys.exit(str(unavailable))
    except (asyncio.CancelledError, KeyboardInterrupt):
        _print_at_once("The worker has stopped.")


if __name__ == "__main__":
    main(int(sys.argv[1]))
