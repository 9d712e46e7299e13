"""Statements: a passage's Markdown split into quotable sentences, list items, table rows and code.

A statement has the passage's own words; only markup is dropped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

QUESTION_MARKS = ("?", "？", "؟")
MAX_STATEMENT_LENGTH = 500
"""Characters of a statement; a longer one is truncated after a word."""
MAX_CODE_LENGTH = 1_200
MAX_COLUMN_NAME = 40
"""Characters of a column name; with a longer first row the table is page layout, without a head."""

_TAG = re.compile(r"</?[a-zA-Z!][^<>]{0,500}>")
_END = re.compile(r"(?<=[.!?…])[\"”»')\]]*\s+(?=[\"“«'(\[`*]?[^\W_a-z])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|cf|vs|no|nr|dr|mr|mrs|ms|st|approx|ca|bzw|z\.\s?b|d\.\s?h|usw|fig|art|[^\W\d_])\.$",
    re.IGNORECASE,
)


_LABELLED = re.compile(r"([^:：.!?]{2,40})[:：]\s+(\S.*)")


class StatementKind(StrEnum):
    """The Markdown element of a statement."""

    sentence = "sentence"
    item = "item"
    """An item of a list."""
    row = "row"
    """A row of a table, each cell with its column's name."""
    code = "code"


@dataclass(frozen=True)
class Statement:
    """A quotable unit of a passage, in plain text."""

    text: str
    kind: StatementKind
    block: int
    """Number of the block: the statements of one paragraph, list or table share it."""
    heading: str = ""
    """The nearest heading above within the passage."""
    label: str = ""
    """The name of the value: a row's first cell, or the text before a colon."""
    value: str = ""
    """A row's other cells, or the text after a colon."""
    is_link: bool = False
    """Whether it is a link to a page and nothing else: navigation, not a statement."""

    @property
    def is_question(self) -> bool:
        """Whether it is a question, as in a list of questions and answers."""
        return self.text.endswith(QUESTION_MARKS)

    @property
    def introduces_next(self) -> bool:
        """Whether it introduces the next statement."""
        return self.text.endswith((":", "："))


@dataclass
class _Reader:
    """Walks the tokens of a passage."""

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
                    self._add_text(before.type, _plain(token), is_link=_is_link(token))
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
                    self._add_row()
            if token.level == 0 and token.nesting <= 0 and token.type != "inline":
                self.block += 1

    def _add_text(self, opener: str, text: str, *, is_link: bool) -> None:
        if opener == "heading_open":
            self.heading = text
        elif opener in ("th_open", "td_open") and self.cells is not None:
            self.cells.append(text)
        elif self.item_depth:
            self._add(text, StatementKind.item, is_link=is_link)
        else:
            for sentence in split_sentences(text):
                self._add(sentence, StatementKind.sentence, is_link=is_link)

    def _add_row(self) -> None:
        cells, self.cells = self.cells or [], None
        if not self.header:
            self.header = cells
            return
        named = zip([*self.header, *[""] * len(cells)], cells, strict=False)
        parts = [f"{name}: {cell}" if 0 < len(name) <= MAX_COLUMN_NAME else cell for name, cell in named if cell]
        self._add(" · ".join(parts), StatementKind.row, cells[0], " · ".join(filter(None, cells[1:])))

    def _add(self, text: str, kind: StatementKind, label: str = "", value: str = "", *, is_link: bool = False) -> None:
        if not text.strip():
            return
        if kind in (StatementKind.sentence, StatementKind.item) and (labelled := _LABELLED.fullmatch(text)):
            label, value = labelled.groups()
        shown = text if kind is StatementKind.code else _truncate(text)
        self.found.append(Statement(shown, kind, self.block, self.heading, label, value, is_link))


@lru_cache(maxsize=1_000)
def read_statements(markdown: str) -> tuple[Statement, ...]:
    """Return the passage's statements in order, without its headings."""
    reader = _Reader()
    reader.read(_parser().parse(markdown))
    return tuple(reader.found)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def plain_text(markdown: str) -> str:
    """Return Markdown as one line of text without links, emphasis, tags and images; code keeps its backticks."""
    return " ".join(_plain(token) for token in _parser().parseInline(markdown) if token.type == "inline")


def _is_link(inline: Token) -> bool:
    """Whether nothing but links to pages, and punctuation between them, makes up the text."""
    depth, has_link = 0, False
    for token in inline.children or ():
        if token.type == "link_open":
            depth += 1
            has_link = True
            if str(token.attrGet("href") or "").startswith(("mailto:", "tel:")):
                return False
        elif token.type == "link_close":
            depth -= 1
        elif not depth and re.search(r"\w", token.content):
            return False
    return has_link


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
    """Split plain text into sentences."""
    start = 0
    for match in _END.finditer(text):
        sentence = text[start : match.end()].strip()
        if not _ABBREVIATION.search(sentence):
            yield sentence
            start = match.end()
    if rest := text[start:].strip():
        yield rest


def _truncate(text: str) -> str:
    if len(text) <= MAX_STATEMENT_LENGTH:
        return text
    return text[:MAX_STATEMENT_LENGTH].rpartition(" ")[0] or text[:MAX_STATEMENT_LENGTH]
