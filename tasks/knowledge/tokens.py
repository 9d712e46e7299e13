"""Counting tokens the way the embedding model does."""

import gzip
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol

LOCAL_MODEL = "wordllama-l2-supercat-256"
"""The local provider's model: 256 dimensions, weights in the wheel."""


class Tokenizer(Protocol):
    """What chunking needs of a tokenizer."""

    def count(self, text: str) -> int:
        """Number of tokens in the text."""
        ...

    def count_each(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens in each of the texts."""
        ...

    def truncate(self, text: str, most: int) -> str:
        """The text's beginning of at most `most` tokens."""
        ...


class OpenAITokenizer:
    """tiktoken's `cl100k_base`, which OpenAI's embedding models use.

    The vocabulary comes from a wheel: tiktoken itself would download it at first use.
    """

    def __init__(self) -> None:
        import tiktoken
        from tiktoken_ext.openai_public import ENDOFPROMPT, ENDOFTEXT, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX

        special = {ENDOFTEXT: 100257, FIM_PREFIX: 100258, FIM_MIDDLE: 100259, FIM_SUFFIX: 100260}
        self._encoding = tiktoken.Encoding(
            name="cl100k_base",
            pat_str=_CL100K_PATTERN,
            mergeable_ranks=_read_ranks(),
            special_tokens={**special, ENDOFPROMPT: 100276},
        )

    def count(self, text: str) -> int:
        """Number of tokens in the text."""
        return len(self._encoding.encode_ordinary(text))

    def count_each(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens in each of the texts."""
        return [self.count(text) for text in texts]

    def truncate(self, text: str, most: int) -> str:
        """The text's beginning of at most `most` tokens."""
        tokens = self._encoding.encode_ordinary(text)
        if len(tokens) <= most:
            return text
        return self._encoding.decode(tokens[:most], errors="ignore")


_CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|"
    r"\s*[\r\n]|\s+(?!\S)|\s"
)


def _read_ranks() -> dict[bytes, int]:
    import base64

    packed = resources.files("bpe_openai").joinpath("data/cl100k_base.tiktoken.gz").read_bytes()
    pairs = (line.split() for line in gzip.decompress(packed).splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


class LocalTokenizer:
    """The local model's own tokenizer."""

    def __init__(self) -> None:
        import wordllama
        from tokenizers import Tokenizer as HuggingFaceTokenizer

        folder = Path(wordllama.__file__).parent / "tokenizers"
        self._tokenizer = HuggingFaceTokenizer.from_file(str(folder / "l2_supercat_tokenizer_config.json"))

    def count(self, text: str) -> int:
        """Number of tokens in the text."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def count_each(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens in each of the texts."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    def truncate(self, text: str, most: int) -> str:
        """The text's beginning of at most `most` tokens."""
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return text if len(offsets) <= most else text[: offsets[most - 1][1]]


@cache
def load_tokenizer(model: str) -> Tokenizer:
    """The tokenizer of an embedding model, loaded once a process."""
    return LocalTokenizer() if model == LOCAL_MODEL else OpenAITokenizer()
