"""The worker's reliance on internals of Python and Prefect, kept in one place.

Written against CPython 3.11–3.13 and Prefect 3.8.8. Check these two when either is upgraded:

1. **A worker's readiness is a line of its log.** `prefect worker start` prints it after the worker has registered with
   the server. Prefect's list of workers cannot say the same: after a restart it still shows the worker of that name
   as online. The health check (`--with-healthcheck`) would need a port of its own.
2. **`multiprocessing` is handed a fork server.** It has no public way to use one that runs already, and a new one
   takes seconds to import what readers need.
"""

import os
import socket
from multiprocessing import connection, forkserver
from typing import Any, NoReturn

STARTED_LINE = "started!"


def has_worker_started(log: str) -> bool:
    """Whether the output of `prefect worker start` says that the worker has registered with the server."""
    return STARTED_LINE in log


def fork_forkserver() -> None:
    """Fork the server that this process's children are forked from, with all that is imported here.

    Call this before there is any thread or event loop. Should the server die, `multiprocessing` starts its own.
    """
    address = connection.arbitrary_address("AF_UNIX")  # type: ignore[attr-defined]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        os.chmod(address, 0o600)
        listener.listen()
        server_end, our_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(our_end)
            _run_forkserver(listener.fileno(), server_end)
    os.close(server_end)
    server: Any = forkserver._forkserver
    server._forkserver_address, server._forkserver_alive_fd, server._forkserver_pid = address, our_end, pid


def _run_forkserver(listener: int, alive: int) -> NoReturn:
    """Serve until the other end of `alive` is closed."""
    try:
        forkserver.main(listener, alive, [])
    finally:
        # The caller's `finally` blocks belong to the parent process.
        os._exit(0)
