"""Counting tokens the way the embedding model does."""

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

    It knows the words it has met: its vocabulary has no token that spans a newline, nor one that spans a space
    and what is before it, so a text's tokens are those of its words, one after the other. New words are taken apart
    wherever no token of the vocabulary has the two characters side by side; most of the pieces have been met before.
    """

    def __init__(self) -> None:
        from tokenizers import Tokenizer as HuggingFaceTokenizer

        folder = find_package("wordllama") / "tokenizers"
        self._tokenizer = HuggingFaceTokenizer.from_file(str(folder / "l2_supercat_tokenizer_config.json"))
        self._space = [self._tokenizer.token_to_id("▁") or 0]
        self._joined = {
            pair
            for token in self._tokenizer.get_vocab()
            if not _NO_TEXT.fullmatch(token)
            for pair in pairwise(token.replace("▁", " "))
        }
        self._known: _Known[list[int]] = _Known(self._learn, _LONGEST_WORD, _MOST_WORDS)
        self._known_pieces: _Known[list[int]] = _Known(self._learn_piece, _LONGEST_WORD, _MOST_WORDS)
        self._sizes: _Known[int] = _Known(self._measure, _LONGEST_LINE, _MOST_LINES)

    def encode(self, text: str) -> list[int]:
        """The text's tokens."""
        return list(chain.from_iterable(map(self._known.__getitem__, _words(text))))

    def count(self, text: str) -> int:
        """Number of tokens in the text; a line that was met before is not looked at again."""
        if not text:
            return 0
        first, *others = text.split("\n")
        return self._sizes[f" {first}"] + sum(map(self._sizes.__getitem__, others)) + len(others)

    def _measure(self, line: str) -> int:
        return sum(map(len, map(self._known.__getitem__, _WORD.findall(line))))

    def _learn(self, word: str) -> list[int]:
        return list(chain.from_iterable(map(self._known_pieces.__getitem__, self._take_apart(word))))

    def _take_apart(self, word: str) -> Iterator[str]:
        start = 0
        for at, pair in enumerate(pairwise(word), start=1):
            if pair not in self._joined:
                yield word[start:at]
                start = at
        yield word[start:]

    def _learn_piece(self, word: str) -> list[int]:
        if word == " ":
            return self._space
        # The tokenizer itself puts a space before a text; after a newline there is none.
        return self._encode(word[1:]) if word[0] == " " else self._encode("\n" + word)[2:]

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(_whole(text), add_special_tokens=False).ids
        return ids

    def truncate(self, text: str, most: int) -> str:
        """The text's beginning of at most `most` tokens."""
        offsets = self._tokenizer.encode(_whole(text), add_special_tokens=False).offsets
        return text if len(offsets) <= most else text[: offsets[most - 1][1]]


_OTHER = r"[^ -~\n]"
_WORD = re.compile(rf"\n| *+(?:[A-Za-z]++(?!{_OTHER})|[0-9]++(?!{_OTHER})|[!-/:-@\[-`{{-~]++(?!{_OTHER})|[^ \n]+)| +")
"""ASCII letters, digits and signs share no token, so each run is a word; beside any other character, what stands
between spaces is."""
_NO_TEXT = re.compile(r"<0x..>|<unk>|</?s>")
"""Tokens that stand for a byte, or for the text's ends."""
_LONGEST_WORD = 200
_MOST_WORDS = 100_000


_LONGEST_LINE = 2_000
_MOST_LINES = 10_000
"""Lines of the last pages: each is counted several times while its page is cut into chunks."""


class _Known(dict[str, T]):
    """What is known of words or lines; of one that is not there it is learned.

    When there are too many, those that are not met again are forgotten.
    """

    def __init__(self, learn: Callable[[str], T], longest: int, most: int) -> None:
        super().__init__()
        self._learn = learn
        self._longest = longest
        self._most = most
        self._earlier: dict[str, T] = {}

    def __missing__(self, key: str) -> T:
        value = self._earlier[key] if key in self._earlier else self._learn(key)
        if len(key) <= self._longest:
            if len(self) >= self._most:
                self._earlier = dict(self)
                self.clear()
            self[key] = value
        return value


def _whole(text: str) -> str:
    """As long as the text, with `?` for each lone surrogate, which the tokenizer does not take."""
    return text.encode("utf-8", "replace").decode()


def _words(text: str) -> list[str]:
    return _WORD.findall(" " + text) if text else []


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
