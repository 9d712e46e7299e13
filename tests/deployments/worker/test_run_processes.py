"""Processes of flow runs: forked from one fork server, their ends reported, and none left behind."""

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from deployments.worker.run_folders import MARK, make_worker_folder
from deployments.worker.run_processes import ForkServerClient, RunProcess

NO_SERVER = "http://127.0.0.1:9/api"


@pytest.fixture(scope="module", autouse=True)
def no_prefect_server() -> Iterator[None]:
    """Fork servers find no Prefect server, and do not start one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_API_URL", NO_SERVER)
        yield


@pytest.fixture(scope="module")
async def fork_server(no_prefect_server: None) -> AsyncIterator[ForkServerClient]:
    """A fork server that is ready; stopped at the end, with the processes it has forked."""
    fork_server = ForkServerClient()
    assert await fork_server.start()
    yield fork_server
    await fork_server.close()


async def fork(fork_server: ForkServerClient) -> RunProcess:
    """A run that finds no Prefect server."""
    return await fork_server.fork(str(uuid4()), {})


async def test_the_end_of_a_run_is_known_with_its_status(fork_server: ForkServerClient) -> None:
    """A killed run is distinguished from one that ended by itself."""
    run = await fork(fork_server)
    assert psutil.pid_exists(run.pid)
    os.kill(run.pid, signal.SIGKILL)
    assert await run.wait() == -signal.SIGKILL
    assert not psutil.pid_exists(run.pid)


async def test_a_run_that_is_ended_leaves_no_process_and_no_file(fork_server: ForkServerClient) -> None:
    """Nor do the processes that it has started itself: readers have sockets, a browser has its profile."""
    run = await fork(fork_server)
    folder = Path(psutil.Process(psutil.Process(run.pid).ppid()).environ()["TMPDIR"]) / str(run.pid)
    async with asyncio.timeout(30):
        while not (family := psutil.Process(run.pid).children(recursive=True)) or not list(folder.glob("*")):
            await asyncio.sleep(0.05)
    await run.end(0)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    assert not folder.exists()


async def test_runs_are_apart_from_each_other(fork_server: ForkServerClient) -> None:
    """The end of one run does not end another."""
    first, second = await fork(fork_server), await fork(fork_server)
    assert os.getpgid(first.pid) != os.getpgid(second.pid)
    await first.end(0)
    assert psutil.pid_exists(second.pid)
    await second.end(0)


async def test_a_fork_server_that_dies_takes_its_runs_along_and_is_replaced() -> None:
    """The worker learns of each run's end, and the next run starts all the same."""
    fork_server = ForkServerClient()
    try:
        run = await fork(fork_server)
        os.kill(psutil.Process(run.pid).ppid(), signal.SIGKILL)
        assert await run.wait() < 0
        again = await fork(fork_server)
        assert psutil.pid_exists(again.pid)
        await again.end(0)
    finally:
        await fork_server.close()


async def test_runs_end_when_the_fork_server_is_closed() -> None:
    """A worker that ends leaves nothing behind."""
    fork_server = ForkServerClient()
    run = await fork(fork_server)
    await fork_server.close()
    assert await run.wait() < 0
    async with asyncio.timeout(10):
        while psutil.pid_exists(run.pid):
            await asyncio.sleep(0.05)


def test_what_a_killed_worker_left_goes_when_the_next_one_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of a living one stays, and so does one that only has such a name."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen(["true"])
    gone.wait()
    living, killed, foreign = make_worker_folder(), tmp_path / f"wb{gone.pid}-a", tmp_path / f"wb{gone.pid}-b"
    for folder in (killed, foreign):
        folder.mkdir()
    (killed / MARK).touch()
    (killed / "1234").mkdir()
    made = make_worker_folder()
    assert {path for path in tmp_path.iterdir() if path.is_dir()} == {living, foreign, made}
    assert made.stat().st_mode & 0o777 == 0o700
