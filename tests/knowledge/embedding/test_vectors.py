"""Vectors: unit length, padding, and the page vector as the mean of its chunks'."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.core.database import VECTOR_DIMENSIONS
from tasks.core.errors import EmbeddingFailed
from tasks.knowledge.embedding.embedder import Vector, to_vector
from tasks.knowledge.embedding.page_vector import page_vector

NUMBERS = st.floats(-1e6, 1e6, width=32).map(np.float32)
ROWS = arrays(np.float32, st.integers(1, 32), elements=NUMBERS).filter(lambda row: np.linalg.norm(row) > 1e-3)
VECTORS = ROWS.map(to_vector)
PARTS = st.lists(st.tuples(VECTORS, st.integers(0, 10_000)), min_size=1, max_size=8)


def similarity(one: Vector, other: Vector) -> float:
    """The cosine of two vectors of unit length."""
    return float(one @ other)


@given(row=ROWS, other=ROWS)
def test_padding_and_scaling_leave_the_cosine_unchanged(row: Vector, other: Vector) -> None:
    """Whatever the length, 1536 numbers of unit length come out, as alike as what went in."""
    size = max(row.size, other.size)
    one, two = (np.pad(vector, (0, size - vector.size)).astype(np.float64) for vector in (row, other))
    cosine = one @ two / (np.linalg.norm(one) * np.linalg.norm(two))
    for vector in (to_vector(row), to_vector(other)):
        assert (vector.shape, vector.dtype) == ((VECTOR_DIMENSIONS,), np.float32)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert similarity(to_vector(row), to_vector(other)) == pytest.approx(cosine, abs=1e-4)


@pytest.mark.parametrize(
    "numbers",
    [[], [0.0, 0.0], [1.0, float("nan")], [float("inf")], [float("-inf"), 1.0], [1.0] * 1537, [[1.0], [2.0]]],
    ids=["none", "zero", "nan", "infinite", "minus infinite", "too many", "a table"],
)
def test_what_is_no_vector_is_refused(numbers: list[float]) -> None:
    """Zero, not finite, or too long for the database."""
    with pytest.raises(EmbeddingFailed):
        to_vector(numbers)


@given(overview=VECTORS, parts=PARTS)
@examples(max_examples=50)
def test_a_pages_vector_has_unit_length_whatever_its_parts(overview: Vector, parts: list[tuple[Vector, int]]) -> None:
    """Also when parts cancel each other out, or have no tokens."""
    vector = page_vector(overview, [part for part, _ in parts], [tokens for _, tokens in parts])
    assert (vector.shape, vector.dtype) == ((VECTOR_DIMENSIONS,), np.float32)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@given(order=st.permutations(range(8)))
@examples(max_examples=30)
def test_the_order_of_the_parts_does_not_matter(order: list[int]) -> None:
    """A page is about the same, however its parts are listed."""
    overview, *parts = (to_vector(row) for row in np.random.default_rng(1).normal(size=(9, 64)))
    tokens = [0, 1, 5, 20, 80, 320, 320, 512]
    listed = page_vector(overview, [parts[n] for n in order], [tokens[n] for n in order])
    assert listed == pytest.approx(page_vector(overview, parts, tokens), abs=1e-5)


@given(vector=VECTORS, tokens=st.lists(st.integers(0, 10_000), min_size=1, max_size=10))
def test_a_page_that_says_one_thing_is_about_that(vector: Vector, tokens: list[int]) -> None:
    """Equal parts and an equal overview give that very vector."""
    assert similarity(page_vector(vector, [vector] * len(tokens), tokens), vector) == pytest.approx(1, abs=1e-5)


def test_longer_parts_and_the_overview_weigh_as_they_should() -> None:
    """The longer of two parts is nearer, the shorter still counts, and so does the overview."""
    short, long, overview, strange = (to_vector(row) for row in np.eye(4, dtype=np.float32))
    vector = page_vector(overview, [short, long], [50, 400])
    assert similarity(vector, long) > similarity(vector, short) > 0
    assert similarity(vector, long) > similarity(vector, overview) > 0
    assert similarity(vector, strange) == 0


def test_parts_that_cancel_each_other_out_leave_the_overview() -> None:
    """The page still has a direction."""
    part, overview = (to_vector(row) for row in np.eye(2, dtype=np.float32))
    assert page_vector(overview, [part, -part], [10, 10]) == pytest.approx(overview)
