"""Logs as JSON, one object a line: time, level, logger and message, with the build and the widget they belong to.

The records are the redacted ones of `tasks.core.redacted_logs`; the formats are the only difference.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

from tasks.core.choices import LogFormat
from tasks.core.redacted_logs import redact_logs
from tasks.core.redaction import redact
from tasks.core.settings import Settings

Ids = Mapping[str, object]
"""Ids by name: `build`, `widget`."""

_process_ids: dict[str, object] = {}
_request_ids: ContextVar[Callable[[], Ids] | None] = ContextVar("request_ids", default=None)


def set_up_logs(settings: Settings) -> None:
    """Redact all that this process logs from now on, and write it in the format of the settings."""
    redact_logs(settings)
    if settings.log_format is LogFormat.json:
        _write_json()


def name_process(**ids: object) -> None:
    """Let all further records of this process carry these ids: a flow run's process has one build."""
    _process_ids.update(ids)


def name_request(ids: Callable[[], Ids]) -> None:
    """Let the records of the current request carry the ids that `ids` returns when a record is written."""
    _request_ids.set(ids)


class JsonFormatter(logging.Formatter):
    """Formats a record as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON object; a traceback is its `error`."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request_ids = _request_ids.get()
        entry |= {
            name: str(value) for name, value in {**_process_ids, **(request_ids() if request_ids else {})}.items()
        }
        if run := getattr(record, "flow_run_id", None):
            entry["flow_run"] = str(run)
        if error := record.exc_text or (self.formatException(record.exc_info) if record.exc_info else ""):
            entry["error"] = redact(error)
        if record.stack_info:
            entry["stack"] = record.stack_info
        return json.dumps(entry, ensure_ascii=False)


def _write_json() -> None:
    """Replace the handlers that write to the terminal, whoever has made them, and show uncaught errors alike."""
    manager = logging.Logger.manager
    named = [logger for logger in manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    for logger in (logging.root, *named):
        logger.handlers = [_as_json(handler) for handler in logger.handlers]
    if not logging.root.handlers:
        # Without any, Python writes warnings and errors as plain text.
        logging.root.addHandler(_as_json(logging.StreamHandler(sys.stderr)))
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _as_json(handler: logging.Handler) -> logging.Handler:
    stream = getattr(handler, "stream", None)
    if not isinstance(handler, logging.StreamHandler) or stream not in (sys.stdout, sys.stderr):
        return handler
    # Prefect's own handler colours and wraps what it writes: another is needed, not another formatter.
    plain = logging.StreamHandler(stream)
    plain.setLevel(handler.level)
    plain.filters = list(handler.filters)
    plain.setFormatter(JsonFormatter())
    return plain


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger("widget_builder").critical("uncaught error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and arguments.exc_type is not SystemExit:
        _log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
