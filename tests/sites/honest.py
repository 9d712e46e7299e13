"""Sites that look endless but are finite: every page has content of its own, and all must be read.

Each has a render function and the paths of all its pages; `HONEST` is the list of them.
"""

from dataclasses import dataclass

from aiohttp import web

from tests.sites.generated import sentences
from tests.sites.mazes import Render, missing, page

_FOOTER = sentences("the same on every page", 120)


@dataclass(frozen=True)
class Honest:
    """A site and all its pages except the home page."""

    render: Render
    real: list[str]


def _site(pages: dict[str, tuple[list[str], str]]) -> Honest:
    """Return a site of pages given by address, each with its links and text."""

    def render(request: web.Request) -> web.Response:
        if request.path_qs not in pages:
            return missing()
        links, text = pages[request.path_qs]
        return page(request.path_qs, links, text=text)

    return Honest(render, [address for address in pages if address != "/"])


def _product(number: int) -> str:
    return f"<p>It costs € {number + 5}.99 and weighs {number * 7} g.</p><p>{_FOOTER}</p>"


def shop() -> Honest:
    """Return 200 products of one template, listed by twenty, with numbers in the path and in a parameter."""
    pages: dict[str, tuple[list[str], str]] = {}
    lists = [f"/products?page={number}" for number in range(1, 11)]
    for number, address in enumerate(lists):
        ids = range(20 * number, 20 * number + 20)
        products = [f"/product/{id_}" if id_ % 2 else f"/product?id={id_}" for id_ in ids]
        teasers = "".join(f"<li>{sentences(f'teaser {id_}', 8)}</li>" for id_ in ids)
        pages[address] = ([*lists, *products], f"<ul>{teasers}</ul>")
        pages |= {product: (["/"], _product(id_)) for product, id_ in zip(products, ids, strict=True)}
    return _site({"/": (lists[:1], f"<p>{sentences('shop', 80)}</p>"), **pages})


def archive() -> Honest:
    """Return a list of forty pages, linked from the first, whose entries have no pages of their own."""
    lists = [f"/news?page={number}" for number in range(1, 41)]
    pages = {
        address: (lists, "".join(f"<p>{sentences(f'entry {number} {entry}', 25)}</p>" for entry in range(4)))
        for number, address in enumerate(lists)
    }
    return _site({"/": (lists[:1], f"<p>{sentences('archive', 80)}</p>"), **pages})


def documentation() -> Honest:
    """Return the same chapters in four versions and a current one; a third of each chapter is its own."""
    chapters = [f"chapter-{word}" for word in sentences("chapters", 60).lower().replace(".", "").split()[:40]]
    chapters = list(dict.fromkeys(chapters))[:25]
    pages: dict[str, tuple[list[str], str]] = {}
    for version in ("", "/v1", "/v2", "/v3", "/v4"):
        links = [f"{version}/{chapter}" for chapter in chapters]
        pages[version or "/"] = (
            [*links, "/v1", "/v2", "/v3", "/v4"],
            f"<p>{sentences(f'documentation {version}', 80)}</p>",
        )
        for chapter, link in zip(chapters, links, strict=True):
            own = sentences(f"{version} {chapter}", 50)
            pages[link] = (links, f"<p>{sentences(chapter, 100)}</p><p>{own}</p>")
    return _site(pages)


def blog() -> Honest:
    """Return ten years of posts, three for each second month, linked only from the archive of their month."""
    months = [f"/{year}/{month:02}" for year in range(2016, 2026) for month in range(1, 13, 2)]
    pages: dict[str, tuple[list[str], str]] = {}
    for month in months:
        posts = [f"{month}/{day:02}/{sentences(f'{month} {day}', 3).lower()[:20].replace(' ', '-')}" for day in (3, 17)]
        titles = "".join(f'<li><a href="{post}">{sentences(post, 4)}</a></li>' for post in posts)
        pages[month] = (["/"], f"<ul>{titles}</ul>")
        pages |= {post: (["/"], f"<p>{sentences(post, 120)}</p>") for post in posts}
    return _site({"/": (months, f"<p>{sentences('blog', 80)}</p>"), **pages})


def branches() -> Honest:
    """Return a chain of shops: every town has the same pages under its name, each with text of its own."""
    towns = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine"]
    topics = ["team", "hours", "directions", "parking", "jobs", "news"]
    pages: dict[str, tuple[list[str], str]] = {}
    for place in ("", *(f"/{town}" for town in towns)):
        links = [f"{place}/{topic}" for topic in topics]
        pages[place or "/"] = ([*links, *(f"/{town}" for town in towns)], f"<p>{sentences(f'welcome {place}', 60)}</p>")
        pages |= {link: (links, f"<p>{sentences(link, 90)}</p><p>{_FOOTER}</p>") for link in links}
    return _site(pages)


def corner_shop() -> Honest:
    """Return a few pages, forms that every page links to with its own parameters, and products on level two."""
    groups = [f"/{name}" for name in ("tea", "coffee", "cups", "spoons")]
    pages: dict[str, tuple[list[str], str]] = {}
    for number, group in enumerate(groups):
        products = [f"/item?no={id_}" for id_ in range(15 * number, 15 * number + 15)]
        pages[group] = ([*groups, *products, *_forms(group)], f"<p>{sentences(group, 60)}</p>")
        for id_, product in zip(range(15 * number, 15 * number + 15), products, strict=True):
            pages[product] = ([*groups, *_forms(product)], _product(id_))
    site = _site({"/": ([*groups, *_forms("/")], f"<p>{sentences('corner shop', 80)}</p>"), **pages})

    def render(request: web.Request) -> web.Response:
        if request.path in ("/login", "/tell-a-friend", "/compare", "/ask"):
            return page("Form", groups, text=f"<p>Fill in this form. {sentences('form', 80)}</p>")
        return site.render(request)

    return Honest(render, site.real)


def _forms(here: str) -> list[str]:
    return [f"/login?return={here}", f"/tell-a-friend?page={here}", f"/compare?with={here}", f"/ask?about={here}"]


HONEST: dict[str, Honest] = {
    "shop": shop(),
    "archive": archive(),
    "documentation": documentation(),
    "blog": blog(),
    "branches": branches(),
}
