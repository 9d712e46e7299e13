"""The system user that PostgreSQL runs as where the stack is started by root."""

import fcntl
import pwd
import subprocess
from pathlib import Path

_PASSWD = Path("/etc/passwd")


def ensure_user(name: str) -> int:
    """Create the system user unless it exists, and return its id; safe when several processes do so at once.

    Raises:
        OSError, subprocess.CalledProcessError: the user cannot be created.
    """
    # Several useradd at once all succeed, each with another id; the last one written wins, and a process that has
    # given files to an earlier id cannot open them. The lock ends with the file's closing.
    with _PASSWD.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if (found := _find(name)) is not None:
            return found
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        subprocess.run(command, check=True, capture_output=True, text=True)
        return pwd.getpwnam(name).pw_uid


def _find(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
