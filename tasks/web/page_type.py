"""What kind of page it is: what it says of itself, what its address says, and how its text is spread."""

import re
from bisect import bisect_right
from enum import StrEnum
from urllib.parse import urlsplit

from tasks.web.boxes import LANDMARKS, Outline
from tasks.web.vocabulary import BITS


class PageType(StrEnum):
    """Kinds of pages whose content is found in different ways."""

    article = "article"
    documentation = "documentation"
    service = "service"
    forum = "forum"
    collection = "collection"
    listing = "listing"
    product = "product"


_ADDRESS: dict[str, re.Pattern[str]] = {
    "forum": re.compile(r"\b(?:forums?|threads?|community|discuss(?:ions?)?|topic|questions?|boards?|viewtopic|showthread|bbs|comments|t)\b"),
    "product": re.compile(r"\b(?:products?|p|dp|itm|item|pd|sku)(?:/|-|\b)[^/]+"),
    "product folder": re.compile(r"/(?:products?|shop|store)/[^/]*-[^/]*/?$"),
    "product mark": re.compile(r"/(?:dp|itm|pr|p|app|item|listing)/|[_-]\d{5,}|\d{6,}"),
    "collection": re.compile(r"\b(?:collections?|categor(?:y|ies)|catalog|c|cat|departments?|browse|genre|l|b)/"),
    "collection word": re.compile(r"\b(?:collections?|category|categories|shop|store|catpage|departments?)\b"),
    "listing": re.compile(r"\b(?:lists?|search|top|best|trending|jobs?|tags?|topics?|chart|directory|archive|latest|newest|find|results|reviews)\b"),
    "documentation": re.compile(r"\b(?:docs?|documentation|api|reference|manual|man\d?|guides?|tutorials?|howto|learn|wiki|developers?|devel|library|help|kb|book|spec(?:ification)?)\b"),
    "article": re.compile(r"\b(?:blogs?|news|articles?|posts?|stor(?:y|ies)|insights?|magazine|opinion|weblog|press|resources|tips|knowledge-center)\b"),
    "dated": re.compile(r"/(?:19|20)\d\d/"),
    "service": re.compile(r"\b(?:services?|solutions?|pricing|features?|programs?|courses?|training|insurance|therapy|about|contact|platform|what-we-do|capabilities|for)\b"),
    "html file": re.compile(r"\.html?$"),
    "query": re.compile(r"\?"),
}
_GENERATORS = re.compile(r"sphinx|docusaurus|mkdocs|vitepress|vuepress|gitbook|hugo|jekyll|wordpress|woocommerce|discourse|"
                         r"xenforo|phpbb|vbulletin|mediawiki|shopify|drupal|wix|squarespace|rustdoc|starlight|nextra|invision|flarum", re.I)
_PRICE = re.compile(r"[$€£¥]\s?\d|\d\s?(?:€|£|kr|zł)")
_AGO = re.compile(r"\bago\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2},? \d{4}", re.I)
_CART = re.compile(r"add to (?:cart|bag|basket)|in den warenkorb|ajouter au panier|buy (?:it )?now|in stock|out of stock|sku", re.I)
_REPLY = re.compile(r"\b(?:repl(?:y|ies)|posted|joined|posts|thread|answers?|upvote|quote|likes?)\b", re.I)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){3,}")


def _bin(name: str, value: float, edges: tuple[float, ...]) -> str:
    index = bisect_right(edges, value)
    return f"{name} <{edges[index]:g}" if index < len(edges) else f"{name} more"


_COUNTS = (1, 3, 6, 12, 25, 60)


def page_traits(outline: Outline, *, url: str, declared: set[str], generator: str, head: str) -> list[str]:
    """What tells the kinds of pages apart: `declared` are the lower-case types of JSON-LD, Open Graph and microdata."""
    parts = urlsplit(url.lower())
    address = parts.path + ("?" if parts.query else "")
    host = parts.netloc
    found = [f"address {name}" for name, pattern in _ADDRESS.items() if pattern.search(address)]
    found += [f"host {name}" for name in ("forum", "documentation", "article", "product", "collection word") if _ADDRESS[name].search(host.split(".")[0] + "/")]
    segments = [part for part in parts.path.split("/") if part]
    found.append(_bin("address parts", len(segments), (1, 2, 3, 4, 5)))
    if segments and _SLUG.search(segments[-1]):
        found.append("address slug")
    found += [f"declares {name}" for name in sorted(declared)]
    found += [f"made by {m.lower()}" for m in set(_GENERATORS.findall(generator))]
    runs = outline.runs
    words = sum(run.words for run in runs) or 1
    links = sum(run.link_words for run in runs)
    prose = [run for run in runs if run.words >= 9 and run.link_words * 3 <= run.words]
    prose_words = sum(run.words for run in prose)
    found.append(_bin("page words", words, (100, 250, 500, 1000, 2000, 4000, 8000)))
    found.append(_bin("page linked", links / words, (0.1, 0.2, 0.3, 0.45, 0.6, 0.8)))
    found.append(_bin("page prose", prose_words / words, (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)))
    found.append(_bin("prose run words", prose_words / (len(prose) or 1), (15, 20, 30, 40, 60, 100)))
    found.append(_bin("prices", sum(1 for run in runs if run.words < 12 and _PRICE.search(run.text)), _COUNTS))
    found.append(_bin("dates", sum(1 for run in runs if run.words < 20 and _AGO.search(run.text)), _COUNTS))
    found.append(_bin("carts", sum(1 for run in runs if run.words < 12 and _CART.search(run.text)), _COUNTS))
    found.append(_bin("replies", sum(1 for run in runs if run.words < 12 and _REPLY.search(run.text)), _COUNTS))
    found.append(_bin("headings", sum(1 for run in runs if run.box.tag in ("h1", "h2", "h3", "h4")), _COUNTS))
    found.append(_bin("code", sum(1 for box in outline.boxes if box.tag == "pre"), _COUNTS))
    found.append(_bin("questions", sum(1 for run in runs if run.text.endswith("?")), _COUNTS))
    for name in ("message", "card", "product", "comment", "content", "review", "meta", "question", "specification", "related"):
        share = sum(run.words for run in runs if (run.box.groups | run.box.inherited) & BITS[name]) / words
        found.append(_bin(f"words in {name}", share, (0.02, 0.2, 0.5, 0.8)))
    for name in ("main", "article", "table", "form"):
        share = sum(run.words for run in runs if run.box.tags & LANDMARKS[name]) / words
        found.append(_bin(f"words in <{name}>", share, (0.02, 0.2, 0.5, 0.8)))
    found.append(_bin("articles", sum(1 for box in outline.boxes if box.tag == "article"), (1, 2, 4, 10)))
    alike = max((n for box in outline.boxes for s, n in box.children.items() if box.words > 0.1 * words and not s.startswith(("p.", "tr", "td", "li.", "h"))), default=0)
    found.append(_bin("alike", alike, (2, 4, 8, 16, 32)))
    found += [f"head says {name}" for name in ("product", "article", "forum", "doc", "home", "category", "collection", "blog", "thread", "post", "archive", "search", "topic", "question", "single", "shop") if re.search(rf"\b{name}", head)]
    return found
