"""The embedder behind OpenAI's protocol: limits, retries, rejections and invalid responses."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tasks.core.errors import EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable
from tasks.knowledge.embedding import openai_embedder, openai_errors
from tasks.knowledge.embedding.embedder import Vector
from tasks.knowledge.embedding.open_embedder import open_embedder
from tasks.knowledge.embedding.openai_embedder import ATTEMPTS, MAX_INPUT_TOKENS, OpenAIEmbedder, open_openai_embedder
from tests.conftest import MakeSettings
from tests.knowledge.material import ANY_TEXT, vector_of
from tests.sites.openai_server import Next, OpenAIServer, embed, serve_openai
from tests.sites.server import Handler, serve_handler

KEY = "sk-of-the-owner"
MODEL = "text-embedding-3-small"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the delays between retries."""
    monkeypatch.setattr(openai_embedder, "FIRST_DELAY_S", 0.01)


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


async def test_with_a_key_openai_embeds(settings: MakeSettings, server: OpenAIServer) -> None:
    """The settings choose OpenAI's embedder, under the model's name."""
    made = settings(openai_api_key=KEY, openai_base_url=server.base_url)
    async with open_embedder(made, None) as embedder:
        assert isinstance(embedder, OpenAIEmbedder)
        assert embedder.model == MODEL
        (vector,) = await embedder.embed(["beans"])
    assert vector_of(vector) == pytest.approx(embed("beans", 1536), abs=1e-6)


@pytest.mark.parametrize("model", ["text-embedding-3-large", "text-embedding-ada-002"])
async def test_each_model_gives_vectors_that_fit(settings: MakeSettings, server: OpenAIServer, model: str) -> None:
    """The wide model is asked for 1536 dimensions; the old one, which lacks the parameter, is not."""
    made = settings(openai_api_key=KEY, openai_base_url=server.base_url, embedding_model=model)
    async with open_openai_embedder(made) as embedder:
        (vector,) = await embedder.embed(["beans"])
    assert np.linalg.norm(vector_of(vector)) == pytest.approx(1, abs=1e-5)


async def test_no_texts_are_no_call(embedder: OpenAIEmbedder, server: OpenAIServer) -> None:
    """Nothing in, nothing out."""
    assert await embedder.embed([]) == []
    assert server.calls == 0


async def test_2049_texts_are_two_legal_requests(embedder: OpenAIEmbedder, server: OpenAIServer) -> None:
    """The 2,048 inputs of one request are used and not passed; all come back in order."""
    texts = [f"text {n}" for n in range(2_049)]
    results = await embedder.embed(texts)
    assert (server.calls, server.largest_batch, server.embedded) == (2, 2_048, 2_049)
    for n in (0, 1, 2_047, 2_048):
        assert vector_of(results[n]) == pytest.approx(embed(texts[n], 1536), abs=1e-6)


async def test_300001_tokens_are_two_legal_requests(embedder: OpenAIEmbedder, server: OpenAIServer) -> None:
    """300,000 tokens pass in one request, one more makes a second."""
    whole = [" word" * 7_500] * 40
    await embedder.embed(whole)
    assert (server.calls, server.tokens) == (1, 300_000)
    await embedder.embed([*whole, " word"])
    assert (server.calls, server.tokens) == (3, 600_001)


@pytest.mark.parametrize("tokens", [MAX_INPUT_TOKENS - 1, MAX_INPUT_TOKENS, MAX_INPUT_TOKENS + 1])
async def test_a_text_that_is_too_long_is_cut_and_never_dropped(
    embedder: OpenAIEmbedder, server: OpenAIServer, tokens: int
) -> None:
    """8,191, 8,192 and 8,193 tokens: the last is sent as 8,192."""
    (vector,) = await embedder.embed([" word" * tokens])
    assert vector_of(vector).shape == (1536,)
    assert (server.calls, server.tokens) == (1, min(tokens, MAX_INPUT_TOKENS))


async def test_texts_the_protocol_does_not_take_have_a_vector_all_the_same(embedder: OpenAIEmbedder) -> None:
    """Empty, half an emoji, NUL: none spoils the request."""
    results = await embedder.embed(["", "half \ud83d", "be\0ans", "\0", "beans"])
    assert [vector_of(result).shape for result in results] == [(1536,)] * 5
    assert vector_of(results[2]).tolist() == vector_of(results[4]).tolist()


@given(texts=st.lists(ANY_TEXT | st.text(max_size=60), max_size=12))
@examples(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_batches_keep_limits_and_order(
    embedder: OpenAIEmbedder, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, texts: list[str]
) -> None:
    """With small limits any texts come back as they do one at a time, in batches no larger than allowed."""
    alone = [(await vectors(embedder, [text]))[0] for text in texts]
    with monkeypatch.context() as patch:
        patch.setattr(openai_embedder, "MAX_INPUTS", 3)
        patch.setattr(openai_embedder, "MAX_REQUEST_TOKENS", 100)
        server.largest_batch = 0
        together = await vectors(embedder, texts)
    assert server.largest_batch <= 3
    assert len(together) == len(alone)
    assert np.allclose(together, alone, atol=1e-6)


async def test_vectors_go_by_index_not_by_place(embedder: OpenAIEmbedder, server: OpenAIServer) -> None:
    """A response in reverse order is sorted by index."""
    server.then(Next.reversed)
    texts = ["one", "two", "three"]
    assert np.allclose(await vectors(embedder, texts), expected(texts), atol=1e-6)


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


def item(index: object = 0, embedding: object = None) -> dict[str, object]:
    """One vector as the protocol has it."""
    return {"object": "embedding", "index": index, "embedding": embedding or [1.0] + [0.0] * 1535}


def answer_of(*items: object) -> str:
    """A whole answer."""
    return json.dumps({"object": "list", "model": MODEL, "data": list(items), "usage": {}})


NONSENSE = [
    "<html>Log in to the network first</html>",
    "",
    "null",
    "[]",
    "{}",
    '{"data": null}',
    answer_of(),
    answer_of(None, None),
    answer_of(item(0)),
    answer_of(item(0), item(0)),
    answer_of(item(0), item(1), item(1)),
    answer_of(item(0), item(2)),
    answer_of(item("a"), item(None)),
    answer_of(item(0), item(1, "no base64!")),
    answer_of(item(0), item(1, "AAAA")),
    answer_of(item(0), item(1, ["a", "b"])),
    answer_of(item(0), item(1, [[1.0]])),
    answer_of(item(0), item(1, {"a": 1})),
    answer_of(item(0), item(1, [0.0] * 1536)),
    answer_of(item(0), item(1, [1.0] * 3072)),
]
"""Answers to two texts, none of which gives two vectors of 1536 numbers."""


@pytest.mark.parametrize("content_type", ["application/json", "text/html"])
async def test_an_invalid_response_is_a_failure(settings: MakeSettings, content_type: str) -> None:
    """Whatever a proxy or another server sends is told as its error, not as an exception of the program."""
    body = ""

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=body, content_type=content_type)

    async with embedder_at(answer, settings) as embedder:
        for body in NONSENSE:
            try:
                results = await embedder.embed(["one", "two"])
            except EmbeddingUnavailable:
                continue
            # One vector is too few for two texts, and right for each of them alone.
            assert body == answer_of(item(0)) or all(isinstance(result, EmbeddingFailed) for result in results)


async def test_a_model_keeps_its_width(settings: MakeSettings) -> None:
    """Vectors of a shorter model, padded, would pass for the first model's; they are rejected."""
    widths = (8, 8)

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = len((await request.json())["input"])
        items = [item(n, [1.0] * width) for n, width in enumerate(widths[-asked:])]
        return web.Response(text=answer_of(*items), content_type="application/json")

    async with embedder_at(answer, settings, "nomic-embed-text") as embedder:
        first = await vectors(embedder, ["one", "two"])
        for odd in ((8, 7), (7, 7)):
            widths = odd
            with pytest.raises(EmbeddingUnavailable, match="instead of 8"):
                await embedder.embed(["one", "two"])
        widths = (8, 8)
        assert await vectors(embedder, ["one", "two"]) == first


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "dripping"])
async def test_a_service_that_stalls_is_given_up(
    settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, drips: bool
) -> None:
    """No response, or a byte now and then: an error after the timeout."""
    for module in (openai_embedder, openai_errors):
        monkeypatch.setattr(module, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(openai_embedder, "ATTEMPTS", 2)
    calls = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal calls
        calls += 1
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if drips:
            await response.prepare(request)
        for _ in range(100):
            await asyncio.sleep(0.05)
            if drips:
                await response.write(b" ")
        return response

    async with embedder_at(answer, settings) as embedder, asyncio.timeout(3):
        with pytest.raises(EmbeddingUnavailable, match=r"2 times.*timeout after 0\.3s"):
            await embedder.embed(["beans"])
    # The last is the probe.
    assert calls == 3


async def test_a_missing_service_is_reported_as_no_connection(settings: MakeSettings) -> None:
    """Nothing listens at the address."""
    made = settings(openai_api_key=KEY, openai_base_url="http://127.0.0.1:9/v1")
    async with open_openai_embedder(made) as embedder:
        with pytest.raises(EmbeddingUnavailable, match="no connection"):
            await embedder.embed(["beans"])


@pytest.mark.parametrize("code", [None, KEY])
async def test_neither_key_nor_text_is_in_an_error(settings: MakeSettings, code: str | None) -> None:
    """Also when the service quotes both, in its message or in the place of a code."""
    status = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        message = f"Wrong: {request.headers['Authorization']} with {await request.text()}"
        return web.json_response({"error": {"message": message, "type": code, "code": code}}, status=status)

    async with embedder_at(answer, settings) as embedder:
        for status in (400, 401, 403, 404, 409, 413, 422, 429, 500, 503):
            said = await failure_message(embedder, "secret beans")
            assert f"HTTP {status}" in said
            assert KEY not in said
            assert "beans" not in said


async def failure_message(embedder: OpenAIEmbedder, text: str) -> str:
    """The embedder's error for a text that it could not embed."""
    try:
        (result,) = await embedder.embed([text])
    except (EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable) as error:
        # Also a traceback, where it is logged.
        return "".join(traceback.format_exception(error))
    assert isinstance(result, EmbeddingFailed)
    return str(result)


async def test_cancelling_ends_the_call(embedder: OpenAIEmbedder, server: OpenAIServer) -> None:
    """A cancelled build waits for no response, and the cancellation is not taken for a timeout."""
    server.delay_s = 5
    asked = asyncio.create_task(embedder.embed(["beans"]))
    done, _ = await asyncio.wait([asked], timeout=0.2)
    assert not done
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert server.calls == 1
