"""Hint files: the URLs in sitemaps, feeds and `llms.txt`, however faulty the file is.

Files that sites generate have PHP warnings before the declaration, a raw `&`, another encoding than they declare,
prefixes without a namespace, a feed under a sitemap's name, two layers of gzip. So a file is mended before it is
parsed as XML: everything before the first known element goes, and what XML forbids.
"""

import re
import zlib
from collections.abc import Iterator
from html import escape
from html.entities import html5
from itertools import islice
from urllib.parse import urljoin

from lxml import etree
from w3lib.encoding import read_bom, resolve_encoding, to_unicode

from tasks.core.models import Link
from tasks.web.crawl.urls import clean_url, looks_like_page

MAX_BYTES = 50 * 1024**2
"""Bytes of one file, decompressed (the sitemap protocol's own limit)."""
MAX_ENTRIES = 20_000
"""Entries read of one file."""
MAX_LAYERS = 3
"""Layers of gzip around a file."""

_PORTION = 65_536
"""Characters that are mended and parsed at a time."""
_MARKDOWN_LINK = re.compile(r"\[([^\]\n]{0,500})\]\(\s{0,9}<?([^)>\s]{1,2000})")
_FIRST_ELEMENT = re.compile(r"<(?:[\w.-]{1,40}:)?(?:urlset|sitemapindex|sitemap|url|rss|feed|rdf)[\s>]", re.IGNORECASE)
_DECLARED = re.compile(rb"""^[^>]{0,100}encoding\s*=\s*["']([\w.-]{1,40})""")
_DECLARATION = re.compile(r"<\?[^<>]{0,1000}\?>|<!DOCTYPE[^<>]{0,1000}>", re.IGNORECASE)
_AMPERSAND = re.compile(r"&(?!(?:#\d{1,7}|#x[\da-f]{1,6}|amp|lt|gt|quot|apos);)(\w{1,40};)?", re.IGNORECASE)
_REFERENCE = re.compile(r"&#(?:x([\da-f]{1,6})|(\d{1,7}));", re.IGNORECASE)
_ESCAPED = re.compile("&(?:amp;)+")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def parse_sitemap(body: bytes, url: str) -> tuple[list[str], list[Link]]:
    """Return the nested sitemaps and the pages in a sitemap: XML (index or not), text or a feed, also gzipped."""
    text = _text_of(body)
    if _FIRST_ELEMENT.search(text) is None:
        lines = () if text.lstrip().startswith("<") else text.split()
        return [], [link for line in lines[:MAX_ENTRIES] if line.startswith("http") and (link := _link(line, url))]
    nested: list[str] = []
    links: list[Link] = []
    for tag, fields in islice(_entries(text, ("sitemap", "url", "item", "entry")), MAX_ENTRIES):
        location = fields.get("loc") or fields.get("link", "")
        if tag == "sitemap":
            if found := _absolute(location, url):
                nested.append(found)
        elif link := _link(location, url, priority=_priority(fields), modified=fields.get("lastmod", "")[:25]):
            links.append(link)
    return nested, links


def parse_feed(body: bytes, url: str) -> list[Link]:
    """Return the pages in a feed: RSS or Atom."""
    entries = islice(_entries(_text_of(body), ("item", "entry")), MAX_ENTRIES)
    return [link for _, fields in entries if (link := _link(fields.get("link", ""), url, region="feed"))]


def parse_llms_txt(body: bytes, url: str) -> list[Link]:
    """Return the links of an `llms.txt`; a link to a page's Markdown (`….html.md`) means the page."""
    text = _text_of(body)[:1_000_000]
    if text.lstrip().startswith("<"):
        return []
    links: list[Link] = []
    for name, target in _MARKDOWN_LINK.findall(text):
        page = re.sub(r"(\.html?)\.md$|/index\.md$", lambda match: match[1] or "/", target)
        if link := _link(page, url, text=name[:80], region="llms"):
            links.append(link)
    return links


def _text_of(body: bytes) -> str:
    """Return the decompressed and decoded file; the encoding it declares is believed where the bytes agree."""
    body = _decompressed(body)
    encoding, mark = read_bom(body)
    is_wide = 0 in body[:100]
    if encoding and mark and is_wide == encoding.startswith(("utf-16", "utf-32")):
        return to_unicode(body[len(mark) :], encoding)
    if is_wide:
        return to_unicode(body, "utf-16-be" if body[:1] == b"\0" else "utf-16-le")
    try:
        return body.removeprefix(mark or b"").decode()
    except UnicodeDecodeError:
        declared = _DECLARED.search(body)
        name = resolve_encoding(declared[1].decode()) if declared else None
        try:
            return to_unicode(body, "cp1252" if name is None or name.startswith(("utf-16", "utf-32")) else name)
        except (LookupError, UnicodeError):
            # A codec of Python's that is none for text.
            return to_unicode(body, "cp1252")


def _decompressed(body: bytes) -> bytes:
    """Decompress a gzipped body, at most `MAX_BYTES` of it."""
    for _ in range(MAX_LAYERS):
        if not body.startswith(b"\x1f\x8b"):
            break
        try:
            body = zlib.decompressobj(wbits=31).decompress(body, MAX_BYTES)
        except zlib.error:
            return b""
    return body


def _entries(text: str, tags: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """List the elements with these tags, with the text or `href` of each child."""
    # No entities, network or DTD: the file comes from strangers.
    parser = etree.XMLPullParser(
        ("end",), recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    for portion in _mended(text):
        try:
            parser.feed(portion)
        except etree.XMLSyntaxError:
            return
        for _, element in parser.read_events():
            if (tag := _name(element)) in tags:
                yield tag, _fields(element)
                # What was read is freed: the tree of a large sitemap must not stay in memory.
                element.clear()
                while element.getprevious() is not None and (parent := element.getparent()) is not None:
                    del parent[0]


def _mended(text: str) -> Iterator[bytes]:
    """Cut the XML into portions without what would end its parsing, in a root element of our own."""
    yield b"<hints>"
    first = _FIRST_ELEMENT.search(text)
    start = first.start() if first else len(text)
    while start < len(text):
        # Cut after a tag: an entity or a declaration must not be in two portions.
        end = text.find(">", start + _PORTION) + 1 or len(text)
        portion = _FORBIDDEN.sub("", _DECLARATION.sub("", text[start:end]))
        yield _REFERENCE.sub(_mend_reference, _AMPERSAND.sub(_mend_ampersand, portion)).encode()
        start = end


def _mend_ampersand(found: re.Match[str]) -> str:
    """Escape an `&` that begins no entity of XML; entities of HTML become their character, others go."""
    name = found[1]
    if name is None:
        return "&amp;"
    return escape(html5.get(name, ""))


def _mend_reference(found: re.Match[str]) -> str:
    """Drop a reference to what is no character of XML: the parser would take it in, and fail where it is read."""
    code = int(found[1], 16) if found[1] else int(found[2])
    return "" if code > 0x10FFFF or _FORBIDDEN.match(chr(code)) else found[0]


def _fields(element: etree._Element) -> dict[str, str]:
    """Return the text or `href` of each child by its name; of an entry's links, the one to its page."""
    fields: dict[str, str] = {}
    for child in element:
        name, relation = _name(child), child.get("rel", "alternate")
        value = "".join(child.itertext()).strip() or (child.get("href") or "").strip()
        if value and relation == "alternate":
            # Escaped twice, or escaped inside CDATA.
            fields.setdefault(name, _ESCAPED.sub("&", value))
    if "link" not in fields and fields.get("guid", "").startswith(("http://", "https://")):
        fields["link"] = fields["guid"]
    return fields


def _name(element: etree._Element) -> str:
    # Not by `etree.QName`: it refuses the name of an element whose prefix was never declared.
    return element.tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(element.tag, str) else ""


def _priority(fields: dict[str, str]) -> float | None:
    try:
        return min(max(float(fields["priority"]), 0.0), 1.0)
    except (KeyError, ValueError):
        return None


def _absolute(location: str, base: str) -> str | None:
    try:
        return urljoin(base, location) if location else None
    except ValueError:
        return None


def _link(
    location: str,
    base: str,
    *,
    text: str = "",
    region: str = "sitemap",
    priority: float | None = None,
    modified: str = "",
) -> Link | None:
    url = clean_url(location) or clean_url(_absolute(location, base) or "")
    # Of text documents only linked ones are read: `llms.txt` lists the sources of pages.
    if not location or not url or not looks_like_page(url) or url.endswith((".md", ".txt")):
        return None
    return Link(url, text, region, "", priority, modified)
