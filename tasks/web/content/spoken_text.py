"""Chooses between text for the eye and its spoken twin for screen readers.

Shops print a price twice: split into styled parts that screen readers skip (`aria-hidden`), and whole, visually
hidden. The whole one is kept. A visually hidden text without such a twin ("Skip to content") is noise.
"""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.pruning import remove_all

MAX_NODES = 2_000
SPOKEN = (
    ".sr-only, .screen-reader-text, .visually-hidden, .visuallyhidden, .visuallyHidden, .a-offscreen,"
    ' .u-hidden-visually, span[style*="clip"], span[style*="-999"], [class*="visually-hidden" i], .u-hiddenVisually,'
    " .show-for-sr, .is-sr-only, .slds-assistive-text, .element-invisible, .hidden-accessible, .offscreen"
)
"""Usual classes of text that is only spoken."""
SPOKEN_MARKS = (
    *(b"sr-only", b"screen-reader", b"visually", b"offscreen", b"clip", b"-999", b"for-sr", b"assistive"),
    *(b"element-invisible", b"hidden-accessible"),
)
_ICONS = frozenset(("i", "svg", "img", "picture", "span", "em", "b"))
_CELLS = frozenset(("td", "th", "dd", "li"))
_CONTROLS = frozenset(("a", "button", "label", "nav", "form"))
_LETTERS = re.compile(r"\w")


def choose_twins(tree: LexborHTMLParser) -> None:
    """Keep a spoken text in the place of its split or pictured twin."""
    once = {node.mem_id: node for node in tree.css(SPOKEN)[:MAX_NODES]}
    gone: list[LexborNode] = []
    for node in once.values():
        parent = node.parent
        if parent is None or not _LETTERS.search(node.text()) or node.attributes.get("aria-hidden") == "true":
            continue
        twins = _hidden_children(parent)
        said = [twin for twin in twins if _LETTERS.search(twin.text())]
        if said or (_is_pictured(parent, twins) and not _in_control(node)):
            gone += said
            node.insert_before(" ")
            node.insert_after(" ")
            node.unwrap()
    remove_all(gone)


def read_labels(tree: LexborHTMLParser) -> None:
    """Write the label of an element in it if all of its own text is hidden from screen readers (split headlines)."""
    # The innermost first: emptying an element frees those in it.
    for child in reversed(tree.css("[aria-label] > [aria-hidden=true]:first-child")[:MAX_NODES]):
        parent = child.parent
        if parent is None or parent.tag in _CONTROLS or parent.tag in ("svg", "ul", "ol"):
            continue
        label = (parent.attributes.get("aria-label") or "").strip()
        shown = parent.text(strip=True)
        hidden = sum(len(node.text(strip=True)) for node in _hidden_children(parent))
        if label and shown and hidden == len(shown):
            parent.inner_html = ""
            parent.insert_child(label)


def _hidden_children(parent: LexborNode) -> list[LexborNode]:
    return [child for child in parent.iter() if child.attributes.get("aria-hidden") == "true"]


def _is_pictured(parent: LexborNode, twins: list[LexborNode]) -> bool:
    """Whether an icon stands beside the spoken text, or nothing at all in a cell."""
    return any(twin.tag in _ICONS for twin in twins) or parent.tag in _CELLS


def _in_control(node: LexborNode) -> bool:
    parent = node.parent
    for _ in range(4):
        if parent is None:
            return False
        if parent.tag in _CONTROLS or parent.tag == "footer":
            return True
        parent = parent.parent
    return False
