"""The choice of the chat model: OpenAI's protocol, or none without an API key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tasks.core.settings import Settings
from tasks.knowledge.answering.generation.chat_model import ChatModel


@asynccontextmanager
async def open_chat_model(settings: Settings) -> AsyncIterator[ChatModel | None]:
    """Open the chat model that the settings choose; none without an API key."""
    if settings.openai_api_key is None:
        yield None
        return
    # Imported only when used: the client takes the better part of a second.
    from tasks.knowledge.answering.generation.openai_chat_model import open_openai_chat_model

    async with open_openai_chat_model(settings) as model:
        yield model
