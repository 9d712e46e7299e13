"""The local model: the same vector for the same text, near for what is alike, without key or network."""

import asyncio
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tasks.core.errors import CallFailed, EmbeddingFailed
from tasks.knowledge.embedding.embedder import Vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.embedding.open_embedder import open_embedder
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tests.conftest import MakeSettings
from tests.knowledge.material import ANY_TEXT, vector_of

EMBEDDER = LocalEmbedder(None)
TEXTS = ANY_TEXT.filter(bool)


async def embed(*texts: str) -> list[Vector]:
    """Vectors of texts that have one."""
    return [vector_of(result) for result in await EMBEDDER.embed(texts)]


async def test_without_a_key_the_local_model_embeds(settings: MakeSettings) -> None:
    """The default settings choose it, under its model's name."""
    async with open_embedder(settings(), None) as embedder:
        assert isinstance(embedder, LocalEmbedder)
        assert embedder.model == LOCAL_MODEL


@given(text=TEXTS)
@examples(max_examples=50)
async def test_any_text_has_a_vector_of_unit_length_and_always_the_same(text: str) -> None:
    """Control characters, lone surrogates, any script: 1536 numbers, equal every time."""
    one, again = await embed(text, text)
    assert (one.shape, one.dtype) == ((1536,), np.float32)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(one, again)
    assert np.array_equal(one, (await embed(text))[0])


@given(texts=st.lists(TEXTS, max_size=12))
@examples(max_examples=30)
async def test_many_texts_at_once_are_as_one_at_a_time(texts: list[str]) -> None:
    """In order, whatever the neighbours."""
    together = await embed(*texts)
    alone = [(await embed(text))[0] for text in texts]
    assert len(together) == len(texts)
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("The cat sleeps on the sofa.", "A kitten naps on the couch.", "Interest rates rose again last quarter."),
        ("How do I send a parcel back?", "Returns: return your package", "Our roastery opens at nine."),
        ("Python's list can be sorted", "sort() orders a list in place", "The hotel has a swimming pool"),
    ],
)
async def test_similar_texts_are_nearer_than_unrelated_ones(text: str, near: str, far: str) -> None:
    """By a clear margin, with other words for the same thing."""
    one, alike, unlike = await embed(text, near, far)
    assert one @ alike > one @ unlike + 0.1


async def test_an_empty_text_has_no_vector_and_harms_no_other() -> None:
    """A failure in its place, the neighbours' vectors in theirs."""
    first, failure, last = await EMBEDDER.embed(["one", "", "two"])
    assert isinstance(failure, EmbeddingFailed)
    assert not failure.retriable
    assert np.array_equal(np.stack([vector_of(first), vector_of(last)]), np.stack(await embed("one", "two")))


async def test_no_texts_are_no_work() -> None:
    """Nothing in, nothing out."""
    assert await EMBEDDER.embed([]) == []


async def test_a_text_of_a_megabyte_is_embedded_whole() -> None:
    """Its end counts as much as its beginning."""
    beginning = "coffee " * 100_000
    plain, other = await embed(beginning, beginning + "hotel pool " * 50_000)
    assert plain @ other < 0.99


async def test_work_is_done_on_the_executor_it_was_given() -> None:
    """Another process or thread gives the same vector, several calls at once."""
    with ThreadPoolExecutor(2) as threads:
        embedder = LocalEmbedder(threads)
        results = await asyncio.gather(*(embedder.embed(["one " * 500, "two"]) for _ in range(8)))
    expected = np.stack(await embed("one " * 500, "two"))
    assert all(np.array_equal(np.stack([vector_of(row) for row in result]), expected) for result in results)


class Crashing(Executor):
    """An executor whose child process dies with every call."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """A future that has failed as `Processes` says it."""
        future: Future[Any] = Future()
        future.set_exception(CallFailed("its process crashed", retriable=True))
        return future


async def test_a_crashed_child_process_is_retriable() -> None:
    """The error is the page's, and retriable."""
    with pytest.raises(EmbeddingFailed, match="crashed") as caught:
        await LocalEmbedder(Crashing()).embed(["text " * 1_000])
    assert caught.value.retriable
