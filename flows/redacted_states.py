"""Redaction of a run's output: its logs, and the messages of its states, in which Prefect quotes errors.

Deviation from Prefect 3.8.8: the function that turns an error into a state's message, imported by two modules, is
replaced.
"""

from types import TracebackType

from prefect import states
from prefect._internal import states as task_states

from tasks.core.json_logs import set_up_logs
from tasks.core.redaction import redact
from tasks.core.settings import Settings

_format_exception = states.format_exception


def _format_redacted(exc: BaseException, tb: TracebackType | None = None) -> str:
    return redact(_format_exception(exc, tb))  # type: ignore[arg-type]


def redact_run(settings: Settings) -> None:
    """Keep the secrets of these settings and of the environment out of all that this run tells Prefect."""
    set_up_logs(settings)
    states.format_exception = _format_redacted
    task_states.format_exception = _format_redacted  # type: ignore[attr-defined]
