"""Child processes for work on what strangers send: each call has a deadline and limits, and ends alone.

A picture, a page or a style sheet can make a parser take minutes, gigabytes, or crash. A call is therefore carried out
by one child, which is killed and replaced when the call fails; the calls beside it go on.
"""

import asyncio
import logging
import math
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, NamedTuple, ParamSpec, TypeVar

from tasks.core.errors import CallFailed, WidgetBuilderError

logger = logging.getLogger("widget_builder.processes")

NICENESS = 5
"""Children give way to those who feed them and take what they have done."""
START_S = 60.0
"""Seconds until a child must have started: the first one waits for the imports."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Limits:
    """Limits of one call in a child process."""

    seconds: float
    """Wall-clock time."""
    cpu_s: int
    """Processor time. It ends a child whose parent is gone, too, and does not depend on what else the machine does."""
    memory: int
    """Bytes of address space beyond those that the child has when the call begins."""


DEFAULT_LIMITS = Limits(seconds=120, cpu_s=120, memory=4 * 1024**3)


PARSING = Limits(seconds=20, cpu_s=10, memory=768 * 1024**2)
"""Limits of parsing one document for its links, languages, signs …"""


@dataclass
class Allowance:
    """Limits that several calls share, such as all that parse one document: together they have the seconds of one."""

    limits: Limits
    spent_s: float = 0.0
    """Seconds that calls have taken in children; waiting for one does not count."""

    def left(self) -> Limits:
        """Return the limits of the next call.

        Raises:
            CallFailed: nothing is left.
        """
        if (left_s := self.limits.seconds - self.spent_s) <= 0:
            raise CallFailed(f"it took longer than {self.limits.seconds:g}s in all")
        return replace(self.limits, seconds=left_s, cpu_s=min(self.limits.cpu_s, math.ceil(left_s)))

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count the block's seconds."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.spent_s += time.monotonic() - began


class _Call(NamedTuple):
    future: "Future[Any]"
    allowance: Allowance
    work: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Processes(Executor):
    """An executor over child processes, which start at the first call."""

    def __init__(self, count: int, preload: str) -> None:
        """`preload`: the module that children have imported from the beginning."""
        self._count = count
        # Not forked from us, who run threads and an event loop, but from a clean process that has the imports.
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([preload])
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._lock = Lock()
        self._threads: list[Thread] = []
        self._children: set[_Child] = set()
        self._is_closed = False

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
        """The future of a call in a child, within `DEFAULT_LIMITS`; arguments and result must be picklable."""
        return self._submit(Allowance(DEFAULT_LIMITS), fn, args, kwargs)

    def submit_within(self, limits: Limits, fn: Callable[..., R], *args: Any) -> "Future[R]":
        """The future of a call in a child, within these limits.

        It fails with the product's own error that the call raised, and with `CallFailed` in all other cases.
        """
        return self._submit(Allowance(limits), fn, args, {})

    async def call(self, limits: Limits | Allowance, fn: Callable[..., R], *args: Any) -> R:
        """Return the result of a call in a child, within these limits or what is left of them.

        Raises:
            WidgetBuilderError: the product's own error that the call raised.
            CallFailed: the call exceeded a limit, crashed, or raised another error.
        """
        allowance = limits if isinstance(limits, Allowance) else Allowance(limits)
        return await asyncio.wrap_future(self._submit(allowance, fn, args, {}))

    def _submit(self, allowance: Allowance, fn: Callable[..., R], args: Any, kwargs: Any) -> "Future[R]":
        future: Future[R] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("cannot call a child process after shutdown")
            if not self._threads:
                self._threads = [Thread(target=self._serve, name="child", daemon=True) for _ in range(self._count)]
                for thread in self._threads:
                    thread.start()
            self._calls.put(_Call(future, allowance, (fn, args, kwargs)))
        return future

    def warm_up(self) -> None:
        """Start the children now; returns at once."""
        for _ in range(self._count):
            self._submit(Allowance(DEFAULT_LIMITS), _nothing, (), {})

    def _serve(self) -> None:
        """Carry out calls in one child after the other."""
        child: _Child | None = None
        try:
            while call := self._calls.get():
                if not call.future.set_running_or_notify_cancel():
                    continue
                try:
                    limits = call.allowance.left()
                    if child is None or not child.is_alive:
                        self._forget(child)
                        child = self._start_child()
                    with call.allowance.counted():
                        result = child.call(limits, call.work)
                except BaseException as error:  # noqa: BLE001 whoever waits for the call gets it
                    call.future.set_exception(error)
                else:
                    call.future.set_result(result)
                # Else the call, a page, would stay until the next one comes.
                del call
        finally:
            self._forget(child)

    def _start_child(self) -> "_Child":
        child = _Child(self._context)
        with self._lock:
            self._children.add(child)
            is_late = self._is_closed
        if is_late or not child.has_started():
            child.kill()
            raise CallFailed("no child process could be started", retriable=True)
        return child

    def _forget(self, child: "_Child | None") -> None:
        if child is not None:
            child.kill()
            with self._lock:
                self._children.discard(child)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the children; with `cancel_futures` at once, whatever they are doing."""
        with self._lock:
            self._is_closed = True
            if cancel_futures:
                for child in self._children:
                    child.kill()
                with suppress(Empty):
                    while call := self._calls.get_nowait():
                        call.future.cancel()
            for _ in self._threads:
                self._calls.put(None)
        for thread in self._threads if wait else ():
            thread.join()


class _Child:
    """One child process and the connection to it."""

    def __init__(self, context: Any) -> None:
        self._connection, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_carry_out, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def has_started(self) -> bool:
        """Wait until the child takes calls; False if it ended instead."""
        with suppress(EOFError, OSError):
            return self._connection.poll(START_S) and bool(self._connection.recv())
        return False

    def call(self, limits: Limits, work: tuple[Any, ...]) -> Any:
        """Return the result of a call; the child is killed if the call fails otherwise than with an error of ours.

        Raises:
            WidgetBuilderError: from the call.
            CallFailed: a limit was exceeded, or the child crashed.
        """
        try:
            self._connection.send((limits, *work))
            if not self._connection.poll(limits.seconds):
                raise CallFailed(f"it took longer than {limits.seconds:.3g}s")
            is_result, value = self._connection.recv()
        except CallFailed:
            self.kill()
            raise
        except (EOFError, OSError) as error:
            self.kill()
            raise self._cause(limits) from error
        if is_result:
            return value
        if isinstance(value, CallFailed):
            self.kill()
        raise value

    def _cause(self, limits: Limits) -> CallFailed:
        if self._process.exitcode == -signal.SIGXCPU:
            return CallFailed(f"it took longer than {limits.cpu_s}s of processor time")
        return CallFailed("its process crashed", retriable=True)

    def kill(self) -> None:
        """End the process, whatever it is doing, and wait for its end."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _carry_out(connection: Connection) -> None:
    """Carry out calls until the connection is closed: the body of a child process."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Ctrl-C reaches all processes of a terminal; the parent decides when children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection.send(True)
    with suppress(EOFError, OSError):
        while True:
            limits, fn, args, kwargs = connection.recv()
            _limit(limits)
            try:
                answer = True, fn(*args, **kwargs)
            except WidgetBuilderError as error:
                answer = False, error
            except MemoryError:
                answer = False, CallFailed(f"it needed more than {limits.memory // 1024**2} MB of memory")
            except Exception as error:  # whatever it is, the call alone fails with it
                logger.warning("an unexpected error in a child process", exc_info=True)
                answer = False, CallFailed(f"{type(error).__name__}: {error}"[:300])
            connection.send(answer)


def _limit(limits: Limits) -> None:
    """Limit this process for the next call."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = math.ceil(used.ru_utime + used.ru_stime + limits.cpu_s)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    with suppress(FileNotFoundError), open("/proc/self/statm") as file:  # Linux only
        size = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + limits.memory, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _nothing() -> None:
    """Makes a child start."""


@contextmanager
def open_processes(count: int, preload: str) -> Iterator[Processes]:
    """Child processes, ended on leaving."""
    processes = Processes(count, preload)
    try:
        yield processes
    finally:
        processes.shutdown(cancel_futures=True)
