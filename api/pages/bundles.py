"""The bundles built from `api/pages`: read once, sent compressed, revalidated by ETag."""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from tasks.core.errors import DependencyUnavailable

ROOM = Path(__file__).parent
DIST = ROOM / "dist"
"""Output folder of `build.mjs`."""


@dataclass(frozen=True)
class Bundle:
    """A built file, plain and compressed."""

    name: str
    plain: bytes
    encoded: dict[str, bytes]
    """By content encoding, the smallest first."""
    etag: str


@cache
def read_bundle(pattern: str) -> Bundle:
    """Return the first built file that matches the pattern.

    Raises:
        DependencyUnavailable: the bundles have not been built.
    """
    path = next(DIST.glob(pattern), None)
    if path is None:
        raise DependencyUnavailable("the widget's script", f"{DIST} has no {pattern}", "run `make install`")
    plain = path.read_bytes()
    encoded = {"gzip": gzip.compress(plain, mtime=0)}
    brotli = path.with_name(f"{path.name}.br")
    if brotli.is_file():
        encoded = {"br": brotli.read_bytes(), **encoded}
    return Bundle(path.name, plain, encoded, f'"{hashlib.sha256(plain).hexdigest()[:20]}"')


def send_bundle(request: Request, bundle: Bundle, headers: dict[str, str]) -> Response:
    """Return the file with these headers, or 304 if the client has it."""
    headers = {"ETag": bundle.etag, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff", **headers}
    if request.headers.get("if-none-match") == bundle.etag:
        return Response(status_code=304, headers=headers)
    content = bundle.plain
    accepted = _accepted_encodings(request.headers.get("accept-encoding", ""))
    for encoding, encoded in bundle.encoded.items():
        if encoding in accepted:
            content, headers["Content-Encoding"] = encoded, encoding
            break
    return Response(content, media_type=mimetypes.guess_type(bundle.name)[0], headers=headers)


def _accepted_encodings(header: str) -> set[str]:
    """Return the content encodings of an Accept-Encoding header, without those of quality 0."""
    listed = (part.lower().replace(" ", "").partition(";q=") for part in header.split(","))
    return {name for name, _, quality in listed if not re.fullmatch(r"0(\.0*)?", quality)}
