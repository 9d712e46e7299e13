"""Child processes that never outlive their parent."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def parent_death_hook(number: signal.Signals = signal.SIGTERM) -> Callable[[], None] | None:
    """Return a `preexec_fn` that makes the kernel signal the child when its parent dies, for whatever reason.

    Linux only (prctl(2)); None elsewhere, where children end only with an orderly stop. The parent is the thread that
    starts the child: it must live as long as the process.
    """
    if sys.platform != "linux":
        return None
    # Looked up before the fork: between fork and exec no library may be loaded.
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def request_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number))
        # The parent may have died before the call.
        if os.getppid() != parent:
            os._exit(1)

    return request_signal
