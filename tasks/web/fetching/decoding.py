"""Decodes HTML documents: finds the character encoding and returns the text.

Follows browsers (WHATWG: byte order mark, header, meta element), except where the bytes prove the declared
encoding wrong: then the encoding that gives readable text is used.
"""

import re
from collections.abc import Iterator

from resiliparse.parse.encoding import detect_encoding
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
    to_unicode,
)

_SAMPLE_BYTES = 8 * 1024
"""Bytes around non-ASCII characters that are given to the encoding detector."""
_BEYOND_ASCII = re.compile(rb"[\x80-\xff][^\r\n]{0,400}[\x80-\xff]*")
_NOT_WESTERN = re.compile(rb"[\x80-\xff]{4}")
"""Western text seldom has four non-ASCII letters in a row."""
_BROKEN_SHARE = 0.1
"""Text with a lower share of broken characters among the non-ASCII ones is UTF-8 with a few errors."""
_CERTAIN = 8
"""With more continuation bytes than this, text in another encoding is not valid UTF-8 by chance."""
_NOT_OF_THE_WEB = frozenset(
    (
        *("base64", "bz2", "hex", "quopri", "rot-13", "uu", "zlib"),
        *("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"),
    )
)
"""Codecs that Python knows, and no browser: most of them fail on text, or change it."""
_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J")
"""Escape sequences of ISO-2022-JP, which otherwise consists of ASCII bytes."""


def decode_html(body: bytes, content_type: str = "") -> str:
    """Return the document's text, without byte order mark and NULs; undecodable bytes become U+FFFD."""
    return _decode(body, content_type).replace("\0", "")


def _decode(body: bytes, content_type: str) -> str:
    encoding, bom = read_bom(body)
    if encoding is not None and bom is not None:
        return to_unicode(body[len(bom) :], encoding)
    for name in _evident(body):
        if (text := _strictly(body, name)) is not None:
            return text
    declared = _declared(body, content_type)
    utf8 = _strictly(body, "utf-8")
    if utf8 is not None and (len(body) - len(utf8) > _CERTAIN or not any(_is_multibyte(name) for name in declared)):
        # Text in another encoding is hardly ever valid UTF-8 by chance; a few Chinese characters can be.
        return utf8
    for name in _most_credible_first(declared, body):
        if (text := _strictly(body, name)) is not None:
            return text
    return utf8 if utf8 is not None else _decode_by_detection(body, declared)


def _evident(body: bytes) -> Iterator[str]:
    """Encodings that are certain from the bytes, whatever is declared."""
    if b"\x1b" in body and any(escape in body for escape in _ESCAPES):
        yield "iso2022_jp"
    even, odd = body[:1000:2].count(0), body[1:1000:2].count(0)
    if abs(even - odd) > len(body[:1000]) // 4:
        # ASCII markup in UTF-16: every other byte is zero.
        yield "utf-16-be" if even > odd else "utf-16-le"


def _declared(body: bytes, content_type: str) -> list[str]:
    """The encodings that the header and the meta element declare."""
    header, meta = http_content_type_encoding(content_type), html_body_declared_encoding(body)
    if meta is not None and meta.startswith("utf-16"):
        # In UTF-16 the declaration itself would not be readable as ASCII.
        meta = "utf-8"
    return [name for name in dict.fromkeys((header, meta)) if name is not None and name not in _NOT_OF_THE_WEB]


def _most_credible_first(declared: list[str], body: bytes) -> list[str]:
    """The declared encodings in order; the detector decides where they conflict or seem to be a server's default.

    Servers often declare one encoding (mostly Latin-1) for all their files.
    """
    is_foreign = "cp1252" in declared and _NOT_WESTERN.search(body) is not None
    if len(declared) == 2 or is_foreign:
        found = _detect(body)
        if found is not None and (found in declared or is_foreign):
            return [found, *(name for name in declared if name != found)]
    return declared


def _decode_by_detection(body: bytes, declared: list[str]) -> str:
    """The text where no declared encoding fits all of it."""
    as_utf8 = body.decode("utf-8", "replace")
    if _is_mostly_right(as_utf8):
        return as_utf8
    found = _detect(body)
    for name in (found, *declared):
        if name is not None and (text := _strictly(body, name)) is not None:
            return text
    return to_unicode(body, found or next(iter(declared), "utf-8"))


def _detect(body: bytes) -> str | None:
    """The encoding that the detector finds."""
    sample = bytearray()
    for match in _BEYOND_ASCII.finditer(body):
        sample += match.group() + b"\n"
        if len(sample) > _SAMPLE_BYTES:
            break
    found = detect_encoding(bytes(sample) or body[:_SAMPLE_BYTES])
    name = resolve_encoding(found) if found else None
    if name == "utf-8":
        # The detector recognises EUC-KR (Korean) but returns UTF-8 for it.
        return "cp949" if _strictly(body, "cp949") is not None else None
    return name


def _is_multibyte(name: str) -> bool:
    return name.startswith(("cp932", "euc", "shift", "iso2022", "cp949", "gb", "big5", "johab", "hz"))


def _strictly(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except UnicodeError:
        return None


def _is_mostly_right(text: str) -> bool:
    broken = text.count("\ufffd")
    beyond = len(text) - len(text.encode("ascii", "ignore")) if broken else 0
    return broken <= _BROKEN_SHARE * beyond
