"""Pictures that would stop or crash who draws them, each a kind."""

import base64
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image

_SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(inside: str, attributes: str = 'viewBox="0 0 120 40"') -> bytes:
    """An SVG picture."""
    return f"<svg {_SVG} {attributes}>{inside}</svg>".encode()


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG whose header states these dimensions, whatever its data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def ico(picture: bytes) -> bytes:
    """An icon file around a PNG, which states other dimensions than the PNG has."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(picture), 22) + picture


def saved(format_: str, size: tuple[int, int]) -> bytes:
    """An even picture, which takes few bytes at any size."""
    file = BytesIO()
    Image.new("RGB", size, "#d81b60").save(file, format_)
    return file.getvalue()


def _with_size(data: bytes, at: int, size: bytes) -> bytes:
    return data[:at] + size + data[at + len(size) :]


_RECT = '<rect width="9" height="9" fill="#d81b60"/>'
_BLUR = (
    '<filter id="f"><feGaussianBlur stdDeviation="90000"/><feTurbulence numOctaves="9999" baseFrequency="9"/></filter>'
)
_TURBULENCE = '<feTurbulence baseFrequency="9" numOctaves="2000000000"/>'
_MORPHOLOGY = '<feMorphology operator="dilate" radius="900000"/>' * 400
_WITHIN = base64.b64encode(svg("<g>" * 9_000 + _RECT + "</g>" * 9_000)).decode()
_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))

HOSTILE_PICTURES: dict[str, Callable[[], bytes]] = {
    "20,000 nested groups": lambda: svg("<g>" * 20_000 + _RECT + "</g>" * 20_000),
    "20,000 nested groups, never closed": lambda: svg("<g>" * 20_000 + _RECT),
    "nested drawings": lambda: svg("<svg>" * 5_000 + _RECT + "</svg>" * 5_000),
    "a drawing nested in a picture in a drawing": lambda: svg(
        f'<image width="9" height="9" xlink:href="data:image/svg+xml;base64,{_WITHIN}"/>'
    ),
    "a tower of a view box": lambda: svg(_RECT, 'viewBox="0 0 1 1000000"'),
    "a tower by width and height": lambda: svg(_RECT, 'width="1" height="1000000"'),
    "a tower without dimensions": lambda: svg('<path d="M0 0h1v1000000h-1z"/>', ""),
    "a view box of nothing": lambda: svg(_RECT, 'viewBox="0 0 0 0"'),
    "a view box beyond numbers": lambda: svg(_RECT, 'viewBox="0 0 1e-30 1e30"'),
    "a blur of everything": lambda: svg(f'{_BLUR}<g filter="url(#f)">{_RECT}</g>'),
    "endless turbulence": lambda: svg(f'<filter id="f">{_TURBULENCE}</filter><g filter="url(#f)">{_RECT}</g>'),
    "a chain of dilations": lambda: svg(f'<filter id="f">{_MORPHOLOGY}</filter><g filter="url(#f)">{_RECT}</g>'),
    "thousands of filtered groups": lambda: svg(_BLUR + f'<g filter="url(#f)">{_RECT}</g>' * 3_000),
    "many elements": lambda: svg(_RECT * 9_000),
    "entities that multiply": lambda: (
        b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY e0 '<g/>'>" + _ENTITIES.encode() + b"]>" + svg("&e8;")
    ),
    "a path of half a million points": lambda: svg(
        f'<path d="M0 0{"l1 1" * 90_000}" stroke="#d81b60" stroke-dasharray="0.001"/>'
    ),
    "a dash too short to count": lambda: svg('<path d="M0 0h9999999" stroke="#d81b60" stroke-dasharray="0.0000001"/>'),
    "a pattern of dust": lambda: svg(
        '<pattern id="p" width="0.0001" height="0.0001" patternUnits="userSpaceOnUse">'
        f'{_RECT}</pattern><rect width="120" height="40" fill="url(#p)"/>'
    ),
    "a style sheet without end": lambda: svg(f"<style>{'a ' * 90_000}</style>{_RECT}"),
    "a header of 30,000 by 30,000": lambda: png(30_000, 30_000),
    "a header of 2,147,483,647 by 2,147,483,647": lambda: png(2**31 - 1, 2**31 - 1),
    "a strip of 16 million pixels": lambda: png(16_000_000, 1),
    "a bomb of zeros": lambda: png(4_000, 4_000, bytes(4_001 * 4 * 4_000)),
    "an icon around a bomb": lambda: ico(png(30_000, 30_000)),
    "an icon with a thousand entries": lambda: struct.pack("<HHH", 0, 1, 1_000) + bytes(16) * 1_000,
    "a GIF of 65,535 by 65,535": lambda: _with_size(saved("GIF", (8, 8)), 6, b"\xff\xff\xff\xff"),
    "a WebP of 16,383 by 16,383": lambda: _with_size(saved("WEBP", (16, 16)), 26, b"\xff\x3f\xff\x3f"),
    "a JPEG of 60,000 by 60,000": lambda: saved("JPEG", (64, 64)).replace(b"\x00\x40\x00\x40", b"\xea\x60\xea\x60", 1),
    "an AVIF cut off": lambda: saved("AVIF", (64, 64))[:200],
    "a BMP of negative height": lambda: _with_size(saved("BMP", (8, 8)), 18, b"\xff\xff\xff\x7f\x00\x00\x00\x80"),
}
"""Functions that make their bytes, by kind; none may be drawn but those that can be within limits."""
