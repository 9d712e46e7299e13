"""What our tasks have in common: when they are tried again, and what a batch is called."""

from collections.abc import Sequence
from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun

from tasks.core.errors import PageError

RETRY_FACTOR_S = 1.0
"""Seconds before the first retry; doubled each time, with jitter."""


async def is_retriable(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether the failure is one that may pass by itself (timeouts, 429, 5xx, lost connections)."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, PageError) and error.retriable


def batch_name(urls: Sequence[str]) -> str:
    """What a person sees of a batch in Prefect's UI: its first URL, and how many more."""
    more = len(urls) - 1
    return urls[0] + (f" (+{more})" if more else "")
