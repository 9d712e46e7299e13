"""Collection of the tests, which each process does by itself: 250 modules with all that they import."""

import gc
import importlib
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: what is imported stays, and need not be looked through later either."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Compile the tests together with the other processes: each begins elsewhere, and reads what others compiled."""
    worker = getattr(collector.config, "workerinput", None)
    if worker is None or not isinstance(collector, pytest.Session) or sys.dont_write_bytecode:
        return
    root = collector.config.rootpath
    given = [root / argument.partition("::")[0] for argument in collector.config.args]
    files = [file for folder in given for file in sorted(folder.rglob("test_*.py"))]
    begin = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for file in files[begin:] + files[:begin]:
        # Collected later, a module that cannot be imported is reported as an error.
        with suppress(Exception):
            importlib.import_module(_name(file, root))


def _name(file: Path, root: Path) -> str:
    return ".".join(file.relative_to(root).with_suffix("").parts)
