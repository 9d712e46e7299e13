"""Links come as URLs to follow, each once, in document order."""

from tasks.web.links import list_links

BASE = "https://example.com/docs/a.html"


def test_links_are_absolute_unique_and_in_order() -> None:
    """Fragments and tracking make no new page."""
    html = '<a href="b.html">1</a><a href="/c">2</a><a href="b.html#x">3</a><a href="/c?utm_source=y">4</a>'
    assert list_links(html, BASE) == ["https://example.com/docs/b.html", "https://example.com/c"]


def test_a_base_element_is_respected() -> None:
    """As browsers do."""
    assert list_links('<base href="/v2/"><a href="x">x</a>', BASE) == ["https://example.com/v2/x"]


def test_what_is_not_to_be_followed_is_left_out() -> None:
    """Other schemes, files, nofollow, credentials, and what is no URL."""
    html = """
    <a href="mailto:a@b.c">m</a><a href="javascript:void(0)">j</a><a href="data:text/html,x">d</a>
    <a href="file:///etc/passwd">f</a><a href="x.pdf">p</a><a rel="nofollow ugc" href="/n">n</a>
    <a href="https://me@example.com/">c</a><a href="http://[broken">b</a><a href="http://host:port/">o</a>
    <a href="#top">t</a><a href="">e</a><a>no href</a><a href="/kept">k</a>
    """
    assert list_links(html, BASE) == ["https://example.com/kept"]


def test_nofollow_on_one_link_does_not_hide_another_to_the_same_page() -> None:
    """Each link speaks for itself."""
    html = '<a rel="nofollow" href="/n">1</a><a href="/n">2</a>'
    assert list_links(html, BASE) == ["https://example.com/n"]
