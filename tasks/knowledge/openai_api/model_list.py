"""The service's list of models: the dates on which they will be shut down.

Source: OpenAI API reference, "List models"; compatible servers list models without dates, or none at all.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import date

import httpx
import openai
from openai import AsyncOpenAI

from tasks.core.settings import Settings
from tasks.knowledge.openai_api.model_status import ModelStatus

logger = logging.getLogger("widget_builder.models")

INTERVAL_S = 21_600.0
TIMEOUT_S = 5.0


async def read_shutdown_dates(settings: Settings) -> Mapping[str, date]:
    """Return the announced dates by model; empty if the service lists none."""
    if settings.openai_api_key is None:
        return {}
    key = settings.openai_api_key.get_secret_value()
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            AsyncOpenAI(api_key=key, base_url=settings.openai_base_url, max_retries=0) as client,
        ):
            listed = await client.models.list()
        dates = {model.id: _to_date(model.shutdown_date) for model in listed.data}
    except (openai.OpenAIError, httpx.HTTPError, TimeoutError, ValueError, TypeError, AttributeError) as error:
        # The client raises the last three for a response outside the protocol.
        logger.info("the service lists no models (%s)", type(error).__name__)
        return {}
    return {model: day for model, day in dates.items() if day is not None}


def _to_date(text: object) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None


async def follow_shutdown_dates(settings: Settings, statuses: Sequence[ModelStatus]) -> None:
    """Read the dates now and every six hours."""
    while statuses:
        dates = await read_shutdown_dates(settings)
        for status in statuses:
            status.shutdown = dates.get(status.name, status.shutdown)
            for warning in status.warnings():
                logger.warning("%s", warning)
        await asyncio.sleep(INTERVAL_S)
