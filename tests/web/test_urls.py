"""URLs have one form for the same page, and belong to a site or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.web.urls import in_scope, looks_like_page, normalise_url

SEGMENT = st.text("abZ0.-_~%2F é;:@+", max_size=6)
QUERY = st.lists(st.tuples(st.sampled_from(["a", "b", "utm_source", "gclid", "q"]), st.text("xy &=é", max_size=3)))


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTP://Example.COM:80/a#top", "http://example.com/a"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://example.com./a", "https://example.com/a"),
        ("https://example.com/a/./b/../c", "https://example.com/a/c"),
        ("https://example.com/../a/..", "https://example.com/"),
        ("https://example.com//cdn/x", "https://example.com//cdn/x"),
        ("https://example.com/a?utm_source=x&b=1&gclid=2&fbclid=3", "https://example.com/a?b=1"),
        ("https://example.com/a?c=1&b=2", "https://example.com/a?b=2&c=1"),
        ("https://example.com/docs/index.html", "https://example.com/docs/"),
        ("https://example.com/INDEX.PHP?p=1", "https://example.com/?p=1"),
        ("https://example.com/docs/", "https://example.com/docs/"),
        ("https://example.com/docs", "https://example.com/docs"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
    ],
)
def test_a_url_has_one_form(url: str, normal: str) -> None:
    """What leads to the same page looks the same."""
    assert normalise_url(url) == normal


@given(st.lists(SEGMENT, max_size=5), QUERY)
def test_the_form_is_stable(segments: list[str], query: list[tuple[str, str]]) -> None:
    """Normalising again changes nothing, and the host stays what it was."""
    url = "http://example.com/" + "/".join(segments) + "?" + "&".join(f"{name}={value}" for name, value in query)
    once = normalise_url(url)
    assert normalise_url(once) == once
    assert once.startswith("http://example.com/")


@pytest.mark.parametrize(
    ("url", "belongs"),
    [
        ("https://example.com/a", True),
        ("http://www.example.com/a", True),
        ("https://docs.example.com/", False),
        ("https://example.com.evil.org/", False),
        ("https://example.com@evil.org/", False),
        ("https://example.com:8443/", False),
    ],
)
def test_a_site_is_a_host_and_a_port(url: str, belongs: bool) -> None:
    """`www.` and the scheme make no difference."""
    assert in_scope(url, "https://www.example.com/") is belongs


@pytest.mark.parametrize("name", ["a.pdf", "a.PNG", "a.zip", "a.css", "feed.xml", "a.min.js", "a.mp4"])
def test_files_are_no_pages(name: str) -> None:
    """By extension, whatever its case."""
    assert not looks_like_page(f"https://example.com/{name}?x=1")


@pytest.mark.parametrize("name", ["", "a", "a.html", "a.php", "v1.2/", "a.pdf/", "node.js-guide", "?file=a.pdf"])
def test_what_has_no_such_extension_may_be_a_page(name: str) -> None:
    """Dots elsewhere mean nothing."""
    assert looks_like_page(f"https://example.com/{name}")
