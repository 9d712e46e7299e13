"""Listings of code as makers of sites mark them up: every line is kept, and nothing else gets in."""

# ruff: noqa: E501 - markup reads worse when it is broken into lines.
import pytest

from tests.web.harbour_page import LEAD, LONG, markdown_of

CODE = "retries:\n  first: 3\n\n\n  -\n  last: 9  # a#b#"
_ROWS = CODE.split("\n")
_SPANS = "\n".join(f"<span class=line>{line}</span>" for line in _ROWS)
_NUMBERS = "\n".join(map(str, range(1, len(_ROWS) + 1)))
LISTINGS = {
    "plain": f"<pre>{CODE}</pre>",
    "tabs": "<pre><code>all:\n\tcc main.c\n\n\tmv a.out run</code></pre>",
    "Pygments": f"<div class=highlight><table class=highlighttable><tr><td class=linenos><div class=linenodiv><pre>{_NUMBERS}"
    f"</pre></div></td><td class=code><div><pre><span></span><code>{CODE}</code></pre></div></td></tr></table></div>",
    "Hugo": f"<div class=highlight><div class=chroma><table class=lntable><tr><td class=lntd><pre class=chroma><code><span class=lnt>"
    f"{_NUMBERS}\n</span></code></pre></td><td class=lntd><pre class=chroma><code class='language-yaml'>{CODE}</code></pre></td></tr></table></div></div>",
    "Rouge": f"<div class=language-yaml><pre class=highlight><code><table class=rouge-table><tbody><tr><td class='rouge-gutter gl'>"
    f"<pre class=lineno>{_NUMBERS}\n</pre></td><td class=rouge-code><pre>{CODE}\n</pre></td></tr></tbody></table></code></pre></div>",
    "GitHub": "<table class='highlight js-file-line-container'>"
    + "".join(
        f"<tr><td class='blob-num js-line-number' data-line-number={at}></td><td class='blob-code js-file-line'>{line}</td></tr>"
        for at, line in enumerate(_ROWS, 1)
    )
    + "</table>",
    "highlight.js": "<pre><code class='hljs language-yaml'><table class=hljs-ln><tbody>"
    + "".join(
        f"<tr><td class='hljs-ln-line hljs-ln-numbers' data-line-number={at}><div class=hljs-ln-n></div></td>"
        f"<td class='hljs-ln-line hljs-ln-code'>{line}</td></tr>"
        for at, line in enumerate(_ROWS, 1)
    )
    + "</tbody></table></code></pre>",
    "SyntaxHighlighter": "<table><tr><td class=gutter>"
    + "".join(f"<div class='line number{at}'>{at}</div>" for at in range(1, len(_ROWS) + 1))
    + "</td><td class=code><div class=container>"
    + "".join(f"<div class='line number{at}'>{line}</div>" for at, line in enumerate(_ROWS, 1))
    + "</div></td></tr></table>",
    "numbers in the lines": "<pre>"
    + "\n".join(f"<span class=linenos>{at}</span>{line}" for at, line in enumerate(_ROWS, 1))
    + "</pre>",
    "lines as spans": f"<pre class=shiki><code>{_SPANS}</code></pre>",
    "lines as spans without breaks": f"<pre><code>{_SPANS.replace(chr(10), '')}</code></pre>",
    "Docusaurus": "<pre><code class=codeBlockLines>"
    + "".join(f"<div class=token-line><span class=token>{line}</span><br></div>" for line in _ROWS)
    + "</code></pre>",
    "breaks": f"<pre>{CODE.replace(chr(10), '<br>')}</pre>",
    "list": "<pre><ol>" + "".join(f"<li>{line}</li>" for line in _ROWS) + "</ol></pre>",
}


@pytest.mark.parametrize(("name", "body"), LISTINGS.items(), ids=LISTINGS)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_code_is_kept_line_by_line(name: str, body: str, around: str) -> None:
    """One fenced block, without line numbers, with indentation, blank lines and signs."""
    markdown = markdown_of(body, around=around)
    code = "all:\n\tcc main.c\n\n\tmv a.out run" if name == "tabs" else CODE
    assert f"\n{code}\n```" in markdown
    assert markdown.count("```") == 2


def test_code_in_a_list_is_indented_with_it() -> None:
    """It belongs to its step."""
    markdown = markdown_of("<ol><li>Run it:<pre>a\n\n  b</pre></li><li>Wait.</li></ol>")
    assert "1. Run it:\n\n   ```\n   a\n\n     b\n   ```\n" in markdown


def test_code_with_fences_gets_a_longer_one() -> None:
    """A document about Markdown shows some."""
    assert "````\n```js\nx\n```\n````" in markdown_of("<pre>```js\nx\n```</pre>")
