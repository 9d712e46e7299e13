"""Documents of strangers are bounded before they are parsed, and their text is kept."""

import ast
import random

import pytest

from tasks.core.html_source import MAX_DEPTH, MAX_FORMATTING, MAX_TAGS, bound_html, parse_html
from tasks.core.html_source import _flatten as flatten
from tasks.core.html_source import _is_within_bounds as is_within_bounds
from tests.test_imports import ROOT, SOURCES, parse_source

DEEP = 80_000
_NAMES = ("div", "span", "b", "ul", "script", "title", "svg", "x-a")
PIECES = [
    *(f"<{name}>" for name in (*_NAMES, "DIV", "em", "OL", "li", "Style")),
    *(f"</{name}>" for name in (*_NAMES, "EM", "ol", "SCRIPT", "Style")),
    *("<path/>", "<a title=<b>>", "text", "<", "</", ">", "<!--", "-->", "<!-->", "<a", '="<i>"'),
]
"""Pieces of documents, however they fit together."""
SOURCES_BY_KIND = {
    "nested": "<div>" * DEEP + "deep" + "</div>" * DEEP + "<p>after</p>",
    "nested, never closed": "<div>" * DEEP + "deep<p>after</p>",
    "nested under end tags of nothing": "<div></b>" * DEEP + "deep<p>after</p>",
    "lists": "<ul><li>" * 20_000 + "deep<p>after</p>",
    "elements of one's own": "<x-y>" * DEEP + "deep<p>after</p>",
    "formatting left open": "<p>" + "".join(f"<b a={n}>" for n in range(1_000)) + "<p>deep" * 900 + "<p>after</p>",
    "attributes": "<div " + " ".join(f"a{n}=1" for n in range(20_000)) + ">deep</div><p>after</p>",
    "tables": "<table><tr><td>" * 20_000 + "deep<p>after</p>",
    "vectors": "<svg><g>" * 30_000 + "</svg>deep<p>after</p>",
    "comments never closed": "deep<p>after</p>" + "<!--" * 200_000,
    "scripts never closed": "deep<p>after</p>" + "<script>" * 100_000,
    "angle brackets": "deep<p>after</p>" + "<" * 1_000_000,
}


@pytest.mark.parametrize("kind", SOURCES_BY_KIND)
def test_a_document_that_costs_far_more_than_its_bytes_is_bounded_and_its_text_kept(kind: str) -> None:
    """The parsed tree is no deeper than a browser's, and no larger than its source by much."""
    tree = parse_html(SOURCES_BY_KIND[kind])
    assert tree.body is not None
    text = tree.body.text()
    assert "deep" in text
    assert "after" in text
    assert len(tree.html or "") < 30 * len(SOURCES_BY_KIND[kind]) + 1_000
    node, depth = tree.css_first("p:last-of-type"), 0
    while node is not None:
        node, depth = node.parent, depth + 1
    # A table brings three elements of its own.
    assert depth <= 4 * MAX_DEPTH + 10


def test_nesting_and_formatting_end_at_their_limits() -> None:
    """To the tag."""
    assert (
        bound_html("<div>" * 9_000 + "text" + "</div>" * 9_000) == "<div>" * MAX_DEPTH + "text" + "</div>" * MAX_DEPTH
    )
    assert bound_html("<b>" * 900 + "text") == "<b>" * MAX_FORMATTING + "text"
    assert bound_html(SOURCES_BY_KIND["attributes"]) == "<div>deep</div><p>after</p>"


def test_a_common_document_is_left_as_it_is() -> None:
    """Scripts full of tags, comments, drawings, unclosed items, formatting closed in its place."""
    parts = (
        "<script>" + "'<div><b>' + " * 600 + "</script>",
        "<!-- " + "<div><i>" * 600 + " -->",
        '<svg><path d="M0 0"/>' + "<g/><path/>" * 600 + "</svg>",
        "<ul>" + "<li>one <b>two</b>" * 600 + "</ul>",
        "<p>a<br>b" * 600,
    )
    html = "".join(parts)
    assert bound_html(html) == html


def test_documents_are_parsed_in_one_place() -> None:
    """A parser called elsewhere would not be bounded."""
    calls = {
        str(file.relative_to(ROOT))
        for file in SOURCES
        for node in ast.walk(parse_source(file))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "LexborHTMLParser"
    }
    # The reader of content bounds the source itself, to know whether it was cut.
    assert calls == {"tasks/core/html_source.py", "tasks/web/content/main_content.py"}


@pytest.mark.parametrize("seed", range(30))
def test_a_document_within_bounds_would_lose_nothing(seed: int) -> None:
    """The quick look at a document finds no fewer open elements than the walk over its tags."""
    chance = random.Random(seed)
    for _ in range(20):
        parts = chance.choices(PIECES, [chance.random() ** 3 for _ in PIECES], k=chance.choice((50, 400, 1_500)))
        html = "".join(parts)
        assert not is_within_bounds(html) or flatten(html, MAX_TAGS) == html


@pytest.mark.parametrize("piece", ["<div><!--</div>-->", "<div><script></div></script>", "<ul>", "<i>", "<x-y>"])
def test_a_document_beyond_bounds_is_never_passed_over(piece: str) -> None:
    """End tags in comments and scripts close nothing; lists and formatting have bounds of their own."""
    assert not is_within_bounds(piece * 600)
    assert not is_within_bounds(piece.upper() * 600)
    assert piece not in ("<ul>", "<i>") or not is_within_bounds(piece * 31)
