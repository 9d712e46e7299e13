"""The cross-encoder: reads a question and a text together, and corrects the odds that the text answers it.

Its rating is added to the log-odds of the answer model (`answering/evidence/answer_model.py`). The packaged sentence
model reads the pair in its first two layers; the four layers above and the rating were learned by
`python -m tests.benchmarks.learn_cross_encoder` (Nogueira and Cho: "Passage Re-ranking with BERT", 2019). They are
`cross_encoder.onnx`, with weights of eight bits. It reads English, and glosses of other languages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("cross_encoder.onnx")
LOWER_LAYERS = 2
LOWER_OUTPUT = "layer_norm_4"
"""The packaged model's value after its second layer: token states of 384 dimensions."""
MAX_TOKENS = 112
MAX_QUESTION_TOKENS = 40
BATCH = 4
"""Pairs read at once: more would mostly read padding."""
_CLS, _SEP = 101, 102
_FLOAT = 1

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """The tokens of a question and a text, and which of both each belongs to."""

    ids: list[int]
    types: list[int]


def encode_pair(tokenizer: Any, question: str, text: str) -> Pair:
    """Return the tokens of a pair; `tokenizer` neither truncates nor pads."""
    asked = _encode(tokenizer, question)[:MAX_QUESTION_TOKENS]
    said = _encode(tokenizer, text)[: MAX_TOKENS - 3 - len(asked)]
    return Pair([_CLS, *asked, _SEP, *said, _SEP], [0] * (len(asked) + 2) + [1] * (len(said) + 1))


def _encode(tokenizer: Any, text: str) -> list[int]:
    # Half an emoji is no Unicode: the tokenizer refuses it.
    found: list[int] = tokenizer.encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False).ids
    return found


def with_lower_output(model: bytes) -> bytes:
    """Return the packaged model with the states after its lower layers as a second output.

    A message of protocol buffers appended to another is merged with it, and repeated fields are joined
    (protobuf.dev/programming-guides/encoding, "Last One Wins"): no library for ONNX is needed.
    """
    element = _field(1, _varint_field(1, _FLOAT))  # TypeProto.tensor_type.elem_type
    output = _field(1, LOWER_OUTPUT.encode()) + _field(2, element)  # ValueInfoProto: name, type
    return model + _field(7, _field(12, output))  # ModelProto.graph, GraphProto.output


def _field(number: int, content: bytes) -> bytes:
    assert len(content) < 128, "lengths of one byte suffice here"
    return bytes([number << 3 | 2, len(content)]) + content


def _varint_field(number: int, value: int) -> bytes:
    return bytes([number << 3, value])


def read_lower(session: Any, pairs: Sequence[Pair]) -> Iterator[tuple[Sequence[int], Floats, Floats]]:
    """Yield batches of similar length: the pairs' indexes, their states, and the mask of their tokens."""
    order = sorted(range(len(pairs)), key=lambda at: len(pairs[at].ids))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        ids, types, mask = (np.zeros((len(batch), len(pairs[batch[-1]].ids)), np.int64) for _ in range(3))
        for row, at in enumerate(batch):
            length = len(pairs[at].ids)
            ids[row, :length], types[row, :length], mask[row, :length] = pairs[at].ids, pairs[at].types, 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        (states,) = session.run([LOWER_OUTPUT], given)
        yield batch, states, mask.astype(np.float32)


class CrossEncoder:
    """The loaded upper layers, on top of the sentence model's session; one thread at a time."""

    def __init__(self, lower: Any, upper: Any, tokenizer: Any) -> None:
        self._lower, self._upper, self._tokenizer = lower, upper, tokenizer

    def rate(self, question: str, texts: Sequence[str]) -> Floats:
        """Return what each text's log-odds to answer the question gain or lose. Takes some 10 ms a text."""
        pairs = [encode_pair(self._tokenizer, question, text) for text in texts]
        rated = np.zeros(len(pairs), np.float32)
        for batch, states, mask in read_lower(self._lower, pairs):
            rated[list(batch)] = self._upper.run(None, {"states": states, "mask": mask})[0]
        return rated
