"""The progress of a running build as an artifact of its run in Prefect's UI."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import httpx
from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger

from flows.progress import Progress

KEY = "progress"
SHOW_S = 5.0
"""Seconds between two updates."""
TIMEOUT_S = 5.0
"""Seconds that Prefect's server has to take one: the build does not wait for it."""


class _LiveArtifact:
    """The artifact of one build."""

    def __init__(self, progress: Progress, client: PrefectClient) -> None:
        self._progress = progress
        self._client = client
        self._id: UUID | None = None
        self._shown: tuple[float, str] | None = None

    async def show_until(self, ended: asyncio.Event) -> None:
        """Show the progress every few seconds, and once more at the end."""
        while not ended.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(SHOW_S):
                    await ended.wait()
            await self._show()

    async def _show(self) -> None:
        """Show the progress if it has changed; while Prefect's server is out of reach, the UI shows the last."""
        now = share_done(self._progress), describe(self._progress)
        if now == self._shown:
            return
        try:
            async with asyncio.timeout(TIMEOUT_S):
                if self._id is None:
                    self._id = await acreate_progress_artifact(now[0], key=KEY, description=now[1])
                else:
                    await aupdate_progress_artifact(self._id, now[0], now[1], client=self._client)
        except (httpx.HTTPError, PrefectException, TimeoutError) as error:
            get_run_logger().debug("The progress could not be sent to Prefect: %s", error)
            return
        self._shown = now


def share_done(progress: Progress) -> float:
    """Return the percentage of the URLs known so far that are stored, have failed or were left out."""
    counted = progress.statistics
    ended = counted.stored_pages + counted.failed_scrapes + counted.failed_embeddings + counted.failed_stores
    return round(100 * min(1.0, ended / progress.known_urls), 1) if progress.known_urls else 0.0


def describe(progress: Progress) -> str:
    """Return the counters in words."""
    counted = progress.statistics
    failed = counted.failed_scrapes + counted.failed_embeddings + counted.failed_stores
    return (
        f"{counted.stored_pages} of {progress.known_urls} pages stored; {counted.scraped_pages} read,"
        f" {counted.embedded_pages} embedded, {failed} failed, {sum(counted.skipped.values())} left out"
    )


@asynccontextmanager
async def live_progress(progress: Progress, client: PrefectClient) -> AsyncIterator[None]:
    """Show the progress until the context is left, and then its end."""
    ended = asyncio.Event()
    showing = asyncio.create_task(_LiveArtifact(progress, client).show_until(ended))
    try:
        yield
        # Not cancelled: an artifact that is just being created would be there twice.
        ended.set()
        await showing
    finally:
        showing.cancel()
