"""Reads structured data of a page: JSON-LD, microdata and Open Graph (schema.org vocabulary)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_CHARACTERS = 500_000
"""Longer JSON-LD is not read."""
MAX_ITEMS = 2_000
"""Objects read per page."""
MAX_QUESTIONS = 100
_WRAPPING = re.compile(r"^\s*(?://\s*)?<!(?:\[CDATA\[|--)|(?://\s*)?(?:\]\]>|-->)\s*$")
_ARTICLES = frozenset(("article", "newsarticle", "blogposting", "techarticle", "report", "scholarlyarticle"))


@dataclass(frozen=True)
class Product:
    """A product from the structured data; missing values are empty."""

    name: str = ""
    brand: str = ""
    price: str = ""
    availability: str = ""
    sku: str = ""
    rating: str = ""
    description: str = ""


@dataclass(frozen=True)
class Structured:
    """The structured data of a page."""

    types: frozenset[str] = frozenset()
    """Lower-case schema.org types, `item TYPE` for microdata, `og TYPE` for Open Graph."""
    product: Product | None = None
    """The product the page is about, if there is exactly one."""
    questions: tuple[tuple[str, str], ...] = ()
    """Questions with their answers; answers may be HTML."""
    author: str = ""
    published: str = ""
    modified: str = ""
    breadcrumbs: tuple[str, ...] = ()


def read_structured(tree: LexborHTMLParser, metas: dict[str, str]) -> Structured:
    """Return the page's structured data; broken parts are ignored."""
    items = list(_items(tree))
    types = {name for item in items for name in _types(item)}
    products = [item for item in items if "product" in _types(item) or "productgroup" in _types(item)]
    articles = [item for item in items if _types(item) & _ARTICLES] or [
        item for item in items if "webpage" in _types(item)
    ]
    trails = [item for item in items if "breadcrumblist" in _types(item)]
    dated: dict[str, Any] = next(
        (item for item in articles if item.get("datePublished")), articles[0] if articles else {}
    )
    product = _product(products[0]) if len({_text(item.get("name")) for item in products}) == 1 else None
    return Structured(
        types=frozenset(types | _microdata_types(tree) | _open_graph_types(metas)),
        product=product or _microdata_product(tree),
        questions=tuple({**dict(_questions(items)), **dict(_microdata_questions(tree))}.items())[:MAX_QUESTIONS],
        author=_names(dated.get("author")),
        published=_text(dated.get("datePublished")),
        modified=_text(dated.get("dateModified")),
        breadcrumbs=_trail(trails[0]) if trails else (),
    )


def _items(tree: LexborHTMLParser) -> Iterator[dict[str, Any]]:
    """Yield the objects of all JSON-LD, also those in lists, graphs and main entities."""
    waiting: list[Any] = []
    for script in tree.css('script[type="application/ld+json"]'):
        source = _WRAPPING.sub("", script.text())
        if len(source) <= MAX_CHARACTERS:
            try:
                waiting.append(json.loads(source, strict=False))
            except (ValueError, RecursionError):
                continue
    waiting.reverse()
    for _ in range(MAX_ITEMS):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            yield value
            waiting.extend(value[key] for key in ("@graph", "mainEntity") if isinstance(value.get(key), list | dict))


def _types(item: dict[str, Any]) -> set[str]:
    value = item.get("@type")
    names = value if isinstance(value, list) else [value]
    return {name.rsplit("/", 1)[-1].lower() for name in names if isinstance(name, str)}


def _text(value: object) -> str:
    """Return the value as text: of a list the first item, of an object its name or value."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = value.get("name") or value.get("@value") or value.get("text") or ""
    return " ".join(str(value).split()) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _names(value: object) -> str:
    people = value if isinstance(value, list) else [value]
    names = dict.fromkeys(name for name in map(_text, people[:5]) if name and not name.startswith("http"))
    return ", ".join(names)


def _product(item: dict[str, Any]) -> Product:
    offer = _object(item.get("offers") or _object(item.get("hasVariant")).get("offers"))
    return Product(
        name=_text(item.get("name")),
        brand=_text(item.get("brand")),
        price=_price(offer),
        availability=_availability(_text(offer.get("availability"))),
        sku=_text(item.get("sku")),
        rating=_rating(_object(item.get("aggregateRating"))),
        description=_text(item.get("description")),
    )


def _object(value: object) -> dict[str, Any]:
    """Return the value if it is an object, or the first object of a list, else an empty one."""
    values = value if isinstance(value, list) else [value]
    return next((item for item in values if isinstance(item, dict)), {})


def _price(offer: dict[str, Any]) -> str:
    """Return the price with its currency; the range for several offers."""
    inner = _object(offer.get("priceSpecification"))
    low, high = _text(offer.get("lowPrice")), _text(offer.get("highPrice"))
    price = _text(offer.get("price")) or _text(inner.get("price")) or low
    if low and high and low != high:
        price = f"{low}–{high}"
    currency = _text(offer.get("priceCurrency")) or _text(inner.get("priceCurrency"))
    return f"{price} {currency}".strip() if price else ""


def _availability(value: str) -> str:
    """Convert `https://schema.org/InStock` to "In stock"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value.rsplit("/", 1)[-1]).capitalize()


def _rating(rating: dict[str, Any]) -> str:
    value, count = (
        _text(rating.get("ratingValue")),
        _text(rating.get("reviewCount")) or _text(rating.get("ratingCount")),
    )
    return f"{value} ({count} reviews)" if value and count else value


def _questions(items: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in items:
        if "question" in _types(item):
            question, answer = _text(item.get("name")), _object(item.get("acceptedAnswer")).get("text")
            if question and isinstance(answer, str) and answer.strip():
                yield question, answer.strip()


def _trail(item: dict[str, Any]) -> tuple[str, ...]:
    steps = item.get("itemListElement")
    found = [step for step in (steps if isinstance(steps, list) else []) if isinstance(step, dict)]
    names = (_text(step.get("name")) or _text(step.get("item")) for step in found[:20])
    return tuple(name for name in names if name and not name.startswith("http"))


def _microdata_types(tree: LexborHTMLParser) -> set[str]:
    return {
        f"item {(node.attributes.get('itemtype') or '').rstrip('/').rsplit('/', 1)[-1].lower()}"
        for node in tree.css("[itemscope][itemtype]")
    }


def _open_graph_types(metas: dict[str, str]) -> set[str]:
    found = {f"og {metas['og:type'].lower()}"} if "og:type" in metas else set()
    if "product:price:amount" in metas or "og:price:amount" in metas:
        found.add("og price")
    if "article:published_time" in metas:
        found.add("og published")
    return found


def _value(node: LexborNode | None) -> str:
    if node is None:
        return ""
    attributes = node.attributes
    value = attributes.get("content") or attributes.get("href") or node.text()
    return " ".join(value.split())


def _microdata_product(tree: LexborHTMLParser) -> Product | None:
    products = tree.css('[itemtype$="schema.org/Product"]')
    if len(products) != 1:
        return None
    item = products[0]
    price, currency = _value(item.css_first("[itemprop=price]")), _value(item.css_first("[itemprop=priceCurrency]"))
    return Product(
        name=_value(item.css_first("[itemprop=name]")),
        brand=_value(item.css_first("[itemprop=brand]")),
        price=f"{price} {currency}".strip() if price else "",
        availability=_availability(_value(item.css_first("[itemprop=availability]"))),
        sku=_value(item.css_first("[itemprop=sku]")),
    )


def _microdata_questions(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    if tree.css_first('[itemtype$="schema.org/FAQPage"]') is None:
        return
    for node in tree.css('[itemtype$="schema.org/Question"]')[:MAX_QUESTIONS]:
        question, answer = node.css_first("[itemprop=name]"), node.css_first("[itemprop=text]")
        if question is not None and answer is not None and answer.text(strip=True):
            yield _value(question), answer.html or ""
