"""Start tags are read as browsers read them, whatever the page is."""

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
    """Comments, and elements whose content is text or runs nothing, have none; of one that is not looked for, the
    attributes are not read."""
    assert list(start_tags(html, NAMES)) == tags


@pytest.mark.parametrize(
    "piece", ["<div>", '<script x="', "<script x='<meta y=\"", "<!--", "<meta a = ", "<script>", "<meta / "]
)
def test_the_worst_page_takes_no_longer_than_it_is_long(piece: str) -> None:
    """A megabyte in seconds at the worst, on a busy machine."""
    html = piece * (1_000_000 // len(piece))
    began = time.process_time()
    for _ in start_tags(html, NAMES):
        pass
    assert time.process_time() - began < 5
