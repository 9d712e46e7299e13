"""Processes whose parents were killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from deployments.worker import orphans

FORK_SERVER = """
import os, signal, sys
from deployments.worker import orphans

orphans.POLL_S, orphans.GRACE_S = 0.05, 0.2
if not os.fork():
    os.setpgid(0, 0)
    orphans.end_as_orphan()
    # An event loop that cannot end, whatever the kernel or an operator sends.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(os.getpid(), flush=True)
signal.pause()
"""


@pytest.fixture
def run() -> Iterator[tuple[psutil.Process, "subprocess.Popen[str]"]]:
    """A process that ignores SIGTERM, and its parent."""
    with subprocess.Popen([sys.executable, "-c", FORK_SERVER], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        process = psutil.Process(int(parent.stdout.readline()))
        yield process, parent
        parent.kill()
        if process.is_running():
            process.kill()


def test_a_run_that_no_longer_reacts_ends_after_its_fork_server(
    run: tuple[psutil.Process, "subprocess.Popen[str]"],
) -> None:
    """While its parent lives, nothing happens to it."""
    process, parent = run
    with pytest.raises(psutil.TimeoutExpired):
        process.wait(0.5)
    parent.send_signal(signal.SIGKILL)
    process.wait(20)
    assert orphans.GRACE_S >= 5
