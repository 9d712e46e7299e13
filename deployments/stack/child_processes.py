"""Child processes that never outlive us."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def ending_with_parent(number: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """What a child runs before its program so that it gets the signal when its parent dies, however that dies.

    Linux only (prctl(2)); elsewhere nothing, and children end with an orderly stop alone. The parent is the
    thread that starts the child: it has to live as long as the process.
    """
    if sys.platform != "linux":
        return None
    # Looked up here: between fork and exec nothing may be loaded.
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel
