"""A generated site of any size with the same delay for every answer.

It is a tree: home → sections → subsections → … → leaves, of the given depth, with nearly all pages at the deepest
level. The same arguments give the same pages, word for word.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.sites.server import Site, serve_handler

WORDS_A_PAGE = 600
SECTIONS_A_PAGE = 5
SENTENCE = (8, 16)

_WORDS = """
    acorn afternoon amber anchor apple archive autumn balance barley basket beacon bicycle blanket bottle branch
    bridge bronze bucket button cabin candle canvas carpet cellar chapel cherry chimney cinnamon circle clover
    coast compass copper corner cotton cousin cradle crystal curtain dairy daisy distance drawer dream eagle early
    easel elbow engine evening feather fence ferry field flame flute forest fountain garden garlic gentle ginger
    glacier granite guitar hammer harbour harvest hazel helmet honey horizon island ivory jacket journey kettle
    kitchen ladder lantern leather lemon letter lighthouse linen lumber magnet maple marble market meadow melody
    meter mirror morning mountain museum mustard needle nutmeg oatmeal ocean olive orchard organ oyster paddle
    paper parcel parrot pasture pebble pencil pepper piano pillow pocket pottery quarry quilt rabbit railway raisin
    ribbon river rocket saddle saffron sailor sandal season shadow shelter silver slate spindle spring station
    stone summer sunrise table tailor tavern teapot thimble thunder timber tower tractor tulip tunnel turnip
    umbrella valley velvet village vinegar violin wagon walnut water weather whistle willow window winter wooden
    yellow yoghurt
""".split()  # noqa: SIM905
_LINKING = "and of with near behind under before after for along without beside".split()  # noqa: SIM905


@dataclass
class GeneratedSite(Site):
    """A running generated site."""

    links: dict[str, list[str]] = field(default_factory=dict)
    """The children of each page, by path."""
    depth_of: dict[str, int] = field(default_factory=dict)
    """Links to follow from the home page to each page."""

    @property
    def pages_by_depth(self) -> Counter[int]:
        """Number of pages at each depth."""
        return Counter(self.depth_of.values())


@asynccontextmanager
async def generated_site(pages: int, depth: int, delay_s: float, *, seed: int = 1) -> AsyncIterator[GeneratedSite]:
    """Serve `pages` pages on loopback, all within `depth` links of the home page; each answer takes `delay_s`."""
    links = plan_links(pages, depth)
    site = GeneratedSite(links=links, depth_of=measure_depths(links))

    async def answer(request: web.Request) -> web.Response:
        with site.recording(request.raw_path):
            await asyncio.sleep(delay_s)
            if request.path not in links:
                return web.Response(status=404, text="Not found")
            return web.Response(text=render_page(request.path, links, seed), content_type="text/html")

    async with serve_handler(answer) as site.url:
        yield site


def plan_links(pages: int, depth: int) -> dict[str, list[str]]:
    """Return the children of each page, in breadth-first order of the pages; there are exactly `pages` pages.

    Raises:
        ValueError: too few pages for the depth.
    """
    if depth < 1 or pages <= depth:
        raise ValueError(f"{pages} pages do not reach depth {depth}")
    branches = max(1, int(pages ** (1 / depth)))
    while branches > 1 and sum(branches**level for level in range(depth)) >= pages:
        branches -= 1
    links: dict[str, list[str]] = {"/": []}
    level = ["/"]
    for _ in range(depth - 1):
        level = [_add_child(links, parent) for parent in level for _ in range(branches)]
    for index in range(pages - len(links)):
        _add_child(links, level[index % len(level)])
    return links


def _add_child(links: dict[str, list[str]], parent: str) -> str:
    child = f"{parent}{_WORDS[len(links) % len(_WORDS)]}-{len(links)}/"
    links[parent].append(child)
    links[child] = []
    return child


def measure_depths(links: dict[str, list[str]]) -> dict[str, int]:
    """Return each page's distance from the home page, in links."""
    depths = {"/": 0}
    for parent, children in links.items():
        depths |= dict.fromkeys(children, depths[parent] + 1)
    return depths


def render_page(path: str, links: dict[str, list[str]], seed: int) -> str:
    """Return the page: about 600 words in an order of its own, and links to its children."""
    source = random.Random(f"{seed} {path}")
    title = " ".join(source.sample(_WORDS, 3)).capitalize()
    sections = "\n".join(_section(source) for _ in range(SECTIONS_A_PAGE))
    children = "\n".join(f'<li><a href="{child}">{_name(child)}</a></li>' for child in links[path])
    contents = f"<h2>In this part</h2>\n<ul>\n{children}\n</ul>" if children else ""
    menu = " ".join(f'<a href="{section}">{_name(section)}</a>' for section in ["/", *links["/"]])
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n<body>\n'
        f"<header><nav>{menu}</nav></header>\n"
        f"<main>\n<h1>{title}</h1>\n{sections}\n{contents}\n</main>\n</body>\n</html>\n"
    )


def sentences(seed: str, words: int) -> str:
    """Return text of at least `words` words, the same for the same seed."""
    source, text = random.Random(seed), list[str]()
    while len(" ".join(text).split()) < words:
        text.append(_sentence(source))
    return " ".join(text)


def _section(source: random.Random) -> str:
    words, sentences = 0, []
    while words < WORDS_A_PAGE // SECTIONS_A_PAGE:
        sentence = _sentence(source)
        sentences.append(sentence)
        words += len(sentence.split())
    middle = len(sentences) // 2
    heading = " ".join(source.sample(_WORDS, 2)).capitalize()
    return f"<h2>{heading}</h2>\n<p>{' '.join(sentences[:middle])}</p>\n<p>{' '.join(sentences[middle:])}</p>"


def _sentence(source: random.Random) -> str:
    words: list[str] = []
    for index in range(source.randint(*SENTENCE)):
        words.append(source.choice(_LINKING if index % 4 == 3 else _WORDS))
    return f"{' '.join(words).capitalize()}."


def _name(path: str) -> str:
    return path.strip("/").rpartition("/")[2].replace("-", " ").capitalize() or "Home"
