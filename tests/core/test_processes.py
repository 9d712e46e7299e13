"""Child processes: every call ends within its limits, alone, and its child with it."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from tasks.core.errors import CallFailed, PageSkipped
from tasks.core.processes import Limits, Processes, open_processes
from tasks.web.reader import READER_MODULE
from tests.descendants import command_lines

LIMITS = Limits(seconds=60, cpu_s=10, memory=256 * 1024**2)


@pytest.fixture(name="processes")
def two_processes() -> Iterator[Processes]:
    """Two child processes, of which none is left."""
    # A process has one fork server, whose first user chooses what all children have imported: here as in a build, lest
    # every child of the tests that follow import the readers anew.
    before = command_lines().keys()
    with open_processes(2, READER_MODULE) as processes:
        yield processes
    # Multiprocessing's own stay; browsers and databases of other tests may start processes at any time.
    kept = ("from multiprocessing", "chrom", "postgres")
    left = [command for pid, command in command_lines().items() if pid not in before]
    assert [command for command in left if not any(name in command for name in kept)] == []


def eat_memory() -> int:
    """Ask for more than the limit."""
    return len(bytearray(1024**3))


def eat_time() -> None:
    """Never end."""
    while True:
        pass


def wait() -> None:
    """Never end, without using the processor."""
    while True:
        # It is to hang until it is killed: there is nothing to wait for.
        time.sleep(60)


def crash() -> None:
    """End the process as a crash in compiled code does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def recurse() -> None:
    """Raise what nobody expects."""
    recurse()


def skip() -> None:
    """Raise an error of ours."""
    raise PageSkipped("empty", "the page has no text")


HOSTILE = {
    "memory": (eat_memory, LIMITS, "it needed more than 256 MB of memory"),
    "processor": (eat_time, Limits(120, 1, LIMITS.memory), "it took longer than 1s of processor time"),
    "time": (wait, Limits(0.2, 10, LIMITS.memory), "it took longer than 0.2s"),
    "crash": (crash, LIMITS, "its process crashed"),
    "recursion": (recurse, LIMITS, "RecursionError"),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_call_that_exceeds_its_limits_fails_alone(processes: Processes, kind: str) -> None:
    """The calls beside and after it give their results."""
    work, limits, message = HOSTILE[kind]
    beside = [processes.call(LIMITS, len, "word") for _ in range(6)]
    failed, *results = await asyncio.gather(processes.call(limits, work), *beside, return_exceptions=True)
    assert isinstance(failed, CallFailed)
    assert message in failed.message
    assert results == [4] * 6
    assert await processes.call(LIMITS, len, "after") == 5


async def test_an_error_of_ours_comes_back_as_it_was_raised(processes: Processes) -> None:
    """Its child stays."""
    with pytest.raises(PageSkipped) as caught:
        await processes.call(LIMITS, skip)
    assert caught.value.reason == "empty"


async def test_a_child_that_was_killed_between_two_calls_is_replaced(processes: Processes) -> None:
    """The next call does not notice."""
    pids = {await processes.call(LIMITS, os.getpid) for _ in range(8)}
    killed = [psutil.Process(pid) for pid in pids]
    for process in killed:
        process.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, killed, timeout=20)
    assert not alive
    assert await processes.call(LIMITS, os.getpid) not in pids


async def test_children_at_work_end_with_their_pool() -> None:
    """At once, whatever they are doing; who waits for them gets an error."""
    with open_processes(1, READER_MODULE) as processes:
        pid = await processes.call(LIMITS, os.getpid)
        working = asyncio.ensure_future(processes.call(Limits(60, 60, LIMITS.memory), eat_time))
        waiting = asyncio.ensure_future(processes.call(LIMITS, len, "word"))
        await asyncio.sleep(0)
    ended = await asyncio.gather(working, waiting, return_exceptions=True)
    assert all(isinstance(error, CallFailed | asyncio.CancelledError) for error in ended)
    assert not psutil.pid_exists(pid)
