"""Re-crawls of Python's documentation, some 500 pages: unchanged, then with five pages changed, gone and new.

As `recrawl`, without Prefect and browser. The widget may have more pages than the site: at the limit, pages that the
first build had no room for would take the places of those that are gone, before new ones that are deeper.
"""

import mimetypes
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from tasks.core.database import open_pool
from tests.benchmarks.recrawl import Measured, judge, open_recrawls, temporary_database
from tests.benchmarks.scores import Scores
from tests.sites.generated import sentences
from tests.sites.server import serve_handler

DEPTH, MOST = 3, 600
LEFT_OUT = ("/whatsnew/*",)
"""The documentation has 530 pages."""
FIVE = 5


@dataclass
class DocsSite:
    """The documentation as it is now, with validators, and a count of answers by status."""

    folder: Path
    url: str = ""
    answers: Counter[int] = field(default_factory=Counter)
    added: dict[str, str] = field(default_factory=dict)
    """HTML at the end of a page's text, by path; paths without a file are new pages."""
    gone: set[str] = field(default_factory=set)
    _bodies: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)

    def answer(self, request: web.Request) -> web.Response:
        """Return the file, 304 if the client has it, or 410."""
        response = self._answer(request)
        self.answers[response.status] += 1
        return response

    def _answer(self, request: web.Request) -> web.Response:
        path = request.path + ("index.html" if request.path.endswith("/") else "")
        if path in self.gone:
            return web.Response(status=410, text="Gone")
        file = self.folder / path.lstrip("/")
        if ".." in path or not (file.is_file() or path in self.added):
            return web.Response(status=404, text="Not here")
        body, tag = self._body(path, file)
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return web.Response(body=body, headers={"ETag": tag, "Content-Type": f"{kind}; charset=utf-8"})

    def _body(self, path: str, file: Path) -> tuple[bytes, str]:
        more = self.added.get(path, "")
        if (path, more) not in self._bodies:
            body = file.read_bytes() if file.is_file() else _new_page(path)
            if more:
                body = body.replace(b'<div class="clearer">', more.encode() + b'<div class="clearer">', 1)
            self._bodies[path, more] = body, f'"{sha256(body).hexdigest()[:16]}"'
        return self._bodies[path, more]


def _new_page(path: str) -> bytes:
    """Return a page in the documentation's own template."""
    return (
        f"<!DOCTYPE html><html lang=en><head><title>{path}</title></head><body><div class=body role=main>"
        f'<h1>New in {path}</h1><p>{sentences(path, 120)}</p></div><div class="clearer"></div></body></html>'
    ).encode()


@asynccontextmanager
async def docs_site(folder: Path) -> AsyncIterator[DocsSite]:
    """Serve the documentation on loopback."""
    site = DocsSite(folder)

    async def answer(request: web.Request) -> web.Response:
        return site.answer(request)

    async with serve_handler(answer) as site.url:
        yield site


def change(site: DocsSite, paths: list[str]) -> tuple[set[str], set[str], set[str]]:
    """Change five of the pages, each of which then links to a new one, and take five away; return the three."""
    step = len(paths) // (2 * FIVE)
    chosen = paths[step // 2 + 1 :: step][: 2 * FIVE]
    changed, gone, new = chosen[::2], chosen[1::2], [f"/library/new-{number}.html" for number in range(FIVE)]
    for path, child in zip(changed, new, strict=True):
        site.added |= {path: f'<p>{sentences(path, 60)} <a href="{child}">{child}</a></p>', child: "<p></p>"}
    site.gone |= set(gone)
    return set(changed), set(gone), set(new)


async def run(scores: Scores, docs: Path) -> None:
    """Build the documentation, and build it again."""
    with temporary_database() as url:
        async with (
            open_pool(url) as pool,
            docs_site(docs) as site,
            open_recrawls(
                pool,
                site,
                scores.console,
                depth=DEPTH,
                max_pages=MOST,
                title="Python documentation",
                exclude=LEFT_OUT,
            ) as recrawls,
        ):
            first = await recrawls.build("first", None)
            again = await recrawls.build("unchanged", first.made)
            followed = [path for path, data in first.made.pages.items() if data["depth"] < DEPTH]
            changed_paths, gone, new = change(site, followed)
            changed = await recrawls.build("5 changed, 5 gone, 5 new", first.made)
            kept = await recrawls.keep("re-crawl", first.made)
    scores.console.print(recrawls.table)
    pages = len(first.made.pages)
    judge(scores, "Python docs", first, again, changed, pages)
    before, after = set(first.made.pages), set(changed.made.pages)
    right = (before - after, after - before) == (gone, new) and changed_paths <= after
    scores.holds("Python docs: the pages gone and new are those five", right, f"-{before - after} +{after - before}")
    # A table grows by blocks: of two re-crawls that follow each other, one takes far more than the other.
    grown = _grown(changed, first) / pages / 2
    scores.at_most("Python docs: a page of a re-crawl, of two", grown, 300, "B")
    scores.at_most("Python docs: ten re-crawls with housekeeping", kept, 2, "%")


def _grown(later: Measured, earlier: Measured) -> int:
    return later.sizes["crawl_urls"] - earlier.sizes["crawl_urls"]
