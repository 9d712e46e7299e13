"""Batch sizes of `extract` and `scrape` task runs: few URLs are shared among the lanes, many make batches."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

URL_BATCH = 20
"""Most URLs of one `extract` or `scrape` task run."""
BATCH_S = 2.0
"""Shortest task run in seconds when the site is quick: a task run for each page would cost more than the page."""


class Pace:
    """Exponential moving average of seconds per item."""

    def __init__(self) -> None:
        self._item_s = inf

    def within(self, seconds: float) -> int:
        """Return how many items a lane does in this time; 0 before the first measurement."""
        return int(seconds / self._item_s)

    @contextmanager
    def measure(self, items: int) -> Iterator[None]:
        """Measure the work inside the context; the latest measurement has a weight of one quarter."""
        began = time.perf_counter()
        yield
        item_s = (time.perf_counter() - began) / items
        self._item_s = item_s if self._item_s == inf else (3 * self._item_s + item_s) / 4


def share_of_lane(waiting: int, lanes: int) -> int:
    """Return how many of the waiting URLs one lane takes: 1 … `URL_BATCH`."""
    # Rounded down: the remainder comes after all others, not second in the first lane's batch.
    return min(URL_BATCH, max(1, waiting // lanes))
