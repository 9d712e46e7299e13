"""Work that burns CPU leaves the event loop: a pool of child processes that survives crashes of its own."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from threading import Thread
from typing import ParamSpec, TypeVar

NICENESS = 5
"""Children give way to those who feed them and take what they have done."""

P = ParamSpec("P")
R = TypeVar("R")


class Processes(Executor):
    """An executor over child processes; a pool broken by a crashed child is replaced at the next call.

    The call during which a child crashed raises `BrokenProcessPool`; so do those that ran beside it.
    """

    def __init__(self, count: int, preload: str) -> None:
        """`preload`: the module that children have imported from the beginning."""
        self._count = count
        self._preload = preload
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        # Not forked from us, who run threads and an event loop, but from a clean process that has the imports.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([self._preload])
        return ProcessPoolExecutor(self._count, mp_context=context, initializer=os.nice, initargs=(NICENESS,))

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """The future of a call in a child; arguments and result must be picklable."""
        try:
            return self._pool.submit(fn, *args, **kwargs)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = self._new_pool()
            return self._pool.submit(fn, *args, **kwargs)

    def warm_up(self) -> None:
        """Start the children now; returns when the process they are forked from has its imports."""
        for _ in range(self._count):
            self._pool.submit(_nothing)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the children."""
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)


def _nothing(*_: object) -> None:
    """Makes a child start."""


@contextmanager
def open_processes(count: int, preload: str) -> Iterator[Processes]:
    """Child processes, started at once and ended on leaving."""
    processes = Processes(count, preload)
    warming = Thread(target=processes.warm_up, name="warm-up", daemon=True)
    warming.start()
    try:
        yield processes
    finally:
        warming.join()
        processes.shutdown(wait=False, cancel_futures=True)
