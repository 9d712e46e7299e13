"""Keeps the choices that a form offers, as lists: ways of delivery with their prices, colours, sizes, rooms."""

import re
from html import escape

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.telling import FACT

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
    r"^\W*(?:please|choose|select|pick|any|all|none|bitte|w[aä]hlen?|auswahl|choisi|s[ée]lection|seleccion|elige|elegir"
    r"|scegli|kies|velg|v[aä]lj|---*)\b|^\W*$",
    re.IGNORECASE,
)
_VARIANTS = re.compile(r"swatch|variant|variation|size|(?:^|[\s_-])options?(?:$|[\s_-])", re.IGNORECASE)
_BUYS = re.compile(
    r"\b(?:buy|add|order|book|pay|checkout|cart|kauf|bestell|warenkorb|buchen|acheter|ajouter|comprar|aggiungi|call|mail)",
    re.IGNORECASE,
)
"""Buttons that do something with a price rather than choose what has it."""
MAX_SWATCH_CHARACTERS = 60
_ROUTINE = re.compile(
    r"country|countries|land\b|state|region|province|lang|locale|currency|sort|order|year|month|\bday|date|time|phone"
    r"|prefix|per.?page|limit|qty|quantity|archive|categor|search|version|theme|font|speed|filter",
    re.IGNORECASE,
)
_DATED = re.compile(r"[^\W\d]{3,}\W+\d{1,2}\b.*[^\W\d]{3,}|\d{1,2}\W+[^\W\d]{3,}.*\d")
_MIN_TOLD = 0.5
_AROUND = frozenset(("nav", "header", "footer", "aside"))
FACT_OR_WORDS = re.compile(r"\w+\W+\w+\W+\w+|\d")
_NUMBER = re.compile(r"[\d\s.,:%+-]+")
_MIN_NUMBERS_LEFT = 0.5


def list_choices(tree: LexborHTMLParser) -> None:
    """Write labels of radio buttons and checkboxes, and options of menus, as list items."""
    for choice in tree.css(_CHOICES)[:MAX_CONTROLS]:
        if spoken := _spoken_label(choice):
            item = tree.create_node("ul")
            item.inner_html = f"<li>{escape(spoken)}</li>"
            choice.insert_after(item)
        elif (label := _label_of(tree, choice)) is not None and not _is_routine_label(label):
            _as_item(tree, label)


def list_options(tree: LexborHTMLParser) -> None:
    """Write the options of menus and the suggestions of fields that a visitor would want to know as lists."""
    for menu in tree.css("select, datalist")[:MAX_CONTROLS]:
        if options := _options_of(menu):
            listed = tree.create_node("ul")
            listed.inner_html = "".join(f"<li>{escape(option)}</li>" for option in options)
            _block_of(menu).insert_after(listed)


def list_swatches(tree: LexborHTMLParser) -> None:
    """Write buttons that choose a variant as list items."""
    for button in [button for button in tree.css("button")[:MAX_CONTROLS] if _is_swatch(button)]:
        item = tree.create_node("ul")
        item.inner_html = f"<li>{escape(' '.join(button.text(separator=' ').split()))}</li>"
        button.replace_with(item)


def _is_swatch(button: LexborNode) -> bool:
    holder = button.parent
    names = f"{button.attributes.get('class')} {holder.attributes.get('class') if holder else ''}"
    text = button.text(separator=" ", strip=True)
    if holder is None or not 1 < len(text) <= MAX_SWATCH_CHARACTERS:
        return False
    if not _VARIANTS.search(names) and (not FACT.search(text) or _BUYS.search(text)):
        return False
    return len([child for child in holder.iter() if child.tag == "button"]) > 1


def _spoken_label(choice: LexborNode) -> str:
    """Return the label that the choice has for screen readers alone."""
    said = " ".join((choice.attributes.get("aria-label") or "").split())
    parent = choice.parent
    if parent is None or parent.tag == "label" or not FACT_OR_WORDS.search(said) or said in parent.text():
        return ""
    return "" if _CONSENT.search(said) else said


def _label_of(tree: LexborHTMLParser, choice: LexborNode) -> LexborNode | None:
    parent = choice.parent
    for _ in range(3):
        if parent is None:
            break
        if parent.tag == "label":
            return parent
        parent = parent.parent
    for name, selector in (
        (choice.attributes.get("id"), 'label[for="{}"]'),
        (choice.attributes.get("aria-labelledby"), '[id="{}"]'),
    ):
        if name and re.fullmatch(r"[\w:.-]+", name) and (label := tree.css_first(selector.format(name))) is not None:
            return label
    return None


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
    nodes = menu.css("option")
    if "multiple" in attributes or not 1 <= len(nodes) <= MAX_OPTIONS + 1 or _is_around(menu):
        return []
    options = [_written(node) for node in nodes]
    if _ROUTINE.search(names) and not _tell(options):
        return []
    kept = [option for option in options if len(option) <= MAX_OPTION_CHARACTERS and not _PLACEHOLDER.search(option)]
    numbers = sum(bool(_NUMBER.fullmatch(option)) for option in kept)
    return list(dict.fromkeys(kept)) if len(kept) > 1 and numbers < _MIN_NUMBERS_LEFT * len(kept) else []


def _written(option: LexborNode) -> str:
    """Return the option's text, with the name of its group."""
    text = " ".join((option.text() or option.attributes.get("value") or "").split())
    group = option.parent
    name = (group.attributes.get("label") or "").strip() if group is not None and group.tag == "optgroup" else ""
    return f"{text} ({name})" if name and text else text


def _tell(options: list[str]) -> bool:
    """Whether most of the options state something: dates of courses with places, delivery with its price."""
    told = sum(bool(FACT.search(option)) or _DATED.search(option) is not None for option in options)
    return told > 1 and told >= _MIN_TOLD * len(options)


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
