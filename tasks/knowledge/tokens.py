"""Counting tokens the way the embedding model does."""

import base64
import gzip
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from tasks.core.errors import DependencyUnavailable

LOCAL_MODEL = "wordllama-l2-supercat-256-sif"
"""The local provider's model: 256 dimensions, weights in the wheel, rare tokens weighing more."""


class Tokenizer(Protocol):
    """What chunking needs of a tokenizer."""

    def count(self, text: str) -> int:
        """Number of tokens in the text."""
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
    packed = find_package("bpe_openai") / "data" / "cl100k_base.tiktoken.gz"
    pairs = (line.split() for line in gzip.decompress(packed.read_bytes()).splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


class LocalTokenizer:
    """The local model's own tokenizer.

    It knows the words it has met: its vocabulary has no token that spans a space and what follows it but
    as a word's beginning, so a text's tokens are those of its words, one after the other.
    """

    def __init__(self) -> None:
        from tokenizers import Tokenizer as HuggingFaceTokenizer

        folder = find_package("wordllama") / "tokenizers"
        self._tokenizer = HuggingFaceTokenizer.from_file(str(folder / "l2_supercat_tokenizer_config.json"))
        self._known: dict[str, list[int]] = {" ": [self._tokenizer.token_to_id("▁") or 0]}

    def encode(self, text: str) -> list[int]:
        """The text's tokens."""
        tokens: list[int] = []
        for word in _WORD.findall(" " + text) if text else ():
            tokens += self._known.get(word) or self._learn(word)
        return tokens

    def _learn(self, word: str) -> list[int]:
        # The tokenizer itself puts a space before a text.
        tokens: list[int] = self._tokenizer.encode(word[1:], add_special_tokens=False).ids
        if len(word) <= _LONGEST_WORD and len(self._known) < _MOST_WORDS:
            self._known[word] = tokens
        return tokens

    def count(self, text: str) -> int:
        """Number of tokens in the text."""
        words = _WORD.findall(" " + text) if text else ()
        return sum([len(self._known.get(word) or self._learn(word)) for word in words])

    def truncate(self, text: str, most: int) -> str:
        """The text's beginning of at most `most` tokens."""
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return text if len(offsets) <= most else text[: offsets[most - 1][1]]


_WORD = re.compile(r" +[^ ]*")
_LONGEST_WORD = 40
_MOST_WORDS = 100_000


def find_package(name: str) -> Path:
    """The folder of an installed package that brings a model's files, not imported: that takes seconds."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise DependencyUnavailable(name, "is not installed", "install the package again")
    return Path(spec.origin).parent


@cache
def load_tokenizer(model: str) -> Tokenizer:
    """The tokenizer of an embedding model, loaded once a process."""
    return LocalTokenizer() if model == LOCAL_MODEL else OpenAITokenizer()
