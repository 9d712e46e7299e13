"""What a visitor would read on a page: its main content as Markdown, with title and metadata.

Runs in child processes: pure, and imports neither Scrapy nor Playwright.
"""

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.core.errors import PageSkipped
from tasks.core.models import FetchedPage, ReadPage
from tasks.web.content.boxes import Outline, find_outline
from tasks.web.content.judge import Judge, load_judge
from tasks.web.content.markdown import make_links_absolute, to_markdown
from tasks.web.content.marked_content import find_marked_content
from tasks.web.content.page_metadata import find_metadata, find_title, read_metas, title_beside
from tasks.web.content.page_type import PageType, page_traits
from tasks.web.content.pdf import read_pdf
from tasks.web.content.pruning import MUTE, remove_all, remove_noise
from tasks.web.content.selection import prune, select_runs
from tasks.web.content.source import make_safe
from tasks.web.content.structured import Structured, read_structured
from tasks.web.content.supplements import supplement

MIN_SHARE = 0.4
"""A `main` or `article` with less than this part of the page's text is not all of its content."""
MIN_WORDS = 120
"""Pages with fewer words are read whole, but for what frames them: there is too little to judge by."""

_FRAME = "body > header, body > footer, body > div > header, body > div > footer"
_NOTES = re.compile(r"note|starlight-aside|admonition|callout|alert|hint|tip|warning|caution|info", re.IGNORECASE)
_MAIN = "main, [role=main], article, #content, #main-content, .main-content, .post-content, .entry-content"


def read_page(page: FetchedPage, site_title: str = "", *, judge: Judge | None = None) -> ReadPage:
    """The page's content; a page that has the title of the site's home page is called after its heading.

    `judge` tells what is content; absent, it is the one that comes with the product.

    Raises:
        PageSkipped: it asks not to be indexed, or holds no text.
        ContentFailed: it is a broken PDF.
    """
    if page.pdf is not None:
        title, markdown, facts = read_pdf(page.pdf, page.final_url)
        metadata = {**page.metadata, "method": str(page.method), "escalated": page.escalated, **facts}
    else:
        title, markdown, metadata = _read_html(page, judge or load_judge())
        if title == site_title and page.target.depth > 0:
            title = title_beside(markdown, page.final_url) or title
    return ReadPage(
        target=page.target,
        url=page.final_url,
        title=title,
        markdown=markdown,
        byte_count=page.byte_count,
        metadata=metadata,
    )


def _read_html(page: FetchedPage, judge: Judge) -> tuple[str, str, dict[str, Any]]:
    """Title, Markdown and metadata."""
    html, is_cut = make_safe(page.html)
    tree = LexborHTMLParser(html)
    metas = read_metas(tree)
    if "noindex" in metas.get("robots", "").lower():
        raise PageSkipped("noindex", "the page asks not to be indexed")
    structured = read_structured(tree, metas)
    title = find_title(tree, metas, page.final_url)
    metadata = find_metadata(tree, metas, page, structured)
    main, page_type = find_content(
        tree, html, url=page.final_url, title=title, metas=metas, structured=structured, judge=judge
    )
    make_links_absolute(main, page.final_url)
    markdown = supplement(to_markdown(main), structured, page_type)
    if not re.search(r"\w", markdown):
        raise PageSkipped("empty", "there is no text on the page")
    if page_type is not None:
        metadata["page_type"] = str(page_type)
    if is_cut:
        metadata["truncated"] = True
    return title, markdown, metadata


def find_content(
    tree: LexborHTMLParser,
    html: str,
    *,
    url: str,
    title: str,
    metas: dict[str, str],
    structured: Structured,
    judge: Judge,
) -> tuple[LexborNode, PageType | None]:
    """The element that holds the content, with nothing else left in it, and the type of the page if it can be told."""
    if (marked := find_marked_content(tree)) is not None:
        return marked, PageType.documentation
    body, outline, traits = inspect(tree, html, url=url, metas=metas, structured=structured)
    remove_all(tree.css(MUTE))
    if not outline.is_whole or outline.words < MIN_WORDS:
        return _find_main(tree, body), None
    prune(outline, select_runs(outline, judge.chances(outline, title, traits)))
    return body, judge.page_type(traits)


def inspect(
    tree: LexborHTMLParser, html: str, *, url: str, metas: dict[str, str], structured: Structured
) -> tuple[LexborNode, Outline, list[str]]:
    """The body without noise, its outline, and the traits of the page."""
    body = tree.body or tree.root
    assert body is not None
    framing = [body, *([tree.root] if tree.root is not None else [])]
    names = " ".join(node.attributes.get(name) or "" for node in framing for name in ("class", "id"))
    remove_noise(tree, html)
    outline = find_outline(body)
    generator = metas.get("generator", "")
    return (
        body,
        outline,
        page_traits(outline, url=url, declared=structured.types, generator=generator, body_names=names),
    )


def _find_main(tree: LexborHTMLParser, body: LexborNode) -> LexborNode:
    """The element that holds the content, without what frames it."""
    remove_all(node for node in tree.css("aside") if not _is_note(node))
    remove_all(tree.css(f"{_FRAME}, [hidden], [aria-hidden=true], label"))
    whole = len(body.text(strip=True))
    candidates = [(len(node.text(strip=True)), node) for node in tree.css(_MAIN)]
    size, best = max(candidates, key=lambda candidate: candidate[0], default=(0, body))
    return best if size and size >= MIN_SHARE * whole else body


def _is_note(aside: LexborNode) -> bool:
    attributes = aside.attributes
    return bool(_NOTES.search(f"{attributes.get('class')} {attributes.get('role')}"))
