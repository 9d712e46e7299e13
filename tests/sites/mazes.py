"""Crawler traps: generated sites without end, or with many addresses for few pages; their real pages are known."""

import calendar
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from aiohttp import web

from tests.sites.generated import sentences
from tests.sites.server import Site, serve_handler

REAL = [f"/{name}" for name in "about team history prices delivery returns contact press jobs garden".split()]  # noqa: SIM905
"""The real pages, as a visitor would count them, without the home page."""


NO_PAGES = ("/robots.txt", "/sitemap.xml", "/llms.txt", "/favicon.ico", "/manifest.json", "/site.webmanifest")
"""Paths that a crawler or a browser requests of every site."""


@dataclass
class Maze(Site):
    """A running maze."""

    real: list[str] = field(default_factory=list)
    """Paths of its real pages."""

    fetched: int = 0
    """Answers that are neither an error nor a redirect."""


Render = Callable[[web.Request], web.Response]


@asynccontextmanager
async def serve_maze(render: Render, real: list[str] | None = None) -> AsyncIterator[Maze]:
    """Serve the maze on loopback."""
    maze = Maze(real=["/", *(REAL if real is None else real)])

    async def answer(request: web.Request) -> web.Response:
        with maze.recording(request.raw_path):
            response = render(request)
            maze.fetched += response.status == 200 and request.path not in NO_PAGES
            return response

    async with serve_handler(answer) as maze.url:
        yield maze


def page(name: str, links: list[str], *, text: str | None = None, head: str = "", status: int = 200) -> web.Response:
    """Return a page with links, by default with text seeded by its name."""
    body = text if text is not None else f"<p>{sentences(name, 120)}</p>"
    listed = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    title = name.strip("/").capitalize() or "Home"
    return web.Response(
        text=f'<!doctype html><html lang="en"><head><title>{title}</title>{head}</head><body>'
        f"<nav><ul>{listed}</ul></nav><main><h1>{title}</h1>{body}</main></body></html>",
        content_type="text/html",
        status=status,
    )


def missing() -> web.Response:
    """Return a 404 page."""
    return page("Not found", [], text="<p>There is nothing here.</p>", status=404)


def plain(request: web.Request, more: list[str]) -> web.Response | None:
    """Return the real page of this path, with links to all others and to `more`; None if it is not a real page."""
    path = request.path.rstrip("/") or "/"
    return page(path, ["/", *REAL, *more]) if path in ("/", *REAL) else None


def calendar_maze(request: web.Request) -> web.Response:
    """A calendar: each month links to the next and the previous one, as paths and as parameters."""
    year, month = 2026, 11
    parts = request.path.strip("/").split("/")
    if parts[0] == "calendar" and len(parts) == 3:
        year, month = int(parts[1]), int(parts[2])
    elif "month" in request.query:
        year, month = int(request.query["year"]), int(request.query["month"])
    steps = [(year + (month - 2) // 12, (month - 2) % 12 + 1), (year + month // 12, month % 12 + 1), (year + 1, month)]
    links = [f"/calendar/{y}/{m}" for y, m in steps] + [f"/events?year={y}&month={m}" for y, m in steps]
    if real := plain(request, links):
        return real
    if parts[0] not in ("calendar", "events"):
        return missing()
    rows = "".join(f"<tr>{''.join(f'<td>{day or str()}</td>' for day in week)}</tr>" for week in _weeks(year, month))
    head = "<tr><th>Mon</th><th>Tue</th><th>Wed</th><th>Thu</th><th>Fri</th><th>Sat</th><th>Sun</th></tr>"
    text = f"<p>Events in {calendar.month_name[month]} {year}</p><table>{head}{rows}</table><p>No events.</p>"
    return page(f"{calendar.month_name[month]} {year}", ["/", *links], text=text)


def _weeks(year: int, month: int) -> list[list[int]]:
    return calendar.monthcalendar(year, month) if 1 <= year <= 9999 else [[0]]


def session_maze(request: web.Request) -> web.Response:
    """Session ids: every link of every answer has a fresh id, in three forms, one with an unknown name."""
    chance = random.Random(request.raw_path)

    def fresh(link: str) -> list[str]:
        number = f"{chance.getrandbits(64):016x}"
        return [f"{link}?PHPSESSID={number}", f"{link};jsessionid={number}", f"{link}?zx={number}"]

    path = request.path.split(";")[0].rstrip("/") or "/"
    if path not in ("/", *REAL):
        return missing()
    return page(path, [url for link in ("/", *REAL) for url in fresh(link)])


def facet_maze(request: web.Request) -> web.Response:
    """Facets: a shop's list sorted, filtered and paged in all combinations; each answer links to further ones."""
    query = {name: values[0] for name, values in parse_qs(request.query_string).items()}
    options = {
        "colour": ["red", "blue", "green", "white"],
        "size": ["s", "m", "l", "xl"],
        "sort": ["price", "name", "new"],
        "material": ["wool", "cotton", "silk"],
        "view": ["grid", "list"],
    }
    links = [
        "/shop?" + "&".join(f"{key}={value}" for key, value in {**query, name: chosen}.items())
        for name, values in options.items()
        for chosen in values
    ]
    if real := plain(request, ["/shop", *links]):
        return real
    if request.path != "/shop":
        return missing()
    chance = random.Random(request.query_string)
    items = [f"<li>{sentences(f'item {number}', 12)}</li>" for number in chance.sample(range(30), 12)]
    chosen = " ".join(query.values())
    return page(f"Shop {chosen}", ["/", *links], text=f"<p>Showing {chosen}</p><ul>{''.join(items)}</ul>")


def deeper_maze(request: web.Request) -> web.Response:
    """Relative links that should be absolute, on a server that answers any path prefix."""
    name = "/" + request.path.rstrip("/").rpartition("/")[2]
    if name not in ("/", *REAL):
        return missing()
    return page(name, [f"more{link}" for link in REAL] + REAL)


def soft_404_maze(request: web.Request) -> web.Response:
    """Soft 404s: half of the links are dead and answered with a friendly page."""
    if real := plain(request, [f"/old{link}" for link in REAL]):
        return real
    text = f"<p>Sorry, {request.path} is not there any more. {sentences('sorry', 30)}</p>"
    return page("Nothing to see", ["/", *REAL], text=text)


def redirect_maze(request: web.Request) -> web.Response:
    """Redirects: every page has three more addresses, which redirect to it in one hop or two."""
    name = request.path.removeprefix("/go").removeprefix("/to").removeprefix("/old")
    if request.path.startswith("/go"):
        raise web.HTTPFound(f"/to{name}")
    if request.path.startswith(("/to", "/old")):
        raise web.HTTPMovedPermanently(name)
    return plain(request, [f"/{way}{link}" for link in REAL for way in ("go", "to", "old")]) or missing()


def duplicate_maze(request: web.Request) -> web.Response:
    """Copies: pages with the time of the answer, for print, with a canonical link, with and without `index.html`."""
    path = request.path.removesuffix("index.html").removesuffix("/print").rstrip("/") or "/"
    if path not in ("/", *REAL):
        return missing()
    links = [
        url
        for link in REAL
        for url in (link, f"{link}/", f"{link}/index.html", f"{link}/print", f"{link}?ref=1", f"{link}?ref=2")
    ]
    chance = random.Random(request.raw_path)
    stamp = f"<p>Answered at 1{chance.randrange(10)}:3{chance.randrange(10)}:05 on 2026-11-2{chance.randrange(10)}.</p>"
    head = f'<link rel="canonical" href="{path}">' if request.query_string else ""
    printed = "<p>For print.</p>" if request.path.endswith("/print") else ""
    return page(path, ["/", *links], text=f"<p>{sentences(path, 120)}</p>{stamp}{printed}", head=head)


def shop_maze(request: web.Request) -> web.Response:
    """Not a maze: sixty products of one template and one parameter, which differ by name and price."""
    if request.path == "/":
        return page("Shop", [f"/product?id={number}" for number in range(60)])
    if request.path != "/product":
        return missing()
    number = int(request.query["id"])
    text = (
        f"<p>{sentences('template', 150)}</p><p>It costs € {number + 5}.99 and weighs {number % 7} kg.</p>"
        f"<p>{sentences('delivery', 100)}</p>"
    )
    return page(f"Product {number}", ["/"], text=text)
