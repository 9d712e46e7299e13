"""Free ports."""

import socket

SEARCHED = 50
"""Ports tried above the wanted one."""


def find_port(host: str, wanted: int, taken: frozenset[int] = frozenset()) -> int:
    """The wanted port, or the next one that is free, or any."""
    for port in range(wanted, min(wanted + SEARCHED, 65_536)):
        if port not in taken and is_free(host, port):
            return port
    with socket.socket() as any_port:
        any_port.bind((host, 0))
        return int(any_port.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As servers do: connections of a server just stopped do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
