"""Huge, hostile or malformed pages are read or skipped with a reason; none crashes the reader."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.errors import PageSkipped
from tasks.core.html_source import MAX_DEPTH, MAX_TAGS
from tasks.web.content.source import make_safe
from tests.web.test_content import read

PARAGRAPH = (
    "The mill grinds oats, rye and wheat for the bakeries of the valley, as it has since the river was dammed. "
    "Visitors are shown around on Saturdays, and may take home a bag of what was ground that day."
)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "Kept text" + "</div>" * 100_000,
        "<div><b><ul><li>" * 20_000 + "Kept text",
        "<p>Kept text</p><img src='data:image/png;base64," + "A" * 5_000_000 + "'>",
        "<p>Kept text</p><div style='background: url(data:image/svg+xml," + "%20" * 1_000_000 + ")'></div>",
        f"<h1>Mill</h1><p>Kept text. {PARAGRAPH}</p>"
        + "".join(f"<li><a href='/p/{n}'>link {n}</a>" for n in range(10_000)),
        "<p>Kept text</p>" + "<i>x</i>" * 1_000_000,
        "<div " + " ".join(f"a{number}=1" for number in range(200_000)) + ">Kept text</div>",
        "<script type='application/ld+json'>" + "[" * 100_000 + "</script><p>Kept text</p>",
        "<p>Kept text</p>" + "<form><div class=cookie><button>x</button></div></form>" * 5_000,
    ],
    ids=["deep", "deep lists", "inline image", "inline style", "links", "tiny", "attributes", "json", "forms"],
)
def test_huge_and_hostile_pages_are_read(html: str) -> None:
    """Deep nesting, inline data, ten thousand links, a million elements."""
    assert "Kept text" in read(f"<body>{html}").markdown


def test_a_page_that_was_cut_says_so() -> None:
    """In its metadata; what comes after very many elements is not read."""
    page = read("<p>Kept text</p>" + "<i>x</i>" * MAX_TAGS)
    assert page.metadata["truncated"] is True


def test_only_elements_that_nest_too_deep_lose_their_tags() -> None:
    """The text in them stays, and so do elements side by side."""
    html, _ = make_safe("<div>" * (MAX_DEPTH * 50) + "text" + "</div>" * (MAX_DEPTH * 50) + "<p>after</p>")
    assert html == "<div>" * MAX_DEPTH + "text" + "</div>" * MAX_DEPTH + "<p>after</p>"


@pytest.mark.parametrize(
    "html",
    [
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head><script src='a.js'/><title/></head>"
        "<body><a name='top'/><h1>Title</h1><p>Kept text</p></body></html>",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><p><![CDATA[Kept text]]></p></html>",
        "<p>Kept text<b></p></b></i></table>",
        "Kept text</body></html><p>trailing",
        "<table><p>Kept text<tr><td>cell",
        "<!-- unclosed <p>no</p> --><p>Kept text",
        "﻿<html><body><p>Kept text",
        "<p>Kept text \ud800</p>",
    ],
    ids=["empty elements", "character data", "crossed", "trailing", "table", "comment", "mark", "surrogate"],
)
def test_xhtml_and_malformed_pages_are_read(html: str) -> None:
    """As their authors meant them."""
    assert "Kept text" in read(html).markdown


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            (
                "<div>",
                "</div>",
                "<p>",
                "<a href='x'>",
                "</a>",
                "<h2>",
                "</h2>",
                "<table>",
                "<td>",
                "<ul>",
                "<li>",
                "<pre>",
            )
        )
        | st.text(max_size=8),
        max_size=400,
    )
)
def test_any_page_is_read_the_same_twice_or_left_out(parts: list[str]) -> None:
    """Whatever is on it."""
    html = "".join(parts)
    try:
        once = read(html)
    except PageSkipped:
        return
    assert read(html) == once
    once.model_dump_json().encode()
