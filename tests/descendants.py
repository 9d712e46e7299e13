"""Processes that the tests have started, while others of them start and end beside them."""

from contextlib import suppress

import psutil


def command_lines() -> dict[int, str]:
    """Return the command line of each descendant by its process id; one that ends meanwhile is left out."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found[process.pid] = " ".join(process.cmdline())
    return found
