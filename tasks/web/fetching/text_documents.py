"""Linked Markdown and plain text as HTML documents, so that they are read like other pages."""

import re
from html import escape
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from markdown_it import MarkdownIt

from tasks.documents.text import split_front_matter

MAX_MARKDOWN = 60_000
"""Characters of a Markdown document that are converted, on the event loop; a longer one is read as plain text."""
_MARKDOWN = frozenset(("text/markdown", "text/x-markdown"))
_PLAIN = frozenset(("text/plain", "application/octet-stream"))
MARKDOWN_ENDINGS = frozenset((".md", ".markdown", ".mdown"))
ENDINGS = MARKDOWN_ENDINGS | {".txt", ".text"}
_PARAGRAPHS = re.compile(r"\n\s*\n")


def ending_of(url: str) -> str:
    """Return the ending of the file that the URL names, in lower case."""
    return PurePosixPath(urlsplit(url).path).suffix.lower()


def is_text_document(kind: str, url: str) -> bool:
    """Whether a response of this content type is Markdown or plain text to read, rather than data or a download."""
    return kind in _MARKDOWN or (kind in _PLAIN and ending_of(url) in ENDINGS)


def text_as_html(text: str, kind: str, url: str) -> str:
    """Return the document as HTML; its title is that of the front matter, if it has one."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    if len(text) > MAX_MARKDOWN or not (kind in _MARKDOWN or ending_of(url) in MARKDOWN_ENDINGS):
        return _document("", "".join(_paragraph(part) for part in _PARAGRAPHS.split(text) if part.strip()))
    title, body = split_front_matter(text)
    return _document(title, MarkdownIt("commonmark").enable("table").render(body))


def _paragraph(text: str) -> str:
    return f"<p>{'<br>'.join(escape(line) for line in text.strip().splitlines())}</p>\n"


def _document(title: str, body: str) -> str:
    head = f"<title>{escape(title.strip())}</title>" if title else ""
    return f"<!doctype html><html><head>{head}</head><body><main>{body}</main></body></html>"
