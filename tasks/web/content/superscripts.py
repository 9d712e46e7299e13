"""Writes raised text so that it keeps its meaning as plain text: powers, cents, notes."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_NODES = 3_000
CENTS = (
    "[class*=cents i], [class*=decimal i], [class*=fraction i], [class*=centimes i], [class*=minor i], small,"
    " span[style*=super], span[style*=font-size]"
)
CENTS_MARKS = (
    b"cents",
    b"centimes",
    b"decimal",
    b"fraction",
    b"minor",
    b"<small",
    b'<span style="font-size',
    b"vertical-align:super",
)
_RAISED = str.maketrans("0123456789+-−–=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿ")
_MAPPED = re.compile(r"[0-9+\-−–=()n]{1,8}")
_CURRENCY = r"(?:[€$£¥₹]|\b(?:CHF|EUR|USD|GBP|kr|zł|Fr)\.?)"
_PRICE = re.compile(rf"{_CURRENCY}\s?\d{{1,3}}(?:[.,'’ ]?\d{{3}})*$")
_AMOUNT = re.compile(r"(?:^|[\s(])\d{1,3}(?:[.,'’ ]?\d{3})*$")
_PAID = re.compile(rf"\s*{_CURRENCY}")
_ORDINARY = re.compile(
    r"st|nd|rd|th|er|re|e|[eè]me|d|nde?|o|a|os|as|º|ª|te|ter|™|®|©|tm|sm|r|\*+|†|‡|\[.*\]", re.IGNORECASE
)
_FRACTION = re.compile(r"[.,]\d\d")
_SHORT = re.compile(r"[\w+−-]{1,6}")
_INLINE = frozenset(("span", "bdi", "b", "strong", "ins", "del", "em", "a", "font", "big"))
_BARS = "/", "\u2044", "\u2215"
"""Signs between the numbers of a fraction."""
MAX_CHARACTERS = 12
REACH = 40
"""Characters before and after that are looked at."""


def write_raised(tree: LexborHTMLParser) -> None:
    """Replace `sup` elements, and elements named as the cents of a price, by text that says the same."""
    # The innermost first: replacing an element frees those in it.
    for node in reversed(tree.css("sup")[:MAX_NODES]):
        if len(node.text()) <= MAX_CHARACTERS and not _is_code(node):
            text = "".join(node.text().split())
            if (written := _written(node, text, is_price=False)) is not None:
                node.replace_with(written)
            elif _FRACTION.fullmatch(text) and node.prev is not None and node.prev.tag in ("b", "strong"):
                # Their marks in Markdown would part the number.
                node.prev.unwrap()


def write_cents(tree: LexborHTMLParser) -> None:
    """Set off the cents of a price that only their style sets off."""
    for node in {node.mem_id: node for node in tree.css(CENTS)[:MAX_NODES]}.values():
        if node.child is None or node.child.next is not None or not node.child.is_text_node:
            continue
        text = node.text(strip=True)
        if (written := _written(node, text, is_price=True)) is not None:
            node.replace_with(written)


def _written(node: LexborNode, text: str, *, is_price: bool) -> str | None:
    """Return the text to write in the element's place; None to leave the element as it is."""
    before = _before(node)
    if re.fullmatch(r"\d\d", text):
        if _PRICE.search(before):
            return f".{text}"
        if _AMOUNT.search(before) and (is_price or _PAID.match(_after(node))):
            return f",{text}"
    if not is_price and text.isdecimal() and before[-1:].isdecimal() and _after(node).lstrip().startswith(_BARS):
        return f" {text}"  # 1½ cups, not 11/2
    if is_price or not text or not before or before[-1].isspace() or not (before[-1].isalnum() or before[-1] in ")]"):
        return None
    if _MAPPED.fullmatch(text):
        return text.translate(_RAISED)
    if before[-1].isalnum() and _SHORT.fullmatch(text) and not _ORDINARY.fullmatch(text):
        return f"^{text}"
    return None


def _before(node: LexborNode) -> str:
    """Return the last characters before the element in its line."""
    found, at = "", node
    for _ in range(6):
        if at.prev is None:
            if at.parent is None or at.parent.tag not in _INLINE:
                break
            at = at.parent
            continue
        at = at.prev
        if at.tag in ("br", "div", "p", "table", "ul"):
            break
        found = ((at.text_content or "") if at.is_text_node else at.text()) + found
        if len(found) >= REACH:
            break
    return found[-REACH:]


def _after(node: LexborNode) -> str:
    at = node
    for _ in range(3):
        if at.next is not None:
            return ((at.next.text_content or "") if at.next.is_text_node else at.next.text())[:REACH]
        if at.parent is None or at.parent.tag not in _INLINE:
            break
        at = at.parent
    return ""


def _is_code(node: LexborNode) -> bool:
    parent = node.parent
    for _ in range(4):
        if parent is None:
            return False
        if parent.tag in ("pre", "code", "math"):
            return True
        parent = parent.parent
    return False
