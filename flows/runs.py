"""Task runs that do not depend on Prefect being there: it watches the work, it does not carry it."""

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

_AWAY = (ConcurrencySlotAcquisitionError, PrefectHTTPStatusError, httpx.TransportError)


async def run_task(task: "Task[P, Coroutine[Any, Any, R]]", *args: P.args, **kwargs: P.kwargs) -> R:
    """The task's result; while the Prefect server is away, without a task run of its own."""
    call: Callable[..., Coroutine[Any, Any, R]] = task
    function: Callable[P, Coroutine[Any, Any, R]] = task.fn
    try:
        # Opaque: else Prefect looks for futures in every part of every page.
        return await call(*(opaque(value) for value in args), **{name: opaque(v) for name, v in kwargs.items()})
    except _AWAY:
        return await function(*args, **kwargs)
    finally:
        _forget_results()


def _forget_results() -> None:
    """Prefect keeps every result of a flow run to find dependencies between tasks; ours are pages, and many."""
    if context := FlowRunContext.get():
        context.run_results.clear()
