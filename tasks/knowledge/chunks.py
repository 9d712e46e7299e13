"""A page in chunks: along its headings, tables and code whole where they fit."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasks.core.models import Chunk, ChunkedPage, ReadPage
from tasks.knowledge.tokens import Tokenizer

TARGET_TOKENS = 320
"""A chunk is closed when the next block would take it over this …"""
MIN_TOKENS = 100
"""… or when a section ends and it has at least this; smaller sections join the next one."""
MAX_TOKENS = 512
"""No chunk is larger, in tokens of the embedding model, its heading not counted."""

OVERVIEW_HEADINGS = 12

_FENCE = re.compile(r"^\s*(```+|~~~+)")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+")


@dataclass
class _Block:
    """A heading, paragraph, list, table or piece of code."""

    text: str
    tokens: int
    level: int = 0
    """1–6: a heading."""


def chunk_page(page: ReadPage, tokenizer: Tokenizer) -> ChunkedPage:
    """The page in chunks, at least one; together they hold all its text, in order.

    Where links lead is left out: it says nothing about what the text is about.
    """
    texts = list(_split_blocks(_LINK.sub(r"\1", page.markdown)))
    counts = tokenizer.count_each(texts)
    blocks = [block for text, tokens in zip(texts, counts, strict=True) for block in _fit(text, tokens, tokenizer)]
    drafts = _gather(blocks)
    chunks = tuple(
        Chunk(
            position=position,
            heading_path=draft.path,
            text=draft.text,
            token_count=draft.tokens,
            content_hash=text_hash(embedding_text(page.title, draft.path, draft.text)),
        )
        for position, draft in enumerate(drafts)
    )
    return ChunkedPage(
        page=page,
        chunks=chunks,
        token_count=sum(block.tokens for block in blocks),
        content_hash=text_hash(page.markdown),
    )


def embedding_text(title: str, heading_path: tuple[str, ...], text: str) -> str:
    """What of a chunk is embedded: where it stands, and what it says."""
    place = " > ".join(part for part in (title, *heading_path) if part)
    return f"{place}\n\n{text}" if place else text


def overview_text(page: ChunkedPage) -> str:
    """The page in its own headings: what it is about as a whole."""
    headings = dict.fromkeys(heading for chunk in page.chunks for heading in chunk.heading_path)
    return "\n".join([page.page.title, *list(headings)[:OVERVIEW_HEADINGS]])


def text_hash(text: str) -> str:
    """SHA-256, hex: equal for equal text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _split_blocks(markdown: str) -> Iterator[str]:
    """Blocks between blank lines; fenced code is one block whatever it contains, a heading one alone."""
    lines: list[str] = []
    fence: str | None = None
    for line in markdown.splitlines():
        mark = _FENCE.match(line)
        if fence is None and (not line.strip() or _HEADING.match(line)):
            yield from _joined(lines)
            lines = []
            if line.strip():
                yield line
            continue
        if mark and fence is None:
            fence = mark[1]
        elif mark and fence is not None and mark[1].startswith(fence):
            fence = None
        lines.append(line)
    yield from _joined(lines)


def _joined(lines: list[str]) -> Iterator[str]:
    if lines:
        yield "\n".join(lines)


def _fit(text: str, tokens: int, tokenizer: Tokenizer) -> Iterator[_Block]:
    """The block itself, or pieces of it of at most `MAX_TOKENS`: by lines, sentences, words, characters."""
    heading = _HEADING.match(text)
    if tokens <= MAX_TOKENS:
        yield _Block(text, tokens, len(heading[1]) if heading else 0)
        return
    for pattern in (r"\n", _SENTENCE, r"\s+"):
        parts = re.split(pattern, text)
        if len(parts) > 1:
            for piece in _pack(parts, "\n" if pattern == r"\n" else " ", tokenizer):
                yield from _fit(piece, tokenizer.count(piece), tokenizer)
            return
    while text:
        piece = tokenizer.truncate(text, MAX_TOKENS) or text[:MAX_TOKENS]
        # Decoding and encoding again may change a count by a token or two.
        while tokenizer.count(piece) > MAX_TOKENS:
            piece = piece[: len(piece) * 9 // 10]
        yield _Block(piece, tokenizer.count(piece))
        text = text[len(piece) :]


def _pack(parts: list[str], separator: str, tokenizer: Tokenizer) -> Iterator[str]:
    """Neighbouring parts joined as long as they stay within `TARGET_TOKENS`."""
    packed: list[str] = []
    size = 0
    for part in parts:
        tokens = tokenizer.count(part) + 1
        if packed and size + tokens > TARGET_TOKENS:
            yield separator.join(packed)
            packed, size = [], 0
        packed.append(part)
        size += tokens
    yield separator.join(packed)


@dataclass
class _Draft:
    path: tuple[str, ...]
    blocks: list[_Block] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n\n".join(block.text for block in self.blocks)

    @property
    def tokens(self) -> int:
        return sum(block.tokens for block in self.blocks)

    @property
    def has_text(self) -> bool:
        return any(not block.level for block in self.blocks)


def _gather(blocks: list[_Block]) -> list[_Draft]:
    """Blocks in chunks: a new one at a heading once the last is large enough, or when it would overflow."""
    headings: list[tuple[int, str]] = []
    drafts = [_Draft(())]
    for block in blocks:
        draft = drafts[-1]
        if block.level:
            headings = [(level, text) for level, text in headings if level < block.level]
            headings.append((block.level, re.sub(r"^#+\s*|\s*#*\s*$", "", block.text)))
        is_full = draft.tokens + block.tokens > TARGET_TOKENS and draft.has_text
        begins_section = block.level and draft.tokens >= MIN_TOKENS and draft.has_text
        if is_full or begins_section:
            draft = _Draft(tuple(text for _, text in headings))
            drafts.append(draft)
        elif not draft.blocks or not draft.has_text:
            draft.path = tuple(text for _, text in headings)
        draft.blocks.append(block)
    return drafts
