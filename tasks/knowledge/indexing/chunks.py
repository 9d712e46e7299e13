"""Chunking: a page is cut along its headings; tables and code stay whole where they fit."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from tasks.core.models import Chunk, ChunkedPage, ReadPage
from tasks.knowledge.embedding.tokens import Tokenizer
from tasks.knowledge.indexing.blocks import BLOCK_SEPARATOR, Block, read_blocks

CHUNK_TOKENS = 190
"""Target size in tokens of the embedding model: a chunk is closed when the next block would exceed it.

On Chroma's chunking evaluation, five passages found by vector and words: recall 0.87, IoU 0.062; a recursive splitter
of 200 tokens with the same search: 0.86, 0.065; of 400: 0.96, 0.035. Size trades recall for IoU; `excerpts` gets both.
Chunks do not overlap: with 15 words of the previous one, recall rises and IoU falls as with larger chunks.
"""
WHOLE_TOKENS = 512
"""Tokens up to which a table or piece of code is never cut."""

SAMPLE_CHARACTERS = 2_000
"""Characters of a page whose tokens are counted to see how many its language takes."""
TOKENS_PER_LETTER, TOKENS_PER_IDEOGRAPH = 0.25, 0.75
"""Tokens of an English text by letter, and by character of a Chinese one that says the same."""
FIRST_IDEOGRAPH = "\u3000"
MIN_INFLATION, MAX_INFLATION = 1.4, 5.0
"""Inflation below which a page is cut as an English one, and the largest that is made up for."""

MAX_HEADING = 300
"""Characters of a heading above a chunk: it is stored and embedded with each chunk below it."""
OVERVIEW_HEADINGS = 12
"""Headings in the overview of a page."""
OPENING_CHARACTERS = 300
"""Length of the overview of a page that has neither title nor headings."""


@dataclass(frozen=True)
class ChunkSizes:
    """The size limits of chunks, in tokens."""

    target: int

    @property
    def minimum(self) -> int:
        """Size from which a chunk ends with its section; a smaller section joins the next one."""
        return self.target * 2 // 5

    @property
    def maximum(self) -> int:
        """Upper bound of a chunk: one above the target is mostly a table or code."""
        return max(WHOLE_TOKENS, 2 * self.target)


def chunk_page(page: ReadPage, tokenizer: Tokenizer, tokens: int = CHUNK_TOKENS) -> ChunkedPage:
    """Cut the page into chunks of about so many tokens, at least one; together they hold all its words, in order."""
    sizes = ChunkSizes(round(tokens * _token_inflation(page.markdown, tokenizer)))
    drafts = _gather(read_blocks(page.markdown, tokenizer, target=sizes.target, maximum=sizes.maximum), sizes)
    chunks = tuple(_finish(position, draft, page.title, tokenizer) for position, draft in enumerate(drafts))
    return ChunkedPage(
        page=page,
        chunks=chunks,
        token_count=sum(chunk.token_count for chunk in chunks),
        content_hash=text_hash(page.markdown),
    )


def _token_inflation(text: str, tokenizer: Tokenizer) -> float:
    """Return how many more tokens the text has than an English one that says as much; 1 for Latin letters.

    Vocabularies hold few words of Hindi, Thai or Arabic: 190 tokens of them would be a sentence or two.
    """
    sample = text[:SAMPLE_CHARACTERS]
    if sample.isascii():
        return 1.0
    usual = sum(TOKENS_PER_IDEOGRAPH if character >= FIRST_IDEOGRAPH else TOKENS_PER_LETTER for character in sample)
    inflation = tokenizer.count(sample) / usual
    return min(inflation, MAX_INFLATION) if inflation > MIN_INFLATION else 1.0


def embedding_text(title: str, heading_path: tuple[str, ...], text: str) -> str:
    """Return the text to embed for a chunk: its title and headings, then its own text."""
    place = " > ".join(part for part in (title, *heading_path) if part)
    return f"{place}\n\n{text}" if place else text


def overview_text(page: ChunkedPage) -> str:
    """Return the page's title and headings, or its first words if it has neither: its topic as a whole."""
    headings = dict.fromkeys(heading for chunk in page.chunks for heading in chunk.heading_path)
    overview = "\n".join([page.page.title, *list(headings)[:OVERVIEW_HEADINGS]])
    return overview if overview.strip() else page.chunks[0].text[:OPENING_CHARACTERS]


def text_hash(text: str) -> str:
    """Return the SHA-256 of the text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass
class _Draft:
    """A chunk under construction."""

    path: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)
    tokens: int = 0
    has_text: bool = False
    """Whether it holds more than headings."""

    def add(self, block: Block) -> None:
        self.blocks.append(block)
        self.tokens += block.tokens
        self.has_text = self.has_text or not block.level

    def pop_last_headings(self) -> list[Block]:
        """Remove the headings at the end, whose text comes in the next chunk, and return them."""
        popped: list[Block] = []
        while self.blocks and self.blocks[-1].level:
            popped.insert(0, self.blocks.pop())
            self.tokens -= popped[0].tokens
        return popped

    def has_room_for(self, block: Block, sizes: ChunkSizes) -> bool:
        """Whether the block fits into this chunk."""
        size = self.tokens + block.tokens
        if not self.has_text:
            return size <= sizes.maximum
        return size <= sizes.target and not (block.level and self.tokens >= sizes.minimum)


def _finish(position: int, draft: _Draft, title: str, tokenizer: Tokenizer) -> Chunk:
    text = BLOCK_SEPARATOR.join(block.text for block in draft.blocks)
    return Chunk(
        position=position,
        heading_path=draft.path,
        text=text,
        token_count=tokenizer.count(text),
        content_hash=text_hash(embedding_text(title, draft.path, text)),
    )


def _gather(blocks: Iterable[Block], sizes: ChunkSizes) -> list[_Draft]:
    """Gather the blocks into chunks; a short last chunk joins the one before it."""
    headings: list[Block] = []
    path: tuple[str, ...] = ()
    drafts = [_Draft(())]
    for block in blocks:
        draft = drafts[-1]
        if block.level:
            headings = [*(above for above in headings if above.level < block.level), block]
            path = tuple(heading.heading[:MAX_HEADING] for heading in headings)
        if not draft.has_room_for(block, sizes):
            carried = draft.pop_last_headings() if draft.has_text and not block.level else []
            if sum(heading.tokens for heading in carried) + block.tokens > sizes.maximum:
                for heading in carried:
                    draft.add(heading)
                carried = []
            draft = _Draft(path)
            drafts.append(draft)
            for heading in carried:
                draft.add(heading)
        elif not draft.has_text:
            draft.path = path
        draft.add(block)
    return _merge_short_tail(drafts, sizes)


def _merge_short_tail(drafts: list[_Draft], sizes: ChunkSizes) -> list[_Draft]:
    if len(drafts) > 1 and drafts[-1].tokens < sizes.minimum and drafts[-2].tokens + drafts[-1].tokens <= sizes.maximum:
        tail = drafts.pop()
        for block in tail.blocks:
            drafts[-1].add(block)
    return drafts
