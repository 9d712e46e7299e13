"""Keeps the choices that a form offers, as lists: ways of delivery with their prices, colours, sizes, rooms."""

import re
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_CONTROLS = 500
MAX_OPTIONS = 30
"""A longer list is all countries, all years."""
MAX_OPTION_CHARACTERS = 120
_CHOICES = "input[type=radio], input[type=checkbox]"
_CONSENT = re.compile(
    r"\b(?:i agree|i accept|i have read|agree to|accept the|consent|remember me|stay signed|keep me|newsletter"
    r"|subscribe|privacy|terms|save my name|notify me|zustimm|einverstanden|akzeptier|datenschutz|angemeldet bleiben"
    r"|j.accepte|se souvenir|acepto|he le[ií]do|recu[eé]rdame|accetto|aceito|akkoord|select all|compare)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"^\W*(?:please|choose|select|pick|any|all|none|bitte|w[aä]hlen|auswahl|choisi|s[ée]lection|seleccion|elige|elegir"
    r"|scegli|kies|velg|v[aä]lj|---*)\b|^\W*$",
    re.IGNORECASE,
)
_ROUTINE = re.compile(
    r"country|countries|land\b|state|region|province|lang|locale|currency|sort|order|year|month|\bday|date|time|phone"
    r"|prefix|per.?page|limit|qty|quantity|archive|categor|search|version|theme|font|speed|filter",
    re.IGNORECASE,
)
_AROUND = frozenset(("nav", "header", "footer", "aside"))
_NUMBER = re.compile(r"[\d\s.,:%+-]+")
_MIN_NUMBERS_LEFT = 0.5


def list_choices(tree: LexborHTMLParser) -> None:
    """Write labels of radio buttons and checkboxes, and options of menus, as list items."""
    for choice in tree.css(_CHOICES)[:MAX_CONTROLS]:
        if (label := _label_of(tree, choice)) is not None and not _is_routine_label(label):
            _as_item(tree, label)


def list_options(tree: LexborHTMLParser) -> None:
    """Write the options of menus that a visitor would want to know as lists."""
    for menu in tree.css("select")[:MAX_CONTROLS]:
        if options := _options_of(menu):
            listed = tree.create_node("ul")
            listed.inner_html = "".join(f"<li>{escape(option)}</li>" for option in options)
            _block_of(menu).insert_after(listed)


def _label_of(tree: LexborHTMLParser, choice: LexborNode) -> LexborNode | None:
    parent = choice.parent
    for _ in range(3):
        if parent is None:
            break
        if parent.tag == "label":
            return parent
        parent = parent.parent
    name = choice.attributes.get("id") or ""
    if not re.fullmatch(r"[\w:.-]+", name):
        return None
    return tree.css_first(f'label[for="{name}"]')


def _is_routine_label(label: LexborNode) -> bool:
    text = label.text(separator=" ", strip=True)
    return len(text) < 2 or bool(_CONSENT.search(text)) or label.css_first("li, table, form") is not None


def _as_item(tree: LexborHTMLParser, label: LexborNode) -> None:
    """Turn the label into a list of one item; labels that follow each other make one list as Markdown."""
    if label.parent is None or label.parent.tag in ("li", "td", "th", "dt", "dd"):
        label.unwrap()
        return
    item = tree.create_node("ul")
    item.inner_html = f"<li>{label.inner_html or ''}</li>"
    label.replace_with(item)


def _options_of(menu: LexborNode) -> list[str]:
    """Return the options to keep; none of a menu that every site has, such as countries or a sort order."""
    attributes = menu.attributes
    names = " ".join(attributes.get(name) or "" for name in ("name", "id", "class", "aria-label", "autocomplete"))
    if _ROUTINE.search(names) or "multiple" in attributes or _is_around(menu):
        return []
    nodes = menu.css("option")
    if not 1 <= len(nodes) <= MAX_OPTIONS + 1:
        return []
    options = [" ".join(node.text().split()) for node in nodes]
    kept = [option for option in options if len(option) <= MAX_OPTION_CHARACTERS and not _PLACEHOLDER.search(option)]
    numbers = sum(bool(_NUMBER.fullmatch(option)) for option in kept)
    return list(dict.fromkeys(kept)) if len(kept) > 1 and numbers < _MIN_NUMBERS_LEFT * len(kept) else []


def _is_around(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None and parent.tag != "body":
        if parent.tag in _AROUND:
            return True
        parent = parent.parent
    return False


def _block_of(menu: LexborNode) -> LexborNode:
    """Return the element after which a list may stand: not within a paragraph or label."""
    node = menu
    while node.parent is not None and node.parent.tag in ("p", "label", "span"):
        node = node.parent
    return node
