"""Free ports."""

import errno
import socket

SEARCHED = 50
"""Ports tried above the wanted one."""


def find_port(host: str, wanted: int, taken: frozenset[int] = frozenset()) -> int:
    """The wanted port, or the next one that is free, or any.

    Raises:
        OSError: nobody can listen on that host.
    """
    for port in range(wanted, min(wanted + SEARCHED, 65_536)):
        if port not in taken and is_free(host, port):
            return port
    with socket.socket(_family(host)) as any_port:
        any_port.bind((host, 0))
        return int(any_port.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now.

    Raises:
        OSError: nobody can listen on that host.
    """
    with socket.socket(_family(host)) as probe:
        # As servers do: connections of a server just stopped do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            # Taken, or a port below 1024 that is root's.
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def address_of(host: str, port: int) -> str:
    """The URL under which this machine reaches a server that listens there."""
    reachable = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
