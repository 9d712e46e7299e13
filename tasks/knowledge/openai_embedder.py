"""OpenAI's embeddings, as the API really is: bounded batches, one retry layer, refusals told apart.

Source: OpenAI API reference, "Create embeddings" and "Error codes"; the limits are 2,048 inputs and 300,000
tokens a request, 8,192 tokens an input, no empty input.
"""

import asyncio
import math
import random
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai
from openai import AsyncOpenAI

from tasks.core.database import VECTOR_DIMENSIONS
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused
from tasks.core.settings import Settings
from tasks.knowledge.embedders import Vector, to_vector
from tasks.knowledge.storable import storable
from tasks.knowledge.tokens import load_tokenizer

MAX_INPUTS = 2_048
MAX_REQUEST_TOKENS = 300_000
MAX_INPUT_TOKENS = 8_192
ATTEMPTS = 5
FIRST_DELAY_S = 0.5
MAX_DELAY_S = 60.0
TIMEOUT_S = 60.0
"""For a whole answer, however slowly it drips."""

_NO_CREDIT = {
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
}
_HAS_DIMENSIONS = "text-embedding-3"
"""Only this family lets the width be chosen."""
_OUR_OWN = {"model", "dimensions", "encoding_format"}
"""What of a request we choose, whatever the texts."""


class OpenAIEmbedder:
    """Embeds through the `openai` client."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self._client = client
        self.model = model
        self._tokenizer = load_tokenizer(model)
        self._width = VECTOR_DIMENSIONS if model.startswith(_HAS_DIMENSIONS) else None

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
            fitting = self._tokenizer.truncate(storable(text), MAX_INPUT_TOKENS) or " "
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
            if error.param in _OUR_OWN:
                raise EmbeddingRefused(f"the embedding service refuses `{error.param}`: {_say(error)}") from error
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
            except _MAY_PASS as error:
                if _is_out_of_credit(error):
                    raise EmbeddingRefused(f"the embedding account has no credit: {_say(error)}") from error
                if attempt == ATTEMPTS:
                    raise EmbeddingFailed(f"the embedding service failed {attempt} times: {_say(error)}") from error
                await asyncio.sleep(_delay(error, attempt))
            except openai.APIError as error:
                raise EmbeddingFailed(f"the embedding service failed: {_say(error)}") from error
            except (ValueError, TypeError, AttributeError) as error:
                # What the client makes of an answer that is not of the protocol; its text may quote the answer.
                raise EmbeddingFailed("the embedding service's answer makes no sense") from error
        raise AssertionError("unreachable")

    async def _request(self, texts: list[str]) -> list[Vector]:
        dimensions = VECTOR_DIMENSIONS if self.model.startswith(_HAS_DIMENSIONS) else openai.omit
        async with asyncio.timeout(TIMEOUT_S):
            answer = await self._client.embeddings.create(model=self.model, input=texts, dimensions=dimensions)
        by_index = {item.index: item.embedding for item in answer.data}
        if sorted(item.index for item in answer.data) != list(range(len(texts))):
            raise EmbeddingFailed(f"the embedding service answered {len(by_index)} of {len(texts)} texts")
        self._check_width({len(numbers) for numbers in by_index.values()})
        return [to_vector(by_index[index]) for index in range(len(texts))]

    def _check_width(self, widths: set[int]) -> None:
        """All vectors of a model are of one width: padded, a shorter one would pass for any other."""
        expected = self._width or min(widths)
        if widths != {expected}:
            raise EmbeddingFailed(f"the embedding service answered {sorted(widths)} numbers instead of {expected}")
        self._width = expected


_MAY_PASS = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError, TimeoutError)


def _is_out_of_credit(error: openai.APIError | TimeoutError) -> bool:
    if isinstance(error, TimeoutError):
        return False
    code = str(error.code or error.type or "")
    return code in _NO_CREDIT or code.endswith("spend_limit_exceeded")


def _delay(error: openai.APIError | TimeoutError, attempt: int) -> float:
    """Seconds to wait: what the service asks for, else doubled each time, with jitter."""
    backoff: float = FIRST_DELAY_S * 2 ** (attempt - 1) * random.uniform(0.75, 1.5)
    if isinstance(error, openai.APIStatusError):
        backoff = max(_seconds(error.response.headers.get("retry-after", "")), backoff)
    return min(backoff, MAX_DELAY_S)


def _seconds(retry_after: str) -> float:
    """The seconds a `Retry-After` header asks for, as a number or a date (RFC 9110 §10.2.3); else 0."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            # No date, or one without a time zone.
            return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def _say(error: openai.APIError | TimeoutError) -> str:
    """The service's code for it; never its sentences: those may quote the key or a page."""
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return f"timeout after {TIMEOUT_S:g}s"
    if isinstance(error, openai.APIConnectionError):
        return "no connection"
    code = str(error.code or error.type or "")
    if re.fullmatch(r"[a-z_]{1,64}", code):
        return code
    return f"HTTP {error.status_code}" if isinstance(error, openai.APIStatusError) else "unknown error"


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
