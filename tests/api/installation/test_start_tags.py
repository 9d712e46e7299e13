"""Start tags are read as browsers read them, on any page."""

import time

import pytest

from api.installation.start_tags import Tag, start_tags

NAMES = frozenset(("script", "meta", "ai-widget"))


@pytest.mark.parametrize(
    ("html", "tags"),
    [
        (
            "<SCRIPT Src=\"/w.js\" data-x='a' async></SCRIPT>",
            [("script", {"src": "/w.js", "data-x": "a", "async": ""})],
        ),
        ("<meta\n name = x\tcontent=y/>", [("meta", {"name": "x", "content": "y/"})]),
        ('<meta content="a > b &amp; c">', [("meta", {"content": "a > b & c"})]),
        ("<meta a=1 a=2>", [("meta", {"a": "1"})]),
        ("<!-- <meta a=1> --><meta b=1>", [("meta", {"b": "1"})]),
        ("<!-- <meta a=1>", []),
        ("<script>'<meta a=1>'</script><meta b=1>", [("script", {}), ("meta", {"b": "1"})]),
        ("<noscript><meta a=1></noscript><template><meta b=1></template>", []),
        ("<script>", [("script", {})]),
        ("<p title='<meta a=1>'><ai-widget widget=x>", [("meta", {"a": "1"}), ("ai-widget", {"widget": "x"})]),
        ("a < b <meta", [("meta", {})]),
    ],
)
def test_tags_are_found_with_their_attributes(html: str, tags: list[Tag]) -> None:
    """None in comments or in elements whose content is text or inert; the attributes of other elements are not read."""
    assert list(start_tags(html, NAMES)) == tags


@pytest.mark.parametrize(
    "piece", ["<div>", '<script x="', "<script x='<meta y=\"", "<!--", "<meta a = ", "<script>", "<meta / "]
)
def test_the_time_is_linear_in_the_length_of_the_page(piece: str) -> None:
    """At worst seconds per megabyte, on a busy machine."""
    html = piece * (1_000_000 // len(piece))
    began = time.process_time()
    for _ in start_tags(html, NAMES):
        pass
    assert time.process_time() - began < 5
