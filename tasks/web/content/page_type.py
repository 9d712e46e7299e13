"""Features that distinguish page types: declared types, the URL, and the distribution of the text."""

import re
from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import urlsplit

from tasks.web.content.bins import Bins
from tasks.web.content.boxes import LANDMARKS, Outline
from tasks.web.content.lexicon import CART, MOMENT, PRICE, REPLY
from tasks.web.content.run_features import is_prose
from tasks.web.content.vocabulary import BITS


class PageType(StrEnum):
    """Kinds of pages; the weights of the content classifier depend on them."""

    article = "article"
    documentation = "documentation"
    service = "service"
    forum = "forum"
    collection = "collection"
    listing = "listing"
    product = "product"


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b")


_ADDRESS: dict[str, re.Pattern[str]] = {
    "forum": _words(
        *("forums?", "threads?", "community", "discuss(?:ions?)?", "topic", "questions?", "boards?", "viewtopic"),
        *("showthread", "bbs", "comments", "t"),
    ),
    "product": re.compile(r"\b(?:products?|p|dp|itm|item|pd|sku)(?:/|-|\b)[^/]+"),
    "product folder": re.compile(r"/(?:products?|shop|store)/[^/]*-[^/]*/?$"),
    "product mark": re.compile(r"/(?:dp|itm|pr|p|app|item|listing)/|[_-]\d{5,}|\d{6,}"),
    "collection": re.compile(r"\b(?:collections?|categor(?:y|ies)|catalog|c|cat|departments?|browse|genre|l|b)/"),
    "collection word": _words("collections?", "category", "categories", "shop", "store", "catpage", "departments?"),
    "listing": _words(
        *("lists?", "search", "top", "best", "trending", "jobs?", "tags?", "topics?", "chart", "directory", "archive"),
        *("latest", "newest", "find", "results", "reviews"),
    ),
    "documentation": _words(
        *("docs?", "documentation", "api", "reference", "manual", r"man\d?", "guides?", "tutorials?", "howto", "learn"),
        *("wiki", "developers?", "devel", "library", "help", "kb", "book", "spec(?:ification)?"),
    ),
    "article": _words(
        *("blogs?", "news", "articles?", "posts?", "stor(?:y|ies)", "insights?", "magazine", "opinion", "weblog"),
        *("press", "resources", "tips", "knowledge-center"),
    ),
    "dated": re.compile(r"/(?:19|20)\d\d/"),
    "service": _words(
        *("services?", "solutions?", "pricing", "features?", "programs?", "courses?", "training", "insurance"),
        *("therapy", "about", "contact", "platform", "what-we-do", "capabilities", "for"),
    ),
    "html file": re.compile(r"\.html?$"),
    "query": re.compile(r"\?"),
}
_HOSTS = ("forum", "documentation", "article", "product", "collection word")
_GENERATORS = re.compile(
    r"sphinx|docusaurus|mkdocs|vitepress|vuepress|gitbook|hugo|jekyll|wordpress|woocommerce|discourse|xenforo|phpbb"
    r"|vbulletin|mediawiki|shopify|drupal|wix|squarespace|rustdoc|starlight|nextra|invision|flarum"
)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){3,}")
_BODY = re.compile(
    r"\b(?:product|article|forum|doc|home|category|collection|blog|thread|post|archive|search|topic|question|single"
    r"|shop)\b"
)
_SPREAD = (
    *("message", "card", "product", "comment", "content", "review", "meta", "question", "specification", "related"),
)
_FRAMES = ("main", "article", "table", "form")
_COUNTS = (1, 3, 6, 12, 25, 60)
_SHARES = (0.02, 0.2, 0.5, 0.8)
_PATTERNS = (
    (Bins("prices", _COUNTS), PRICE, 12),
    (Bins("dates", _COUNTS), MOMENT, 20),
    (Bins("carts", _COUNTS), CART, 12),
    (Bins("replies", _COUNTS), REPLY, 12),
)
"""Feature, pattern, and the word count below which runs are searched; matches are counted."""
MOST_WORDS = 20
_HEADINGS = frozenset(("h1", "h2", "h3", "h4"))
_NO_CARDS = ("p.", "tr", "td", "li.", "h")
_address_parts = Bins("address parts", (1, 2, 3, 4, 5))
_page_words = Bins("page words", (100, 250, 500, 1000, 2000, 4000, 8000))
_page_linked = Bins("page linked", (0.1, 0.2, 0.3, 0.45, 0.6, 0.8))
_page_prose = Bins("page prose", (0.1, 0.25, 0.4, 0.55, 0.7, 0.85))
_prose_words = Bins("prose run words", (15, 20, 30, 40, 60, 100))
_headings, _code, _questions = Bins("headings", _COUNTS), Bins("code", _COUNTS), Bins("questions", _COUNTS)
_articles = Bins("articles", (1, 2, 4, 10))
_alike = Bins("alike", (2, 4, 8, 16, 32))
_spread = tuple((BITS[name], Bins(f"words in {name}", _SHARES)) for name in _SPREAD)
_frames = tuple((LANDMARKS[name], Bins(f"words in <{name}>", _SHARES)) for name in _FRAMES)


def page_features(outline: Outline, *, url: str, declared: Iterable[str], generator: str, body_names: str) -> list[str]:
    """Return the features from which the page's type is predicted.

    `declared`: types from JSON-LD, microdata and Open Graph; `body_names`: classes and ids of html and body.
    """
    return [
        *_address_features(url),
        *(f"declares {name}" for name in sorted(declared)),
        *(f"made by {name}" for name in sorted(set(_GENERATORS.findall(generator.lower())))),
        *(f"body is {name}" for name in sorted(set(_BODY.findall(body_names.lower())))),
        *_text_features(outline),
        *_spread_features(outline),
    ]


def _address_features(url: str) -> list[str]:
    parts = urlsplit(url.lower())
    address = parts.path + ("?" if parts.query else "")
    host = parts.netloc.split(".")[0] + "/"
    found = [f"address {name}" for name, pattern in _ADDRESS.items() if pattern.search(address)]
    found += [f"host {name}" for name in _HOSTS if _ADDRESS[name].search(host)]
    steps = [step for step in parts.path.split("/") if step]
    found.append(_address_parts(len(steps)))
    if steps and _SLUG.search(steps[-1]):
        found.append("address slug")
    return found


def _text_features(outline: Outline) -> list[str]:
    runs, words = outline.runs, outline.words or 1
    prose = [run.words for run in runs if is_prose(run)]
    short = [(run.words, run.text.lower()) for run in runs if run.words < MOST_WORDS]
    counts = [sum(1 for size, text in short if size < most and said.search(text)) for _, said, most in _PATTERNS]
    return [
        _page_words(words),
        _page_linked(sum(run.link_words for run in runs) / words),
        _page_prose(sum(prose) / words),
        _prose_words(sum(prose) / (len(prose) or 1)),
        *(bins(count) for (bins, _, _), count in zip(_PATTERNS, counts, strict=True)),
        _headings(sum(1 for run in runs if run.box.tag in _HEADINGS)),
        _questions(sum(1 for run in runs if run.text.endswith("?"))),
    ]


def _spread_features(outline: Outline) -> list[str]:
    """Features of the text's distribution over kinds of boxes, and of similar sibling boxes."""
    runs, boxes, words = outline.runs, outline.boxes, outline.words or 1
    placed = [(run.words, run.box.groups | run.box.inherited, run.box.tags) for run in runs]
    alike = (
        count
        for box in boxes
        if box.words > 0.1 * words
        for signature, count in box.children.items()
        if not signature.startswith(_NO_CARDS)
    )
    return [
        *(bins(sum(count for count, groups, _ in placed if groups & bit) / words) for bit, bins in _spread),
        *(bins(sum(count for count, _, tags in placed if tags & bit) / words) for bit, bins in _frames),
        _code(sum(1 for box in boxes if box.tag == "pre")),
        _articles(sum(1 for box in boxes if box.tag == "article")),
        _alike(max(alike, default=0)),
    ]
