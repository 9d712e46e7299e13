"""Markdown split into blocks, none larger than a chunk may be.

A heading is a block of its own. Tables and fenced code stay whole if they fit; otherwise they are cut between lines,
and each piece repeats the table's head or the fences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.knowledge.embedding.tokens import Tokenizer

BLOCK_SEPARATOR = "\n\n"
"""Text between two blocks of a chunk."""

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_HEADING_MARK = re.compile(r"#{1,6}(?=\s)")
# No two neighbouring repetitions take the same characters, and those of links are bounded: a page of spaces or brackets
# must not take cubic time.
_TABLE = re.compile(r"\s*\|.*\n[\s:|-]+\n")
_LINK = re.compile(
    r"(?P<code>(?P<ticks>`{1,5})[^`]{1,1000}(?P=ticks))"
    r"|!?\[(?P<text>(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,500})\]"
    r"\((?:[^()\s]|\([^()\s]{0,300}\)){0,2100}(?:\s+\"[^\"]{0,300}\")?\)"
)
_CUTS = (
    re.compile(r"(?<=\n)"),
    re.compile(r"(?<=[.!?…]\s)|(?<=[。！？])"),
    re.compile(r"(?<=\s)"),
)
"""Where a text may be cut, best first: after lines, sentences, words."""
_CHARACTERS_PER_TOKEN = 16
"""Characters that a token has at most, of a text that is not padded with spaces."""


@dataclass(frozen=True)
class Block:
    """A heading, paragraph, list, table or piece of code."""

    text: str
    tokens: int
    """Tokens, counted with the separator before it: their sum is never below the tokens of the joined text."""
    level: int = 0
    """Level of a heading, 1–6; 0 for any other block."""

    @property
    def heading(self) -> str:
        """The heading's text without marks."""
        return self.text.lstrip("#").strip().rstrip("#").rstrip()


def read_blocks(markdown: str, tokenizer: Tokenizer, *, target: int, maximum: int) -> Iterator[Block]:
    """Yield the blocks in order, all words kept, none of more than `maximum` tokens.

    Larger blocks are cut into pieces of about `target` tokens. So is prose from 1.5 times the target: a cut between
    two sentences loses little.

    Link targets are dropped: they carry nothing of the topic.
    """
    for text in split_blocks(markdown):
        has_links = "](" in text and not _FENCE.match(text)
        plain = without_link_targets(text) if has_links else text
        tokens = tokenizer.count(BLOCK_SEPARATOR + plain)
        level = heading_level(plain)
        limit = maximum if level or is_indivisible(plain) else min(maximum, target * 3 // 2)
        # A run of spaces is one token, whatever its length.
        if tokens <= limit and len(plain) <= _CHARACTERS_PER_TOKEN * maximum:
            yield Block(plain, tokens, level)
            continue
        for piece in _fit(plain, tokenizer, target, limit):
            yield Block(piece, tokenizer.count(BLOCK_SEPARATOR + piece))


def without_link_targets(markdown: str) -> str:
    """Replace links by their text; code stays unchanged."""
    return _LINK.sub(_link_text, markdown)


def heading_level(text: str) -> int:
    """Return the level of a heading, 1–6; 0 for any other block."""
    mark = _HEADING_MARK.match(text)
    return len(mark[0]) if mark and "\n" not in text[mark.end() :].strip() else 0


def is_heading(text: str) -> bool:
    """Whether the block is a heading."""
    return heading_level(text) > 0


def is_indivisible(text: str) -> bool:
    """Whether the block is a table or code, which loses meaning when cut."""
    return bool(_FENCE.match(text) or _TABLE.match(text))


def _link_text(match: re.Match[str]) -> str:
    return match["code"] or match["text"] or ""


def split_blocks(markdown: str) -> Iterator[str]:
    """Split at blank lines; fenced code is one block whatever it contains, and so is a heading."""
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            lines.append(line)
            if mark and mark[1].startswith(fence):
                fence = ""
        elif mark:
            yield from _joined(lines)
            lines, fence = [line], mark[1]
        elif not line.strip() or heading_level(line):
            yield from _joined(lines)
            lines = []
            yield from _joined([line])
        else:
            lines.append(line)
    yield from _joined(lines)


def _joined(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines).strip("\n")
    if text.strip():
        yield text


def _fit(text: str, tokenizer: Tokenizer, target: int, maximum: int) -> Iterator[str]:
    """Cut the text into pieces of at most `maximum` tokens, each with the table's head or the code's fences."""
    before, body, after = _frame(text)
    frame = tokenizer.count(BLOCK_SEPARATOR + before) + tokenizer.count(after)
    if frame > maximum // 2:
        before, body, after, frame = "", text, "", 0
    for piece in _cut(body, tokenizer, target - min(frame, target // 2), maximum - frame):
        yield before + piece + after


def _frame(text: str) -> tuple[str, str, str]:
    """Split the text into the prefix of each piece, the body to cut, and the suffix of each piece."""
    fence = _FENCE.match(text)
    if fence and "\n" in text:
        first, _, rest = text.partition("\n")
        body, _, last = rest.rpartition("\n")
        if last.strip() == fence[1]:
            return first + "\n", body, "\n" + last
        return first + "\n", rest, "\n" + fence[1]
    table = _TABLE.match(text)
    return (table[0], text[table.end() :], "") if table else ("", text, "")


def _cut(text: str, tokenizer: Tokenizer, target: int, maximum: int) -> Iterator[str]:
    """Cut the text into pieces of at most `maximum` tokens, of about `target` where it has boundaries."""
    for place in _CUTS:
        parts = [part for part in place.split(text) if part]
        if len(parts) > 1:
            for piece in _pack(parts, tokenizer, target):
                if tokenizer.count(BLOCK_SEPARATOR + piece) <= maximum:
                    yield piece
                else:
                    # Too large: fewer parts a piece; a single part is cut at the next finer boundary.
                    yield from _cut(piece, tokenizer, target // 2, maximum)
            return
    yield from _cut_word(text, tokenizer, maximum)


def _pack(parts: list[str], tokenizer: Tokenizer, target: int) -> Iterator[str]:
    """Join neighbouring parts while their tokens stay within `target`."""
    packed: list[str] = []
    size = 0
    for part in parts:
        tokens = tokenizer.count(part)
        if packed and size + tokens > target:
            yield from _joined_parts(packed)
            packed, size = [], 0
        packed.append(part)
        size += tokens
    yield from _joined_parts(packed)


def _joined_parts(parts: list[str]) -> Iterator[str]:
    text = "".join(parts).strip("\n").rstrip()
    if text:
        yield text


def _cut_word(text: str, tokenizer: Tokenizer, maximum: int) -> Iterator[str]:
    """Cut a text without boundaries between characters."""
    while text:
        # A window: tokenizing the whole remainder each time would take quadratic time.
        piece = tokenizer.truncate(text[: 2 * maximum], maximum // 2) or text[0]
        yield piece
        text = text[len(piece) :]
