"""The embedded Prefect server: one SQLite transaction at a time, no foreign pages, and a start in half the time.

Run as `python -m deployments.stack.embedded_prefect PORT`. Deviations from `prefect server start` (3.8.8):

1. **Transactions queue in order of arrival** before they begin (`deployments.stack.sqlite_turns`).
2. **Garbage is collected on a thread of its own.** Prefect's event loop reaches SQLite through one thread for each
   connection. If a collection on the loop finalizes a cursor whose connection has a statement waiting for the write
   lock, the loop blocks too: `sqlite3_reset` takes the connection's mutex, which the waiting statement holds. If the
   lock's owner is a task of that same loop, this is a deadlock until SQLite's timeout: 60 s with Prefect, about every
   dozen builds. On a thread of its own, the collection blocks alone and the loop goes on.
3. **Requests under foreign names and from foreign pages are refused** before they reach Prefect
   (`deployments.stack.own_names`). Prefect checks neither; its own calls to itself do not pass through uvicorn.
4. **Prefect's command line is not loaded, nor are its plugins**, one of which is our worker. With garbage left alone
   while modules load, and a database that needs no migrations (`deployments.stack.prefect_database`), a start takes
   3.5 instead of 6.5 s of processor time.
"""

import gc
import sys
import threading
import time

YOUNG_EVERY_S = 1.0
ALL_EVERY_S = 60.0
"""Seconds between collections of the two youngest generations, and of all three."""


def _collect_forever() -> None:
    next_of_all = time.monotonic() + ALL_EVERY_S
    while True:
        # A daemon thread that does nothing else and ends with the process: no event is needed to wake it.
        time.sleep(YOUNG_EVERY_S)
        if time.monotonic() < next_of_all:
            gc.collect(1)
        else:
            gc.collect()
            next_of_all = time.monotonic() + ALL_EVERY_S


def serve(port: int) -> None:
    """Run the server in this process until it is stopped."""
    # Imported after garbage collection is off: most of the start is imports, which leave next to no garbage.
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    from deployments.stack.own_names import OwnNamesOnly
    from deployments.stack.sqlite_turns import queue_transactions

    queue_transactions()
    server = get_current_settings().server
    app = OwnNamesOnly(create_app())
    # What was loaded stays: collections need not look at it.
    gc.freeze()
    threading.Thread(target=_collect_forever, name="garbage", daemon=True).start()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        timeout_keep_alive=server.api.keepalive_timeout,
        ws_ping_interval=server.api.websocket_ping_interval,
        ws_ping_timeout=server.api.websocket_ping_timeout,
        log_level=server.logging_level.lower(),
    )


if __name__ == "__main__":
    gc.disable()
    serve(int(sys.argv[1]))
