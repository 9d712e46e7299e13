"""The opening of the API's resources, which does not hold up its pages.

The database may come up after the API, or be migrated meanwhile. Until then the pages that need nothing answer, other
routes say 503, and `/readyz` says what is waited for.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from api.app_state import open_app_state
from tasks.core.errors import DependencyUnavailable
from tasks.core.settings import Settings
from tasks.records.schema_version import check_schema

logger = logging.getLogger("widget_builder.api")

AT_ONCE_S = 1.0
"""Seconds that the server waits before it takes requests: where all is well, no client meets a 503."""
RETRY_S = 0.2


@asynccontextmanager
async def keep_state_open(app: Starlette, settings: Settings) -> AsyncIterator[None]:
    """Open the app's state in the background, as soon as the database can be used; close it on leaving.

    Raises:
        DependencyUnavailable: no database is configured.
    """
    if settings.database_url is None:
        raise DependencyUnavailable("PostgreSQL", "DATABASE_URL is not set", "start `widget-builder up`")
    leaving, is_open = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(_hold(app, settings, settings.database_url.get_secret_value(), is_open, leaving))
    holding.add_done_callback(_end_after_defect)
    opened = asyncio.create_task(is_open.wait())
    await asyncio.wait({holding, opened}, timeout=AT_ONCE_S, return_when=asyncio.FIRST_COMPLETED)
    opened.cancel()
    try:
        yield
    finally:
        leaving.set()
        await holding


async def _hold(
    app: Starlette, settings: Settings, database_url: str, is_open: asyncio.Event, leaving: asyncio.Event
) -> None:
    """Open the state, retrying while the database is not ready, and hold it until the app is left."""
    said = ""
    while not leaving.is_set():
        try:
            await check_schema(database_url)
            async with open_app_state(settings) as state:
                app.state.resources = state
                is_open.set()
                await leaving.wait()
        except DependencyUnavailable as error:
            app.state.waits_for = error
            if error.message != said:
                said = error.message
                logger.warning("waiting for %s", said)
            await asyncio.sleep(RETRY_S)


def _end_after_defect(holding: "asyncio.Task[None]") -> None:
    """End a server whose state can never be opened: its supervisor starts it again, and says so."""
    if not holding.cancelled() and (error := holding.exception()) is not None:
        logger.error("the API cannot start", exc_info=error)
        signal.raise_signal(signal.SIGTERM)
