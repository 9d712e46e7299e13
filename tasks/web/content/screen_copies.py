"""Removes the second copy of a block that a page holds once for each size of screen."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.pruning import remove_all

MARKS = (
    b"d-none",
    b"hidden",
    b"visible-",
    b"mobile",
    b"desktop",
    b"hide-",
    b"show-",
    b"-only",
    b"phone",
    b"visibility",
    b" only",
)
"""Bytes of a source that may have such copies, in lower case."""
MAX_BLOCKS = 1_000
MIN_CHARACTERS = 12
"""A shorter text may be on the page twice for two things."""
_SIZES = re.compile(
    r"(?:^|\s)(?:d-(?:(?:xs|sm|md|lg|xl|xxl)-)?(?:none|block|flex|grid|inline|inline-block|table)|visible-\w+|hidden-(?:xs|sm|md|lg|xl)\w*"
    r"|(?:max-)?(?:xs|sm|md|lg|xl|2xl):(?:hidden|block|flex|grid|inline|inline-block|table)|hidden|[\w-]*(?:mobile|desktop|phone|tablet)[\w-]*"
    r"|(?:hide|show)-(?:for|on|xs|sm|small|md|medium|lg|large)[\w-]*|uk-(?:hidden|visible)@\w+|(?:small|medium|large)-only"
    r"|vc_(?:hidden|visible)-(?:xs|sm|md|lg)|fusion-no-(?:small|medium|large)-visibility|(?:computer|large screen) only"
    r"|(?:mob|dt|tab|pc|sp)-only)(?=\s|$)"
)


def drop_copies(tree: LexborHTMLParser) -> None:
    """Remove elements for a size of screen whose text an earlier such element has."""
    first: dict[str, LexborNode] = {}
    gone: list[LexborNode] = []
    for node in _sized(tree):
        text = " ".join(node.text(separator=" ").split())
        if len(text) < MIN_CHARACTERS:
            continue
        if text not in first:
            first[text] = node
        elif not _is_within(node, first[text]):
            gone.append(node)
    # The innermost first: removing an element frees those in it.
    for node in reversed(gone):
        node.decompose()


def drop_marquee_copies(tree: LexborHTMLParser) -> None:
    """Remove elements hidden from screen readers whose text the element before them has: marquees, endless sliders."""
    gone: list[LexborNode] = []
    for node in tree.css("[aria-hidden=true]")[:MAX_BLOCKS]:
        before = node.prev
        while before is not None and not before.is_element_node:
            before = before.prev
        if before is not None and before.tag == node.tag:
            text = " ".join(node.text(separator=" ").split())
            if len(text) >= MIN_CHARACTERS and text == " ".join(before.text(separator=" ").split()):
                gone.append(node)
    remove_all(gone)


def _sized(tree: LexborHTMLParser) -> list[LexborNode]:
    named = tree.css("div[class], section[class], p[class], span[class], ul[class], table[class], a[class]")
    return [node for node in named if _SIZES.search(node.attributes.get("class") or "")][:MAX_BLOCKS]


def _is_within(node: LexborNode, other: LexborNode) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.mem_id == other.mem_id:
            return True
        parent = parent.parent
    return False
