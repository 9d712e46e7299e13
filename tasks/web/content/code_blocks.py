"""Code blocks: found in all the forms that highlighters give them, and written to Markdown exactly as shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.pruning import remove_all

TABLE_MARKS = (
    b"linenos",
    b"lntable",
    b"rouge",
    b"hljs-ln",
    b"blob-",
    b"line-number",
    b"gutter",
    b"lineno",
    b"codetable",
    b"linenum",
    b"-nums",
)
"""Bytes of a source that may have code in a table, in lower case."""
MAX_BLOCKS = 2_000
MAX_ROWS = 20_000
_NUMBERS = (
    ".linenos, .lineno, .linenodiv, .line-number, .line-numbers, .line-numbers-rows, .ln, .lnt, .hljs-ln-numbers,"
    " .code-line-number, .gutter, .copybtn, .react-syntax-highlighter-line-number, .linenumber, .line-no"
)
EDITOR_MARKS = b"codemirror-code", b"cm-content", b"view-lines", b"ace_text-layer"
"""Bytes of a source that may have an editor with code, in lower case."""
_EDITORS = (
    (".CodeMirror-code", ".CodeMirror-line"),
    (".cm-content", ".cm-line"),
    (".view-lines", ".view-line"),
    (".ace_text-layer", ".ace_line"),
)
"""Elements of editors that hold code, with those of their lines."""
PREFORMATTED_MARKS = b"white-space:pre", b"white-space: pre"
_PREFORMATTED = "div[style*='white-space'], code[style*='white-space'], p[style*='white-space']"
_KEEPS_LINES = re.compile(r"white-space\s*:\s*pre(?:\s*;|\s*$)", re.IGNORECASE)
_LONE_NUMBERS = ".line-numbers, .line-number, .linenos, .lineno, .linenumbers, .line-nums, .gutter"
_GUTTER = re.compile(r"\b(?:line-?no|ln|lnt|lntd|num|gutter|line-?number|blob-num|linenos)", re.IGNORECASE)
_CODE = re.compile(r"code|hljs|blob|rouge|lntd|highlight|line", re.IGNORECASE)
_DIGITS = re.compile(r"[\s\d]*")
_NUMBERED = re.compile(r"\s*1\s+2\b[\s\d]*")
_BLOCKS = "div, li, p, tr"
_NO_CODE = "div, p, ul, ol, table, a, img, br, code"
"""Elements in text that only keeps its lines, such as a poem or a comment, and in elements around code."""
_LINES = "[class*=line]"
_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language|lang|highlight(?:-source|-text)?|brush:\s?|sourceCode|code)-?\s?([a-z][\w+#.-]*)",
    re.IGNORECASE,
)
_NO_LANGUAGES = frozenset(
    (
        *("default", "none", "plain", "text", "plaintext", "txt", "nohighlight", "highlight", "wrapper", "block"),
        *("box", "inner", "line", "copy", "lines", "blocklines", "blockcontent", "container", "mirror"),
    )
)
_LANGUAGE_LEVELS = 3
_HOLDER = "\ue0c0{}\ue0c1"
_HELD = re.compile(r"^(.*?)\ue0c0(\d+)\ue0c1(.*)$", re.MULTILINE)
_TICKS = re.compile(r"`+")
_ITEM = re.compile(r"[-*+]|\d+[.)]")


def join_code_tables(tree: LexborHTMLParser) -> None:
    """Replace tables of line numbers and code by a code block without the numbers."""
    for table in reversed(tree.css("table")[:MAX_BLOCKS]):
        if (code := _code_of(table)) is not None:
            text, source = code
            block = tree.create_node("pre")
            for name in ("class", "data-lang", "data-language", "lang"):
                if value := source.attributes.get(name):
                    block.attrs[name] = value
            block.insert_child(text)
            _outermost_block(table).replace_with(block)


def flatten_code(tree: LexborHTMLParser) -> None:
    """Give each code block its text alone, line by line: what follows would take empty lines for empty elements.

    Line numbers in an element beside the block go.
    """
    remove_all(
        node for node in tree.css(_LONE_NUMBERS) if node.tag != "pre" and _NUMBERED.fullmatch(node.text(separator=" "))
    )
    once = {pre.mem_id: pre for pre in tree.css("pre")[:MAX_BLOCKS]}
    for pre in reversed(once.values()):
        if pre.child is None or pre.css_first("table, pre pre") is not None:
            continue
        if language := language_of(pre):
            pre.attrs["data-lang"] = language
        text = _text_of(pre)
        pre.inner_html = ""
        pre.insert_child(text)


def write_shown_code(tree: LexborHTMLParser) -> None:
    """Turn fields that only show a text to copy, such as the code to embed something, into code blocks."""
    for field_ in tree.css("textarea[readonly]")[:MAX_BLOCKS]:
        if text := field_.text().strip():
            block = tree.create_node("pre")
            block.insert_child(text)
            field_.replace_with(block)


def write_edited_code(tree: LexborHTMLParser) -> None:
    """Turn editors that show code into code blocks."""
    for editor, line in _EDITORS:
        for node in tree.css(editor)[:MAX_BLOCKS]:
            block = tree.create_node("pre")
            block.insert_child("\n".join(_clean_line(row) for row in node.css(line)[:MAX_ROWS]))
            node.replace_with(block)


def _clean_line(line: LexborNode) -> str:
    # Editors show spaces as no-break ones, and fill empty lines.
    return line.text().replace("\xa0", " ").strip("\u200b\n")


def write_preformatted(tree: LexborHTMLParser) -> None:
    """Turn elements whose style keeps spaces and lines into code blocks, if they have several."""
    for node in tree.css(_PREFORMATTED)[:MAX_BLOCKS]:
        is_plain = all(inner.mem_id == node.mem_id for inner in node.css(_NO_CODE))
        if is_plain and _KEEPS_LINES.search(node.attributes.get("style") or ""):
            text = node.text().strip("\n").rstrip()
            if "\n" in text and not _in_pre(node):
                block = tree.create_node("pre")
                block.insert_child(text)
                node.replace_with(block)


def _in_pre(node: LexborNode) -> bool:
    parent = node.parent
    return parent is not None and (parent.tag == "pre" or (parent.parent is not None and parent.parent.tag == "pre"))


def _outermost_block(table: LexborNode) -> LexborNode:
    """Return the `pre` around the table, if there is one that holds nothing else."""
    node, size = table, len(table.text(strip=True))
    for _ in range(_LANGUAGE_LEVELS):
        parent = node.parent
        if parent is None or parent.tag not in ("pre", "code") or len(parent.text(strip=True)) > size:
            break
        node = parent
    return node


def _code_of(table: LexborNode) -> tuple[str, LexborNode] | None:
    """Return the code that the table shows and the element that names its language; None if it shows none."""
    rows = table.css("tr")[:MAX_ROWS]
    pairs = [[cell for cell in row.iter() if cell.tag in ("td", "th")] for row in rows]
    if not pairs or any(len(cells) != 2 for cells in pairs):
        return None
    names = table.attributes.get("class") or ""
    if not all(_is_number(cells[0], names) for cells in pairs):
        return None
    if len(pairs) == 1:
        block = pairs[0][1].css_first("pre code") or pairs[0][1].css_first("pre") or pairs[0][1]
        return _text_of(block), pairs[0][1].css_first("code[class], [data-lang]") or block
    if not all(
        cells[1].css_first("pre, code") or _CODE.search(cells[1].attributes.get("class") or "") for cells in pairs
    ):
        return None
    return "\n".join(_text_of(cells[1]) for cells in pairs), pairs[0][1]


def _is_number(cell: LexborNode, table_names: str) -> bool:
    text = cell.text()
    if not _DIGITS.fullmatch(text):
        return False
    is_named = bool(_GUTTER.search(cell.attributes.get("class") or "") or _CODE.search(table_names))
    return is_named and (bool(text.strip()) or "data-line-number" in cell.attributes or cell.child is not None)


def _text_of(block: LexborNode) -> str:
    """Return the block's text with its lines apart, without line numbers."""
    remove_all(node for node in block.css(_NUMBERS) if _DIGITS.fullmatch(node.text()) or "copybtn" in _name(node))
    for node in block.css("br"):
        node.replace_with("\n")
    _separate(block.css(_BLOCKS))
    if "\n" not in block.text().strip():
        _separate(block.css(_LINES))
    return block.text().strip("\n").rstrip()


def _name(node: LexborNode) -> str:
    return node.attributes.get("class") or ""


def _separate(lines: list[LexborNode]) -> None:
    """End each line that is followed by another one."""
    for line in lines:
        following = line.next
        if following is None or line.text().endswith("\n"):
            continue
        if not (following.is_text_node and (following.text_content or "").startswith(("\n", "\r"))):
            line.insert_after("\n")


@dataclass
class CodeBlocks:
    """The code blocks of a document, taken out of it while the rest is converted."""

    found: list[tuple[str, str]] = field(default_factory=list)
    """Language and text of each."""

    def take_out(self, node: LexborNode) -> None:
        """Replace the code blocks under the element by placeholders; those in table cells stay."""
        once = {pre.mem_id: pre for pre in node.css("pre")[:MAX_BLOCKS]}
        for pre in reversed(once.values()):
            if pre.css_first("table") is not None or _in_cell(pre):
                continue
            language, text = language_of(pre), _text_of(pre)
            holder = pre.parser.create_node("p")
            if text.strip():
                holder.insert_child(_HOLDER.format(len(self.found)))
                self.found.append((language, text))
            pre.replace_with(holder)

    def put_back(self, markdown: str) -> str:
        """Return the Markdown with fenced code in the placeholders' places, indented as they are."""
        return _HELD.sub(self._fenced, markdown) if self.found else markdown

    def _fenced(self, held: re.Match[str]) -> str:
        before, after = held[1], held[3]
        if int(held[2]) >= len(self.found):
            return before + after
        language, text = self.found[int(held[2])]
        indent = _ITEM.sub(lambda mark: " " * len(mark[0]), before) if before.strip() else before
        start = ""
        if re.search(r"[^\s>*+.)\d-]", before):
            start, indent = f"{before.rstrip()}\n\n", ""
            before = ""
        fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
        lines = (f"{before}{fence}{language}", *_indented(text, indent), f"{indent}{fence}")
        return start + "\n".join(lines) + (f"\n\n{indent}{after.strip()}" if after.strip() else "")


def _indented(text: str, indent: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield f"{indent}{line}" if line.strip() else indent.rstrip()


def _in_cell(pre: LexborNode) -> bool:
    parent = pre.parent
    while parent is not None and parent.tag != "body":
        if parent.tag in ("td", "th"):
            return True
        parent = parent.parent
    return False


def language_of(pre: LexborNode) -> str:
    """Return the language of a code block by the classes and attributes of it and the elements around it."""
    inner = pre.css_first("code")
    candidates = [inner] if inner is not None else []
    outer: LexborNode | None = pre
    for _ in range(_LANGUAGE_LEVELS):
        if outer is None or outer.tag == "body":
            break
        candidates.append(outer)
        outer = outer.parent
    for node in candidates:
        attributes = node.attributes
        given = attributes.get("data-lang") or attributes.get("data-language") or attributes.get("lang") or ""
        found = _LANGUAGE.search(attributes.get("class") or "")
        language = (given or (found[1] if found else "")).lower()
        if language and language not in _NO_LANGUAGES:
            return language.split()[0]
    return ""
