"""The streaming renderer alone, in a real document: any text, in any pieces."""

import re
import subprocess
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from deployments.install.widget_bundle import PAGES
from tests.browsers import FLAGS, browser_path

RENDER = """pieces => {
    const target = document.createElement("div");
    const stream = new M.MarkdownStream(target, n => document.createTextNode(`(${n})`));
    let text = "";
    for (const piece of pieces) stream.update(text += piece, false);
    stream.update(text, true);
    return target.innerHTML;
}"""
ALLOWED = {
    *("a", "blockquote", "br", "code", "div", "em", "h3", "hr", "li", "ol", "p", "pre", "s", "strong"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}

Render = Callable[[list[str]], str]


@pytest.fixture(scope="module")
def render() -> Iterator[Render]:
    """Renders a Markdown text that arrives in pieces, and returns the HTML."""
    esbuild = PAGES / "node_modules" / ".bin" / "esbuild"
    options = ["--bundle", "--format=iife", "--global-name=M", "--log-level=error"]
    bundled = subprocess.run(
        [esbuild, "widget/markdown.ts", *options], cwd=PAGES, check=True, capture_output=True, text=True
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = browser.new_page()
        page.evaluate(bundled.stdout + ";globalThis.M = M")
        yield lambda pieces: page.evaluate(RENDER, pieces)
        browser.close()


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Plain & <b>bold</b>", "<p>Plain &amp; &lt;b&gt;bold&lt;/b&gt;</p>"),
        ("# One\n\n#### Four ##", "<h3>One</h3><h3>Four</h3>"),
        (
            "**a *b* c** __d__ _e_ ~~f~~",
            "<p><strong>a <em>b</em> c</strong> <strong>d</strong> <em>e</em> <s>f</s></p>",
        ),
        ("snake_case_name 2 * 3 * 4", "<p>snake_case_name 2 * 3 * 4</p>"),
        ("one\ntwo  \nthree", "<p>one two<br>three</p>"),
        (r"\*not\* \[1\]", "<p>*not* [1]</p>"),
        ("`a*b*` ``c`d``", '<p><code dir="ltr">a*b*</code> <code dir="ltr">c`d</code></p>'),
        ("- a\n- b\n  - c\n\n    d", "<ul><li>a</li><li>b<ul><li>c<p>d</p></li></ul></li></ul>"),
        ("3. a\n4) b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> a\n> - b", "<blockquote><p>a</p><ul><li>b</li></ul></blockquote>"),
        ("```py\n<x> **y**\n```\nz", '<pre tabindex="0" dir="ltr"><code>&lt;x&gt; **y**</code></pre><p>z</p>'),
        ("a\n---\nb", "<p>a</p><hr><p>b</p>"),
        ("see [1] and [2, 3] not [4](https://a.example/)", None),
        ('[a](https://a.example/b_(c) "t")', None),
        ("![alt](https://a.example/x.png) ![](http://a.example)", None),
        ("[a](/relative) [b](javascript:x) [c](//a.example)", "<p>a b c</p>"),
        ("mail <mailto:a@b.example>, https://a.example/x_y. End", None),
    ],
)
def test_the_markdown_of_answers_is_rendered(render: Render, text: str, html: str | None) -> None:
    """The usual parts of CommonMark, and tables; HTML stays text."""
    link = '<a href="{0}" target="_blank" rel="noopener noreferrer">{1}</a>'.format
    with_links = {
        "see": f"<p>see (1) and (2)(3) not {link('https://a.example/', '4')}</p>",
        "[a](h": f"<p>{link('https://a.example/b_(c)', 'a')}</p>",
        "![alt": f"<p>{link('https://a.example/x.png', 'alt')} {link('http://a.example/', '')}</p>",
        "mail ": f"<p>mail {link('mailto:a@b.example', 'mailto:a@b.example')}, "
        f"{link('https://a.example/x_y', 'https://a.example/x_y')}. End</p>",
    }
    expected = html or next(value for start, value in with_links.items() if text.startswith(start))
    assert render([text]) == expected


def test_a_table_has_heads_and_alignments(render: Render) -> None:
    """And can be scrolled by the keyboard."""
    html = render(["| a | b \\| c |\n|---|:-:|\n| **1** | 2 |\n\nafter"])
    assert html == (
        '<div class="table" tabindex="0"><table><thead><tr><th>a</th><th class="center">b | c</th></tr></thead>'
        '<tbody><tr><td><strong>1</strong></td><td class="center">2</td></tr></tbody></table></div><p>after</p>'
    )


MARKS = st.sampled_from(
    [
        *"*_`~[]()<>!#|-+>\\:.1a \n",
        *("**", "```", "\n\n", "\n- ", "\n1. ", "](https://a.example)", "[1]", "|---|", "<img", "javascript:"),
        *("word", "  \n", "https://a.example/b", "é", "語"),
    ]
)
PIECES = st.lists(st.lists(MARKS, max_size=6).map("".join), max_size=12)


@settings(max_examples=80)
@given(pieces=PIECES)
def test_the_result_does_not_depend_on_the_pieces(render: Render, pieces: list[str]) -> None:
    """The result equals that of the whole text at once."""
    assert render(pieces) == render(["".join(pieces)])


@settings(max_examples=60)
@given(text=st.lists(MARKS, max_size=60).map("".join))
def test_any_text_renders_to_harmless_elements_only(render: Render, text: str) -> None:
    """No image, no script, no URLs but http, https and mailto."""
    html = render([text])
    assert set(re.findall(r"<([a-z]\w*)", html)) <= ALLOWED
    assert set(re.findall(r'href="(\w+):', html)) <= {"http", "https", "mailto"}
    assert set(re.findall(r"<[^>]* (\w+)=", html)) <= {"href", "target", "rel", "class", "tabindex", "dir", "start"}


@pytest.mark.parametrize("mark", ["**a ", "[", "![a](", "*a ", "> ", "|", "~~a ", "_a ", "[a](https://a.example/("])
def test_no_text_takes_long_to_render(render: Render, mark: str) -> None:
    """A mark opened 5,000 times and never closed stays text."""
    html = render([mark * 5_000])
    assert len(re.sub(r"<[^>]*>", "", html)) >= 5_000
