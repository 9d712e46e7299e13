"""Links and fingerprints of stored pages in a few hundred bytes: a re-crawl goes on through an unchanged page."""

import json
import zlib
from collections.abc import Iterable

import numpy as np

from tasks.core.models import Fingerprint, Link
from tasks.records.sanitizing import sanitize_json

_HEAD = np.dtype([("outline", "<u8"), ("names", "<u8"), ("text", "<u8"), ("units", "<u4"), ("numbers", "<u4")])


def pack_links(links: Iterable[Link]) -> bytes:
    """Return the links, compressed."""
    rows = [[link.url, link.text, link.region, link.language] for link in links]
    return zlib.compress(json.dumps(sanitize_json(rows), separators=(",", ":"), ensure_ascii=False).encode())


def unpack_links(packed: bytes) -> tuple[Link, ...]:
    """Return the links of `pack_links`."""
    return tuple(Link(*row) for row in json.loads(zlib.decompress(packed)))


def pack_fingerprint(page: Fingerprint) -> bytes:
    """Return the fingerprint as bytes."""
    head = np.array((page.outline, page.names, page.text, len(page.units), len(page.numbers)), dtype=_HEAD)
    arrays = (page.units.astype("<u8"), page.numbers.astype("<u8"), page.words.astype("<u2"))
    return head.tobytes() + b"".join(array.tobytes() for array in arrays)


def unpack_fingerprint(packed: bytes) -> Fingerprint:
    """Return the fingerprint of `pack_fingerprint`."""
    head = np.frombuffer(packed, _HEAD, 1)[0]
    units, numbers = int(head["units"]), int(head["numbers"])
    at = _HEAD.itemsize
    return Fingerprint(
        outline=int(head["outline"]),
        names=int(head["names"]),
        text=int(head["text"]),
        units=np.frombuffer(packed, "<u8", units, at),
        numbers=np.frombuffer(packed, "<u8", numbers, at + 8 * units),
        words=np.frombuffer(packed, "<u2", units, at + 8 * (units + numbers)),
    )
