"""A file lock on DATA_DIR: one stack at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deployments.stack.stack_file import STACK_FILE
from tasks.core.errors import DependencyUnavailable

LOCK_FILE = ".lock"


@contextmanager
def open_data_lock(data_dir: Path) -> Iterator[Path]:
    """Create the data directory if needed and lock it; the kernel releases the lock when the process ends.

    Raises:
        DependencyUnavailable: another stack runs on the directory, or it is not writable.
    """
    try:
        # A folder that is there may be somebody else's too: its mode stays, and what we put there is ours alone.
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        data_dir = data_dir.resolve()
        file = _lock(data_dir / LOCK_FILE)
    except BlockingIOError as error:
        problem = f"another stack runs on {data_dir}{_api_url_in(data_dir / STACK_FILE)}"
        raise DependencyUnavailable(
            "stack", problem, "stop that stack, or set WIDGET_BUILDER_DATA_DIR to another folder"
        ) from error
    except OSError as error:
        problem = f"{data_dir} cannot be written: {error.strerror}"
        raise DependencyUnavailable("stack", problem, "set WIDGET_BUILDER_DATA_DIR to a writable folder") from error
    try:
        yield data_dir
    finally:
        (data_dir / STACK_FILE).unlink(missing_ok=True)
        (data_dir / LOCK_FILE).unlink(missing_ok=True)
        file.close()


def _lock(path: Path) -> IO[str]:
    """Open and lock the file; again if its last owner has removed it meanwhile."""
    while True:
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise
        if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            return file
        file.close()


def _api_url_in(info: Path) -> str:
    try:
        return f" ({json.loads(info.read_text())['api_url']})"
    except (OSError, ValueError, KeyError):
        return ""
