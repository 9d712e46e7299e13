"""Markdown as a sequence of blocks, none larger than a chunk may be.

Headings stand alone; tables and fenced code are whole where they fit, and otherwise cut between lines, each
piece with the table's head or the fences again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.knowledge.embedding.tokens import Tokenizer

JOINT = "\n\n"
"""Between two blocks of a chunk."""

_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_TABLE = re.compile(r"^\s*\|.*\n\s*\|?[\s:|-]+\|?\s*\n")
# Bounded throughout: a page of brackets must not take quadratic time.
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


@dataclass(frozen=True)
class Block:
    """A heading, paragraph, list, table or piece of code."""

    text: str
    tokens: int
    """With the joint before it: blocks' tokens sum up to at least those of the text they make."""
    level: int = 0
    """1–6: a heading."""

    @property
    def heading(self) -> str:
        """The heading's words."""
        return re.sub(r"^#+\s*|\s*#*\s*$", "", self.text)


def read_blocks(markdown: str, tokenizer: Tokenizer, *, target: int, most: int) -> Iterator[Block]:
    """The blocks in order, all words kept, none of more than `most` tokens.

    Larger ones come in pieces of about `target`, and so does prose of half as much again: between two sentences
    little is lost.

    Where links lead is left out: it says nothing about what the text is about.
    """
    for text in split_blocks(markdown):
        has_links = "](" in text and not _FENCE.match(text)
        plain = without_addresses(text) if has_links else text
        tokens = tokenizer.count(JOINT + plain)
        heading = _HEADING.match(plain)
        whole = most if heading or is_one(plain) else min(most, target * 3 // 2)
        if tokens <= whole:
            yield Block(plain, tokens, len(heading[1]) if heading else 0)
            continue
        for piece in _fit(plain, tokenizer, target, whole):
            yield Block(piece, tokenizer.count(JOINT + piece))


def without_addresses(markdown: str) -> str:
    """The text with its links' words alone; code stays as it is."""
    return _LINK.sub(_without_address, markdown)


def is_heading(text: str) -> bool:
    """Whether it is a heading, and nothing else."""
    return bool(_HEADING.match(text))


def is_one(text: str) -> bool:
    """Whether it is a table or code, of which a part says less."""
    return bool(_FENCE.match(text) or _TABLE.match(text))


def _without_address(match: re.Match[str]) -> str:
    return match["code"] or match["text"] or ""


def split_blocks(markdown: str) -> Iterator[str]:
    """Blocks between blank lines; fenced code is one block whatever it contains, a heading one alone."""
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
        elif not line.strip() or _HEADING.match(line):
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


def _fit(text: str, tokenizer: Tokenizer, target: int, most: int) -> Iterator[str]:
    """The text in pieces of at most `most` tokens, table heads and code fences repeated."""
    before, body, after = _frame(text)
    frame = tokenizer.count(JOINT + before) + tokenizer.count(after)
    if frame > most // 2:
        before, body, after, frame = "", text, "", 0
    for piece in _cut(body, tokenizer, target - min(frame, target // 2), most - frame):
        yield before + piece + after


def _frame(text: str) -> tuple[str, str, str]:
    """What each piece of the text begins with, its body, what each ends with."""
    fence = _FENCE.match(text)
    if fence and "\n" in text:
        first, _, rest = text.partition("\n")
        body, _, last = rest.rpartition("\n")
        if last.strip() == fence[1]:
            return first + "\n", body, "\n" + last
        return first + "\n", rest, "\n" + fence[1]
    table = _TABLE.match(text)
    return (table[0], text[table.end() :], "") if table else ("", text, "")


def _cut(text: str, tokenizer: Tokenizer, target: int, most: int) -> Iterator[str]:
    """Pieces of at most `most` tokens, of about `target` if the text has places to cut it."""
    for place in _CUTS:
        parts = [part for part in place.split(text) if part]
        if len(parts) > 1:
            for piece in _pack(parts, tokenizer, target):
                if tokenizer.count(JOINT + piece) <= most:
                    yield piece
                else:
                    # Fewer parts a piece; a part by itself is cut at the next best places.
                    yield from _cut(piece, tokenizer, target // 2, most)
            return
    yield from _cut_word(text, tokenizer, most)


def _pack(parts: list[str], tokenizer: Tokenizer, target: int) -> Iterator[str]:
    """Neighbouring parts together, as long as their tokens stay within `target`."""
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


def _cut_word(text: str, tokenizer: Tokenizer, most: int) -> Iterator[str]:
    """A word without any place to cut it, by characters."""
    while text:
        # A window: tokenizing all that is left each time would take quadratic time.
        piece = tokenizer.truncate(text[: 8 * most], most // 2) or text[0]
        yield piece
        text = text[len(piece) :]
