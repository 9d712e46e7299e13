"""Internals of Python and Prefect that the worker relies on: an upgrade that changes them fails here."""

import inspect
import subprocess
import sys

from prefect.workers.base import BaseWorker

from deployments.worker.runtime_internals import has_worker_started

FORK = """
import multiprocessing, os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver
from deployments.worker.runtime_internals import fork_forkserver

fork_forkserver()
server = forkserver._forkserver._forkserver_pid
with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("forkserver")) as pool:
    assert pool.submit(os.getppid).result() == server
"""


def run_python(code: str) -> None:
    """Run the code in an interpreter of its own, whose state it may change; fail if it does."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_child_processes_come_from_the_forked_server() -> None:
    """`multiprocessing` starts no server of its own."""
    run_python(FORK)


def test_prefect_prints_the_line_that_marks_a_worker_as_ready() -> None:
    """The line is in the source of the installed version."""
    assert has_worker_started(inspect.getsource(BaseWorker.start))
    assert not has_worker_started("Discovered type 'widget-builder' for work pool 'widget-builder'.")
