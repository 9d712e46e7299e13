"""The embedding cache: equal text is embedded once per model, across runs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tasks.core.database import Pool, open_pool
from tasks.core.errors import EmbeddingFailed, EmbeddingRefused, EmbeddingUnavailable
from tasks.knowledge.embedding import openai_embedder
from tasks.knowledge.embedding.embedder import Usage, Vector, to_vector
from tasks.knowledge.embedding.embedding_cache import embed_cached
from tasks.knowledge.embedding.openai_embedder import OpenAIEmbedder, open_openai_embedder
from tasks.knowledge.indexing.chunks import text_hash
from tests.conftest import MakeSettings
from tests.knowledge.material import count, vector_of
from tests.sites.openai_server import Next, OpenAIServer, serve_openai


class CountingEmbedder:
    """A test model: its vectors are the text's letters, and it counts its inputs."""

    def __init__(self, model: str | None = None) -> None:
        self.model = model or uuid4().hex
        self.price = 1.0
        self.usage = Usage()
        self.embedded: Counter[str] = Counter()

    async def embed(
        self, texts: Sequence[str], *, into: list[Vector | EmbeddingFailed] | None = None
    ) -> list[Vector | EmbeddingFailed]:
        """A vector for each text; one that is empty has a failure."""
        self.embedded.update(texts)
        results = into if into is not None else []
        results += [
            to_vector([byte + 1.0 for byte in text.encode()]) if text else EmbeddingFailed("empty") for text in texts
        ]
        return results


def by_hash(*texts: str) -> dict[str, str]:
    """Texts as the cache takes them."""
    return {text_hash(text): text for text in texts}


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """A server that speaks OpenAI's protocol."""
    async with serve_openai() as server:
        yield server


@pytest.fixture
async def openai(server: OpenAIServer, settings: MakeSettings) -> AsyncIterator[OpenAIEmbedder]:
    """The real client at that server."""
    made = settings(openai_api_key="sk-test", openai_base_url=server.base_url)
    async with open_openai_embedder(made) as embedder:
        yield embedder


async def test_equal_text_is_paid_for_once(pool: Pool, openai: OpenAIEmbedder, server: OpenAIServer) -> None:
    """The second time the service is not asked at all, and the vector is the same to the last bit."""
    texts = by_hash(*(f"text {uuid4().hex}" for _ in range(5)))
    first = await embed_cached(pool, openai, texts)
    again = await embed_cached(pool, openai, texts)
    assert (server.calls, server.embedded) == (1, 5)
    for content_hash in texts:
        one, other = vector_of(first[content_hash]), vector_of(again[content_hash])
        assert one.dtype == other.dtype == np.float32
        assert np.array_equal(one, other)


async def test_only_what_is_unknown_is_embedded(pool: Pool, openai: OpenAIEmbedder, server: OpenAIServer) -> None:
    """Known and new texts mixed: the new ones alone are sent."""
    known, new = uuid4().hex, uuid4().hex
    await embed_cached(pool, openai, by_hash(known))
    vectors = await embed_cached(pool, openai, by_hash(known, new))
    assert server.embedded == 2
    for text in (known, new):
        expected = vector_of((await openai.embed([text]))[0])
        assert np.array_equal(vector_of(vectors[text_hash(text)]), expected)


async def test_another_models_vector_is_not_used(pool: Pool) -> None:
    """The cache key is hash and model."""
    one, other = CountingEmbedder(), CountingEmbedder()
    for embedder in (one, other, one, other):
        await embed_cached(pool, embedder, by_hash("beans"))
    assert one.embedded == other.embedded == Counter({"beans": 1})


@given(batches=st.lists(st.lists(st.text(max_size=3), max_size=8, unique=True), max_size=5))
@examples(max_examples=30)
async def test_hits_and_misses_never_change_places(pool: Pool, batches: list[list[str]]) -> None:
    """In any order of requests each text gets its own vector or failure, and a text with a vector is embedded once."""
    embedder, plain = CountingEmbedder(), CountingEmbedder()
    for texts in batches:
        results = await embed_cached(pool, embedder, by_hash(*texts))
        assert set(results) == set(by_hash(*texts))
        for text, expected in zip(texts, await plain.embed(texts), strict=True):
            result = results[text_hash(text)]
            if isinstance(expected, EmbeddingFailed):
                assert isinstance(result, EmbeddingFailed)
            else:
                assert np.array_equal(vector_of(result), expected)
    assert all(times == 1 for text, times in embedder.embedded.items() if text)


async def test_writers_at_the_same_moment_do_not_fail(pool: Pool) -> None:
    """Eight runs with the same new texts in different orders: no deadlock, one row a text."""
    embedder = CountingEmbedder()
    texts = [f"text {n}" for n in range(60)]
    orders = [texts, texts[::-1], texts[30:] + texts[:30], texts[::2] + texts[1::2]] * 2
    results = await asyncio.gather(*(embed_cached(pool, embedder, by_hash(*order)) for order in orders))
    for order, result in zip(orders, results, strict=True):
        assert list(by_hash(*order)) == sorted(result, key=list(by_hash(*order)).index)
    assert await count(pool, "SELECT count(*) FROM embedding_cache WHERE model = %s", embedder.model) == 60


async def test_a_failure_is_not_cached(pool: Pool, openai: OpenAIEmbedder, server: OpenAIServer) -> None:
    """A rejected text is tried again next time; its neighbours are cached."""
    good, bad = f"good {uuid4().hex}", f"poison {uuid4().hex}"
    server.refused_words = {"poison"}
    first = await embed_cached(pool, openai, by_hash(good, bad))
    assert isinstance(first[text_hash(bad)], EmbeddingFailed)
    server.refused_words, before = set(), server.embedded
    again = await embed_cached(pool, openai, by_hash(good, bad))
    assert np.array_equal(vector_of(again[text_hash(good)]), vector_of(first[text_hash(good)]))
    assert vector_of(again[text_hash(bad)]).shape == (1536,)
    assert server.embedded == before + 1


@pytest.mark.parametrize("order", [Next.too_few, Next.wrong_dimensions, Next.not_finite])
async def test_nothing_of_an_invalid_response_is_cached(
    pool: Pool, openai: OpenAIEmbedder, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, order: Next
) -> None:
    """Not even the vectors that look right."""
    monkeypatch.setattr(openai_embedder, "FIRST_DELAY_S", 0.01)
    texts = by_hash(*(uuid4().hex for _ in range(3)))
    server.then(*[order] * (openai_embedder.ATTEMPTS + 1))
    with pytest.raises(EmbeddingUnavailable):
        await embed_cached(pool, openai, texts)
    query = "SELECT count(*) FROM embedding_cache WHERE content_hash = ANY(%s)"
    assert await count(pool, query, list(texts)) == 0


async def test_what_is_paid_for_is_cached_before_an_error_ends_the_build(
    pool: Pool, openai: OpenAIEmbedder, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account is empty at the third of five requests: the next attempt pays for three, not for five."""
    monkeypatch.setattr(openai_embedder, "MAX_INPUTS", 1)
    texts = by_hash(*(uuid4().hex for _ in range(5)))
    server.then(Next.reversed, Next.reversed, Next.insufficient_quota)
    with pytest.raises(EmbeddingRefused):
        await embed_cached(pool, openai, texts)
    await embed_cached(pool, openai, texts)
    assert server.embedded == 5


async def test_a_database_out_of_reach_may_be_tried_again(database_url: str) -> None:
    """Nothing is embedded without a lookup."""
    embedder = CountingEmbedder()
    async with open_pool(database_url) as closed:
        pass
    with pytest.raises(EmbeddingFailed, match="out of reach") as caught:
        await embed_cached(closed, embedder, by_hash("beans"))
    assert caught.value.retriable
    assert not embedder.embedded


async def test_no_texts_are_no_work(pool: Pool) -> None:
    """Nothing in, nothing out, nothing asked."""
    assert await embed_cached(pool, CountingEmbedder(), {}) == {}
