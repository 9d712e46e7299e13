"""`prefect …` for the embedded server, with garbage collected on a thread of its own.

Run as `python -m deployments.embedded_prefect server start …`.

Why: Prefect's event loop reaches SQLite through one thread a connection. A garbage collection on the loop that finds
a cursor of a connection whose statement waits for SQLite's write lock must wait too: `sqlite3_reset` takes the
connection's mutex, which the waiting statement holds. If the lock's owner is a task of that same loop, nothing moves
until SQLite's busy timeout has passed: 60 s with Prefect, every dozen builds or so. A thread that waits in the same
place lets the loop go on, and so ends its own wait.
"""

import gc
import sys
import threading
import time

from prefect.cli import app

YOUNG_EVERY_S = 1.0
ALL_EVERY_S = 60.0
"""Seconds between collections of the youngest two generations, and of all three."""


def _collect_forever() -> None:
    next_of_all = time.monotonic() + ALL_EVERY_S
    while True:
        time.sleep(YOUNG_EVERY_S)
        if time.monotonic() < next_of_all:
            gc.collect(1)
        else:
            gc.collect()
            next_of_all = time.monotonic() + ALL_EVERY_S


def main() -> None:
    """Prefect's command line, in this process."""
    gc.disable()
    threading.Thread(target=_collect_forever, name="garbage", daemon=True).start()
    sys.argv[0] = "prefect"
    app()


if __name__ == "__main__":
    main()
