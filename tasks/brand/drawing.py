"""Drawing of a site's pictures in child processes: a picture that crashes, hangs or exceeds a limit is none."""

import time
from collections.abc import Callable
from concurrent.futures import CancelledError

from tasks.brand.site_images import Drawing, draw_picture
from tasks.core.errors import CallFailed
from tasks.core.processes import Limits, Processes

LIMITS = Limits(seconds=10, cpu_s=3, memory=512 * 1024**2)
"""Limits of one picture."""
TOTAL_S = 15.0
"""Seconds after which no more pictures of a page are drawn."""

Draw = Callable[[bytes], Drawing | None]
"""Draws a picture; None if the bytes have none that can be shown within limits."""


def draw_nothing(data: bytes) -> None:
    """Draw no picture."""


def draw_in(processes: Processes) -> Draw:
    """Return a function that draws one page's pictures in child processes, each once. It blocks its thread."""
    known: dict[bytes, Drawing | None] = {}
    end = time.monotonic() + TOTAL_S

    def draw(data: bytes) -> Drawing | None:
        if data not in known:
            known[data] = _drawing_of(data, processes) if time.monotonic() < end else None
        return known[data]

    return draw


def _drawing_of(data: bytes, processes: Processes) -> Drawing | None:
    try:
        return processes.submit_within(LIMITS, draw_picture, data).result()
    except (CallFailed, CancelledError):
        return None
