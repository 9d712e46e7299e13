"""A site with answers that are wrong in every way a server can be wrong, and with good pages beside them.

It writes to bare sockets: no library would send these answers.
"""

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache, reduce

import brotli
from backports import zstd

BOMB = 60_000_000
"""Decompressed size of a bomb, in bytes."""
GOOD = "<!doctype html><html lang=en><title>Good</title><main><h1>Good</h1><p>A page as it should be.</p></main></html>"
BIG = GOOD + f"<img src='data:image/png;base64,{'A' * 5_000_000}'>"
MANY_LINKS = GOOD + "".join(f"<a href='/many/{number}'>{number}</a>" for number in range(10_000))

Misbehaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


def says(body: str | bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> Misbehaviour:
    """Return an answer written verbatim; `length` is its claimed Content-Length."""
    content = body.encode() if isinstance(body, str) else body
    kind = () if any(header.lower().startswith("content-type") for header in headers) else ("Content-Type: text/html",)
    lines = (f"HTTP/1.1 {status}", *kind, f"Content-Length: {len(content) if length is None else length}", *headers)

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join((*lines, "", "")).encode("latin-1") + content)

    return answer


def raw(data: bytes) -> Misbehaviour:
    """Answer with these bytes and close the connection."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return answer


def for_ever(start: bytes, piece: bytes, every_s: float) -> Misbehaviour:
    """Answer with `start`, then repeat the same bytes without end."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_s)

    return answer


async def _nothing(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3_600)


async def _reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
TEN = ", ".join(["gzip"] * 10)

BOMBS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "/gzip-bomb": (gzip.compress, "gzip"),
    "/deflate-bomb": (zlib.compress, "deflate"),
    "/br-bomb": (lambda zeros: brotli.compress(zeros, quality=3), "br"),
    "/zstd-bomb": (zstd.compress, "zstd"),
    "/ten-times-gzip-bomb": (lambda zeros: reduce(lambda b, _: gzip.compress(b), range(10), zeros), TEN),
    "/twice-gzip-bomb": (lambda zeros: gzip.compress(gzip.compress(zeros)), "gzip, gzip"),
}
"""How each bomb is packed, and its Content-Encoding."""


@cache
def _packed(path: str) -> Misbehaviour:
    # Not at import, which every process that collects the tests does: it takes most of a second, and 60 MB stay.
    pack, coding = BOMBS[path]
    return says(pack(bytes(BOMB)), f"Content-Encoding: {coding}")


def _bomb(path: str) -> Misbehaviour:
    async def answer(writer: asyncio.StreamWriter) -> None:
        await _packed(path)(writer)

    return answer


TOPICS = (
    "Two ferries cross the sound each morning, except in a storm or when the ice is thick.",
    "Puffins nest in the northern cliffs from April until August, and leave within one night.",
    "The bakery opens at six and sells rye bread, cinnamon buns and coffee to fishermen.",
    "Our museum keeps the bones of a whale that stranded here in the winter of 1893.",
    "Campers pitch their tents behind the church; water and firewood are free for all guests.",
    "The school teaches eleven children in one classroom, and music on Wednesday afternoons.",
    "Bicycles can be rented beside the post office for twelve euros, helmets included.",
    "A doctor visits every second Thursday; for emergencies a helicopter comes from the mainland.",
    "Sheep graze on the southern meadows, and their wool is spun, dyed and knitted on the farm.",
)
"""Texts of the good pages `/good-0` …: none is like another."""

MISBEHAVIOUR: dict[str, Misbehaviour] = {
    "/silent": _nothing,
    "/drips-body": for_ever(_OK + b"\r\n", b"x", 0.05),
    "/drips-headers": for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05),
    "/endless-hints": for_ever(b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 500, 0.001),
    "/endless-chunk-extension": for_ever(_CHUNKED + b"5;", b"a" * 4_096, 0.001),
    "/endless-body": for_ever(_OK + b"\r\n", b"x" * 65_536, 0),
    "/endless-chunks": for_ever(_CHUNKED, b"8000\r\n" + b"x" * 0x8000 + b"\r\n", 0),
    "/endless-headers": for_ever(b"HTTP/1.1 200 OK\r\n", b"X-Header: " + b"x" * 1_000 + b"\r\n", 0),
    "/says-too-long": raw(_OK + b"Content-Length: 100000\r\n\r\nless"),
    "/says-too-short": says(GOOD + "more than was said", length=len(GOOD)),
    "/says-huge": says("x", length=10**15),
    "/says-negative": says("x", length=-1),
    "/says-two-lengths": says("x", "Content-Length: 7"),
    "/chunk-of-nonsense": raw(_CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n"),
    "/chunk-cut-off": raw(_CHUNKED + b"400\r\nhello"),
    "/chunk-beyond-numbers": raw(_CHUNKED + b"f" * 16 + b"\r\nhello"),
    "/endless-trailers": for_ever(_CHUNKED + b"2\r\nok\r\n0\r\n", b"X: " + b"x" * 1_000 + b"\r\n", 0),
    "/thousands-of-cookies": says(GOOD, *(f"Set-Cookie: c{n}=1" for n in range(5_000))),
    "/no-head": raw(GOOD.encode()),
    "/not-modified": raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "/no-content-and-yet-some": raw(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
    "/no-http": raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "/bad-headers": raw(_OK + b"No colon here\r\nContent-Length: 2\r\n\r\nok"),
    "/ends-at-once": raw(b""),
    "/resets": _reset,
    **{path: _bomb(path) for path in BOMBS},
    "/no-gzip": says("not compressed", "Content-Encoding: gzip"),
    "/unknown-coding": says("???", "Content-Encoding: sdch"),
    "/image-as-html": says(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8),
    "/image": says(b"\x89PNG\r\n\x1a\n", "Content-Type: image/png"),
    "/redirects-to-itself": says("", "Location: /redirects-to-itself", status="302 Found"),
    "/redirects-to-another": says("", "Location: /redirects-back", status="302 Found"),
    "/redirects-back": says("", "Location: /redirects-to-another", status="302 Found"),
    "/redirects-to-a-file": says("", "Location: file:///etc/passwd", status="301 Moved Permanently"),
    "/redirects-to-nowhere": says("", "Location: http://nothing.invalid/", status="307 Temporary Redirect"),
    "/redirects-without-saying": says("", status="302 Found"),
}
"""Answers that give no page."""

STRANGE: dict[str, Misbehaviour] = {
    "/no-type": raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(GOOD), GOOD.encode())),
    "/as-octet-stream": says(GOOD, "Content-Type: application/octet-stream"),
    "/header-in-latin-1": says(GOOD, "X-Name: Caf\xe9", "Content-Disposition: inline; filename=caf\xe9.html"),
    "/charset-of-no-text": says(GOOD, "Content-Type: text/html; charset=zlib"),
    "/charset-of-names": says(GOOD, "Content-Type: text/html; charset=idna"),
    "/charset-of-no-text-inside": says(GOOD.encode() + b"<meta charset=zlib>\xe9"),
    "/early-hints": raw(
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 9 + _OK + b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD.encode()
    ),
    "/part": says(GOOD, "Content-Range: bytes 0-9/100", status="206 Partial Content"),
    "/status-zero": says(GOOD, status="000 Nothing"),
    "/ninety-cookies": says(GOOD, *(f"Set-Cookie: c{n}={'v' * 50}" for n in range(90))),
    "/tiny-chunks": raw(_CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD.encode()) + b"0\r\n\r\n"),
    "/cut-gzip": says(gzip.compress(GOOD.encode())[:-6], "Content-Encoding: gzip"),
    "/raw-deflate": says(zlib.compress(GOOD.encode(), wbits=-15), "Content-Encoding: deflate"),
    "/nuls": says(GOOD.replace("A page", "A\0 \0page")),
    "/big": says(BIG),
    "/many-links": says(MANY_LINKS),
}
"""Wrong answers that still give a page, with the good page's words."""


def good_page(number: int) -> str:
    """One of the good pages."""
    return f"<title>Topic {number}</title><main><h1>Topic {number}</h1><p>{TOPICS[number]}</p></main>"


@asynccontextmanager
async def serve_hostile() -> AsyncIterator[str]:
    """Serve the site on loopback and yield its URL; every path not listed above is a good page.

    `/beside/silent` is one that links to nine others and to `/silent`.
    """
    for path in BOMBS:
        # Now: later it would hold up the event loop while a fetch has its time.
        _packed(path)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), contextlib.closing(writer):
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split()[1].decode()
                await _answer(path)(writer)
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _answer(path: str) -> Misbehaviour:
    if path == "/robots.txt":
        return says("Not found", status="404 Not Found")
    if path.startswith("/hops/"):
        left = int(path.removeprefix("/hops/"))
        return says("", f"Location: /hops/{left - 1}", status="302 Found") if left else says(GOOD)
    if path.startswith("/beside/"):
        links = (*(f"/good-{n}" for n in range(len(TOPICS))), path.removeprefix("/beside"))
        return says(GOOD + "".join(f'<a href="{link}">A page</a>' for link in links))
    if path.startswith("/good-"):
        return says(good_page(int(path.removeprefix("/good-"))))
    return MISBEHAVIOUR.get(path) or STRANGE.get(path) or says(GOOD)
