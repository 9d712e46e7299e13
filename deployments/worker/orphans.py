"""The end of a run's process whose fork server has died, also when the process no longer reacts.

The kernel sends it SIGTERM then, and the run tells Prefect that it has crashed. A run whose event loop cannot end, as
one that waits for services that were killed with its worker, would stay for ever.
"""

import os
import signal
import threading
import time

POLL_S = 1.0
GRACE_S = 10.0
"""Seconds from the death of the fork server until the process is killed: to report its state and close its browser."""


def end_as_orphan() -> None:
    """Have this process's group killed some time after the death of its parent."""
    threading.Thread(target=_wait_and_kill, args=(os.getppid(),), name="orphan", daemon=True).start()


def _wait_and_kill(parent: int) -> None:
    # Sleeps: a daemon thread that ends with the process, and there is no event to wait for.
    while os.getppid() == parent:
        time.sleep(POLL_S)
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)
