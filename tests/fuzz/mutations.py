"""Broken documents: bytes of good ones, changed at random; the same seed gives the same changes."""

import random
from collections.abc import Sequence

MOST_BYTES = 300_000
"""A document is cut to this length after each change."""
LONGEST_REPEAT = 20_000
ODD = (
    *(b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"\r", b"\n\n", b" ", b"\t", b"\x1b$B"),
    *(b"<", b">", b"&", b'"', b"'", b"/", b"\\", b"%", b"#", b"?", b"=", b":", b";", b",", b"[", b"]", b"{", b"}"),
    *(b"-1", b"0", b"99999999999999999999", b"1e999", b"NaN", b"-Infinity", b"null", b"true", b"[]", b"{}", b'""'),
    *(b"&#x110000;", b"&#0;", b"&#xD800;", b"&amp;amp;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xml", b"<!DOCTYPE"),
    *(b"http://[", b"http://a:99999/", b"//", b"///\\", b"javascript:", b"data:,", b"http://xn--a/", b"%00", b"%zz"),
    *(b"\xe2\x80\xae", b"\xf0\x9f\x92\xa9", b"\xd8\xa7", b"\xe0\xb8\x81", "İ".encode(), "ß".encode(), "²½".encode()),
    *(b"(", b")", b"*", b"+", b"|", b"$", b"^", b"\\d", b"0x7f", b"1-1-1", b"24:61", b"+49", b"00:00-99:99", b"%s"),
    *(
        b"stream\n",
        b"endobj",
        b"%PDF-1.7",
        b"/Length -1",
        b"\x89PNG",
        b"IHDR",
        b"RIFF",
        b"WEBP",
        b"GIF89a",
        b"ftypavif",
    ),
)
"""Bytes that parsers stumble over."""


def mutate(document: bytes, others: Sequence[bytes], source: random.Random) -> bytes:
    """Return the document with one to eight changes."""
    for _ in range(source.choice((1, 1, 2, 3, 5, 8))):
        document = source.choice(_CHANGES)(document, others, source)[:MOST_BYTES]
    return document


def _span(document: bytes, source: random.Random) -> tuple[int, int]:
    begin = source.randint(0, len(document))
    return begin, min(len(document), begin + source.choice((1, 2, 8, 40, 400, 4_000)))


def _replace_byte(document: bytes, _others: Sequence[bytes], source: random.Random) -> bytes:
    at = source.randint(0, len(document))
    return document[:at] + bytes([source.randrange(256)]) + document[at + 1 :]


def _insert_odd(document: bytes, _others: Sequence[bytes], source: random.Random) -> bytes:
    at = source.randint(0, len(document))
    return document[:at] + source.choice(ODD) * source.choice((1, 1, 1, 2, 50)) + document[at:]


def _replace_by_odd(document: bytes, _others: Sequence[bytes], source: random.Random) -> bytes:
    begin, end = _span(document, source)
    return document[:begin] + source.choice(ODD) + document[end:]


def _delete(document: bytes, _others: Sequence[bytes], source: random.Random) -> bytes:
    begin, end = _span(document, source)
    return document[:begin] + document[end:]


def _repeat(document: bytes, _others: Sequence[bytes], source: random.Random) -> bytes:
    begin, end = _span(document, source)
    part = document[begin:end]
    times = min(source.choice((2, 10, 1_000, 20_000)), LONGEST_REPEAT // max(len(part), 1) + 1)
    return document[:end] + part * times + document[end:]


def _splice(document: bytes, others: Sequence[bytes], source: random.Random) -> bytes:
    begin, end = _span(source.choice(others), source)
    at = source.randint(0, len(document))
    return document[:at] + source.choice(others)[begin:end] + document[at:]


def _cut(document: bytes, _others: Sequence[bytes], source: random.Random) -> bytes:
    return document[: source.randint(0, len(document))]


def _swap(document: bytes, _others: Sequence[bytes], source: random.Random) -> bytes:
    begin, end = _span(document, source)
    at = source.randint(0, len(document))
    return document[:at] + document[begin:end] + document[at:begin] + document[end:]


_CHANGES = (
    *(_replace_byte, _insert_odd, _insert_odd, _replace_by_odd, _replace_by_odd),
    *(_delete, _repeat, _splice, _cut, _swap),
)
