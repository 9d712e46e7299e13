"""Task runs that also work while Prefect's server is unavailable: it observes the work only.

Prefect's engine (3.8.8) asks its server for slots of the task's tags before each task run. A server that refuses
connections ends that at once, with an error. One that takes connections and does not answer would hold each lane for
minutes: the client waits for 60 s, and tries six times.
"""

import asyncio
import copy
import functools
import logging
import time
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import httpx
from prefect import Task
from prefect.client.orchestration import get_client
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException, PrefectHTTPStatusError
from prefect.utilities.annotations import opaque

logger = logging.getLogger("widget_builder.flow")

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE_S = 5.0
"""Seconds until a task that has not begun makes us ask whether Prefect's server answers, and that it has to do so."""
SILENT_S = 30.0
"""Seconds for which a server that did not answer is not asked again."""

_UNAVAILABLE = (ConcurrencySlotAcquisitionError, PrefectHTTPStatusError, httpx.TransportError)
_begun: ContextVar[asyncio.Event] = ContextVar("begun")


class _Server:
    """The server as this process has met it last."""

    silent_until = 0.0

    @property
    def is_silent(self) -> bool:
        """Whether it did not answer a moment ago."""
        return time.monotonic() < self.silent_until

    async def answers(self) -> bool:
        """Whether it answers now; lanes that wait for slots of a tag wait on."""
        try:
            async with asyncio.timeout(PATIENCE_S), get_client(sync_client=False) as client:
                return await client.api_healthcheck() is None
        except (httpx.HTTPError, PrefectException, TimeoutError):
            return False

    def note_silence(self) -> None:
        """Carry out tasks without it for a while."""
        if not self.is_silent:
            logger.warning("Prefect's server does not answer; the build continues without task runs")
        self.silent_until = time.monotonic() + SILENT_S


_server = _Server()


async def run_task(task: "Task[P, Coroutine[Any, Any, R]]", *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a task and return its result; while Prefect's server is unavailable, run it as a plain function."""
    function: Callable[P, Coroutine[Any, Any, R]] = task.fn
    if _server.is_silent:
        return await function(*args, **kwargs)
    call: Callable[..., Coroutine[Any, Any, R]] = _announcing(task)
    # Opaque: otherwise Prefect searches every part of every page for futures.
    passed = [opaque(value) for value in args], {name: opaque(value) for name, value in kwargs.items()}
    begun = asyncio.Event()
    _begun.set(begun)
    running = asyncio.create_task(call(*passed[0], **passed[1]))
    try:
        if await _begins(running, begun):
            return await running
        _server.note_silence()
    except _UNAVAILABLE:
        pass
    finally:
        if not running.done():
            running.cancel()
            await asyncio.wait([running])
        _forget_results()
    return await function(*args, **kwargs)


async def _begins(running: "asyncio.Task[Any]", begun: asyncio.Event) -> bool:
    """Return once the task has begun or ended; False if it has not, and the server does not answer."""
    waiting = asyncio.create_task(begun.wait())
    try:
        while not (await asyncio.wait([running, waiting], timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED))[0]:
            if not await _server.answers() and not begun.is_set() and not running.done():
                return False
    finally:
        waiting.cancel()
    return True


@functools.cache
def _announcing(task: "Task[Any, Any]") -> "Task[Any, Any]":
    """Return the task with a function that says when it begins."""
    function = task.fn

    @functools.wraps(function)
    async def announce(*args: Any, **kwargs: Any) -> Any:
        _begun.get().set()
        return await function(*args, **kwargs)

    announcing = copy.copy(task)
    announcing.fn = announce
    return announcing


def _forget_results() -> None:
    """Drop the results that Prefect keeps to find dependencies between tasks: they are pages, and many."""
    if context := FlowRunContext.get():
        context.run_results.clear()
