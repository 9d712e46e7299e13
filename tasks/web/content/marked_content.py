"""Finds the content element of pages by documentation generators, which always mark it the same way."""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.web.content.pruning import MUTE, remove_all, remove_furniture

MIN_CHARACTERS = 200
"""An element with less text is a stub; the page is then classified like any other."""

_MARKS: dict[str, str] = {
    "Sphinx": "div.document div.body[role=main], div.rst-content [role=main]",
    "Sphinx, Furo": "article[role=main]#furo-main-content, article.bd-article",
    "MkDocs": "article.md-content__inner",
    "Docusaurus": "article .theme-doc-markdown, .theme-doc-markdown",
    "VitePress, VuePress": ".vp-doc, .theme-default-content",
    "Starlight": ".sl-markdown-content",
    "Docsify": "article#main.markdown-section",
    "GitBook": "section.markdown-section, .page-inner section.normal",
    "mdBook": "div#content.content > main",
    "rustdoc": "section#main-content.content",
    "Javadoc": "body.class-declaration-page main, body.package-declaration-page main",
    "Doxygen": "div#doc-content div.contents",
    "Docsy": "div.td-content",
    "Nextra": "article main.nextra-content, .nextra-content",
    "Antora": "article.doc",
}
_SELECTOR = ", ".join(_MARKS.values())
_ASIDES = (
    ".headerlink, .anchor-heading > svg, a.anchor, a.hash-link, a.header-anchor, .md-content__button, .md-source-file,"
    " .edit-this-page, .theme-doc-footer, .theme-edit-this-page, .pagination-nav, .prev-next-area, .prev-next-footer,"
    " .related-pages, .feedback, .page-feedback, .toctree-collapsed, .sphinxsidebar, .bd-sidebar-secondary,"
    " .copybtn, .linenos, .linenodiv, .line-numbers-wrapper"
)


def find_marked_content(tree: LexborHTMLParser) -> LexborNode | None:
    """Return the element that the generator marks as content, without permalinks and the like, or `None`."""
    found = tree.css(_SELECTOR)
    if not found:
        return None
    size, best = max(((len(node.text(strip=True)), node) for node in found), key=lambda sized: sized[0])
    if size < MIN_CHARACTERS:
        return None
    remove_furniture(best)
    remove_all(best.css(f"{MUTE}, {_ASIDES}"))
    return best
