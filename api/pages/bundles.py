"""What the build has made of `api/pages`: read once, sent zipped, asked for again by tag."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from tasks.core.errors import DependencyUnavailable

ROOM = Path(__file__).parent
DIST = ROOM / "dist"
"""Where the build puts its bundles."""


@dataclass(frozen=True)
class Bundle:
    """A file as it is sent."""

    name: str
    plain: bytes
    zipped: bytes
    etag: str


@cache
def read_bundle(pattern: str) -> Bundle:
    """The first file of this name, or pattern, below the build's folder.

    Raises:
        DependencyUnavailable: nothing has been built.
    """
    path = next(DIST.glob(pattern), None)
    if path is None:
        raise DependencyUnavailable("the widget's script", f"{DIST} has no {pattern}", "run `make install`")
    plain = path.read_bytes()
    return Bundle(path.name, plain, gzip.compress(plain, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:20]}"')


def send_bundle(request: Request, bundle: Bundle, headers: dict[str, str]) -> Response:
    """The file with these headers; nothing but them if the client has it already."""
    headers = {"ETag": bundle.etag, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff", **headers}
    if request.headers.get("if-none-match") == bundle.etag:
        return Response(status_code=304, headers=headers)
    content = bundle.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = bundle.zipped, "gzip"
    return Response(content, media_type=mimetypes.guess_type(bundle.name)[0], headers=headers)
