"""Converts an element of a document to CommonMark."""

import re
from urllib.parse import urldefrag, urljoin

from html_to_markdown import ConversionOptions, convert
from selectolax.lexbor import LexborNode

from tasks.web.content.pruning import remove_all

_OPTIONS = ConversionOptions(
    heading_style="atx",
    code_block_style="backticks",
    extract_metadata=False,
    skip_images=True,
)
_PERMALINK = re.compile(r"(?: ?\[[¶#§]\]\([^)\n]*\)|[¶#§])[ \t]*$", re.MULTILINE)
_GAP = re.compile(r"\n{3,}")
_BULLET = re.compile(r"^[ \t]*[-*+][ \t]*\n(?=[ \t]*[-*+] |\n|$)", re.MULTILINE)
_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language|lang|highlight(?:-source|-text)?|brush:\s?|sourceCode|code)-?\s?([a-z][\w+#.-]*)",
    re.IGNORECASE,
)
_NO_LANGUAGES = frozenset(
    (
        *("default", "none", "plain", "text", "plaintext", "txt", "nohighlight", "highlight", "wrapper", "block"),
        *("box", "inner"),
    )
)
_LANGUAGE_LEVELS = 3


def to_markdown(node: LexborNode) -> str:
    """Convert the element to CommonMark; code blocks get their language from a class or attribute."""
    for hidden in node.css("[hidden], [aria-hidden], [style]"):
        # The converter drops hidden elements; those still here are content (the answers of an accordion).
        for name in ("hidden", "aria-hidden", "style"):
            if name in hidden.attributes:
                del hidden.attrs[name]
    # The converter writes a link without text as its URL, or as the label of a removed icon.
    remove_all(anchor for anchor in node.css("a") if not anchor.text(strip=True))
    # In a code block a link would be written with its URL.
    for anchor in node.css("pre a"):
        anchor.unwrap()
    for label in node.css("label"):
        label.insert_after(" ")
    for pre in node.css("pre"):
        if language := _language_of(pre):
            pre.attrs["class"] = f"language-{language}"
    # The converter drops these with their content: titles stand in headers, and some frameworks wrap the whole
    # page in a form.
    node.unwrap_tags(["form", "header"])
    return convert_html(node.html or "")


def convert_html(html: str) -> str:
    """Convert HTML to CommonMark, without permalink marks, empty list items and runs of blank lines."""
    markdown = convert(html, _OPTIONS).content or ""
    markdown = _BULLET.sub("", _PERMALINK.sub("", markdown))
    return _GAP.sub("\n\n", markdown).strip()


def _language_of(pre: LexborNode) -> str:
    inner = pre.css_first("code")
    candidates = [inner] if inner is not None else []
    outer: LexborNode | None = pre
    for _ in range(_LANGUAGE_LEVELS):
        if outer is None or outer.tag == "body":
            break
        candidates.append(outer)
        outer = outer.parent
    for node in candidates:
        attributes = node.attributes
        given = attributes.get("data-lang") or attributes.get("data-language") or attributes.get("lang") or ""
        found = _LANGUAGE.search(attributes.get("class") or "")
        language = (given or (found[1] if found else "")).lower()
        if language and language not in _NO_LANGUAGES:
            return language.split()[0]
    return ""


def make_links_absolute(node: LexborNode, base: str) -> None:
    """Resolve the links under the element against the base URL; links that a person cannot follow lose their target."""
    base = urldefrag(base).url
    known: dict[str, str] = {}
    for anchor in node.css("a[href]"):
        attributes = anchor.attributes
        # Cached without fragment: most links of a document differ only in that.
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
    """Return the absolute URL; empty if a person cannot follow it (`javascript:` …)."""
    try:
        url = urljoin(base, href)
    except ValueError:
        return ""
    return url if url.startswith(("http://", "https://", "mailto:", "tel:")) else ""
