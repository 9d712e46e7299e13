"""What a visitor would read on a page: its main content as Markdown, with title and metadata.

Runs in child processes: pure, and imports neither Scrapy nor Playwright.
"""

import re
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from html_to_markdown import ConversionOptions, convert
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.core.errors import PageSkipped
from tasks.core.models import FetchedPage, ReadPage
from tasks.web.pruning import remove_all

MIN_SHARE = 0.4
"""A `main` or `article` with less than this part of the page's text is not all of its content."""

_NOISE = (
    "script, style, template, noscript, svg, canvas, iframe, object, embed, button, input, select, textarea, label,"
    " dialog, link, meta, img, picture, video, audio, nav, [hidden], [aria-hidden=true],"
    " [role=navigation], [role=banner], [role=contentinfo], [role=search], [role=dialog], [role=alertdialog],"
    " .headerlink, .sphinxsidebar, .breadcrumb, .breadcrumbs, .skip-link, .sr-only, .visually-hidden"
)
_FRAME = "body > header, body > footer, body > div > header, body > div > footer"
_CONSENT_WORDS = ("cookie", "consent", "gdpr", "onetrust", "didomi", "usercentrics")
_CONSENT = ", ".join(
    f"{tag}[{attribute}*={word} i]"
    for tag in ("div", "section", "aside", "form")
    for attribute in ("id", "class")
    for word in _CONSENT_WORDS
)
MAX_CONSENT_CHARACTERS = 3_000
"""Longer than this is a text about cookies, not a question to the visitor."""
_ASKS = "button, input, [role=button], a[class*=btn i], a[class*=button i]"
_TOPICS = "h1, main, article, table, pre, dl"
_NOTES = re.compile(r"note|starlight-aside|admonition|callout|alert|hint|tip|warning|caution|info", re.IGNORECASE)
_MAIN = "main, [role=main], article, #content, #main-content, .main-content, .post-content, .entry-content"
_OPTIONS = ConversionOptions(heading_style="atx", code_block_style="backticks", extract_metadata=False)
_SEPARATORS = re.compile(r"\s+[|\-–—·•:»]\s+")
_PERMALINK = re.compile(r"[¶#§]\s*$", re.MULTILINE)


def read_page(page: FetchedPage) -> ReadPage:
    """The page's content.

    Raises:
        PageSkipped: it asks not to be indexed, or holds no text.
    """
    tree = LexborHTMLParser(page.html.replace("\0", ""))
    if "noindex" in _meta(tree, "robots").lower():
        raise PageSkipped("noindex", "the page asks not to be indexed")
    title = find_title(tree, page.final_url)
    metadata = _find_metadata(tree, page)
    html = page.html.lower()
    if any(word in html for word in _CONSENT_WORDS):
        remove_all(_consent_banners(tree))
    main = _find_main(tree)
    _make_links_absolute(main, page.final_url)
    markdown = to_markdown(main)
    if not re.search(r"\w", markdown):
        raise PageSkipped("empty", "there is no text on the page")
    return ReadPage(
        target=page.target,
        url=page.final_url,
        title=title,
        markdown=markdown,
        byte_count=page.byte_count,
        metadata=metadata,
    )


def to_markdown(node: LexborNode) -> str:
    """The element's content as CommonMark."""
    markdown = convert(node.html or "", _OPTIONS).content or ""
    markdown = _PERMALINK.sub("", markdown)
    return re.sub(r"\n{3,}", "\n\n", markdown).strip()


def find_title(tree: LexborHTMLParser, url: str) -> str:
    """The page's own title, without the site's name where that is set apart."""
    whole = _text(tree.css_first("title")) or _meta(tree, "og:title")
    heading = _text(tree.css_first("h1")).rstrip("¶# ")
    parts = [part.strip() for part in _SEPARATORS.split(whole) if part.strip()]
    if heading and (whole.startswith(heading) or any(part.lower() == heading.lower() for part in parts)):
        return heading
    return whole or heading or urlsplit(url).path


def _find_metadata(tree: LexborHTMLParser, page: FetchedPage) -> dict[str, Any]:
    html = tree.css_first("html")
    canonical = tree.css_first("link[rel=canonical]")
    found = {
        **page.metadata,
        "description": _meta(tree, "description") or _meta(tree, "og:description"),
        "language": ((html.attributes.get("lang") if html else None) or "").strip(),
        "canonical": urljoin(page.final_url, canonical.attributes.get("href") or "") if canonical else "",
        "method": str(page.method),
        "escalated": page.escalated,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _find_main(tree: LexborHTMLParser) -> LexborNode:
    """The element that holds the content, without what frames it."""
    remove_all(node for node in tree.css("aside") if not _is_note(node))
    remove_all(node for node in tree.css("form") if not node.css_first("p, h1, h2, h3, table, ul, ol"))
    remove_all(tree.css(f"{_NOISE}, {_FRAME}"))
    # The converter drops forms, and some frameworks wrap the whole page in one.
    tree.unwrap_tags(["form"])
    body = tree.body or tree.root
    assert body is not None
    whole = len(body.text(strip=True))
    candidates = [(len(node.text(strip=True)), node) for node in tree.css(_MAIN)]
    size, best = max(candidates, key=lambda candidate: candidate[0], default=(0, body))
    return best if size and size >= MIN_SHARE * whole else body


def _consent_banners(tree: LexborHTMLParser) -> list[LexborNode]:
    """Questions for consent: named so, short, with something to press, and without content of a page."""
    return [
        node
        for node in tree.css(_CONSENT)
        if node.css_first(_ASKS) and not node.css_first(_TOPICS) and len(node.text()) <= MAX_CONSENT_CHARACTERS
    ]


def _is_note(aside: LexborNode) -> bool:
    attributes = aside.attributes
    return bool(_NOTES.search(f"{attributes.get('class')} {attributes.get('role')}"))


def _make_links_absolute(node: LexborNode, base: str) -> None:
    base = urldefrag(base).url
    known: dict[str, str] = {}
    for anchor in node.css("a[href]"):
        attributes = anchor.attributes
        # Most links of a document differ in their fragment alone.
        href, mark, fragment = (attributes.get("href") or "").strip().partition("#")
        if href not in known:
            known[href] = _absolute(href, base)
        if url := known[href]:
            anchor.attrs["href"] = url + mark + fragment
            if "title" in attributes:
                del anchor.attrs["title"]
        else:
            del anchor.attrs["href"]


def _absolute(href: str, base: str) -> str:
    """The URL, or nothing if it is not for a person to follow."""
    try:
        url = urljoin(base, href)
    except ValueError:
        return ""
    return url if url.startswith(("http://", "https://", "mailto:", "tel:")) else ""


def _meta(tree: LexborHTMLParser, name: str) -> str:
    node = tree.css_first(f'meta[name="{name}"], meta[property="{name}"]')
    return " ".join((node.attributes.get("content") or "").split()) if node else ""


def _text(node: LexborNode | None) -> str:
    return " ".join(node.text().split()) if node else ""
