"""Task runs that also work while Prefect's server is unavailable: it observes the work only."""

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import httpx
from prefect import Task
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectHTTPStatusError
from prefect.utilities.annotations import opaque

P = ParamSpec("P")
R = TypeVar("R")

_UNAVAILABLE = (ConcurrencySlotAcquisitionError, PrefectHTTPStatusError, httpx.TransportError)


async def run_task(task: "Task[P, Coroutine[Any, Any, R]]", *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a task and return its result; while Prefect's server is unavailable, run it as a plain function."""
    call: Callable[..., Coroutine[Any, Any, R]] = task
    function: Callable[P, Coroutine[Any, Any, R]] = task.fn
    try:
        # Opaque: otherwise Prefect searches every part of every page for futures.
        return await call(*(opaque(value) for value in args), **{name: opaque(v) for name, v in kwargs.items()})
    except _UNAVAILABLE:
        return await function(*args, **kwargs)
    finally:
        _forget_results()


def _forget_results() -> None:
    """Drop the results that Prefect keeps to find dependencies between tasks: they are pages, and many."""
    if context := FlowRunContext.get():
        context.run_results.clear()
