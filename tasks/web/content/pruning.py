"""Removes elements that are not content on any page."""

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.source_marks import SourceMarks
from tasks.web.content.telling import FACT

_NOISE = (
    "script, style, template, canvas, iframe, object, embed, link, meta, audio, [role=contentinfo], [role=search],"
    " .headerlink, .sphinxsidebar, .breadcrumb, .breadcrumbs, .skip-link, .sr-only,"
    " .visually-hidden, .screen-reader-text"
)
_MISUSED = (
    "nav, dialog, menu, [role=navigation], [role=banner], [role=dialog], [role=alertdialog], [role=menu],"
    " [role=menubar]"
)
"""Noise by its meaning, but authors put answers, dishes and fees in it too."""
_PROSE_WORDS = 6
"""Words outside links from which an element among `_MISUSED` may be prose …"""
_MENU_WORDS = 3
"""… and for a `menu`, whose items are short."""
_MAX_LINKED = 0.34
_FILLED_IN = "form, input, textarea, select"
_MANY_BUTTONS = 3
_SENTENCES = "p, li, div, td, dd, span, section"
_WORD = re.compile(r"\w+")
PICTURES = ("img", "svg", "picture", "video")
CONTROLS = ("input", "select", "textarea", "button")
MUTE = ", ".join((*PICTURES, *CONTROLS))
"""Elements without readable text that are features of the text beside them; removed after classification."""
_FRAME = "body > footer, body > div > footer"
_CONSENT_WORDS = ("cookie", "consent", "gdpr", "onetrust", "didomi", "usercentrics")
_CONSENT_MARKS = tuple(word.encode() for word in _CONSENT_WORDS)
_CONSENT = ", ".join(
    f"{tag}[{attribute}*={word} i]"
    for tag in ("div", "section", "aside", "form")
    for attribute in ("id", "class")
    for word in _CONSENT_WORDS
)
MAX_CONSENT_CHARACTERS = 3_000
"""A longer element is a text about cookies, not a consent banner."""
MAX_CHOICE_CHARACTERS = 40
"""Characters besides the links in a language menu at most."""
_BLOCKS = ("p", "ul", "div", "body")
_ASKS = "button, input, [role=button], a[class*=btn i], a[class*=button i]"
_TOPICS = "h1, main, article, table, pre, dl"
MIN_CHARACTERS = 400
"""A document with less text than this besides its `noscript` is rendered by scripts: its `noscript` is the content."""
MAX_FORMS = 1_000
"""Forms, language links and disclosure buttons examined per page."""


def remove_all(nodes: Iterable[LexborNode]) -> None:
    """Remove the nodes, given in document order, from their document; they may repeat and nest.

    selectolax returns a node once for each selector of a list that it matches, and frees removed nodes:
    a node must be removed once, and before its ancestors.
    """
    once = {node.mem_id: node for node in nodes}
    for node in reversed(once.values()):
        node.decompose()


def remove_furniture(node: LexborHTMLParser | LexborNode) -> None:
    """Remove the elements under the node that are not content by their markup."""
    remove_all(node.css(_NOISE))
    noise: list[LexborNode] = []
    for found in node.css(_MISUSED):
        if not _is_prose(found):
            noise.append(found)
        elif found.tag in ("nav", "dialog"):
            # As the classifier sees it, nothing in a `nav` is content.
            found.unwrap()
        elif "role" in found.attributes:
            del found.attrs["role"]
    remove_all(noise)


def _is_prose(node: LexborNode) -> bool:
    """Whether the element holds sentences rather than links and controls."""
    is_menu = node.tag == "menu"
    if node.attributes.get("role") in ("menu", "menubar"):
        # Dishes have prices; the commands of an application do not.
        if not FACT.search(node.text(separator=" ")):
            return False
        is_menu = True
    if _is_in_header(node) or len(node.css("button")) >= _MANY_BUTTONS or node.css_first(_FILLED_IN) is not None:
        return False
    words = len(_WORD.findall(node.text(separator=" ")))
    linked = sum(len(_WORD.findall(link.text(separator=" "))) for link in node.css("a"))
    if words - linked < (_MENU_WORDS if is_menu else _PROSE_WORDS) or linked > _MAX_LINKED * words:
        return False
    if is_menu or node.attributes.get("role") == "banner":
        return True
    return any(len(_WORD.findall(text.text(deep=False))) >= _PROSE_WORDS for text in node.css(_SENTENCES))


def _is_in_header(node: LexborNode) -> bool:
    """Whether the element is part of the page's header, above its content."""
    parent = node.parent
    while parent is not None and parent.tag not in ("body", "main", "article"):
        if parent.tag == "header":
            return True
        parent = parent.parent
    return False


def remove_noise(tree: LexborHTMLParser, source: SourceMarks) -> None:
    """Remove scripts, navigation and consent banners."""
    if source.has_any(_CONSENT_MARKS):
        remove_all(_consent_banners(tree))
    if source.has_any((b"<noscript",)):
        _resolve_noscript(tree)
    if source.has_any((b"hreflang",)):
        remove_all(_language_choices(tree))
    remove_furniture(tree)
    remove_all(tree.css(_FRAME))
    remove_all(
        node for node in tree.css("form")[:MAX_FORMS] if not node.css_first("p, h1, h2, h3, table, ul, ol, div, dl")
    )


def _consent_banners(tree: LexborHTMLParser) -> list[LexborNode]:
    """Consent banners: by name, short, with a button, and without content elements."""
    return [
        node
        for node in tree.css(_CONSENT)
        if node.css_first(_ASKS) and not node.css_first(_TOPICS) and len(node.text()) <= MAX_CONSENT_CHARACTERS
    ]


def _language_choices(tree: LexborHTMLParser) -> list[LexborNode]:
    """Blocks that offer the page in other languages, with little other text."""
    blocks: dict[int, LexborNode] = {}
    for link in tree.css("p a[hreflang], ul a[hreflang], body div a[hreflang]")[:MAX_FORMS]:
        block = link.parent
        while block is not None and block.tag not in _BLOCKS:
            block = block.parent
        if block is not None:
            blocks[block.mem_id] = block
    return [block for block in blocks.values() if _is_language_choice(block)]


def _is_language_choice(block: LexborNode) -> bool:
    links = block.css("a")
    others = sum("hreflang" not in link.attributes for link in links)
    said = len(block.text(strip=True)) - sum(len(link.text(strip=True)) for link in links)
    # The link of the page's own language may lack hreflang.
    return others <= 1 and said <= MAX_CHOICE_CHARACTERS and not block.css_first(_TOPICS)


def _resolve_noscript(tree: LexborHTMLParser) -> None:
    """Keep `noscript` as the content of a page that is otherwise empty; remove it from other pages."""
    body = tree.body
    shown = len(body.text(strip=True, skip_empty=True)) if body else 0
    hidden = tree.css("body noscript")
    aside = sum(len(node.text(strip=True)) for node in hidden)
    silent = sum(len(node.text(strip=True)) for node in tree.css("body script, body style, body template"))
    if aside > MIN_CHARACTERS > shown - aside - silent:
        tree.unwrap_tags(["noscript"])
    else:
        remove_all(tree.css("noscript"))
