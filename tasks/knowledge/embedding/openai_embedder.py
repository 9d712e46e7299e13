"""OpenAI's embeddings API: bounded batches, one retry layer, permanent errors distinguished from transient ones.

Source: OpenAI API reference, "Create embeddings" and "Error codes"; the limits are 2,048 inputs and 300,000
tokens a request, 8,192 tokens an input, no empty input.
"""

import asyncio
import math
import random
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import openai
from openai import AsyncOpenAI

from tasks.core.database import VECTOR_DIMENSIONS, Pool
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused
from tasks.core.settings import Settings
from tasks.knowledge.embedding.embedder import Usage, Vector, to_vector
from tasks.knowledge.embedding.rate_limits import RateLimits, name_account
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.records.sanitizing import sanitize_text

MAX_INPUTS = 2_048
MAX_REQUEST_TOKENS = 300_000
MAX_INPUT_TOKENS = 8_192
ATTEMPTS = 5
FIRST_DELAY_S = 0.5
MAX_DELAY_S = 60.0
TIMEOUT_S = 60.0
"""Seconds for a whole response, however slowly it arrives."""

_NO_CREDIT = {
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
}
_HAS_DIMENSIONS = "text-embedding-3"
"""Prefix of the only model family whose dimensions can be chosen."""
_PRICES = {"text-embedding-3-small": 0.02, "text-embedding-3-large": 0.13, "text-embedding-ada-002": 0.10}
"""US dollars per million tokens at OpenAI itself (November 2026)."""
_OWN_PARAMETERS = {"model", "dimensions", "encoding_format"}
"""Request parameters that do not depend on the texts: an error about one of them fails every request."""


class _Input(NamedTuple):
    text: str
    tokens: int


class OpenAIEmbedder:
    """Embeds through the `openai` client."""

    def __init__(self, client: AsyncOpenAI, model: str, limits: RateLimits) -> None:
        self._client = client
        self._limits = limits
        self.model = model
        self.price = _PRICES.get(model) if client.base_url.host == "api.openai.com" else None
        self.usage = Usage()
        self._first_request = asyncio.Lock()
        self._is_accepted = False
        self._refusal: EmbeddingRefused | None = None
        self._refused_at = 0.0
        self._tokenizer = load_tokenizer(model)
        self._width = VECTOR_DIMENSIONS if model.startswith(_HAS_DIMENSIONS) else None

    async def embed(self, texts: Sequence[str]) -> list[Vector | EmbeddingFailed]:
        """Return a vector for each text, in order; a text that the API rejects gets a failure instead.

        Text beyond the API's limit is truncated, never dropped.

        Raises:
            EmbeddingFailed: the service is out of reach or its response invalid.
            EmbeddingRefused: wrong key or no credit.
        """
        results: list[Vector | EmbeddingFailed] = []
        for batch in self._batches(texts):
            if self._is_accepted:
                results += await self._embed_batch(batch)
                continue
            # One request at a time until the first succeeds: a wrong key is rejected once, not once a lane.
            started_at = time.monotonic()
            async with self._first_request:
                if self._refusal is not None and self._refused_at >= started_at:
                    raise EmbeddingRefused(self._refusal.message)
                results += await self._embed_batch(batch)
        return results

    def _batches(self, texts: Sequence[str]) -> Iterator[list[_Input]]:
        batch: list[_Input] = []
        size = 0
        limit = min(MAX_REQUEST_TOKENS, self._limits.tokens_per_minute or MAX_REQUEST_TOKENS)
        for text in texts:
            # The API rejects an empty input; a space has a vector.
            fitting = self._tokenizer.truncate(sanitize_text(text), MAX_INPUT_TOKENS) or " "
            tokens = self._tokenizer.count(fitting)
            if batch and (len(batch) == MAX_INPUTS or size + tokens > limit):
                yield batch
                batch, size = [], 0
            batch.append(_Input(fitting, tokens))
            size += tokens
        if batch:
            yield batch

    async def _embed_batch(self, batch: list[_Input]) -> list[Vector | EmbeddingFailed]:
        try:
            return list(await self._request_with_retries(batch))
        except openai.BadRequestError as error:
            if error.param in _OWN_PARAMETERS:
                raise EmbeddingRefused(f"the embedding service rejects `{error.param}`: {_code_of(error)}") from error
            if len(batch) == 1:
                return [EmbeddingFailed(f"the embedding service rejects the text: {_code_of(error)}")]
            # Bisect the batch until the rejected input stands alone; the others get their vectors.
            middle = len(batch) // 2
            return await self._embed_batch(batch[:middle]) + await self._embed_batch(batch[middle:])

    async def _request_with_retries(self, batch: list[_Input]) -> list[Vector]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._request(batch)
            except openai.BadRequestError:
                raise
            except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
                raise self._refuse(
                    f"the embedding service rejects the API key or model ({_code_of(error)}):"
                    " check OPENAI_API_KEY and EMBEDDING_MODEL"
                ) from error
            except _TRANSIENT_ERRORS as error:
                if _is_out_of_credit(error):
                    raise self._refuse(
                        f"the embedding account has no credit ({_code_of(error)}): top it up, then resume the build"
                    ) from error
                if attempt == ATTEMPTS:
                    raise EmbeddingFailed(f"the embedding service failed {attempt} times: {_code_of(error)}") from error
                delay_s = _delay(error, attempt)
                if isinstance(error, openai.RateLimitError):
                    await self._limits.pause(delay_s)
                await asyncio.sleep(delay_s)
            except openai.APIError as error:
                raise EmbeddingFailed(f"the embedding service failed: {_code_of(error)}") from error
            except (ValueError, TypeError, AttributeError) as error:
                # The client raises these for a response outside the protocol; their text may quote the response.
                raise EmbeddingFailed("the embedding service returned an invalid response") from error
        raise AssertionError("unreachable")

    def _refuse(self, cause: str) -> EmbeddingRefused:
        """Return the refusal, and keep it for the requests that wait for the first one."""
        self._is_accepted = False
        self._refused_at = time.monotonic()
        self._refusal = EmbeddingRefused(cause)
        return self._refusal

    async def _request(self, batch: list[_Input]) -> list[Vector]:
        texts, tokens = [item.text for item in batch], sum(item.tokens for item in batch)
        dimensions = VECTOR_DIMENSIONS if self.model.startswith(_HAS_DIMENSIONS) else openai.omit
        await asyncio.sleep(await self._limits.reserve(tokens))
        self.usage.calls += 1
        async with asyncio.timeout(TIMEOUT_S):
            raw = await self._client.embeddings.with_raw_response.create(
                model=self.model, input=texts, dimensions=dimensions
            )
        await self._limits.update(raw.headers)
        answer = raw.parse()
        by_index = {item.index: item.embedding for item in answer.data}
        if sorted(item.index for item in answer.data) != list(range(len(texts))):
            raise EmbeddingFailed(f"the embedding service returned vectors for {len(by_index)} of {len(texts)} texts")
        self._check_width({len(numbers) for numbers in by_index.values()})
        self._is_accepted, self._refusal = True, None
        self.usage.inputs += len(texts)
        counted = getattr(answer.usage, "total_tokens", None)
        self.usage.tokens += counted if isinstance(counted, int) else tokens
        return [to_vector(by_index[index]) for index in range(len(texts))]

    def _check_width(self, widths: set[int]) -> None:
        """Raise if the widths differ: once padded, a shorter vector looks like any other."""
        expected = self._width or min(widths)
        if widths != {expected}:
            raise EmbeddingFailed(f"the embedding service returned {sorted(widths)} dimensions instead of {expected}")
        self._width = expected


_TRANSIENT_ERRORS = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError, TimeoutError)


def _is_out_of_credit(error: openai.APIError | TimeoutError) -> bool:
    if isinstance(error, TimeoutError):
        return False
    code = str(error.code or error.type or "")
    return code in _NO_CREDIT or code.endswith("spend_limit_exceeded")


def _delay(error: openai.APIError | TimeoutError, attempt: int) -> float:
    """Return the seconds to wait: `Retry-After`, or exponential back-off with jitter if that is longer."""
    backoff: float = FIRST_DELAY_S * 2 ** (attempt - 1) * random.uniform(0.75, 1.5)
    if isinstance(error, openai.APIStatusError):
        backoff = max(_seconds(error.response.headers.get("retry-after", "")), backoff)
    return min(backoff, MAX_DELAY_S)


def _seconds(retry_after: str) -> float:
    """Parse a `Retry-After` header, a number or a date (RFC 9110 §10.2.3), to seconds; 0 if it is neither."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            # Not a date, or one without a time zone.
            return 0.0
    return seconds if math.isfinite(seconds) else 0.0


def _code_of(error: openai.APIError | TimeoutError) -> str:
    """Return the service's error code, never its message: that may quote the key or a page."""
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return f"timeout after {TIMEOUT_S:g}s"
    if isinstance(error, openai.APIConnectionError):
        return "no connection"
    code = str(error.code or error.type or "")
    if re.fullmatch(r"[a-z_]{1,64}", code):
        return code
    return f"HTTP {error.status_code}" if isinstance(error, openai.APIStatusError) else "unknown error"


@asynccontextmanager
async def open_openai_embedder(settings: Settings, pool: Pool | None = None) -> AsyncIterator[OpenAIEmbedder]:
    """Open the embedder for OPENAI_API_KEY at OPENAI_BASE_URL.

    With a pool, the rate limits are shared by all processes that use the database.
    """
    assert settings.openai_api_key is not None
    key = settings.openai_api_key.get_secret_value()
    account = name_account(settings.openai_base_url, key, settings.embedding_model)
    async with AsyncOpenAI(
        api_key=key,
        base_url=settings.openai_base_url,
        timeout=TIMEOUT_S,
        # One retry layer, in `_request_with_retries`: the client would also retry when credit is exhausted.
        max_retries=0,
    ) as client:
        yield OpenAIEmbedder(client, settings.embedding_model, RateLimits(pool, account))
