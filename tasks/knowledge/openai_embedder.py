"""OpenAI's embeddings, as the API really is: bounded batches, one retry layer, refusals told apart.

Source: OpenAI API reference, "Create embeddings" and "Error codes"; the limits are 2,048 inputs and 300,000
tokens a request, 8,192 tokens an input, no empty input.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import openai
from openai import AsyncOpenAI

from tasks.core.database import VECTOR_DIMENSIONS
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused
from tasks.core.settings import Settings
from tasks.knowledge.embedders import Vector, to_vector
from tasks.knowledge.tokens import load_tokenizer

MAX_INPUTS = 2_048
MAX_REQUEST_TOKENS = 300_000
MAX_INPUT_TOKENS = 8_192
ATTEMPTS = 5
FIRST_DELAY_S = 0.5
MAX_DELAY_S = 60.0
TIMEOUT_S = 60.0

_NO_CREDIT = {
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
}
_HAS_DIMENSIONS = "text-embedding-3"
"""Only this family lets the width be chosen."""


class OpenAIEmbedder:
    """Embeds through the `openai` client."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self._client = client
        self.model = model
        self._tokenizer = load_tokenizer(model)

    async def embed(self, texts: Sequence[str]) -> list[Vector | EmbeddingFailed]:
        """A vector for each text, in order; a text the API rejects has a failure instead.

        Longer text than the API takes is cut for its vector; it is never dropped.

        Raises:
            EmbeddingFailed: the service is out of reach, or answers nonsense.
            EmbeddingRefused: wrong key, or no credit.
        """
        results: list[Vector | EmbeddingFailed] = []
        for batch in self._batches(texts):
            results += await self._embed_batch(batch)
        return results

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        size = 0
        for text in texts:
            # The API refuses an empty input; a space has a vector.
            fitting = self._tokenizer.truncate(text, MAX_INPUT_TOKENS) or " "
            tokens = self._tokenizer.count(fitting)
            if batch and (len(batch) == MAX_INPUTS or size + tokens > MAX_REQUEST_TOKENS):
                yield batch
                batch, size = [], 0
            batch.append(fitting)
            size += tokens
        if batch:
            yield batch

    async def _embed_batch(self, texts: list[str]) -> list[Vector | EmbeddingFailed]:
        try:
            return list(await self._request_patiently(texts))
        except openai.BadRequestError as error:
            if len(texts) == 1:
                return [EmbeddingFailed(f"the embedding service rejects the text: {_say(error)}")]
            # One input of the batch is to blame: the others go through.
            middle = len(texts) // 2
            return await self._embed_batch(texts[:middle]) + await self._embed_batch(texts[middle:])

    async def _request_patiently(self, texts: list[str]) -> list[Vector]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._request(texts)
            except openai.BadRequestError:
                raise
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                raise EmbeddingRefused(f"the embedding service refuses the key or model: {_say(error)}") from error
            except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError) as error:
                if _is_out_of_credit(error):
                    raise EmbeddingRefused(f"the embedding account has no credit: {_say(error)}") from error
                if attempt == ATTEMPTS:
                    raise EmbeddingFailed(f"the embedding service failed {attempt} times: {_say(error)}") from error
                await asyncio.sleep(_delay(error, attempt))
            except openai.APIError as error:
                raise EmbeddingFailed(f"the embedding service failed: {_say(error)}") from error
        raise AssertionError("unreachable")

    async def _request(self, texts: list[str]) -> list[Vector]:
        if self.model.startswith(_HAS_DIMENSIONS):
            answer = await self._client.embeddings.create(model=self.model, input=texts, dimensions=VECTOR_DIMENSIONS)
        else:
            answer = await self._client.embeddings.create(model=self.model, input=texts)
        by_index = {item.index: item.embedding for item in answer.data}
        if sorted(by_index) != list(range(len(texts))):
            raise EmbeddingFailed(f"the embedding service answered {len(by_index)} of {len(texts)} texts")
        return [to_vector(by_index[index]) for index in range(len(texts))]


def _is_out_of_credit(error: openai.APIError) -> bool:
    code = str(error.code or error.type or "")
    return code in _NO_CREDIT or code.endswith("spend_limit_exceeded")


def _delay(error: openai.APIError, attempt: int) -> float:
    """Seconds to wait: what the service asks for, else doubled each time, with jitter."""
    backoff: float = FIRST_DELAY_S * 2 ** (attempt - 1) * random.uniform(0.75, 1.5)
    if isinstance(error, openai.APIStatusError):
        asked = error.response.headers.get("retry-after", "")
        if asked.replace(".", "", 1).isdigit():
            backoff = max(float(asked), backoff)
    return min(backoff, MAX_DELAY_S)


def _say(error: openai.APIError) -> str:
    """The service's words, without the request: it holds page text."""
    if isinstance(error, openai.APITimeoutError):
        return f"timeout after {TIMEOUT_S:g}s"
    if isinstance(error, openai.APIConnectionError):
        return "no connection"
    return str(error.code or error.type or error.message)[:200]


@asynccontextmanager
async def open_openai_embedder(settings: Settings) -> AsyncIterator[OpenAIEmbedder]:
    """The embedder of OPENAI_API_KEY at OPENAI_BASE_URL; closed on leaving."""
    assert settings.openai_api_key is not None
    async with AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        timeout=TIMEOUT_S,
        # One retry layer, ours: the client would also retry a lack of credit.
        max_retries=0,
    ) as client:
        yield OpenAIEmbedder(client, settings.embedding_model)
