"""Free ports, and claims on them."""

import errno
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PORTS_TRIED = 50
"""Ports tried from the wanted one upwards."""


@contextmanager
def claim_port(host: str, wanted: int, taken: frozenset[int] = frozenset()) -> Iterator[int]:
    """Claim the wanted port, or the next free one, or any; no other stack takes it before our server listens.

    Without a claim, a server that takes seconds to start could find another stack's server on its port.

    Raises:
        OSError: no server can listen on that host.
    """
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        if port in taken or (claim := _claim(port)) is None:
            continue
        with claim:
            if is_free(host, port):
                yield port
                return
    with socket.socket(_family(host)) as any_port:
        any_port.bind((host, 0))
        port = int(any_port.getsockname()[1])
    yield port


def find_port(host: str, wanted: int, taken: frozenset[int] = frozenset()) -> int:
    """Return the port that `claim_port` would claim now.

    Raises:
        OSError: no server can listen on that host.
    """
    with claim_port(host, wanted, taken) as port:
        return port


def _claim(port: int) -> IO[str] | None:
    """Lock the port's file, shared by all stacks of the machine, until it is closed; None if another holds it."""
    path = Path(tempfile.gettempdir()) / f"widget-builder-port-{port}"
    try:
        claim = os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644))
    except OSError:
        # The file belongs to another user and may not be opened.
        return None
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        return None
    return claim


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now.

    Raises:
        OSError: no server can listen on that host.
    """
    with socket.socket(_family(host)) as probe:
        # As servers do: connections left by a stopped server (TIME_WAIT) do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            # In use, or a port below 1024, which needs root.
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def address_of(host: str, port: int) -> str:
    """Return the URL under which this machine reaches a server that listens there."""
    reachable = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
