"""Links are listed as URLs to follow, each once, in document order, with their region of the page."""

import pytest

from tasks.core.models import FetchedPage, FetchMethod, Link, Target
from tasks.web.crawl.links import links_of, list_feeds, list_links

BASE = "https://example.com/docs/a.html"


def urls(html: str, base: str = BASE, *, keep_routes: bool = False) -> list[str]:
    """Return the URLs that the links of the document lead to."""
    return [link.url for link in list_links(html, base, keep_routes=keep_routes)]


def test_links_are_absolute_unique_and_in_order() -> None:
    """Fragments and tracking make no new page."""
    html = '<a href="b.html">1</a><a href="/c">2</a><a href="b.html#x">3</a><a href="/c?utm_source=y">4</a>'
    assert urls(html) == ["https://example.com/docs/b.html", "https://example.com/c"]


def test_a_base_element_is_respected() -> None:
    """As browsers do; an invalid one is ignored."""
    assert urls('<base href="/v2/"><a href="x">x</a>') == ["https://example.com/v2/x"]
    assert urls('<base href="http://[broken"><a href="/x">x</a>') == ["https://example.com/x"]


def test_links_not_to_be_followed_are_left_out() -> None:
    """Other schemes, files, nofollow, credentials and invalid URLs."""
    html = """
    <a href="mailto:a@b.c">m</a><a href="javascript:void(0)">j</a><a href="data:text/html,x">d</a>
    <a href="file:///etc/passwd">f</a><a href="x.zip">p</a><a rel="nofollow ugc" href="/n">n</a>
    <a href="https://me@example.com/">c</a><a href="http://[broken">b</a><a href="http://host:port/">o</a>
    <a href="#top">t</a><a href="">e</a><a>no href</a><a href="/kept">k</a>
    """
    assert urls(html) == ["https://example.com/kept"]


def test_nofollow_on_one_link_does_not_hide_another_to_the_same_page() -> None:
    """Each link speaks for itself."""
    assert urls('<a rel="nofollow" href="/n">1</a><a href="/n">2</a>') == ["https://example.com/n"]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<link rel="next" href="?page=2">', ["/docs/a.html?page=2"]),
        ('<svg><a xlink:href="/map"><text>Map</text></a></svg>', ["/map"]),
        ("<div onclick=\"location.href='/room'\">Room</div>", ["/room"]),
        ("<a href=# onclick=\"window.open('/plan', '_self'); return false\">Plan</a>", ["/plan"]),
        ("<button onclick=\"window.location.assign('/book')\">Book</button>", ["/book"]),
        ("<tr data-href=/row><td>1</td></tr><div data-href=/card>Card</div>", ["/card"]),
        ("<a href=/own onclick=\"location.href='/counted'\">Own</a>", ["/own"]),
        ("<b onclick=\"location.href='/a' + id\">1</b><b onclick=\"track('/t')\">2</b>", []),
        ('<iframe src="/menu.html"></iframe><iframe src="data:text/html,x"></iframe>', ["/menu.html"]),
        ('<meta http-equiv="Refresh" content="5; URL=\'/moved\'">', ["/moved"]),
        ('<meta http-equiv="refresh" content="30">', []),
    ],
)
def test_what_leads_to_a_page_without_being_a_link_is_followed(html: str, found: list[str]) -> None:
    """The next page of a list, a picture's links, scripts with a plain address, frames, refreshes."""
    assert [url.removeprefix("https://example.com") for url in urls(html)] == found


def test_the_header_refresh_leads_to_a_page() -> None:
    page = FetchedPage(
        target=Target(url=BASE, depth=1),
        final_url=BASE,
        method=FetchMethod.http,
        html="<a href=/a>A</a>",
        byte_count=1,
        metadata={"refresh": "0; url=/welcome"},
    )
    assert [link.url for link in links_of(page)] == ["https://example.com/welcome", "https://example.com/a"]


def test_routes_are_pages_where_scripts_show_them() -> None:
    """Other fragments never are."""
    html = '<a href="#/guide">1</a><a href="#!/b">2</a><a href="#top">3</a><a href="/c#/d">4</a>'
    found = [f"{BASE}#/guide", f"{BASE}#!/b", "https://example.com/c#/d"]
    assert urls(html, keep_routes=True) == found
    assert urls(html) == ["https://example.com/c"]


def test_a_link_says_where_on_the_page_it_is() -> None:
    """By elements and by roles, the nearest counting."""
    html = """
    <header><a href="/h">H</a><nav><a href="/n">  Our
    products </a></nav></header><div role="navigation"><ul><li><a href="/r">R</a></li></ul></div>
    <main><p><a href="/m">M</a></p><aside><a href="/s">S</a></aside></main><footer><a href="/f">F</a></footer>
    """
    found = {link.url.rpartition("/")[2]: (link.region, link.text) for link in list_links(html, BASE)}
    assert found["n"] == ("nav", "Our products")
    assert {name: region for name, (region, _) in found.items()} == {
        "h": "header",
        "n": "nav",
        "r": "nav",
        "m": "main",
        "s": "aside",
        "f": "footer",
    }


def test_alternates_and_feeds_are_found_in_the_head() -> None:
    """Alternates with their language, after the links; feeds apart."""
    html = """
    <link rel="alternate" hreflang="DE" href="/de/a"><link rel="alternate" type="application/rss+xml" href="/feed.xml">
    <a href="/x" hreflang="fr">x</a>
    """
    assert list_links(html, BASE) == [
        Link("https://example.com/x", "x", "main", "fr"),
        Link("https://example.com/de/a", "", "head", "de"),
    ]
    assert list_feeds(html, BASE) == ["https://example.com/feed.xml"]
