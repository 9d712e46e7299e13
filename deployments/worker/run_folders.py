"""Folders for temporary files of runs: a run's goes with its process, however that ends.

A browser that is killed leaves its profile, a reader its socket. So all temporary files of a run are in a folder of its
own (`TMPDIR`) within its worker's, and what is left of a worker that was killed goes when the next one starts.
"""

import asyncio
import os
import re
import shutil
import tempfile
from pathlib import Path

from tasks.core.run_figures import FILE_VARIABLE

PREFIX = "wb"
"""Short: a socket's path in a folder in it has at most 103 bytes on macOS, and its `TMPDIR` takes half."""
MARK = ".widget-builder-worker"
"""File in a worker's folder."""
ATTEMPTS = 4
"""A browser that is ending may still write."""
PAUSE_S = 0.5

_OF_WORKER = re.compile(rf"{PREFIX}(\d+)-")


def make_worker_folder() -> Path:
    """Create this worker's folder, for its user alone; remove those of workers that are gone."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if (named := _OF_WORKER.match(path.name)) and (path / MARK).exists() and not _is_alive(int(named[1])):
            # Another user's cannot be removed.
            shutil.rmtree(path, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    (folder / MARK).touch()
    return folder


def enter_run_folder() -> None:
    """Let this process, and all that it starts, have its temporary files in a folder of its own within `TMPDIR`."""
    folder = folder_of(Path(tempfile.gettempdir()), os.getpid())
    # A former process of the same number may have left one.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    os.environ["TMPDIR"] = str(folder)
    os.environ[FILE_VARIABLE] = str(figures_file(folder))
    tempfile.tempdir = None


def folder_of(worker_folder: Path, pid: int) -> Path:
    """Return the folder of the run's process."""
    return worker_folder / str(pid)


def figures_file(run_folder: Path) -> Path:
    """Return the file with the run's figures, for the worker's metrics."""
    return run_folder / "figures.json"


async def remove_folder(folder: Path) -> None:
    """Remove a folder whose processes have ended or are about to."""
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(PAUSE_S)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if not await asyncio.to_thread(folder.exists):
            return


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True
