"""Extracts the main content of a page as Markdown, with title and metadata.

Runs in child processes: free of side effects, and without imports of Scrapy or Playwright.
"""

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.core.boundaries import contain
from tasks.core.errors import PageSkipped
from tasks.core.facts import Fact
from tasks.core.models import FetchedPage, ReadPage
from tasks.documents.pdf import read_pdf
from tasks.web.content.boxes import Outline, find_outline
from tasks.web.content.content_classifier import ContentClassifier, load_classifier
from tasks.web.content.declared_articles import drop_around_article
from tasks.web.content.markdown import make_links_absolute, to_markdown
from tasks.web.content.marked_content import find_marked_content
from tasks.web.content.normalisation import assemble, normalise, reveal
from tasks.web.content.page_metadata import find_base, find_metadata, link_share, read_metas
from tasks.web.content.page_titles import complete_title, declared_title, find_title, whole_title
from tasks.web.content.page_type import PageType, page_features
from tasks.web.content.pruning import MUTE, remove_all, remove_noise
from tasks.web.content.selection import prune, select_runs
from tasks.web.content.short_pages import find_short_content
from tasks.web.content.source import make_safe
from tasks.web.content.source_marks import SourceMarks
from tasks.web.content.structured import Structured, read_structured
from tasks.web.content.supplements import supplement
from tasks.web.facts.page_facts import find_facts

MIN_LINK_SHARE = 0.5
"""Share of the words in short links from which it is kept: search ranks pages of links after those they link to."""
MIN_WORDS = 120
"""Pages with fewer words are kept whole, without header and footer: too little text to classify."""


def read_page(page: FetchedPage, site_title: str = "", *, classifier: ContentClassifier | None = None) -> ReadPage:
    """Return the page's content; its title is without the site's names, which `site_title` has too.

    `classifier` defaults to the one shipped with the product.

    Raises:
        PageSkipped: the page has no text.
        ContentFailed: the PDF is broken.
    """
    facts: tuple[Fact, ...] = ()
    if page.pdf is not None:
        title, markdown, found = read_pdf(page.pdf, page.final_url)
        metadata = {**page.metadata, "method": str(page.method), "escalated": page.escalated, **found}
    else:
        title, markdown, metadata, facts = _read_html(page, site_title, classifier or load_classifier())
    return ReadPage(
        target=page.target,
        url=page.final_url,
        title=title,
        markdown=markdown,
        byte_count=page.byte_count,
        metadata=metadata,
        facts=facts,
    )


def _read_html(
    page: FetchedPage, site_title: str, classifier: ContentClassifier
) -> tuple[str, str, dict[str, Any], tuple[Fact, ...]]:
    """Return title, Markdown, metadata and facts."""
    html, is_cut = make_safe(page.html)
    tree, source = LexborHTMLParser(html), SourceMarks(html)
    metas = read_metas(tree)
    structured = read_structured(tree, metas)
    base = find_base(tree, page.final_url)
    assemble(tree, source)
    title = find_title(tree, metas, page.final_url, site_title)
    metadata = find_metadata(tree, metas, page, structured)
    reveal(tree, source)
    # Before the tree loses its header, footer and icons.
    facts = _find_facts(tree, html, page.final_url, metas)
    main, page_type = find_content(
        tree,
        source,
        url=page.final_url,
        title=declared_title(tree, metas),
        metas=metas,
        structured=structured,
        classifier=classifier,
    )
    title = title or complete_title(main, metadata.get("breadcrumbs", []), page.final_url, whole_title(tree, metas))
    make_links_absolute(main, base)
    markdown = supplement(to_markdown(main), structured, page_type)
    if not re.search(r"\w", markdown):
        raise PageSkipped("empty", "the page has no text")
    if page_type is not None:
        metadata["page_type"] = str(page_type)
    if is_cut:
        metadata["truncated"] = True
    if (share := link_share(main)) >= MIN_LINK_SHARE:
        metadata["link_share"] = round(share, 2)
    return title, markdown, metadata, facts


def _find_facts(tree: LexborHTMLParser, html: str, url: str, metas: dict[str, str]) -> tuple[Fact, ...]:
    try:
        return find_facts(tree, html, url, metas)
    except Exception as error:  # noqa: BLE001 the page is read without its facts
        contain(error, f"the facts of {url}")
        return ()


def find_content(
    tree: LexborHTMLParser,
    source: SourceMarks,
    *,
    url: str,
    title: str,
    metas: dict[str, str],
    structured: Structured,
    classifier: ContentClassifier,
) -> tuple[LexborNode, PageType | None]:
    """Return the element with the content, pruned of everything else, and the page's type if known."""
    normalise(tree, source)
    if (marked := find_marked_content(tree)) is not None:
        return marked, PageType.documentation
    body, outline, features = inspect(tree, source, url=url, metas=metas, structured=structured)
    remove_all(tree.css(MUTE))
    if not outline.is_whole or outline.words < MIN_WORDS:
        return find_short_content(tree, body), None
    kept = select_runs(outline, classifier.probabilities(outline, title, features))
    drop_around_article(outline, structured.types, kept)
    prune(outline, kept)
    return body, classifier.page_type(features)


def inspect(
    tree: LexborHTMLParser, source: SourceMarks, *, url: str, metas: dict[str, str], structured: Structured
) -> tuple[LexborNode, Outline, list[str]]:
    """Remove noise from the body; return it with its outline and the page's features."""
    body = tree.body or tree.root
    assert body is not None
    framing = [body, *([tree.root] if tree.root is not None else [])]
    names = " ".join(node.attributes.get(name) or "" for node in framing for name in ("class", "id"))
    remove_noise(tree, source)
    outline = find_outline(body)
    generator = metas.get("generator", "")
    return (
        body,
        outline,
        page_features(outline, url=url, declared=structured.types, generator=generator, body_names=names),
    )
