"""OpenAI's embeddings API: bounded batches, one retry layer, permanent errors distinguished from transient ones.

Source: OpenAI API reference, "Create embeddings" and "Error codes"; the limits are 2,048 inputs and 300,000
tokens a request, 8,192 tokens an input, no empty input.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import openai
from openai import AsyncOpenAI

from tasks.core.database import VECTOR_DIMENSIONS, Pool
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable
from tasks.core.settings import Settings
from tasks.knowledge.embedding.embedder import Usage, Vector, to_vector
from tasks.knowledge.embedding.openai_errors import RESPONSE_ERRORS, TIMEOUT_S, RequestFailed, read_error
from tasks.knowledge.embedding.rate_limits import RateLimits, name_account
from tasks.knowledge.embedding.tokens import load_tokenizer
from tasks.records.sanitizing import sanitize_text

MAX_INPUTS = 2_048
MAX_REQUEST_TOKENS = 300_000
MAX_INPUT_TOKENS = 8_192
ATTEMPTS = 4
"""Attempts at a batch before the batch itself is suspected."""
HALF_ATTEMPTS = 2
"""The same for the halves of a suspected batch."""
FIRST_DELAY_S = 0.5
MAX_DELAY_S = 10.0
"""Longest back-off that the service did not ask for."""

_HAS_DIMENSIONS = "text-embedding-3"
"""Prefix of the only model family whose dimensions can be chosen."""
_PRICES = {"text-embedding-3-small": 0.02, "text-embedding-3-large": 0.13, "text-embedding-ada-002": 0.10}
"""US dollars per million tokens at OpenAI itself (November 2026)."""


class _Input(NamedTuple):
    text: str
    tokens: int


_PROBE = _Input("word", 1)
"""A text that every model embeds: it tells a service that is down from a text that the service cannot embed."""


class OpenAIEmbedder:
    """Embeds through the `openai` client.

    A request that fails is repeated, then halved, until each text that the service cannot embed stands alone. Texts
    are blamed only while the service answers others; if it answers nothing for `patience_s`, it is unavailable.
    """

    def __init__(self, client: AsyncOpenAI, model: str, limits: RateLimits, patience_s: float = 0.0) -> None:
        self._client = client
        self._limits = limits
        self._patience_s = patience_s
        self.model = model
        self.price = _PRICES.get(model) if client.base_url.host == "api.openai.com" else None
        self.usage = Usage()
        self._first_request = asyncio.Lock()
        self._is_accepted = False
        self._refusal: EmbeddingRefused | None = None
        self._refused_at = 0.0
        self._answered_at = 0.0
        self._max_inputs = MAX_INPUTS
        """Most inputs of a request; less than OpenAI's once a larger request failed and its halves passed."""
        self._tokenizer = load_tokenizer(model)
        self._width = VECTOR_DIMENSIONS if model.startswith(_HAS_DIMENSIONS) else None

    async def embed(
        self, texts: Sequence[str], *, into: list[Vector | EmbeddingFailed] | None = None
    ) -> list[Vector | EmbeddingFailed]:
        """Return a vector for each text, in order; a text that cannot be embedded gets a failure instead.

        Text beyond the API's limit is truncated, never dropped. `into` is filled request by request: when an error is
        raised, it holds the results so far, which are paid for.

        Raises:
            EmbeddingFailed: the database that holds the rate limits is out of reach (retriable).
            EmbeddingRefused: wrong key or no credit.
            EmbeddingUnavailable: the service answers nothing.
        """
        results = into if into is not None else []
        for batch in self._batches(texts):
            if self._is_accepted:
                await self._embed_batch(batch, results, ATTEMPTS)
                continue
            # One request at a time until the first succeeds: a wrong key is rejected once, not once a lane.
            started_at = time.monotonic()
            async with self._first_request:
                if self._refusal is not None and self._refused_at >= started_at:
                    raise EmbeddingRefused(self._refusal.message)
                await self._embed_batch(batch, results, ATTEMPTS)
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

    async def _embed_batch(self, batch: list[_Input], results: list[Vector | EmbeddingFailed], attempts: int) -> None:
        """Append the batch's results; halve a batch that fails until the texts to blame stand alone."""
        if len(batch) > (most := self._max_inputs):
            for start in range(0, len(batch), most):
                await self._embed_batch(batch[start : start + most], results, attempts)
            return
        try:
            results += await self._request_with_retries(batch, attempts)
        except RequestFailed as failure:
            if len(batch) == 1:
                results.append(_failure_of_text(failure))
                return
            before, middle = len(results), (len(batch) + 1) // 2
            for half in (batch[:middle], batch[middle:]):
                await self._embed_batch(half, results, HALF_ATTEMPTS)
            have_all_passed = not any(isinstance(result, EmbeddingFailed) for result in results[before:])
            if failure.may_be_too_large and have_all_passed:
                self._max_inputs = min(self._max_inputs, middle)

    async def _request_with_retries(self, batch: list[_Input], attempts: int) -> list[Vector]:
        """Request the batch's vectors, waiting for a service that is down.

        Raises:
            RequestFailed: the batch is to blame: the service rejects it, or answers other requests.
            EmbeddingRefused, EmbeddingUnavailable: as `embed`.
        """
        began = started_at = time.monotonic()
        attempt, is_suspected = 0, False
        while True:
            attempt += 1
            try:
                return await self._request(batch)
            except RequestFailed as failure:
                if failure.is_rejection or is_suspected:
                    raise
                waited_s = time.monotonic() - began
                if failure.retry_after_s > max(self._patience_s, MAX_DELAY_S):
                    raise _unavailable(failure.cause, f"asks to wait {failure.retry_after_s:.0f} s") from None
                if attempt >= attempts:
                    # A text alone is not to blame for a rate limit.
                    may_blame = len(batch) > 1 or not failure.is_rate_limit
                    if may_blame and await self._answers_others(started_at):
                        # Once more: the service may have come back only now.
                        is_suspected = True
                        continue
                    if waited_s >= self._patience_s:
                        raise _unavailable(failure.cause, f"failed {attempt} times in {waited_s:.0f} s") from None
                await self._wait(failure, attempt)
                started_at = time.monotonic()

    async def _wait(self, failure: RequestFailed, attempt: int) -> None:
        """Wait as long as the service asks, or for an exponential back-off with jitter if that is longer."""
        backoff_s = min(FIRST_DELAY_S * 2 ** (attempt - 1), MAX_DELAY_S) * random.uniform(0.75, 1.5)
        delay_s = max(failure.retry_after_s, backoff_s)
        if failure.is_rate_limit:
            with suppress(EmbeddingFailed):
                await self._limits.pause(delay_s)
        await asyncio.sleep(delay_s)

    async def _answers_others(self, since: float) -> bool:
        """Whether the service has answered another request since then, or answers a probe now."""
        if self._answered_at > since:
            return True
        try:
            await self._request([_PROBE])
        except RequestFailed:
            return False
        return True

    def _refuse(self, refusal: EmbeddingRefused) -> EmbeddingRefused:
        """Return the refusal, and keep it for the requests that wait for the first one."""
        self._is_accepted = False
        self._refused_at = time.monotonic()
        self._refusal = refusal
        return refusal

    async def _request(self, batch: list[_Input]) -> list[Vector]:
        """Request the batch's vectors once.

        Raises:
            RequestFailed: no response, an error, or a response that does not have all vectors.
            EmbeddingRefused: wrong key or no credit.
        """
        tokens = sum(item.tokens for item in batch)
        await asyncio.sleep(await self._limits.reserve(tokens))
        self.usage.calls += 1
        try:
            vectors, counted = await self._send([item.text for item in batch])
        except RESPONSE_ERRORS as error:
            found = read_error(error, is_accepted=self._is_accepted)
            # Not chained: a traceback would show the service's message, which may quote the key.
            raise (self._refuse(found) if isinstance(found, EmbeddingRefused) else found) from None
        self._is_accepted, self._refusal = True, None
        self._answered_at = time.monotonic()
        self.usage.inputs += len(batch)
        self.usage.tokens += counted if counted is not None else tokens
        return vectors

    async def _send(self, texts: list[str]) -> tuple[list[Vector], int | None]:
        """Return the vectors, and the tokens as the service counted them."""
        dimensions = VECTOR_DIMENSIONS if self.model.startswith(_HAS_DIMENSIONS) else openai.omit
        async with asyncio.timeout(TIMEOUT_S):
            raw = await self._client.embeddings.with_raw_response.create(
                model=self.model, input=texts, dimensions=dimensions
            )
        with suppress(EmbeddingFailed):
            # Without the database the response is good all the same.
            await self._limits.update(raw.headers)
        answer = raw.parse()
        by_index = {item.index: item.embedding for item in answer.data}
        if sorted(item.index for item in answer.data) != list(range(len(texts))):
            raise EmbeddingFailed(f"the embedding service did not return one vector for each of {len(texts)} texts")
        vectors = [to_vector(by_index[index]) for index in range(len(texts))]
        self._check_width({len(numbers) for numbers in by_index.values()})
        counted = getattr(answer.usage, "total_tokens", None)
        return vectors, counted if isinstance(counted, int) else None

    def _check_width(self, widths: set[int]) -> None:
        """Raise if the widths differ: once padded, a shorter vector looks like any other."""
        expected = self._width or min(widths)
        if widths != {expected}:
            raise EmbeddingFailed(f"the embedding service returned {sorted(widths)} dimensions instead of {expected}")
        self._width = expected


def _failure_of_text(failure: RequestFailed) -> EmbeddingFailed:
    verb = "rejects the text" if failure.is_rejection else "cannot embed the text"
    return EmbeddingFailed(f"the embedding service {verb}: {failure.cause}")


def _unavailable(cause: str, problem: str) -> EmbeddingUnavailable:
    return EmbeddingUnavailable(
        f"the embedding service {problem} ({cause}); what is stored is kept: resume the build when the service answers"
    )


@asynccontextmanager
async def open_openai_embedder(
    settings: Settings, pool: Pool | None = None, *, patience_s: float = 0.0
) -> AsyncIterator[OpenAIEmbedder]:
    """Open the embedder for OPENAI_API_KEY at OPENAI_BASE_URL; it waits `patience_s` for a service that is down.

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
        yield OpenAIEmbedder(client, settings.embedding_model, RateLimits(pool, account), patience_s)
