"""The choice of the embedder: OpenAI's protocol or the local model, as the settings say."""

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager

from tasks.core.database import Pool
from tasks.core.settings import Settings
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.embedding.local_embedder import LocalEmbedder


@asynccontextmanager
async def open_embedder(
    settings: Settings, executor: Executor | None, pool: Pool | None = None, *, patience_s: float = 0.0
) -> AsyncIterator[Embedder]:
    """Open the embedder that the settings choose; local embedding runs on `executor` (absent: a thread).

    It waits `patience_s` for a service that is down. With a pool, the service's rate limits are shared by all
    processes that use the database.
    """
    if settings.uses_openai:
        # Imported only when used: the client takes the better part of a second.
        from tasks.knowledge.embedding.openai_embedder import open_openai_embedder

        async with open_openai_embedder(settings, pool, patience_s=patience_s) as embedder:
            yield embedder
    else:
        yield LocalEmbedder(executor)
