"""Removes the trees of contents that help systems build beside each page: as text, they outweigh the page itself."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.telling import FACT

TREE_MARKS = (
    *(b"tree", b'class="toc', b"class='toc", b"class=toc", b'id="toc', b"id='toc", b"id=toc", b"contents-", b"navi"),
    *(b'id="nav', b"id=nav", b"side-nav", b"sidenav", b"sidebar"),
)
"""Bytes of a source that may have such a tree, in lower case."""
_TREES = (
    "h1, [role=tree], [class*=tree i], [id*=tree i], [class*=toc i], [id*=toc i], [class*=navi i], [id*=nav i],"
    " [class*=sidenav i], [class*=side-nav i], aside, [class*=sidebar i]"
)
_ITEMS = "li, a, summary, [onclick]"
_OTHERS = "h1, table, pre, form, article, main, dl"
_SILENT = "body script, body style, body template"
_CONTENT = frozenset(("main", "article", "body", "html"))
MIN_ITEMS = 60
MAX_ITEM_WORDS = 9
"""Words of an item on average: more is text."""
MAX_LINE_WORDS = 25
"""Words of a paragraph of a tree at most."""
MIN_OTHER_WORDS = 10
"""Words that the page must have besides the tree: a page that is a table of contents is kept."""
MAX_FACTS = 2
_WORD = re.compile(r"\w+")


def drop_navigation_trees(tree: LexborHTMLParser) -> None:
    """Remove long trees of short items that stand before the page's first heading."""
    body = tree.body
    if body is None:
        return
    for node in tree.css(_TREES):
        if node.tag == "h1":
            return
        if _is_tree(node):
            if _words(body) - sum(map(_words, tree.css(_SILENT))) - _words(node) >= MIN_OTHER_WORDS:
                node.decompose()
            return


def _is_tree(node: LexborNode) -> bool:
    if node.tag in _CONTENT or node.css_first(_OTHERS) is not None:
        return False
    items = len({item.mem_id for item in node.css(_ITEMS)})
    # A linked item counts twice, as an item and as a link.
    linked = len(node.css("li a, summary a"))
    items -= min(linked, items // 2)
    if items < MIN_ITEMS or _words(node) > MAX_ITEM_WORDS * items or _is_in_content(node):
        return False
    text = node.text(separator="\n")
    if len(FACT.findall(text)) > MAX_FACTS:
        return False
    return all(len(_WORD.findall(line.text())) <= MAX_LINE_WORDS for line in node.css("p")[:MIN_ITEMS])


def _words(node: LexborNode) -> int:
    return len(_WORD.findall(node.text(separator=" ")))


def _is_in_content(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None and parent.tag not in ("body", "html"):
        if parent.tag in ("main", "article") or parent.attributes.get("role") == "main":
            return True
        parent = parent.parent
    return False
