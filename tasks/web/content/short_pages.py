"""Finds the content of pages with too little text to classify: by their markup alone, whole but for the frame."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.boxes import find_outline
from tasks.web.content.pruning import remove_all
from tasks.web.content.selection import drop_repeated, prune

MIN_SHARE = 0.4
"""Smallest share of the page's text for a `main` or `article` to count as all of its content."""
MIN_TOLD_WORDS = 4
"""Words outside links from which a hidden or set aside text says something."""
MAX_LINKED = 0.4
_FOOTERS = "body > footer, body > div > footer"
_HEADERS = "body > header, body > div > header"
_HIDDEN = "[hidden], [aria-hidden=true]"
_CONTROLS = "form, input, textarea, select, iframe"
_MAINS = "main, [role=main], #content, #main-content, .main-content"
_ALONE = "article, .post-content, .entry-content"
"""Elements that are all of the content if there is one of them alone."""
_NOTES = re.compile(r"note|starlight-aside|admonition|callout|alert|hint|tip|warning|caution|info", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def find_short_content(tree: LexborHTMLParser, body: LexborNode) -> LexborNode:
    """Return the element with the content, without header, footer, labels of fields, and repetitions."""
    remove_all(node for node in tree.css("aside") if not _is_note(node) and not _tells(node))
    remove_all(node for node in tree.css(_HIDDEN) if not _tells(node))
    remove_all(tree.css(f"{_FOOTERS}, label"))
    remove_all(node for node in tree.css(_HEADERS) if node.css_first("h1") is None or not _tells(node))
    found = _find_main(tree, body)
    outline = find_outline(found)
    kept = [True] * len(outline.runs)
    drop_repeated(outline.runs, kept)
    prune(outline, kept)
    return found


def _find_main(tree: LexborHTMLParser, body: LexborNode) -> LexborNode:
    whole = len(body.text(strip=True))
    alone = tree.css(_ALONE)
    candidates = [
        (len(node.text(strip=True)), node) for node in (*tree.css(_MAINS), *(alone if len(alone) == 1 else ()))
    ]
    size, best = max(candidates, key=lambda candidate: candidate[0], default=(0, body))
    return best if size and size >= MIN_SHARE * whole else body


def _is_note(aside: LexborNode) -> bool:
    attributes = aside.attributes
    return bool(_NOTES.search(f"{attributes.get('class')} {attributes.get('role')}"))


def _tells(node: LexborNode) -> bool:
    """Whether the element has text of its own, rather than links and fields."""
    if node.css_first(_CONTROLS) is not None:
        return False
    words = len(_WORD.findall(node.text(separator=" ")))
    linked = sum(len(_WORD.findall(link.text(separator=" "))) for link in node.css("a"))
    return words - linked >= MIN_TOLD_WORDS and linked <= MAX_LINKED * words
