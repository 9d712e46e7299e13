"""The embedder behind OpenAI's protocol: batches, limits and order."""

import asyncio

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tasks.knowledge.embedding import openai_embedder
from tasks.knowledge.embedding.open_embedder import open_embedder
from tasks.knowledge.embedding.openai_embedder import MAX_INPUT_TOKENS, OpenAIEmbedder, open_openai_embedder
from tests.conftest import MakeSettings
from tests.knowledge.embedding.conftest import KEY, MODEL, expected, vectors
from tests.knowledge.material import ANY_TEXT, vector_of
from tests.sites.openai_server import Next, OpenAIServer, embed

pytestmark = pytest.mark.usefixtures("impatient")


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
