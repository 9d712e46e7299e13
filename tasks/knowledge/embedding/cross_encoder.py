"""The cross-encoder: reads a question and a text together, and corrects the odds that the text answers it.

Its rating is added to the log-odds of the answer model (`answering/evidence/answer_model.py`). `cross_encoder.onnx` is
all-MiniLM-L6-v2 whose four upper layers and rating were learned by `python -m tests.benchmarks.learn_cross_encoder`
(Nogueira and Cho: "Passage Re-ranking with BERT", 2019). Its weights are whole numbers of seven bits, and multiplied as
such: 3 times as fast as floats. It reads English, and glosses of other languages.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("cross_encoder.onnx")
MAX_TOKENS = 112
MAX_QUESTION_TOKENS = 40
BATCH = 4
"""Pairs read at once: more would mostly read padding."""
_CLS, _SEP = 101, 102

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


def pad_pairs(pairs: Sequence[Pair]) -> Iterator[tuple[Sequence[int], Mapping[str, Ints]]]:
    """Yield batches of similar length: the pairs' indexes, and their `ids`, `types` and `mask`, a row each."""
    order = sorted(range(len(pairs)), key=lambda at: len(pairs[at].ids))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        ids, types, mask = (np.zeros((len(batch), len(pairs[batch[-1]].ids)), np.int64) for _ in range(3))
        for row, at in enumerate(batch):
            length = len(pairs[at].ids)
            ids[row, :length], types[row, :length], mask[row, :length] = pairs[at].ids, pairs[at].types, 1
        yield batch, {"ids": ids, "types": types, "mask": mask}


class CrossEncoder:
    """The loaded model; one thread at a time."""

    def __init__(self, session: Any, tokenizer: Any) -> None:
        self._session, self._tokenizer = session, tokenizer

    def rate(self, question: str, texts: Sequence[str]) -> Floats:
        """Return what each text's log-odds to answer the question gain or lose. Takes some 4 ms a text."""
        rated = np.zeros(len(texts), np.float32)
        for batch, given in pad_pairs([encode_pair(self._tokenizer, question, text) for text in texts]):
            rated[list(batch)] = self._session.run(["gain"], given)[0]
        return rated
