"""More crawler traps, one for each kind seen on real sites (`tests.sites.mazes` has the first ones).

Each has a home page and the real pages of `mazes.REAL`, with a trap beside them; `TRAPS` is the list of them.
"""

import calendar
import random
from datetime import date, timedelta

from aiohttp import web

from tests.sites.generated import sentences
from tests.sites.mazes import REAL, Render, missing, page, plain

FILTERS = [f"/shop/{word}" for word in "red blue green small large wool silk sale".split()]  # noqa: SIM905
TAGS = [f"/tag/{word}" for word in "amber basil cedar delta ember fern".split()]  # noqa: SIM905
_NAMES = frozenset(("/", *REAL))


def _is_real(path: str) -> bool:
    return (path.rstrip("/") or "/") in _NAMES


def _text_of(path: str, more: str = "") -> str:
    return f"<p>{sentences(path.rstrip('/') or '/', 120)}</p>{more}"


def _versions(request: web.Request, link_of: list[str], title: str, more: str) -> web.Response:
    """Answer with copies of every real page under each of these patterns, with its text and an addition."""
    own = [pattern.replace("*", link[1:]) for link in REAL for pattern in link_of]
    if real := plain(request, own):
        return real
    for link in REAL:
        if request.path_qs in [pattern.replace("*", link[1:]) for pattern in link_of]:
            return page(f"{title} {link[1:]}", ["/", *REAL], text=_text_of(link, more))
    return missing()


def versions_maze(request: web.Request) -> web.Response:
    """Versions of each page for print, phones and AMP, under addresses of their own and with other titles."""
    patterns = ["/*/print-view", "/lite/*", "/*?format=amp", "/*-print.html"]
    return _versions(request, patterns, "Version of", "<p>Printed for you, with kind regards.</p>")


def next_maze(request: web.Request) -> web.Response:
    """A list whose pages link to further pages without end and have no content but their number."""
    path = request.path.strip("/").split("/")
    number = int(path[1]) if path[0] == "results" and len(path) == 2 and path[1].isdigit() else 0
    more = [f"/results/{number + step}" for step in (1, 2, 3, 10)] + [f"/results/{max(1, number - 1)}"]
    if real := plain(request, more):
        return real
    text = f"<p>Page {number} of our results.</p><p>{sentences('nothing', 60)}</p>"
    return page(f"Results, page {number}", ["/", *more], text=text) if number else missing()


def beyond_maze(request: web.Request) -> web.Response:
    """A list of three pages; a later page number gets the last page again, which links further."""
    asked = int(request.query.get("page", "1")) if request.path == "/news" else 0
    more = [f"/news?page={asked + step}" for step in range(1, 6)]
    if real := plain(request, ["/news", *more]):
        return real
    if request.path != "/news":
        return missing()
    shown = min(asked, 3)
    items = "".join(f"<li>{sentences(f'news {shown} {item}', 20)}</li>" for item in range(5))
    return page("News", ["/", *more], text=f"<ul>{items}</ul>")


def slug_calendar_maze(request: web.Request) -> web.Response:
    """A calendar of months by name, days and weeks, forwards and backwards without end."""
    month = date(2026, 11, 1)
    parts = request.path.strip("/").split("/")
    if parts[0] == "agenda" and len(parts) == 2:
        name, _, year = parts[1].partition("-")
        month = date(int(year), list(calendar.month_name).index(name.capitalize()), 1)
    elif request.path == "/diary":
        month = date.fromtimestamp(int(request.query["t"]))
    after, before = month + timedelta(days=31), month - timedelta(days=31)
    stamps = [int(date(day.year, day.month, 1).strftime("%s")) for day in (after, before)]
    links = [f"/agenda/{day:%B}-{day.year}".lower() for day in (after, before, month.replace(year=month.year + 1))]
    links += [f"/diary?t={stamp}" for stamp in stamps]
    if real := plain(request, links):
        return real
    if parts[0] not in ("agenda", "diary"):
        return missing()
    days = "".join(f"<td>{day}</td>" for day in range(1, calendar.monthrange(month.year, month.month)[1] + 1))
    text = f"<h2>{month:%B %Y}</h2><table><tr>{days}</tr></table><p>There is nothing on in this month.</p>"
    return page(f"Agenda {month:%B %Y}", ["/", *links], text=text)


def path_session_maze(request: web.Request) -> web.Response:
    """Links with a short session id in their path, a fresh one in every answer."""
    name = "/" + request.path.strip("/").rpartition("/")[2]
    if name not in _NAMES:
        return missing()
    chance = random.Random(request.raw_path)
    return page(name, [f"/s{chance.randrange(10**5, 10**6)}x{link}" for link in ("/", *REAL)])


def path_facet_maze(request: web.Request) -> web.Response:
    """A list filtered by words in its path, in any order and number."""
    words = [path.rpartition("/")[2] for path in FILTERS]
    parts = request.path.strip("/").split("/")
    chosen = parts[1:] if parts[0] == "shop" else []
    links = [f"/{'/'.join(['shop', *chosen, word])}" for word in words if word not in chosen]
    if real := plain(request, ["/shop", *links]):
        return real
    if parts[0] != "shop" or not set(chosen) <= set(words):
        return missing()
    chance = random.Random(request.path)
    items = [f"<li>{sentences(f'item {number}', 12)}</li>" for number in chance.sample(range(12), 6)]
    return page(f"Shop {' '.join(chosen)}", ["/", *links], text=f"<ul>{''.join(items)}</ul>")


def tag_maze(request: web.Request) -> web.Response:
    """Tags combined in one segment of the path."""
    words = [path.rpartition("/")[2] for path in TAGS]
    chosen = request.path.rpartition("/")[2].split("+") if request.path.startswith("/tag/") else []
    links = [f"/tag/{'+'.join([*chosen, word])}" for word in words if word not in chosen]
    if real := plain(request, links):
        return real
    if not chosen:
        return missing()
    chance = random.Random(request.path)
    items = [f"<li>{sentences(f'entry {number}', 12)}</li>" for number in chance.sample(range(12), 6)]
    return page(f"Tagged {' '.join(chosen)}", ["/", *links], text=f"<ul>{''.join(items)}</ul>")


def sorting_maze(request: web.Request) -> web.Response:
    """A table sorted, paged and limited by parameters in any order, some of them repeated."""
    chance = random.Random(request.query_string)
    names = {"sort": ("name", "price"), "order": ("asc", "desc"), "limit": ("10", "50"), "filter[size]": ("s", "m")}
    links = []
    for _ in range(20):
        pairs = [f"{name}={chance.choice(values)}" for name, values in names.items() if chance.random() < 0.7]
        chance.shuffle(pairs)
        links.append(f"/table?{'&'.join(pairs)}")
    if real := plain(request, ["/table", *links]):
        return real
    if request.path != "/table":
        return missing()
    rows = [f"<tr><td>{sentences(f'row {number}', 10)}</td></tr>" for number in range(12)]
    chance.shuffle(rows)
    return page("Table", ["/", *links], text=f"<table>{''.join(rows)}</table>")


def spelling_maze(request: web.Request) -> web.Response:
    """Addresses in capitals, with one or two trailing slashes, with a session id after a semicolon."""
    path = request.path.lower().split(";")[0].rstrip("/") or "/"
    if path not in _NAMES:
        return missing()
    twins = [twin for link in REAL for twin in (link, f"{link}/", f"{link}//", link.upper(), link.title())]
    return page(path, ["/", *twins, *(f"{link};jsessionid={random.Random(link).randrange(10**9)}" for link in REAL)])


def counting_redirect_maze(request: web.Request) -> web.Response:
    """Addresses that redirect to the next number without end, and chains that all end at one page."""
    parts = request.path.strip("/").split("/")
    if parts[0] == "loop":
        raise web.HTTPFound(f"/loop/{int(parts[1]) + 1}")
    if parts[0] == "chain":
        raise web.HTTPFound(f"/chain/{parts[1]}/{int(parts[2]) - 1}" if int(parts[2]) > 1 else "/about")
    more = [f"/loop/{number * 1000}" for number in range(1, 21)]
    return plain(request, [*more, *(f"/chain/{name}/3" for name in "abcdefghijklmnop")]) or missing()


def dead_links_maze(request: web.Request) -> web.Response:
    """Soft 404s: dead numbered links, each answered with a friendly page and status 200."""
    if real := plain(request, [f"/offer-{number}.html" for number in range(100, 140)]):
        return real
    return page("Nothing to see", ["/", *REAL], text=f"<p>Sorry. {sentences('sorry', 30)}</p>")


def growing_maze(request: web.Request) -> web.Response:
    """Relative links that grow the path at every page, on a server that reads only its last segment."""
    name = "/" + request.path.strip("/").rpartition("/")[2]
    if name not in _NAMES:
        return missing()
    here = request.path.rstrip("/")
    return page(name, [f"{here}{link}" for link in REAL] + ["/"])


def return_maze(request: web.Request) -> web.Response:
    """Every page links to a form and a recommendation with its own address as a parameter."""
    here = request.path_qs
    links = [f"/login?return={here}", f"/recommend?page={here}", f"/report?from={here}&reason=1"]
    if real := plain(request, links):
        return real
    return page("Form", ["/", *links], text=f"<p>Fill in this form. {sentences('form', 50)}</p>")


BESIDES: dict[str, list[str]] = {
    "beyond": ["/news", "/news?page=2", "/news?page=3"],
    "path facets": ["/shop", *FILTERS],
    "tags": TAGS,
    "sorting": ["/table"],
}
"""Additional real pages of some traps."""
TRAPS: dict[str, Render] = {
    "versions": versions_maze,
    "next": next_maze,
    "beyond": beyond_maze,
    "slug calendar": slug_calendar_maze,
    "path session": path_session_maze,
    "path facets": path_facet_maze,
    "tags": tag_maze,
    "sorting": sorting_maze,
    "spelling": spelling_maze,
    "counting redirects": counting_redirect_maze,
    "dead links": dead_links_maze,
    "growing": growing_maze,
    "return": return_maze,
}
