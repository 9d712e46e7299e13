"""Token counts by the tokenizer of the embedding model."""

import base64
import gzip
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import chain, pairwise
from pathlib import Path
from typing import Protocol, TypeVar

from tasks.core.errors import DependencyUnavailable

T = TypeVar("T")

LOCAL_MODEL = "wordllama-l2-supercat-256-sif"
"""The local provider's model: 256 dimensions, weights from a wheel, smooth inverse frequency (SIF)."""


class Tokenizer(Protocol):
    """The tokenizer interface that chunking uses."""

    def count(self, text: str) -> int:
        """Return the number of tokens in the text."""
        ...

    def truncate(self, text: str, max_tokens: int) -> str:
        """Truncate the text to `max_tokens` tokens."""
        ...


class OpenAITokenizer:
    """tiktoken's `cl100k_base`, which OpenAI's embedding models use.

    The vocabulary comes from a wheel; tiktoken itself would download it at first use.
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
        """Return the number of tokens in the text."""
        return len(self._encoding.encode_ordinary(text))

    def truncate(self, text: str, max_tokens: int) -> str:
        """Truncate the text to `max_tokens` tokens."""
        tokens = self._encoding.encode_ordinary(text)
        if len(tokens) <= max_tokens:
            return text
        return self._encoding.decode(tokens[:max_tokens], errors="ignore")


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

    Words are cached with their tokens: no token of the vocabulary spans a newline, or a space and the character before
    it, so a text's tokens are the concatenation of its words' tokens. A new word is split wherever no token contains
    the two neighbouring characters; most of the pieces are in the cache.
    """

    def __init__(self) -> None:
        from tokenizers import Tokenizer as HuggingFaceTokenizer

        folder = find_package("wordllama") / "tokenizers"
        self._tokenizer = HuggingFaceTokenizer.from_file(str(folder / "l2_supercat_tokenizer_config.json"))
        self._space = [self._tokenizer.token_to_id("▁") or 0]
        self._adjacent = {
            pair
            for token in self._tokenizer.get_vocab()
            if not _NO_TEXT.fullmatch(token)
            for pair in pairwise(token.replace("▁", " "))
        }
        self._word_tokens: _TokenCache[list[int]] = _TokenCache(self._encode_word, _MAX_WORD_LENGTH, _MAX_WORDS)
        self._piece_tokens: _TokenCache[list[int]] = _TokenCache(self._encode_piece, _MAX_WORD_LENGTH, _MAX_WORDS)
        self._line_counts: _TokenCache[int] = _TokenCache(self._count_line, _MAX_LINE_LENGTH, _MAX_LINES)

    def encode(self, text: str) -> list[int]:
        """Return the text's token ids."""
        return list(chain.from_iterable(map(self._word_tokens.__getitem__, _words(text))))

    def count(self, text: str) -> int:
        """Return the number of tokens in the text; counts are cached by line."""
        if not text:
            return 0
        first, *others = text.split("\n")
        return self._line_counts[f" {first}"] + sum(map(self._line_counts.__getitem__, others)) + len(others)

    def _count_line(self, line: str) -> int:
        return sum(map(len, map(self._word_tokens.__getitem__, _WORD.findall(line))))

    def _encode_word(self, word: str) -> list[int]:
        return list(chain.from_iterable(map(self._piece_tokens.__getitem__, self._split_word(word))))

    def _split_word(self, word: str) -> Iterator[str]:
        start = 0
        for at, pair in enumerate(pairwise(word), start=1):
            if pair not in self._adjacent:
                yield word[start:at]
                start = at
        yield word[start:]

    def _encode_piece(self, word: str) -> list[int]:
        if word == " ":
            return self._space
        # The tokenizer puts a space before every text: a newline takes it, and the tokens of both are dropped.
        return self._encode(word[1:]) if word[0] == " " else self._encode("\n" + word)[2:]

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(_without_surrogates(text), add_special_tokens=False).ids
        return ids

    def truncate(self, text: str, max_tokens: int) -> str:
        """Truncate the text to `max_tokens` tokens."""
        offsets = self._tokenizer.encode(_without_surrogates(text), add_special_tokens=False).offsets
        return text if len(offsets) <= max_tokens else text[: offsets[max_tokens - 1][1]]


_OTHER = r"[^ -~\n]"
_WORD = re.compile(rf"\n| *+(?:[A-Za-z]++(?!{_OTHER})|[0-9]++(?!{_OTHER})|[!-/:-@\[-`{{-~]++(?!{_OTHER})|[^ \n]+)| +")
"""No token mixes ASCII letters, digits and punctuation, so each run of one kind is a word; next to any other character
the word extends to the spaces."""
_NO_TEXT = re.compile(r"<0x..>|<unk>|</?s>")
"""Special tokens: bytes, unknown, begin and end of text."""
_MAX_WORD_LENGTH = 200
_MAX_WORDS = 100_000


_MAX_LINE_LENGTH = 2_000
_MAX_LINES = 10_000
"""Enough for the last pages: each line is counted several times while its page is chunked."""


class _TokenCache(dict[str, T]):
    """A cache of two generations: when the current one is full, it replaces the earlier one.

    Entries that are not used again for a generation are evicted; missing ones are computed.
    """

    def __init__(self, compute: Callable[[str], T], max_length: int, max_entries: int) -> None:
        super().__init__()
        self._compute = compute
        self._max_length = max_length
        self._max_entries = max_entries
        self._earlier: dict[str, T] = {}

    def __missing__(self, key: str) -> T:
        value = self._earlier[key] if key in self._earlier else self._compute(key)
        if len(key) <= self._max_length:
            if len(self) >= self._max_entries:
                self._earlier = dict(self)
                self.clear()
            self[key] = value
        return value


def _without_surrogates(text: str) -> str:
    """Replace each lone surrogate, which the tokenizer rejects, by `?`; the length stays."""
    return text.encode("utf-8", "replace").decode()


def _words(text: str) -> list[str]:
    return _WORD.findall(" " + text) if text else []


def find_package(name: str) -> Path:
    """Return the folder of an installed package with model files, without importing it: that takes seconds."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise DependencyUnavailable(name, "is not installed", "install the package again")
    return Path(spec.origin).parent


@cache
def load_tokenizer(model: str) -> Tokenizer:
    """Return the tokenizer of an embedding model; loaded once a process."""
    return LocalTokenizer() if model == LOCAL_MODEL else OpenAITokenizer()
