"""Processes of flow runs: forked from one interpreter, told of when they end, and never left behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from uuid import uuid4

import psutil
import pytest

from deployments.worker.run_processes import ForkServerClient, RunProcess

NO_SERVER = {"PREFECT_API_URL": "http://127.0.0.1:9/api"}


@pytest.fixture(scope="module")
async def interpreter() -> AsyncIterator[ForkServerClient]:
    """A warm interpreter; ended, with what it has forked, at the end."""
    interpreter = ForkServerClient()
    assert await interpreter.start()
    yield interpreter
    await interpreter.close()


async def fork(interpreter: ForkServerClient) -> RunProcess:
    """A run that finds no Prefect server."""
    return await interpreter.fork(str(uuid4()), dict(NO_SERVER))


async def test_the_end_of_a_run_is_known_with_its_status(interpreter: ForkServerClient) -> None:
    """A run that was killed is told from one that ended by itself."""
    run = await fork(interpreter)
    assert psutil.pid_exists(run.pid)
    os.kill(run.pid, signal.SIGKILL)
    assert await run.wait() == -signal.SIGKILL
    assert not psutil.pid_exists(run.pid)


async def test_a_run_that_is_ended_leaves_no_process(interpreter: ForkServerClient) -> None:
    """Not even what it has started itself."""
    run = await fork(interpreter)
    async with asyncio.timeout(30):
        while not (family := psutil.Process(run.pid).children(recursive=True)):
            await asyncio.sleep(0.05)
    await run.end(0)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


async def test_runs_are_apart_from_each_other(interpreter: ForkServerClient) -> None:
    """One that ends takes no other with it."""
    first, second = await fork(interpreter), await fork(interpreter)
    assert os.getpgid(first.pid) != os.getpgid(second.pid)
    await first.end(0)
    assert psutil.pid_exists(second.pid)
    await second.end(0)


async def test_an_interpreter_that_dies_takes_its_runs_along_and_is_replaced() -> None:
    """The worker knows of each run's end, and the next run begins all the same."""
    interpreter = ForkServerClient()
    try:
        run = await fork(interpreter)
        os.kill(psutil.Process(run.pid).ppid(), signal.SIGKILL)
        assert await run.wait() < 0
        again = await fork(interpreter)
        assert psutil.pid_exists(again.pid)
        await again.end(0)
    finally:
        await interpreter.close()


async def test_runs_end_when_the_interpreter_is_closed() -> None:
    """A worker that ends leaves nothing behind."""
    interpreter = ForkServerClient()
    run = await fork(interpreter)
    await interpreter.close()
    assert await run.wait() < 0
    async with asyncio.timeout(10):
        while psutil.pid_exists(run.pid):
            await asyncio.sleep(0.05)
