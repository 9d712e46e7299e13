"""Structured data as nested objects: JSON-LD, microdata, RDFa and h-card, all in the form of JSON-LD.

Own code, about a hundred lines: `extruct` brings rdflib, lxml and a second parse of the page.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_CHARACTERS = 500_000
"""Longer JSON-LD is not read."""
MAX_ITEMS = 500
MAX_DEPTH = 8
Item = dict[str, Any]

_WRAPPING = re.compile(r"^\s*(?://\s*)?<!(?:\[CDATA\[|--)|(?://\s*)?(?:\]\]>|-->)\s*;?\s*$")
_H_CARD = {
    "p-name": "name",
    "fn": "name",
    "org": "name",
    "p-org": "name",
    "p-tel": "telephone",
    "tel": "telephone",
    "u-email": "email",
    "email": "email",
    "p-street-address": "streetAddress",
    "street-address": "streetAddress",
    "p-locality": "addressLocality",
    "locality": "addressLocality",
    "p-region": "addressRegion",
    "region": "addressRegion",
    "p-postal-code": "postalCode",
    "postal-code": "postalCode",
    "p-country-name": "addressCountry",
    "country-name": "addressCountry",
}
_URL_ATTRIBUTES = {"a": "href", "link": "href", "area": "href", "img": "src", "object": "data"}


def read_items(tree: LexborHTMLParser, html: str) -> list[tuple[str, Item]]:
    """Return the page's items, outermost first, each with the syntax it was found in."""
    found: list[tuple[str, Item]] = []
    if "ld+json" in html:
        found += [("json-ld", item) for item in _json_items(tree)]
    if "itemscope" in html or "itemprop" in html:
        found += [("microdata", item) for item in _marked_items(tree, "itemscope", "itemtype", "itemprop")]
    if "typeof=" in html:
        found += [("rdfa", item) for item in _marked_items(tree, "typeof", "typeof", "property")]
    if "vcard" in html or "h-card" in html:
        found += [("h-card", _card(node)) for node in tree.css(".h-card, .vcard")[:20]]
    return found[:MAX_ITEMS]


def _json_items(tree: LexborHTMLParser) -> Iterator[Item]:
    for script in tree.css('script[type="application/ld+json"]'):
        source = _WRAPPING.sub("", script.text()).strip()
        if not source or len(source) > MAX_CHARACTERS:
            continue
        for text in (source, source.rstrip(";,"), re.sub(r",\s*([\]}])", r"\1", source)):
            try:
                value = json.loads(text, strict=False)
            except (ValueError, RecursionError):
                continue
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    graph = item.get("@graph")
                    yield from (one for one in graph if isinstance(one, dict)) if isinstance(graph, list) else (item,)
            break


def _marked_items(tree: LexborHTMLParser, scope: str, kind: str, name: str) -> Iterator[Item]:
    """Yield the items of attributes: microdata's, or RDFa Lite's."""
    if tree.body is None:
        return
    top: Item = {}
    _gather(tree.body, top, (scope, kind, name), 0)
    yield from top.get("items", ())
    loose = {key: value for key, value in top.items() if key != "items"}
    if loose:
        yield loose


def _gather(node: LexborNode, item: Item, names: tuple[str, str, str], depth: int) -> None:
    """Add the properties below a node to the item; without recursion for elements that carry none."""
    scope, kind, name = names
    selector = f"[{scope}], [{name}]"
    for found in _outermost(node, selector, scope):
        attributes = found.attributes
        value: Any
        if scope in attributes:
            value = {"@type": (attributes.get(kind) or "").split()}
            if depth < MAX_DEPTH:
                _gather(found, value, names, depth + 1)
        else:
            value = _value(found)
        if properties := (attributes.get(name) or "").split():
            for key in properties:
                item.setdefault(key.rpartition(":")[2].rpartition("/")[2], []).append(value)
        elif scope in attributes:
            item.setdefault("items", []).append(value)


def _outermost(node: LexborNode, selector: str, scope: str) -> Iterator[LexborNode]:
    """Yield the matching descendants that are not inside an item among them."""
    inside: set[int] = set()
    for found in node.css(selector)[:MAX_ITEMS]:
        if found.mem_id == node.mem_id or found.mem_id in inside:
            continue
        yield found
        if scope in found.attributes:
            inside.update(inner.mem_id for inner in found.css(selector) if inner.mem_id != found.mem_id)


def _value(node: LexborNode) -> str:
    attributes = node.attributes
    for name in ("content", "datetime", _URL_ATTRIBUTES.get(node.tag or "", "")):
        if name and (value := attributes.get(name)):
            return " ".join(value.split())
    return " ".join(node.text(separator=" ").split())


def _card(node: LexborNode) -> Item:
    item: Item = {"@type": "Organization" if node.css_first(".org, .p-org") else "Thing"}
    for name, key in _H_CARD.items():
        found = node.css_first("." + name)
        if found is not None and (text := " ".join(found.text().split())):
            item.setdefault(key, text)
    street = {key: item.pop(key) for key in list(item) if key.startswith(("street", "address", "postal"))}
    return item | ({"address": street} if street else {})


def types_of(item: Item) -> set[str]:
    """Return the item's types without their vocabulary, lower case."""
    value = item.get("@type")
    names = value if isinstance(value, list) else [value]
    return {re.split(r"[/#:]", name)[-1].lower() for name in names if isinstance(name, str) and name}


def values_of(item: Item, *names: str) -> list[Any]:
    """Return the values of the properties; a single value is a list of one."""
    found: list[Any] = []
    for name in names:
        value = item.get(name)
        found += value if isinstance(value, list) else [] if value is None else [value]
    return found


def text_of(item: Item, *names: str) -> str:
    """Return the first of the properties that is text; of an object, its name or value."""
    for value in values_of(item, *names):
        if isinstance(value, dict):
            value = next(iter(values_of(value, "name", "@value", "@id")), "")
        is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
        if is_text and (text := " ".join(unescape(str(value)).split())):
            return text
    return ""


def walk(item: Item, depth: int = 0) -> Iterator[Item]:
    """Yield the item and the objects inside it."""
    yield item
    if depth < MAX_DEPTH:
        for key, value in item.items():
            if key in ("review", "reviews", "author", "comment", "isRelatedTo", "isSimilarTo", "publisher", "creator"):
                continue
            for inner in value if isinstance(value, list) else (value,):
                if isinstance(inner, dict):
                    yield from walk(inner, depth + 1)
