"""A page's content is what a visitor would read on it."""

import subprocess
import sys

import pytest
from selectolax.lexbor import LexborHTMLParser

from tasks.core.errors import PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, ReadPage, Target
from tasks.web.content.main_content import read_page
from tasks.web.content.markdown import to_markdown

PAGE = """<!doctype html><html lang="en-GB"><head><title>Widgets | Acme</title>
<meta name="description" content="All about widgets."><link rel=canonical href="/w"></head><body>
<header><nav><a href="/">NAVIGATION</a></nav></header>
<div id="cookie-banner">We use CRUMBS. <button>Accept</button></div>
<main><h1>Widgets<a class="headerlink" href="#w">¶</a></h1><p>See the <a href="../guide" title="t">guide</a>.</p>
<table><tr><th>Size</th><th>Price</th></tr><tr><td>Small</td><td>9 €</td></tr></table>
<pre><code class="language-python">def f():
    return 1</code></pre><ul><li>One<ul><li>Nested</li></ul></li><li>Two</li></ul>
<aside class="note"><p>Mind the gap.</p></aside><script>ignored()</script></main>
<aside>SIDEBAR</aside><footer>FOOTER</footer></body></html>"""


def read(html: str, url: str = "https://example.com/shop/widgets", *, site_title: str = "") -> ReadPage:
    """Read the document."""
    page = FetchedPage(
        target=Target(url=url, depth=1),
        final_url=url,
        method=FetchMethod.http,
        html=html,
        byte_count=len(html),
        metadata={"status": 200, "etag": '"1"'},
    )
    return read_page(page, site_title)


def test_headings_links_tables_code_and_lists_are_kept() -> None:
    """As Markdown, links absolute."""
    markdown = read(PAGE).markdown
    assert markdown.startswith("# Widgets\n")
    assert "[guide](https://example.com/guide)" in markdown
    assert "| Small | 9 €   |" in markdown
    assert "```python\ndef f():\n    return 1\n```" in markdown
    assert "- One\n  * Nested\n- Two" in markdown
    assert "Mind the gap." in markdown


@pytest.mark.parametrize("noise", ["NAVIGATION", "CRUMBS", "SIDEBAR", "FOOTER", "ignored", "¶"])
def test_what_frames_the_content_is_left_out(noise: str) -> None:
    """Navigation, consent, sidebar, footer, scripts, permalinks."""
    assert noise not in read(PAGE).markdown


def test_title_and_metadata_are_found() -> None:
    """The title without the site's name; metadata of the fetch is kept."""
    page = read(PAGE)
    assert page.title == "Widgets"
    assert page.metadata == {
        "status": 200,
        "etag": '"1"',
        "description": "All about widgets.",
        "language": "en-GB",
        "canonical": "https://example.com/w",
        "method": "http",
        "escalated": False,
    }


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>About us – Acme Ltd</title><h1>About us</h1>", "About us"),
        ("<title>Roads | Acme</title><h1><a href='/'>Acme</a></h1><h1>Roads<a href='#r'>¶</a></h1>", "Roads"),
        ("<title>Acme: prices</title><h1>What it costs</h1>", "Acme: prices"),
        ("<meta property='og:title' content='Shared'><p>x</p>", "Shared"),
        ("<h1>Only a heading</h1>", "Only a heading"),
        ("<p>Nothing</p>", "Widgets"),
    ],
)
def test_a_page_always_has_a_title(head: str, title: str) -> None:
    """The first available one: title, shared title, heading, path."""
    assert read(head).title == title


@pytest.mark.parametrize(
    ("url", "content", "title"),
    [
        ("https://example.com/roads", "<h1>Roads and <em>lanes</em></h1>", "Roads and lanes"),
        ("https://example.com/#/old%20roads?id=1", "", "Old roads"),
        ("https://example.com/guides/roads/", "", "Roads"),
        ("https://example.com/", "", "Acme"),
    ],
)
def test_a_page_that_has_the_title_of_the_home_page_is_called_after_what_is_its_own(
    url: str, content: str, title: str
) -> None:
    """Its heading, or the last path segment: the same title on every page would be of no use."""
    html = f"<title>Acme</title><main>{content}<p>Where they lead.</p></main>"
    assert read(html, url, site_title="Acme").title == title


def test_the_choice_of_other_languages_is_left_out() -> None:
    """Not a paragraph that happens to link to another language."""
    choice = "<p>Available in: <a href='/en'>en</a> | <a href='/fr' hreflang='fr'>fr</a></p>"
    prose = "<p>There is a translation, not always up to date, <a href='/fr' hreflang='fr'>into French</a> as well.</p>"
    markdown = read(f"<main><div>{choice}</div><h2>Roads</h2>{prose}{choice}</main>").markdown
    assert "Available" not in markdown
    assert "into French" in markdown


@pytest.mark.parametrize(
    "html",
    [
        "<body class='cookie-bar-open'><main><p>Kept text</p></main></body>",
        "<main><section id='module-http.cookies'><h1>Cookies</h1><p>Kept text</p></section></main>",
        "<body><div class='consent-guide'><p>Kept text on consent.</p></div></body>",
        "<body><form id='aspnetForm'><p>Kept text</p></form></body>",
        "<body><div><nav class='breadcrumb'><nav class='breadcrumbs'>n</nav></nav><p>Kept text</p></div></body>",
    ],
)
def test_content_is_not_taken_for_noise(html: str) -> None:
    """Pages about cookies, pages inside a form, noise inside noise."""
    assert read(html).markdown.endswith(("Kept text", "Kept text on consent."))


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("", "empty"),
        ("<body><nav>Menu</nav><img src=x></body>", "empty"),
    ],
)
def test_a_page_with_nothing_to_read_is_skipped(html: str, reason: str) -> None:
    """With the reason."""
    with pytest.raises(PageSkipped) as skipped:
        read(html)
    assert skipped.value.reason == reason


def test_no_nul_reaches_the_database() -> None:
    """PostgreSQL rejects NUL."""
    assert "\0" not in read("<title>a\0b</title><p>c\0d &#0; e</p>").model_dump_json()


def test_links_that_are_not_for_people_lose_their_target() -> None:
    """The words stay."""
    markdown = read("<p><a href='javascript:alert(1)'>run</a> <a href='data:text/html,x'>open</a></p>").markdown
    assert markdown == "run open"


def test_links_are_written_where_they_have_text_and_are_not_in_code() -> None:
    """Not icons, which would appear by URL or label; code is meant for copying."""
    html = "<p>Text<a href='/edit' aria-label='Edit'><img src='x'></a></p><pre>a = <a href='/f'>f</a>()</pre>"
    assert read(html).markdown == "Text\n\n```\na = f()\n```"


def test_a_label_and_what_it_labels_are_two_words() -> None:
    """Where only a style separates them."""
    body = LexborHTMLParser("<div><label>Relays</label><span>128</span></div>").body
    assert body is not None
    assert to_markdown(body) == "Relays 128"


def test_a_child_process_needs_neither_scrapy_nor_playwright() -> None:
    """It starts quickly."""
    unwanted = ("scrapy", "playwright", "prefect")
    code = f"import sys, tasks.web.content.main_content; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
