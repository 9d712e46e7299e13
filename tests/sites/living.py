"""A site whose pages change between two crawls, with validators (ETag) and a count of what is answered without content.

Its pages are those of a generated site; `texts` and `statuses` change them, `extra` adds pages to the home page.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web

from tests.sites.generated import plan_links, render_page, sentences
from tests.sites.server import Site, serve_handler


@dataclass
class LivingSite(Site):
    """A running site that can be changed."""

    links: dict[str, list[str]] = field(default_factory=dict)
    """The children of each page, by path."""
    texts: dict[str, str] = field(default_factory=dict)
    """A paragraph added to a page, by path."""
    statuses: dict[str, int] = field(default_factory=dict)
    """The status of pages that are not given, by path."""
    has_validators: bool = True
    seed: int = 1
    answers: Counter[int] = field(default_factory=Counter)
    """Number of answers by status."""
    _documents: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)
    """Document and validator of a page as it is now: made once, so that its making is not measured as the client's."""

    @property
    def leaves(self) -> list[str]:
        """The pages without children."""
        return [path for path, children in self.links.items() if not children]

    def change(self, *paths: str, to: str = "new") -> None:
        """Change the text of pages."""
        self.texts |= {path: sentences(f"{to} {path}", 60) for path in paths}

    def add(self, parent: str, *paths: str) -> None:
        """Add pages to the children of a page."""
        self.links[parent] += paths
        self.links |= {path: [] for path in paths}

    def remove(self, *paths: str, status: int = 404) -> None:
        """Answer so for pages that are still linked."""
        self.statuses |= dict.fromkeys(paths, status)

    def answer(self, request: web.Request) -> web.Response:
        """Return the page, or 304 if the client has it."""
        response = self._answer(request)
        self.answers[response.status] += 1
        return response

    def _answer(self, request: web.Request) -> web.Response:
        path = request.path
        if path not in self.links or path in self.statuses:
            return web.Response(status=self.statuses.get(path, 404), text="Not here")
        body, tag = self._document(path)
        if not self.has_validators:
            tag = ""
        if tag and request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(text=body, content_type="text/html", headers={"ETag": tag} if tag else {})

    def _document(self, path: str) -> tuple[str, str]:
        text = self.texts.get(path, "")
        state = (path, text, *self.links[path])
        if state not in self._documents:
            body = render_page(path, self.links, self.seed).replace("</main>", f"<p>{text}</p></main>")
            self._documents[state] = body, f'"{sha256(body.encode()).hexdigest()[:16]}"'
        return self._documents[state]


@asynccontextmanager
async def living_site(pages: int, depth: int, *, seed: int = 1) -> AsyncIterator[LivingSite]:
    """Serve a site of so many pages on loopback; sites of other seeds have other texts."""
    site = LivingSite(links=plan_links(pages, depth), seed=seed)

    async def answer(request: web.Request) -> web.Response:
        with site.recording(request.raw_path):
            return site.answer(request)

    async with serve_handler(answer) as site.url:
        yield site
