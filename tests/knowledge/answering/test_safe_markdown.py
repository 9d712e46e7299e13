"""Safe Markdown: no HTML, no images, links to the site alone."""

import re

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tasks.knowledge.answering.safe_markdown import escape_markdown, fence_code, make_link_check, sanitize_markdown
from tests.knowledge.material import ANY_TEXT

IS_OWN = make_link_check("https://example.com/")
HTML = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")


@given(text=ANY_TEXT.map(lambda text: text.replace("\0", "")) | st.text("[]()!<>`*_\\abc :/.", max_size=60))
def test_escaped_text_makes_no_markup(text: str) -> None:
    """Any text, rendered as Markdown with HTML allowed: no link, no image, no HTML."""
    html = HTML.renderInline(escape_markdown(" ".join(text.split())))
    assert not re.search(r"<(?!/?(?:code|em|strong)>)[a-z!/?]", html)


@given(
    text=st.text("[]()!<>`*_\\abc :/.\n\"'#", max_size=80),
    address=st.sampled_from(["http://evil.example/", "//evil.example/", "javascript:x"]),
)
@example(text="[`]()", address="//evil.example/")
@example(text="``![]() ``a", address="javascript:x")
@example(text="> [a]: //evil.example/", address="javascript:x")
@example(text="[`a`](//evil.example/)", address="javascript:x")
@example(text="[a [b [c]]](//evil.example/)", address="javascript:x")
def test_sanitized_text_links_nowhere_else(text: str, address: str) -> None:
    """A model's Markdown, rendered: links to the site alone, no images, no HTML."""
    html = HTML.render(sanitize_markdown(f"{text} [a]({address}) {text} ![b]({address}) <{address}> {text}", IS_OWN))
    assert "<img" not in html
    for target in re.findall(r'href="([^"]*)"', html):
        assert target.startswith("https://example.com/")


def test_links_to_the_site_stay() -> None:
    """Other links are reduced to their text; references stay."""
    assert sanitize_markdown("[Ours](https://example.com/a) [1]", IS_OWN) == "[Ours](https://example.com/a) [1]"
    assert sanitize_markdown("[Theirs](https://evil.example/a) [2]", IS_OWN) == "Theirs [2]"
    assert sanitize_markdown("[Ours?](https://example.com@evil.example/)", IS_OWN) == "Ours?"
    assert sanitize_markdown("[Ours?](//evil.example/)", IS_OWN) == "Ours?"


def test_code_stays_in_its_fence() -> None:
    """Also code that has fences in it."""
    assert fence_code("a\n```\nb").startswith("````\n")
