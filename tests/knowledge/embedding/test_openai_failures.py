"""The embedder behind OpenAI's protocol: rejections, retries and partial results."""

import asyncio

import numpy as np
import pytest
from aiohttp import web

from tasks.core.errors import EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable
from tasks.knowledge.embedding import openai_embedder
from tasks.knowledge.embedding.embedder import Vector
from tasks.knowledge.embedding.openai_embedder import ATTEMPTS, OpenAIEmbedder, open_openai_embedder
from tests.conftest import MakeSettings
from tests.knowledge.embedding.conftest import KEY, embedder_at, expected, vectors
from tests.knowledge.material import vector_of
from tests.sites.openai_server import Next, OpenAIServer, embed

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize(
    ("order", "cause"), [(Next.invalid_api_key, "invalid_api_key"), (Next.insufficient_quota, "insufficient_quota")]
)
async def test_a_rejected_account_fails_without_a_retry(
    embedder: OpenAIEmbedder, server: OpenAIServer, order: Next, cause: str
) -> None:
    """One call, no retry: asking again cannot help, and may cost."""
    server.then(order)
    with pytest.raises(EmbeddingRefused, match=cause):
        await embedder.embed(["beans"])
    assert server.calls == 1


async def test_an_unknown_model_is_a_refusal(settings: MakeSettings, server: OpenAIServer) -> None:
    """404: no text of any page will ever be embedded."""
    made = settings(openai_api_key=KEY, openai_base_url=server.base_url, embedding_model="text-embedding-9")
    async with open_openai_embedder(made) as embedder:
        with pytest.raises(EmbeddingRefused, match="model_not_found"):
            await embedder.embed(["beans"])
    assert server.calls == 1


async def test_an_unsupported_parameter_is_a_refusal(settings: MakeSettings) -> None:
    """A server without `dimensions` is not asked again with every single text."""
    calls = 0

    async def answer(_request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        error = {"message": "Unknown.", "type": "invalid_request_error", "param": "dimensions", "code": None}
        return web.json_response({"error": error}, status=400)

    async with embedder_at(answer, settings) as embedder:
        with pytest.raises(EmbeddingRefused, match="dimensions"):
            await embedder.embed(["one", "two", "three"])
    assert calls == 1


@pytest.mark.parametrize("order", [Next.rate_limited, Next.server_error, Next.hang_up])
async def test_a_transient_error_is_retried(embedder: OpenAIEmbedder, server: OpenAIServer, order: Next) -> None:
    """Two errors in a row, then a success: the caller gets its vectors."""
    server.then(order, order)
    assert np.allclose(await vectors(embedder, ["beans"]), expected(["beans"]), atol=1e-6)
    assert server.calls == 3


@pytest.mark.parametrize(
    ("order", "cause"),
    [(Next.rate_limited, "rate_limit_exceeded"), (Next.server_error, "server_error"), (Next.hang_up, "no connection")],
)
async def test_a_lasting_error_is_reported_with_its_cause(
    embedder: OpenAIEmbedder, server: OpenAIServer, order: Next, cause: str
) -> None:
    """After the last attempt, when another text is not embedded either; the next request succeeds."""
    server.then(*[order] * (ATTEMPTS + 1))
    with pytest.raises(EmbeddingUnavailable, match=f"{ATTEMPTS} times.*{cause}.*resume the build"):
        await embedder.embed(["beans"])
    server.then()
    await vectors(embedder, ["beans"])
    assert server.calls <= ATTEMPTS + 2


async def test_a_rate_limit_is_waited_out(embedder: OpenAIEmbedder, server: OpenAIServer) -> None:
    """No request before the time in `Retry-After`."""
    server.retry_after = "0.4"
    server.then(Next.rate_limited)
    clock = asyncio.get_running_loop().time
    began = clock()
    await vectors(embedder, ["beans"])
    assert clock() - began >= 0.4


@pytest.mark.parametrize("retry_after", ["86400", "100000", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_service_that_asks_to_wait_for_long_is_unavailable(
    embedder: OpenAIEmbedder, server: OpenAIServer, retry_after: str
) -> None:
    """After one call, with the cause."""
    server.retry_after = retry_after
    server.then(Next.rate_limited)
    with pytest.raises(EmbeddingUnavailable, match=r"asks to wait \d+ s \(rate_limit_exceeded\).*resume the build"):
        await embedder.embed(["beans"])
    assert server.calls == 1


@pytest.mark.parametrize("retry_after", ["1e999", "Sun, 06 Nov 1994 08:49:37 GMT", "soon", "nan", "-5", "²", ""])
async def test_an_odd_retry_after_is_ignored(embedder: OpenAIEmbedder, server: OpenAIServer, retry_after: str) -> None:
    """Past, garbage: the request is tried again soon, and succeeds."""
    server.retry_after = retry_after
    server.then(Next.rate_limited)
    async with asyncio.timeout(10):
        await vectors(embedder, ["beans"])
    assert server.calls == 2


async def test_a_poisonous_text_fails_alone(embedder: OpenAIEmbedder, server: OpenAIServer) -> None:
    """Two of thirty are rejected: the others have their vectors, in their places."""
    server.refused_words = {"poison"}
    texts = [f"poison {n}" if n in (3, 17) else f"text {n}" for n in range(30)]
    results = await embedder.embed(texts)
    for n, result in enumerate(results):
        if n in (3, 17):
            assert isinstance(result, EmbeddingFailed)
            assert not result.retriable
            assert "poison" not in str(result)
        else:
            assert vector_of(result) == pytest.approx(embed(texts[n], 1536), abs=1e-6)
    assert server.calls <= 2 * 2 * 5 + 1


ODD = [Next.too_few, Next.wrong_dimensions, Next.not_finite, Next.zero, Next.twice]
"""Responses without a right vector for each text."""


@pytest.mark.parametrize("order", ODD)
async def test_an_odd_response_is_retried(embedder: OpenAIEmbedder, server: OpenAIServer, order: Next) -> None:
    """A vector is missing, short, NaN, zero or given twice: the request is repeated, and its response is taken."""
    server.then(order)
    assert np.allclose(await vectors(embedder, ["one", "two"]), expected(["one", "two"]), atol=1e-6)
    assert server.calls == 2


@pytest.mark.parametrize("order", [*ODD, Next.server_error, Next.hang_up, Next.too_large, Next.unprocessable])
async def test_a_text_that_spoils_its_batch_fails_alone(
    embedder: OpenAIEmbedder, server: OpenAIServer, order: Next
) -> None:
    """One of thirty, at every attempt: it gets a failure with the cause, the others their vectors."""
    server.spoiled_words = {"poison": order}
    texts = ["poison" if n == 17 else f"text {n}" for n in range(30)]
    results = await embedder.embed(texts)
    for n, result in enumerate(results):
        if n == 17:
            assert isinstance(result, EmbeddingFailed)
            assert "poison" not in str(result)
        else:
            assert vector_of(result) == pytest.approx(embed(texts[n], 1536), abs=1e-6)
    # Each level of halving costs a few requests, not one a text.
    assert server.calls <= ATTEMPTS + 2 + 5 * (openai_embedder.HALF_ATTEMPTS + 3)


@pytest.mark.parametrize("status", [Next.too_large, Next.unprocessable])
async def test_a_batch_that_is_too_large_is_halved_and_the_size_kept(
    embedder: OpenAIEmbedder, server: OpenAIServer, status: Next
) -> None:
    """A server that takes 32 inputs: 100 texts are embedded, and later requests have no more than what passed."""
    server.most_inputs, server.too_many = 32, status
    texts = [f"text {n}" for n in range(100)]
    assert np.allclose(await vectors(embedder, texts), expected(texts), atol=1e-6)
    assert server.refused_sizes == [100, 50]
    await vectors(embedder, texts)
    assert server.refused_sizes == [100, 50]
    assert server.largest_batch == 25


@pytest.mark.parametrize("order", [Next.server_error, Next.hang_up, Next.rate_limited, Next.not_finite])
async def test_a_service_that_is_down_for_a_while_is_waited_for(
    settings: MakeSettings, server: OpenAIServer, order: Next
) -> None:
    """No text is blamed while the service answers nothing, not even a probe."""
    made = settings(openai_api_key=KEY, openai_base_url=server.base_url)
    async with open_openai_embedder(made, patience_s=60) as embedder:
        server.then(*[order] * 3 * ATTEMPTS)
        assert np.allclose(await vectors(embedder, ["beans"]), expected(["beans"]), atol=1e-6)


async def test_what_a_request_has_given_outlives_a_later_error(
    embedder: OpenAIEmbedder, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request's vectors are there when the second finds the account empty."""
    monkeypatch.setattr(openai_embedder, "MAX_INPUTS", 2)
    server.then(Next.reversed, Next.insufficient_quota)
    results: list[Vector | EmbeddingFailed] = []
    with pytest.raises(EmbeddingRefused):
        await embedder.embed(["one", "two", "three"], into=results)
    assert np.allclose([vector_of(result) for result in results], expected(["one", "two"]), atol=1e-6)
