"""A document as boxes (block elements) and runs (the text between their edges), in document order."""

import re
from collections import Counter
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from tasks.web.vocabulary import groups_of

MAX_NODES = 50_000
"""Nodes looked at; a larger page is not looked at to its end."""
MAX_DEPTH = 400
"""Nodes nested deeper are not looked into."""

BLOCKS = frozenset(
    "address article aside blockquote body button caption center dd details dialog div dl dt fieldset figcaption figure"
    " footer form h1 h2 h3 h4 h5 h6 header hgroup label legend li main menu nav ol option p pre section summary table"
    " tbody td tfoot th thead tr ul".split()
)
SILENT = frozenset(
    "script style template noscript svg canvas head link meta select textarea iframe object img input hr".split()
)
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
    children: Counter[str] = field(default_factory=Counter)
    """Signatures of the boxes right in it."""


@dataclass(slots=True, eq=False)
class Run:
    """Text with nothing but inline elements in it."""

    box: Box
    nodes: list[tuple[LexborNode, LexborNode]]
    """Its text nodes, each with the inline element (or itself) right in the box that holds it."""
    text: str
    words: int
    link_words: int


LANDMARKS = {
    name: 1 << index
    for index, name in enumerate(
        "main article header footer nav aside form table ul ol dl figure section details button blockquote a".split()
    )
}


@dataclass(slots=True)
class Outline:
    """All boxes and runs of a page."""

    boxes: list[Box]
    runs: list[Run]
    is_whole: bool
    """Whether the page was small enough to be looked at to its end."""
    split: set[int]
    """Inline elements (`mem_id`) with block elements in them: they are not a run's alone."""


class _Walk:
    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.runs: list[Run] = []
        self.nodes: list[tuple[LexborNode, LexborNode]] = []
        self.split: set[int] = set()
        self.parts: list[str] = []
        self.linked: list[str] = []

    def end_run(self, box: Box) -> None:
        """The text since the last edge of a box becomes a run, if there is any."""
        if not self.nodes:
            return
        text = " ".join("".join(self.parts).split())
        if text and (words := len(_WORD.findall(text))):
            links = len(_WORD.findall(" ".join(self.linked))) if self.linked else 0
            self.runs.append(Run(box, self.nodes, text, words, min(links, words)))
            box.words += words
            box.link_words += min(links, words)
        self.nodes, self.parts, self.linked = [], [], []

    def open_box(self, node: LexborNode, tag: str, parent: Box | None, in_link: bool) -> Box:
        attributes = node.attributes
        name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        groups = groups_of(f"{name} {attributes.get('role') or ''} {attributes.get('itemprop') or ''}")
        tags = (parent.tags if parent else 0) | LANDMARKS.get(tag, 0) | (LANDMARKS["a"] if in_link else 0)
        if attributes.get("role") == "main":
            tags |= LANDMARKS["main"]
        signature = f"{tag}.{attributes.get('class') or ''}"
        hidden = bool(parent and parent.is_hidden) or _is_hidden(attributes)
        box = Box(
            node,
            tag,
            parent,
            parent.depth + 1 if parent else 0,
            groups,
            (parent.inherited | parent.groups) if parent else 0,
            tags,
            signature,
            hidden,
            len(self.runs),
        )
        if parent:
            parent.children[signature] += 1
        self.boxes.append(box)
        return box

    def close_box(self, box: Box) -> None:
        box.last = len(self.runs)
        if box.parent:
            box.parent.words += box.words
            box.parent.link_words += box.link_words


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    style = attributes.get("style")
    return bool(style) and "display:none" in (style or "").replace(" ", "")


def find_outline(root: LexborNode) -> Outline:
    """The boxes and runs under the element, itself the first box."""
    walk = _Walk()
    box = walk.open_box(root, root.tag or "body", None, False)
    # A frame an open element: the next node to look at, the box it is in, whether in a link, the node right in the box.
    stack: list[tuple[LexborNode | None, Box, bool, LexborNode | None, bool]] = [(root.child, box, False, None, True)]
    seen = 0
    while stack:
        node, box, in_link, top, is_box = stack.pop()
        if node is None:
            if is_box:
                walk.end_run(box)
                walk.close_box(box)
            continue
        seen += 1
        tag = node.tag or ""
        stack.append((node.next, box, in_link, top, is_box))
        if tag == "-text":
            text = node.text_content or ""
            walk.parts.append(text)
            if in_link:
                walk.linked.append(text)
            walk.nodes.append((top or node, node))
        elif tag == "br":
            walk.parts.append(" ")
            walk.nodes.append((top or node, node))
        elif tag in SILENT or tag[:1] == "-" or len(stack) > MAX_DEPTH:
            continue
        elif tag in BLOCKS:
            walk.end_run(box)
            if top is not None:
                walk.split.add(top.mem_id)
            inner = walk.open_box(node, tag, box, in_link)
            stack.append((node.child, inner, in_link, None, True))
        else:
            stack.append((node.child, box, in_link or tag == "a", top or node, False))
        if seen > MAX_NODES:
            return Outline(walk.boxes, walk.runs, False, walk.split)
    return Outline(walk.boxes, walk.runs, True, walk.split)
