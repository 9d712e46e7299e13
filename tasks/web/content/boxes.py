"""A document as boxes (block elements) and runs (the text between their edges), in document order."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from tasks.web.content.pruning import CONTROLS, PICTURES
from tasks.web.content.vocabulary import groups_of

MAX_NODES = 50_000
"""Nodes looked at; a larger page is not looked at to its end."""
MAX_DEPTH = 400
"""Nodes nested deeper are not looked into."""
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
"""Elements that tell something of all that is in them, as bits."""
_WORD = re.compile(r"\w+")


@dataclass(slots=True, eq=False)
class Box:
    """A block element."""

    node: LexborNode
    tag: str
    parent: "Box | None"
    depth: int
    groups: int
    """Groups of words in its own class, id, role and itemprop, as bits."""
    inherited: int
    """The same of all that hold it."""
    tags: int
    """Landmarks it is in, itself included, as bits."""
    signature: str
    """Tag and class: alike for the items of a list of cards."""
    is_hidden: bool
    first: int
    """Index of its first run."""
    last: int = -1
    """One past its last run."""
    words: int = 0
    link_words: int = 0
    children: dict[str, int] = field(default_factory=dict)
    """Signatures of the boxes right in it, counted."""


@dataclass(slots=True, eq=False)
class Run:
    """Text with nothing but inline elements in it."""

    box: Box
    nodes: list[tuple[LexborNode, LexborNode]]
    """Its text nodes, each with the inline element (or itself) right in the box that holds it."""
    text: str
    words: int
    link_words: int
    pictures: int
    """In it, or between the run before and it."""
    controls: int
    """Fields and buttons there."""


@dataclass(slots=True)
class Outline:
    """All boxes and runs of a page."""

    boxes: list[Box] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    split: set[int] = field(default_factory=set)
    """Inline elements (`mem_id`) with block elements in them: they are not a run's alone."""
    is_whole: bool = True
    """Whether the page was small enough to be looked at to its end."""

    @property
    def words(self) -> int:
        """Words of all runs."""
        return sum(run.words for run in self.runs)


@dataclass(slots=True)
class _Frame:
    """An open element: the next node in it to look at, and where that is."""

    node: LexborNode | None
    box: Box
    in_link: bool
    top: LexborNode | None
    """The inline element right in the box that this is in."""
    is_box: bool


class _Walk:
    """A way through a document, without recursion: documents nest deeper than Python may."""

    def __init__(self, root: LexborNode) -> None:
        self.outline = Outline()
        self._nodes: list[tuple[LexborNode, LexborNode]] = []
        self._parts: list[str] = []
        self._linked: list[str] = []
        self._pictures = self._controls = 0
        self._stack = [_Frame(root.child, self._open(root, "body", None, in_link=False), False, None, True)]

    def go(self) -> Outline:
        """To the end, or as far as is bearable."""
        for _ in range(MAX_NODES):
            while self._stack and self._stack[-1].node is None:
                self._leave(self._stack.pop())
            if not self._stack:
                return self.outline
            frame = self._stack[-1]
            assert frame.node is not None
            node, frame.node = frame.node, frame.node.next
            self._look_at(node, frame)
        self.outline.is_whole = False
        return self.outline

    def _look_at(self, node: LexborNode, frame: _Frame) -> None:
        tag = node.tag or "-"
        if tag == "-text":
            text = node.text_content or ""
            if text.isspace():
                # Most text nodes are the source's line breaks; alone they are no run.
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
        """The text since the last edge of a box becomes a run, if there is any."""
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
    """The boxes and runs under the element, itself the first box."""
    return _Walk(root).go()
