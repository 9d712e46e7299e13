"""Retry condition and run names, shared by the stages' Prefect tasks."""

from collections.abc import Sequence
from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from tasks.core.errors import PageError

RETRY_FACTOR_S = 1.0
"""Seconds before the first retry; doubled for each further one, with jitter."""


async def is_retriable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether the task's failure is transient: a timeout, 429, 5xx or a lost connection."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, PageError) and error.retriable


def batch_name(urls: Sequence[str]) -> str:
    """Return a batch's name for Prefect's UI: its first URL and the number of further ones."""
    more = len(urls) - 1
    return urls[0] + (f" (+{more})" if more else "")
