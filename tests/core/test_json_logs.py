"""Logs as JSON: one object a line, with ids, without secrets, whoever has made the handler."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from prefect.logging.handlers import APILogHandler, PrefectConsoleHandler

from tasks.core import json_logs
from tasks.core.json_logs import JsonFormatter, _as_json, name_process, name_request

SECRET = "a-secret-of-the-tests-0815"
PROGRAM = """
import logging, sys, threading
from tasks.core.json_logs import name_process, set_up_logs
from tasks.core.settings import load_settings

uvicorn = logging.getLogger("uvicorn.access")
uvicorn.addHandler(logging.StreamHandler(sys.stdout))
uvicorn.propagate = False
set_up_logs(load_settings(_env_file=None))
set_up_logs(load_settings(_env_file=None))
name_process(build="b1", widget="w1")
logging.getLogger("widget_builder.api").warning("key %s\\nsecond line", "{secret}")
uvicorn.warning("answered with {secret}")
logging.getLogger("prefect.flow_runs").warning("a run with {secret}", extra={{"flow_run_id": "r1"}})
try:
    raise ValueError("{secret}")
except ValueError:
    logging.getLogger("widget_builder.worker").exception("it failed")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("the end: {secret}")
"""


def record(message: str, *args: object) -> logging.LogRecord:
    """A record as `logging` makes it."""
    return logging.getLogger("widget_builder.test").makeRecord(
        "widget_builder.test", logging.INFO, __file__, 1, message, args, None
    )


def test_a_process_writes_nothing_but_json_and_no_secret() -> None:
    """Our records, uvicorn's, a run's, tracebacks and uncaught errors, of threads too; set up twice, written once."""
    environment = {"WIDGET_BUILDER_LOG_FORMAT": "json", "OPENAI_API_KEY": SECRET, "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(secret=SECRET)], env=environment, capture_output=True, text=True
    )
    assert SECRET not in done.stdout + done.stderr
    lines: list[dict[str, Any]] = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    for line in lines:
        assert {"time", "level", "logger", "message"} <= set(line)
        assert (line["build"], line["widget"]) == ("b1", "w1")
    told = {line["message"]: line for line in lines}
    assert len(told) == len(lines) - 1  # two uncaught errors
    assert told["key ***\nsecond line"]["level"] == "warning"
    assert told["answered with ***"]["logger"] == "uvicorn.access"
    assert told["a run with ***"]["flow_run"] == "r1"
    assert "ValueError: ***" in told["it failed"]["error"]
    uncaught = [line["error"] for line in lines if line["message"] == "uncaught error"]
    assert ["ZeroDivisionError" in error for error in uncaught] == [True, False]
    assert uncaught[1].endswith("RuntimeError: the end: ***")


def test_prefect_s_handler_for_the_terminal_is_replaced_and_the_one_for_its_server_stays() -> None:
    """It would colour and wrap the lines; filters and level are kept."""
    console = PrefectConsoleHandler()
    console.setLevel(logging.ERROR)
    console.addFilter(only := logging.Filter("prefect"))
    replaced = _as_json(console)
    assert type(replaced) is logging.StreamHandler
    assert isinstance(replaced.formatter, JsonFormatter)
    assert (replaced.level, replaced.filters) == (logging.ERROR, [only])
    server = APILogHandler()
    assert _as_json(server) is server


def test_a_record_carries_the_ids_of_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Known only after routing: they are read when the record is written."""
    monkeypatch.setattr(json_logs, "_process_ids", {})
    ids: dict[str, object] = {}
    name_request(lambda: ids)
    assert "widget" not in json.loads(JsonFormatter().format(record("a")))
    ids["widget"] = "w2"
    name_process(build="b2")
    entry = json.loads(JsonFormatter().format(record("%d pages", 3)))
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "info",
        "logger": "widget_builder.test",
        "message": "3 pages",
        "build": "b2",
        "widget": "w2",
    }
