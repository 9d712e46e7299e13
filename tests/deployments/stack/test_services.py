"""A service of the stack: supervised, restarted, and given up with its last log lines."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deployments.stack.service_log import ServiceLog
from deployments.stack.services import MAX_RESTARTS, Service
from tasks.core.errors import DependencyUnavailable

READY = "print('ready', flush=True); "


def service(tmp_path: Path, code: str, reports: list[tuple[str, str, str]]) -> Service:
    """A service that runs a line of Python and is ready when it prints `ready`."""

    async def has_printed(service: Service) -> bool:
        return "ready" in service.log.read()

    command, log = [sys.executable, "-c", code], ServiceLog(tmp_path / "toy.log")
    return Service("toy", command, dict(os.environ), log, has_printed, lambda *r: reports.append(r))


async def test_a_service_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error has its last log lines and the path of its log."""
    toy = service(tmp_path, "raise SystemExit('the disk is full')", [])
    with pytest.raises(DependencyUnavailable, match="the disk is full") as caught:
        await toy.start()
    assert "toy.log" in str(caught.value.remedy)


async def test_a_service_that_dies_is_started_again(tmp_path: Path) -> None:
    """The restart is reported with its cause."""
    reports: list[tuple[str, str, str]] = []
    toy = service(tmp_path, READY + "import signal; signal.pause()", reports)
    await toy.start()
    assert toy.process is not None
    first = toy.process.pid
    watching = asyncio.create_task(toy.supervise())
    toy.process.kill()
    async with asyncio.timeout(20):
        while toy.process.pid == first or reports[-1][1] != "ready":
            await asyncio.sleep(0.05)
    watching.cancel()
    await toy.stop()
    assert any("SIGKILL" in detail for _, state, detail in reports if state == "starting")


async def test_a_service_that_keeps_crashing_is_given_up(tmp_path: Path) -> None:
    """It is not restarted for ever; the error says how often it was, with its last log lines."""
    toy = service(tmp_path, READY + "import sys; sys.exit('no more memory')", [])
    await toy.start()
    with pytest.raises(DependencyUnavailable, match=f"{MAX_RESTARTS + 1} times") as caught:
        await toy.supervise()
    assert "no more memory" in str(caught.value)


STACK = """
import asyncio, sys
from pathlib import Path
from deployments.stack.service_log import ServiceLog
from deployments.stack.services import Service

CODE = "import os, signal as s; s.signal(s.SIGTERM, s.SIG_IGN); print(os.getpid(), flush=True); s.pause()"

async def main() -> None:
    async def never(service: Service) -> bool:
        if pid := service.log.read():
            print(pid, end="", flush=True)
            await asyncio.sleep(60)
        return False
    await Service("toy", [sys.executable, "-c", CODE], {}, ServiceLog(Path(sys.argv[1])), never, print).start()

asyncio.run(main())
"""


def test_a_service_ends_with_a_stack_that_is_killed_while_it_starts(tmp_path: Path) -> None:
    """Whatever the service is doing: it may wait for another that was killed too."""
    command = [sys.executable, "-c", STACK, str(tmp_path / "toy.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stack:
        assert stack.stdout is not None
        stack.stdout.readline()
        toy = psutil.Process(int(stack.stdout.readline()))
        stack.kill()
        toy.wait(20)
