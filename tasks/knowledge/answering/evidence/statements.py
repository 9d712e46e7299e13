"""A passage's Markdown as statements that can be quoted: sentences, list items, table rows, code.

Every statement's words stand in the passage; what is left out is markup.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_STATEMENT_LENGTH = 500
"""Longer ones are cut after a word."""
MAX_CODE_LENGTH = 1_200
MAX_COLUMN_NAME = 40
"""A longer first row is no head: the table lays out a page."""

_TAG = re.compile(r"</?[a-zA-Z!][^<>]{0,500}>")
_END = re.compile(r"(?<=[.!?…])[\"”»')\]]*\s+(?=[\"“«'(\[`*]?[^\W_a-z])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|cf|vs|no|nr|dr|mr|mrs|ms|st|approx|ca|bzw|z\.\s?b|d\.\s?h|usw|fig|art|[^\W\d_])\.$",
    re.IGNORECASE,
)


_LABELLED = re.compile(r"([^:：.!?]{2,40})[:：]\s+(\S.*)")


class StatementKind(StrEnum):
    """What a statement is in its passage."""

    sentence = "sentence"
    item = "item"
    """Of a list."""
    row = "row"
    """Of a table, each cell with its column's name."""
    code = "code"


@dataclass(frozen=True)
class Statement:
    """Something a passage says, in plain text."""

    text: str
    kind: StatementKind
    block: int
    """Statements of one paragraph, list or table have the same."""
    heading: str = ""
    """The nearest heading above it within the passage."""
    label: str = ""
    """What its value is called: a row's first cell, or what stands before a colon."""
    value: str = ""

    @property
    def asks(self) -> bool:
        """Whether it is a question itself, as in a list of questions and answers."""
        return self.text.endswith(("?", "？", "؟"))

    @property
    def leads(self) -> bool:
        """Whether it announces what follows."""
        return self.text.endswith((":", "："))


@dataclass
class _Reader:
    """Goes through the blocks of a passage."""

    found: list[Statement] = field(default_factory=list)
    heading: str = ""
    block: int = 0
    item_depth: int = 0
    header: list[str] = field(default_factory=list)
    cells: list[str] | None = None

    def read(self, tokens: list[Token]) -> None:
        for before, token in zip([None, *tokens], tokens, strict=False):
            match token.type:
                case "inline" if before is not None:
                    self._take_text(before.type, _plain(token))
                case "fence" | "code_block":
                    self._add(token.content.strip("\n")[:MAX_CODE_LENGTH], StatementKind.code)
                case "list_item_open":
                    self.item_depth += 1
                case "list_item_close":
                    self.item_depth -= 1
                case "table_open":
                    self.header = []
                case "tr_open":
                    self.cells = []
                case "tr_close":
                    self._take_row()
            if token.level == 0 and token.nesting <= 0 and token.type != "inline":
                self.block += 1

    def _take_text(self, opener: str, text: str) -> None:
        if opener == "heading_open":
            self.heading = text
        elif opener in ("th_open", "td_open") and self.cells is not None:
            self.cells.append(text)
        elif self.item_depth:
            self._add(text, StatementKind.item)
        else:
            for sentence in split_sentences(text):
                self._add(sentence, StatementKind.sentence)

    def _take_row(self) -> None:
        cells, self.cells = self.cells or [], None
        if not self.header:
            self.header = cells
            return
        named = zip([*self.header, *[""] * len(cells)], cells, strict=False)
        parts = [f"{name}: {cell}" if 0 < len(name) <= MAX_COLUMN_NAME else cell for name, cell in named if cell]
        self._add(" · ".join(parts), StatementKind.row, cells[0], " · ".join(filter(None, cells[1:])))

    def _add(self, text: str, kind: StatementKind, label: str = "", value: str = "") -> None:
        if not text.strip():
            return
        if kind in (StatementKind.sentence, StatementKind.item) and (given := _LABELLED.fullmatch(text)):
            label, value = given.groups()
        shown = text if kind is StatementKind.code else _cut(text)
        self.found.append(Statement(shown, kind, self.block, self.heading, label, value))


@lru_cache(maxsize=1_000)
def read_statements(markdown: str) -> tuple[Statement, ...]:
    """The passage's statements in order; headings are not among them."""
    reader = _Reader()
    reader.read(_parser().parse(markdown))
    return tuple(reader.found)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def plain_text(markdown: str) -> str:
    """Markdown on one line as its words: no links, emphasis, tags or images; code keeps its ticks."""
    return " ".join(_plain(token) for token in _parser().parseInline(markdown) if token.type == "inline")


def _plain(inline: Token) -> str:
    parts: list[str] = []
    for token in inline.children or ():
        if token.type == "code_inline":
            parts.append(f"`{token.content}`")
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif token.type != "image":
            parts.append(token.content)
    return " ".join(_TAG.sub(" ", "".join(parts)).split())


def split_sentences(text: str) -> Iterator[str]:
    """The sentences of plain text."""
    start = 0
    for match in _END.finditer(text):
        sentence = text[start : match.end()].strip()
        if not _ABBREVIATION.search(sentence):
            yield sentence
            start = match.end()
    if rest := text[start:].strip():
        yield rest


def _cut(text: str) -> str:
    if len(text) <= MAX_STATEMENT_LENGTH:
        return text
    return text[:MAX_STATEMENT_LENGTH].rpartition(" ")[0] or text[:MAX_STATEMENT_LENGTH]
