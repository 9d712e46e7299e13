"""Converts an element of a document to CommonMark."""

import re
from urllib.parse import urldefrag

from can_ada import URL, parse
from html_to_markdown import ConversionOptions, convert
from selectolax.lexbor import LexborNode

from tasks.web.content.code_blocks import CodeBlocks
from tasks.web.content.definition_lists import label_values
from tasks.web.content.pruning import remove_all

_OPTIONS = ConversionOptions(
    heading_style="atx",
    code_block_style="backticks",
    extract_metadata=False,
    skip_images=True,
)
_PERMALINK = re.compile(r"[¶#§🔗⚓︎️\s]+|(?:perma)?link(?: to (?:this|the) \w+)?", re.IGNORECASE)
_ANCHORS = (
    "h1 a, h2 a, h3 a, h4 a, h5 a, h6 a, dt a, a.headerlink, a.anchor, a.permalink, a.hash-link, a.header-anchor,"
    " a.anchor-link, a.heading-link"
)
_GAP = re.compile(r"\n{3,}")
_SPACED = re.compile(r"[ \t]+$", re.MULTILINE)
_HARD_BREAK = re.compile(r"(?<=\S) {2,}$", re.MULTILINE)
_FOLLOWED = "http:", "https:", "mailto:", "tel:"


def to_markdown(node: LexborNode) -> str:
    """Convert the element to CommonMark; code blocks get their language from a class or attribute."""
    for hidden in node.css("[hidden], [aria-hidden], [style]"):
        # The converter drops hidden elements; those still here are content (the answers of an accordion).
        for name in ("hidden", "aria-hidden", "style"):
            if name in hidden.attributes:
                del hidden.attrs[name]
    # The converter writes a link without text as its URL, or as the label of a removed icon.
    remove_all(anchor for anchor in node.css("a") if not anchor.text(strip=True))
    remove_all(anchor for anchor in node.css(_ANCHORS) if _is_permalink(anchor))
    label_values(node)
    code = CodeBlocks()
    code.take_out(node)
    # In a code block a link would be written with its URL.
    for anchor in node.css("pre a"):
        anchor.unwrap()
    for label in node.css("label"):
        label.insert_after(" ")
    # Its children keep text apart, as its style does in the browser.
    remove_all(item for item in node.css("li") if not item.text(strip=True))
    # The converter drops these with their content: titles stand in headers, and some frameworks wrap the whole
    # page in a form.
    node.unwrap_tags(["form", "header"])
    return code.put_back(convert_html(node.html or ""))


def convert_html(html: str) -> str:
    """Convert HTML without code blocks to CommonMark, without runs of blank lines."""
    markdown = convert(html, _OPTIONS).content or ""
    return _GAP.sub("\n\n", markdown).strip()


def _is_permalink(anchor: LexborNode) -> bool:
    """Whether the link is the sign of a heading that leads to the heading itself."""
    href = anchor.attributes.get("href")
    return bool(_PERMALINK.fullmatch(anchor.text().strip())) and (href is None or "#" in href or not href)


def make_links_absolute(node: LexborNode, base: str) -> None:
    """Resolve the links under the element against the base URL; links that a person cannot follow lose their target."""
    start = _parse(urldefrag(base).url)
    known: dict[str, str] = {}
    for anchor in node.css("a[href]"):
        attributes = anchor.attributes
        # Cached without fragment: most links of a document differ only in that.
        href, mark, fragment = (attributes.get("href") or "").strip().partition("#")
        if href not in known:
            known[href] = _absolute(href, start)
        if url := known[href]:
            anchor.attrs["href"] = url + mark + fragment
            if "title" in attributes:
                del anchor.attrs["title"]
        else:
            del anchor.attrs["href"]


def _parse(url: str) -> URL | None:
    try:
        return parse(url)
    except ValueError:
        return None


def _absolute(href: str, base: URL | None) -> str:
    """Return the absolute URL; empty if a person cannot follow it (`javascript:` …)."""
    try:
        url = base + href if base is not None else parse(href)
    except ValueError:
        return ""
    return str(url.href) if url.protocol in _FOLLOWED else ""
