"""An embedder at a server that speaks OpenAI's protocol."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tasks.knowledge.embedding import openai_embedder
from tasks.knowledge.embedding.openai_embedder import OpenAIEmbedder, open_openai_embedder
from tests.conftest import MakeSettings
from tests.knowledge.material import vector_of
from tests.sites.openai_server import OpenAIServer, embed, serve_openai
from tests.sites.server import Handler, serve_handler

KEY = "sk-of-the-owner"
MODEL = "text-embedding-3-small"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the delays between retries."""
    monkeypatch.setattr(openai_embedder, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(openai_embedder, "MAX_DELAY_S", 0.5)


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """A server that knows the key."""
    async with serve_openai(key=KEY, retry_after="0") as server:
        yield server


@pytest.fixture
async def embedder(server: OpenAIServer, settings: MakeSettings) -> AsyncIterator[OpenAIEmbedder]:
    """The embedder at that server."""
    async with open_openai_embedder(settings(openai_api_key=KEY, openai_base_url=server.base_url)) as embedder:
        yield embedder


@asynccontextmanager
async def embedder_at(handler: Handler, settings: MakeSettings, model: str = MODEL) -> AsyncIterator[OpenAIEmbedder]:
    """An embedder whose service is the handler."""
    async with serve_handler(handler) as url:
        made = settings(openai_api_key=KEY, openai_base_url=f"{url}/v1", embedding_model=model)
        async with open_openai_embedder(made) as embedder:
            yield embedder


def expected(texts: list[str]) -> list[list[float]]:
    """The server's vectors, requested directly."""
    return [embed(text, 1536).tolist() for text in texts]


async def vectors(embedder: OpenAIEmbedder, texts: list[str]) -> list[list[float]]:
    """The embedder's vectors, where all texts have one."""
    return [vector_of(result).tolist() for result in await embedder.embed(texts)]
