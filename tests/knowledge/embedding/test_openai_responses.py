"""The embedder behind OpenAI's protocol: invalid responses and services out of reach."""

import asyncio
import json
import traceback

import pytest
from aiohttp import web

from tasks.core.errors import EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable
from tasks.knowledge.embedding import openai_embedder, openai_errors
from tasks.knowledge.embedding.openai_embedder import OpenAIEmbedder, open_openai_embedder
from tests.conftest import MakeSettings
from tests.knowledge.embedding.conftest import KEY, MODEL, embedder_at, vectors

pytestmark = pytest.mark.usefixtures("impatient")


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
