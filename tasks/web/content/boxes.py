"""Splits a document into boxes (block elements) and runs (the text between their edges), in document order."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from tasks.web.content.pruning import CONTROLS, PICTURES
from tasks.web.content.vocabulary import groups_of

MAX_NODES = 50_000
"""Nodes visited; the rest of a larger page is ignored."""
MAX_DEPTH = 2_500
"""Nesting depth beyond which children are ignored."""
HEADINGS = {f"h{level}": level for level in range(1, 7)}

_BLOCKS = frozenset(
    (
        *(
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "caption",
            "center",
            "dd",
            "details",
            "dialog",
        ),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "label", "li"),
        *("legend", "main", "menu", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "td"),
        *("tfoot", "th", "thead", "tr", "ul", *HEADINGS),
    )
)
_SILENT = frozenset(
    (*("script", "style", "template", "noscript", "canvas", "head", "link", "meta", "iframe", "object", "hr"),)
)
LANDMARKS = {
    name: 1 << index
    for index, name in enumerate(
        (
            *("main", "article", "header", "footer", "nav", "aside", "form", "table", "ul", "ol", "dl", "figure"),
            *("section", "details", "blockquote", "a"),
        )
    )
}
"""Elements whose kind says something about all of their content, as bits."""
_WORD = re.compile(r"\w+")


@dataclass(slots=True, eq=False)
class Box:
    """A block element."""

    node: LexborNode
    tag: str
    parent: "Box | None"
    depth: int
    groups: int
    """Name groups of its own class, id, role and itemprop, as bits."""
    inherited: int
    """Name groups of its ancestors, as bits."""
    tags: int
    """Landmarks around it, itself included, as bits."""
    signature: str
    """Tag and class; equal for the items of a list of cards."""
    is_hidden: bool
    first: int
    """Index of its first run."""
    last: int = -1
    """One past its last run."""
    words: int = 0
    link_words: int = 0
    children: dict[str, int] = field(default_factory=dict)
    """Count of its direct child boxes by signature."""


@dataclass(slots=True, eq=False)
class Run:
    """Text without block elements in it."""

    box: Box
    nodes: list[tuple[LexborNode, LexborNode]]
    """Its text nodes, each with its outermost inline element within the box (or itself)."""
    text: str
    words: int
    link_words: int
    pictures: int
    """Pictures in it, or between it and the run before."""
    controls: int
    """Form fields and buttons there."""


@dataclass(slots=True)
class Outline:
    """All boxes and runs of a page."""

    boxes: list[Box] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    split: set[int] = field(default_factory=set)
    """Inline elements (`mem_id`) that contain block elements, and so belong to several runs."""
    is_whole: bool = True
    """Whether the whole page was visited, within `MAX_NODES`."""

    @property
    def words(self) -> int:
        """Number of words in all runs."""
        return sum(run.words for run in self.runs)


@dataclass(slots=True)
class _Frame:
    """An open element: its next child to visit, and its surroundings."""

    node: LexborNode | None
    box: Box
    in_link: bool
    top: LexborNode | None
    """The outermost inline element within the box."""
    is_box: bool


class _Walk:
    """A depth-first walk without recursion: documents nest deeper than Python's stack allows."""

    def __init__(self, root: LexborNode) -> None:
        self.outline = Outline()
        self._nodes: list[tuple[LexborNode, LexborNode]] = []
        self._parts: list[str] = []
        self._linked: list[str] = []
        self._pictures = self._controls = 0
        self._stack = [_Frame(root.child, self._open(root, "body", None, in_link=False), False, None, True)]

    def walk(self) -> Outline:
        """Walk the document; stop after `MAX_NODES`."""
        for _ in range(MAX_NODES):
            while self._stack and self._stack[-1].node is None:
                self._leave(self._stack.pop())
            if not self._stack:
                return self.outline
            frame = self._stack[-1]
            assert frame.node is not None
            node, frame.node = frame.node, frame.node.next
            self._visit(node, frame)
        self.outline.is_whole = False
        return self.outline

    def _visit(self, node: LexborNode, frame: _Frame) -> None:
        tag = node.tag or "-"
        if tag == "-text":
            text = node.text_content or ""
            if text.isspace():
                # Most text nodes are line breaks of the source; alone they form no run.
                if self._nodes:
                    self._parts.append(" ")
                return
            self._parts.append(text)
            if frame.in_link:
                self._linked.append(text)
            self._nodes.append((frame.top or node, node))
        elif tag == "br":
            self._parts.append(" ")
            self._nodes.append((frame.top or node, node))
        elif tag in PICTURES:
            self._pictures += 1
        elif tag in CONTROLS:
            self._controls += 1
        elif tag in _SILENT or tag[0] == "-" or len(self._stack) > MAX_DEPTH:
            return
        elif tag in _BLOCKS:
            self._end_run(frame.box)
            if frame.top is not None:
                self.outline.split.add(frame.top.mem_id)
            box = self._open(node, tag, frame.box, in_link=frame.in_link)
            self._stack.append(_Frame(node.child, box, frame.in_link, None, True))
        else:
            self._stack.append(_Frame(node.child, frame.box, frame.in_link or tag == "a", frame.top or node, False))

    def _open(self, node: LexborNode, tag: str, parent: Box | None, *, in_link: bool) -> Box:
        attributes = node.attributes
        get = attributes.get
        name, role = get("class") or "", get("role") or ""
        tags = LANDMARKS.get(tag, 0) | (LANDMARKS["a"] if in_link else 0) | (LANDMARKS["main"] if role == "main" else 0)
        box = Box(
            node=node,
            tag=tag,
            parent=parent,
            depth=parent.depth + 1 if parent else 0,
            groups=groups_of(f"{name} {get('id') or ''} {role} {get('itemprop') or ''}"),
            inherited=parent.inherited | parent.groups if parent else 0,
            tags=tags | (parent.tags if parent else 0),
            signature=f"{tag}.{name}",
            is_hidden=bool(parent and parent.is_hidden) or _is_hidden(attributes),
            first=len(self.outline.runs),
        )
        if parent:
            parent.children[box.signature] = parent.children.get(box.signature, 0) + 1
        self.outline.boxes.append(box)
        return box

    def _leave(self, frame: _Frame) -> None:
        if not frame.is_box:
            return
        box = frame.box
        self._end_run(box)
        box.last = len(self.outline.runs)
        if box.parent:
            box.parent.words += box.words
            box.parent.link_words += box.link_words

    def _end_run(self, box: Box) -> None:
        """End the current run at a box edge; without text there is no run."""
        if not self._nodes:
            return
        text = " ".join("".join(self._parts).split())
        if words := len(_WORD.findall(text)):
            links = min(words, len(_WORD.findall(" ".join(self._linked)))) if self._linked else 0
            self.outline.runs.append(Run(box, self._nodes, text, words, links, self._pictures, self._controls))
            self._pictures = self._controls = 0
            box.words += words
            box.link_words += links
        self._nodes, self._parts, self._linked = [], [], []


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    return "display:none" in (attributes.get("style") or "").replace(" ", "")


def find_outline(root: LexborNode) -> Outline:
    """Return the boxes and runs under the element, which is the first box."""
    return _Walk(root).walk()
