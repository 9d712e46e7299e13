"""Child processes that never outlive us."""

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def ending_with_parent() -> Callable[[], None] | None:
    """What a child runs before its program so that it is ended when its parent dies, however that dies.

    Linux only (prctl(2)); elsewhere nothing, and children end with an orderly stop alone.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask_kernel
