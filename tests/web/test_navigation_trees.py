"""Trees of contents that help systems build beside each page are no part of it."""

# ruff: noqa: E501 - markup reads worse when it is broken into lines.
import pytest

from tests.web.test_content import read
from tests.web.test_content_kinds import LEAD, LONG


def _items(form: str, count: int = 120) -> str:
    return "".join(form.format(at) for at in range(count))


TREES = {
    "LibreOffice": "<aside class=leftside><input id=a1 type=checkbox><label for=a1>Contents BESIDE</label><div class=contents-treeview><ul>"
    + _items(
        "<li><input type=checkbox id=c{0}><label for=c{0}>Chapter {0} BESIDE</label><ul><li><a href=t{0}.html>Topic {0} BESIDE</a></li></ul></li>"
    )
    + "</ul></div></aside><main><h1>Styles</h1>{text}</main>",
    "Fancytree": "<div id=tree><ul class=fancytree-container role=tree>"
    + _items("<li role=treeitem><span class=fancytree-title>BESIDE topic {0} of the manual</span></li>")
    + "</ul></div><div class=topic><h1>Styles</h1>{text}</div>",
    "jsTree": "<div id=toc class=jstree><ul>"
    + _items("<li class=jstree-node><a href=t{0}.html><i></i>BESIDE topic {0} of the manual</a></li>")
    + "</ul></div><div id=content><h1>Styles</h1>{text}</div>",
    "disclosures": "<div class=toc>"
    + _items(
        "<details><summary>BESIDE part {0}</summary><ul><li><a href={0}.html>BESIDE topic {0}</a></li></ul></details>"
    )
    + "</div><div class=body><h1>Styles</h1>{text}</div>",
    "scripts": "<table><tr><td><div class=navi>"
    + _items("<div><span onclick=\"go('t{0}')\">BESIDE topic {0} of the manual</span></div>")
    + "</div></td><td><h1>Styles</h1>{text}</td></tr></table>",
}


@pytest.mark.parametrize("body", TREES.values(), ids=TREES)
@pytest.mark.parametrize("text", [LEAD, LONG], ids=["short", "long"])
def test_a_tree_of_contents_beside_the_page_goes(body: str, text: str) -> None:
    """The page stays."""
    markdown = read(
        f"<html><head><title>Styles</title></head><body>{body.replace('{text}', text)}</body></html>"
    ).markdown
    assert "BESIDE" not in markdown
    assert "Styles" in markdown
    assert "mechanics" in markdown


KEPT = {
    "a page that is a tree": "<div class=toc><ul>"
    + _items("<li><a href=t{0}.html>KEPT topic {0}</a></li>")
    + "</ul></div>",
    "a tree below the heading": "<h1>Contents</h1><p>All the parts of our manual are listed here, in their order.</p><div class=toc><ul>"
    + _items("<li><a href=t{0}.html>KEPT topic {0}</a></li>")
    + "</ul></div>",
    "prices": "<div class=sidebar><ul>" + _items("<li>KEPT dish {0}: 9 €</li>") + "</ul></div><h2>Menu</h2>" + LEAD,
}


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT)
def test_lists_that_are_the_content_stay(body: str) -> None:
    """A table of contents, a list below its heading, dishes with their prices."""
    markdown = read(f"<html><head><title>Manual</title></head><body>{body}</body></html>").markdown
    assert markdown.count("KEPT") == 120
