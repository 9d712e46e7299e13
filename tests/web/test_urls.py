"""URLs are resolved as browsers do, have one key for the same page, and belong to a site or not."""

import json
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.web.crawl.urls import clean_url, in_scope, looks_like_page, page_key, parse_base, resolve_url

WHATWG = json.loads(Path(__file__).with_name("whatwg_urls.json").read_text())["vectors"]
SEGMENT = st.text("abZ0.-_~%2F é;:@+", max_size=6)
QUERY = st.lists(st.tuples(st.sampled_from(["a", "b", "utm_source", "gclid", "q"]), st.text("xy &=é", max_size=3)))


def test_links_are_resolved_as_the_whatwg_standard_says() -> None:
    """All vectors that concern the web; credentials and other schemes lead to no page, fragments to no other one."""
    wrong = []
    for text, base, href in WHATWG:
        leads_nowhere = href is None or "@" in urlsplit(href).netloc
        expected = None if leads_nowhere else urldefrag(href).url + ("?" if href.endswith("?") else "")
        found = resolve_url(text, parsed) if base and (parsed := parse_base(base)) else clean_url(text)
        if found != expected and (found or "").rstrip("?") != (expected or "").rstrip("?"):
            wrong.append((text, base, found, expected))
    assert wrong == []
    assert len(WHATWG) > 400


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("HTTP://Example.COM:80/a#top", "http://example.com/a"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com./a", "https://example.com/a"),
        ("https://example.com/a/./b/../c", "https://example.com/a/c"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://example.com/a?utm_source=x&b=1&gclid=2&fbclid=3", "https://example.com/a?b=1"),
        ("https://example.com/a?c=1&b=2", "https://example.com/a?c=1&b=2"),
        ("https://example.com/a?utm_source=x", "https://example.com/a"),
        ("https://example.com/a;jsessionid=8F2C?x=1", "https://example.com/a?x=1"),
        ("https://example.com/a?PHPSESSID=8f2c&x=1", "https://example.com/a?x=1"),
        ("https://example.com/a?sid=8f2c91ab33&x=1", "https://example.com/a?x=1"),
        ("https://example.com/story?sid=12", "https://example.com/story?sid=12"),
        ("https://example.com/(S(lit3py55t21z5v55vlm25s55))/a.aspx", "https://example.com/a.aspx"),
        ("https://example.com/Titan_(moon)", "https://example.com/Titan_(moon)"),
        ("https://example.com/docs/index.html", "https://example.com/docs/index.html"),
        ("https://example.com/a#/route", "https://example.com/a"),
    ],
)
def test_the_url_that_is_fetched_is_the_sites_own_without_what_belongs_to_a_visit(url: str, clean: str) -> None:
    """Spelling that servers may care about stays."""
    assert clean_url(url) == clean


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.com/a", "https://www.example.com/a"),
        ("https://example.com/#/a", "https://example.com/#/./a/"),
        ("https://example.com/a/", "https://example.com/a"),
        ("https://example.com/docs/index.html", "https://example.com/docs/"),
        ("https://example.com/INDEX.PHP?p=1", "https://example.com/?p=1"),
        ("https://example.com/Default.aspx", "https://example.com"),
        ("https://example.com/%7euser/%c3%a4", "https://example.com/~user/ä"),
        ("https://example.com/a?b=2&a=1", "https://example.com/a?a=1&b=2"),
        ("https://example.com/a?", "https://example.com/a"),
        ("https://example.com//a///b", "https://example.com/a/b"),
        ("https://example.com/a?utm_campaign=x&PHPSESSID=12", "https://example.com/a"),
        ("https://EXAMPLE.com.:443/a", "https://example.com/a"),
        ("https://example.com/#!/a/", "https://example.com/#!/a"),
        ("https://example.com/app/#/", "https://example.com/app/"),
    ],
)
def test_addresses_of_one_page_have_one_key(one: str, other: str) -> None:
    """However they are written."""
    assert page_key(one) == page_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.com/a", "https://example.com/A"),
        ("https://example.com/a", "https://docs.example.com/a"),
        ("https://example.com/a", "https://example.com:8443/a"),
        ("https://example.com/a?id=1", "https://example.com/a?id=2"),
        ("https://example.com/a?b", "https://example.com/a"),
        ("https://example.com/#/a", "https://example.com/#/b"),
        ("https://example.com/a%2Fb", "https://example.com/a/b"),
        ("https://example.com/indexes", "https://example.com/"),
    ],
)
def test_different_pages_have_different_keys(one: str, other: str) -> None:
    """A URL that may be a page of its own is one."""
    assert page_key(one) != page_key(other)


@given(st.lists(SEGMENT, max_size=5), QUERY)
def test_both_forms_are_stable(segments: list[str], query: list[tuple[str, str]]) -> None:
    """Cleaning again changes nothing, the host stays what it was, and the clean URL has the key of the first."""
    url = "http://example.com/" + "/".join(segments) + "?" + "&".join(f"{name}={value}" for name, value in query)
    once = clean_url(url)
    assert once is not None
    assert clean_url(once) == once
    assert once.startswith("http://example.com/")
    assert page_key(once) == page_key(url)


@pytest.mark.parametrize(
    ("url", "belongs"),
    [
        ("https://example.co.uk/a", True),
        ("http://www.example.co.uk/a", True),
        ("https://docs.example.co.uk/", True),
        ("https://other.co.uk/", False),
        ("https://example.co.uk.evil.org/", False),
        ("https://example.co.uk@evil.org/", False),
        ("https://example.co.uk:8443/", False),
    ],
)
def test_a_site_is_what_one_holder_registers(url: str, belongs: bool) -> None:
    """By the public suffix list; `www.` and the scheme make no difference."""
    assert in_scope(url, "https://www.example.co.uk/") is belongs


@pytest.mark.parametrize(
    ("url", "start", "belongs"),
    [
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/", True),
        ("http://127.0.0.1:8001/a", "http://127.0.0.1:8000/", False),
        ("http://10.0.0.1/a", "http://11.0.0.1/", False),
        ("http://b.github.io/", "http://a.github.io/", False),
        ("http://localhost:8000/", "http://127.0.0.1:8000/", False),
    ],
)
def test_addresses_and_shared_hosts_are_sites_of_their_own(url: str, start: str, belongs: bool) -> None:
    """With their port."""
    assert in_scope(url, start) is belongs


@pytest.mark.parametrize("name", ["a.doc", "a.PNG", "a.zip", "a.css", "feed.xml", "a.min.js", "a.mp4"])
def test_files_are_no_pages(name: str) -> None:
    """By extension, whatever its case."""
    assert not looks_like_page(f"https://example.com/{name}?x=1")


@pytest.mark.parametrize(
    "name", ["", "a", "a.html", "a.pdf", "a.php", "v1.2/", "a.pdf/", "node.js-guide", "?file=a.pdf"]
)
def test_what_has_no_such_extension_may_be_a_page(name: str) -> None:
    """Dots elsewhere mean nothing."""
    assert looks_like_page(f"https://example.com/{name}")
