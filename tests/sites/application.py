"""A single-page application: every address returns the same empty document, which its script fills.

Its routes are paths (history API) or fragments (`#/…`); the script fetches the text of each route from the server.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.sites.server import Site, serve_handler

TEXTS = {
    "/": "Tidewater runs a ferry between five harbours, all year round.",
    "/harbours": "The five harbours lie within an hour of each other.",
    "/harbours/alder": "Alder harbour opens its gate at half past five.",
    "/harbours/birch": "Birch harbour has the covered waiting room.",
    "/harbours/cedar": "Cedar harbour is closed to lorries above nine tonnes.",
    "/harbours/dogwood": "Dogwood harbour sells tickets at the bakery.",
    "/harbours/elm": "Elm harbour is reached by the number twelve bus.",
    "/fares": "A single crossing costs four crowns, a return seven.",
    "/fares/season": "Season tickets are sold until the second of May.",
    "/fares/bicycles": "Bicycles travel free before ten in the morning.",
    "/crew": "Eleven people work on board and ashore.",
    "/crew/join": "We are looking for a deckhand with a radio licence.",
}
"""Text of each route, all different."""

_FILLER = "The crossing is calm on most days, and the crew knows the tides by heart. " * 6
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tidewater</title></head>
<body><div id="app"></div><script src="/app.js"></script></body></html>"""
_SCRIPT = """
const routes = MODE;
const here = () => (routes === 'hash' ? location.hash.slice(1) || '/' : location.pathname);
const show = async () => {
  const page = await (await fetch('/texts' + here())).json();
  const items = page.links.map((link) => `<li><a href="${routes === 'hash' ? '#' + link : link}">${link}</a></li>`);
  document.title = page.title + ' | Tidewater';
  const text = `<p>${page.text}</p><p>${page.filler}</p>`;
  app.innerHTML = `<main><h1>${page.title}</h1>${text}<ul>${items.join('')}</ul></main>`;
};
addEventListener('hashchange', show);
show();
"""


@asynccontextmanager
async def serve_application(
    mode: str, *, delay_s: float = 0.05, more_links: tuple[str, ...] = ()
) -> AsyncIterator[Site]:
    """Serve the application on loopback; `mode` is `history` or `hash`, each text takes `delay_s`.

    `more_links` are added to the start page; a route that does not exist shows a friendly page.
    """
    site = Site()

    async def answer(request: web.Request) -> web.Response:
        with site.recording(request.raw_path):
            if request.path == "/app.js":
                return web.Response(text=_SCRIPT.replace("MODE", json.dumps(mode)), content_type="text/javascript")
            if request.path.startswith("/texts/"):
                await asyncio.sleep(delay_s)
                return _text(request.path.removeprefix("/texts"), more_links)
            if request.path in ("/robots.txt", "/favicon.ico", "/sitemap.xml"):
                return web.Response(status=404)
            return web.Response(text=_PAGE, content_type="text/html")

    async with serve_handler(answer) as site.url:
        yield site


def _text(route: str, more_links: tuple[str, ...]) -> web.Response:
    if route not in TEXTS:
        return web.json_response({"title": "Not found", "text": "There is nothing here.", "links": [], "filler": ""})
    prefix = route.rstrip("/") + "/"
    links = [
        other for other in TEXTS if other.startswith(prefix) and "/" not in other.removeprefix(prefix) and other != "/"
    ]
    links += more_links if route == "/" else ()
    title = route.rpartition("/")[2].capitalize() or "Ferries"
    return web.json_response({"title": title, "text": TEXTS[route], "links": links, "filler": _FILLER})
