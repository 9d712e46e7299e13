"""Accuracy of the theme: known brands in many pages, real pages, and the same pages with different source.

Brand colour and font are those of the npm package `bootswatch`; a hit is a primary colour within ΔE2000 ≤ 10 of
the theme's. Pages are split by template: what is measured on `HELD_OUT` was not looked at while tuning.
"""

import asyncio
import contextlib
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from playwright.async_api import CDPSession, async_playwright
from rich.table import Table

from tasks.brand.colours import difference, parse_colour
from tasks.brand.derived_theme import HomePageProbe, derive_theme
from tasks.brand.probe import PROBE
from tasks.core.oklch import contrast
from tasks.core.palette import SHAPE_CONTRAST, SHAPE_PAIRS, TEXT_CONTRAST, TEXT_PAIRS
from tasks.core.settings import Settings
from tasks.core.theme_model import Theme
from tasks.theme import load_home
from tasks.web.fetching.browsers import find_browser
from tasks.web.reader import Web, open_web
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import ROOT
from tests.benchmarks.theme_pages import HELD_OUT, TUNE, Page, hashed, make_page, shuffled
from tests.sites.server import serve_site

GET_SITES = ROOT.parent / "shared" / "sites" / "get"
SITES = ROOT / ".bench" / "sites"
SAME_BRAND = 10.0
LANES = 2
EVERY = 4
"""One page in so many is loaded again with hashed class names, and once more with shuffled CSS."""


@dataclass(frozen=True)
class Brand:
    """A theme of bootswatch, with its brand's colour and font."""

    name: str
    css: str
    primary: str
    font: str


@dataclass
class Tally:
    """Hits and misses of a measurement."""

    asked: int = 0
    hits: int = 0
    misses: list[tuple[str, ...]] = field(default_factory=list)

    def count(self, *, hit: bool, miss: tuple[str, ...]) -> None:
        """Count one more."""
        self.asked += 1
        self.hits += hit
        if not hit:
            self.misses.append(miss)

    @property
    def share(self) -> float:
        """Share of hits, 0 … 1."""
        return self.hits / max(1, self.asked)


@dataclass(frozen=True)
class RealSite:
    """A real website and its brand's colours."""

    name: str
    page: str
    primaries: tuple[str, ...]
    """Shades of the brand's colour, as the project publishes it or as the site uses it."""


REAL_SITES = (
    RealSite("python311", "index.html", ("#3776ab", "#2b5b84")),
    RealSite("sqlite", "index.html", ("#044a64", "#003b57")),
    RealSite("flask", "index.html", ("#004b6b", "#3babc3")),
    RealSite("docsify", "index.html", ("#0b85d7",)),
    RealSite("django", "index.html", ("#092e20", "#0c4b33")),
    RealSite("apache", "en/index.html", ("#d22128",)),
    RealSite("handbook", "en-US/index.html", ("#c70036", "#d70a53")),
)


async def run(scores: Scores) -> None:
    """Measure everything, or print what is missing."""
    if not await asyncio.to_thread(fetch_sites, ("bootswatch", *(site.name for site in REAL_SITES))):
        scores.console.print(f"theme: not measured, as sites are missing and the script {GET_SITES} cannot fetch them")
        return
    brands = list(read_brands(SITES / "bootswatch" / "dist"))
    async with serve_pages(brands) as url, open_web(_settings()) as web:
        themes = await _load_all(web, url, brands)
    _report_hits(scores, brands, themes)
    _report_contrast(scores, themes)
    _report_stability(scores, themes)
    await _report_real(scores)
    await _report_time(scores, brands)


def fetch_sites(names: tuple[str, ...]) -> bool:
    """Fetch the sites that are missing; return whether all are on this machine now."""
    missing = [name for name in names if not (SITES / name / "index.html").is_file()]
    if missing and GET_SITES.is_file():
        subprocess.run([GET_SITES, SITES, *missing], check=True, capture_output=True)
    return all((SITES / name / "index.html").is_file() for name in names)


def read_brands(folder: Path) -> Iterator[Brand]:
    """Yield the themes of bootswatch with their brand's colour and font."""
    for sheet in sorted(folder.glob("*/bootstrap.css")):
        css = sheet.read_text()
        font = re.search(r"--bs-font-sans-serif: ?\"?([^,\";]+)", css)
        primary = parse_colour(re.search(r"--bs-primary: ?([^;]+)", css)[1])  # type: ignore[index]
        assert primary
        assert font
        # Web fonts are out of reach here; a request for each would only cost time.
        own = re.sub(r"@import url\([^)]*\);", "", css)
        yield Brand(name=sheet.parent.name, css=own, primary=primary, font=font[1].strip())


@asynccontextmanager
async def serve_pages(brands: list[Brand]) -> AsyncIterator[str]:
    """Serve all pages, plain, hashed and shuffled, under `/{way}/{template}/{brand}/`."""
    folder = ROOT / ".bench" / "theme-pages"
    for brand in brands:
        for template in (*TUNE, *HELD_OUT):
            page = make_page(template, brand.css, brand.name)
            for way, change in WAYS.items():
                _write(folder / way / template / brand.name, change(page))
    async with serve_site(folder) as site:
        yield site.url


WAYS = {"plain": lambda page: page, "hashed": hashed, "shuffled": shuffled}


def _write(folder: Path, page: Page) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(page.html)
    for name, text in page.css.items():
        (folder / name).write_text(text)


def _settings(**more: object) -> Settings:
    values = {"egress_allow": (ip_network("127.0.0.0/8"),), "obey_robots": False, "browser_extract_workers": LANES}
    return Settings(_env_file=None, **values, **more)  # type: ignore[arg-type, call-arg]


Key = tuple[str, str, str]


async def _load_all(web: Web, url: str, brands: list[Brand]) -> dict[Key, Theme]:
    lanes = asyncio.Semaphore(LANES)

    async def load(key: Key) -> tuple[Key, Theme]:
        async with lanes:
            return key, (await load_home(f"{url}/{'/'.join(key)}/", web)).theme

    every = [(template, brand.name) for template in (*TUNE, *HELD_OUT) for brand in brands]
    keys = [(way, *page) for way in WAYS for page in (every if way == "plain" else every[::EVERY])]
    return dict(await asyncio.gather(*map(load, keys)))


def _report_hits(scores: Scores, brands: list[Brand], themes: dict[Key, Theme]) -> None:
    for split, templates in (("tuned on", TUNE), ("held out", HELD_OUT)):
        colours, fonts = Tally(), Tally()
        for template in templates:
            for brand in brands:
                found = themes["plain", template, brand.name]
                distance = difference(found.primary, brand.primary)
                miss = (
                    template,
                    brand.name,
                    brand.primary,
                    found.primary,
                    f"{distance:.0f}",
                    found.sources.get("primary", ""),
                )
                colours.count(hit=distance <= SAME_BRAND, miss=miss)
                first = found.body_font.split(",")[0].strip('" ')
                fonts.count(
                    hit=first.lower() == brand.font.lower(), miss=(template, brand.name, brand.font, first, "", "")
                )
        table = Table("template", "theme", "is", "found", "ΔE", "because of", title=f"Misses, {split}")
        for miss in (*colours.misses, *fonts.misses):
            table.add_row(*miss)
        scores.console.print(table)
        scores.at_least(f"brand colour found, {split} ({colours.asked} pages)", colours.share, 0.9, "")
        scores.at_least(f"body font found, {split} ({fonts.asked} pages)", fonts.share, 0.9, "")


def _report_contrast(scores: Scores, themes: dict[Key, Theme]) -> None:
    pairs = Tally()
    for theme in themes.values():
        for tokens in theme.tokens.values():
            for least, wanted in ((TEXT_CONTRAST, TEXT_PAIRS), (SHAPE_CONTRAST, SHAPE_PAIRS)):
                for one, other in wanted:
                    pairs.count(hit=contrast(tokens[one], tokens[other]) >= least, miss=(one, other))
    scores.at_least(f"pairs with their contrast ({pairs.asked})", 100 * pairs.share, 100, "%")


def _report_stability(scores: Scores, themes: dict[Key, Theme]) -> None:
    changed = Table("page", "token", "plain", "changed", title="Changed by hashed class names or shuffled CSS")
    for way in ("hashed", "shuffled"):
        same = Tally()
        for (one, *rest), other in themes.items():
            if one != way:
                continue
            theme = themes["plain", rest[0], rest[1]]
            keys = [k for k in Theme.model_fields if getattr(theme, k) != getattr(other, k)]
            same.count(hit=not keys, miss=())
            for key in keys[:2]:
                changed.add_row(
                    "/".join([way, *rest]), key, str(getattr(theme, key))[:40], str(getattr(other, key))[:40]
                )
        scores.at_least(f"themes unchanged, {way}", 100 * same.share, 95, "%")
    scores.console.print(changed)


async def _report_real(scores: Scores) -> None:
    table = Table("site", "primary", "ΔE", "confidence", "swatches", "scheme", "body font", "name", title="Real pages")
    hits = Tally()
    for known in REAL_SITES:
        async with serve_site(SITES / known.name) as site, open_web(_settings()) as web:
            theme = (await load_home(f"{site.url}/{known.page}", web)).theme
        distance = min(difference(theme.primary, wanted) for wanted in known.primaries)
        hits.count(hit=distance <= SAME_BRAND, miss=(known.name,))
        swatches = " ".join(swatch.colour for swatch in theme.swatches)
        row = (known.name, theme.primary, f"{distance:.0f}", f"{theme.confidence:.2f}", swatches, theme.scheme)
        table.add_row(*row, theme.body_font[:30], theme.name)
    scores.console.print(table)
    scores.at_least("brand colour found, real pages", hits.share, 0.7, "")


async def _report_time(scores: Scores, brands: list[Brand]) -> None:
    """Measure processor seconds beyond the page's load: the renderer's for both probes, Python's for the theme."""
    spent = []
    async with serve_pages(brands[:1]) as url, async_playwright() as playwright:
        path = find_browser(_settings())
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        addresses = [f"{url}/plain/{template}/{brands[0].name}/" for template in (*TUNE, *HELD_OUT)]
        async with contextlib.AsyncExitStack() as stack:
            for site in REAL_SITES:
                addresses.append((await stack.enter_async_context(serve_site(SITES / site.name))).url + f"/{site.page}")
            for address in addresses:
                page = await browser.new_page(viewport={"width": 1440, "height": 900})
                await page.goto(address)
                spent.append(await _time_of(await page.context.new_cdp_session(page), page, address))
                await page.close()
        await browser.close()
    scores.at_most("processor time of a theme beyond the load, worst page", max(spent), 1.5)


async def _time_of(session: CDPSession, page: object, address: str) -> float:
    await session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before, started = await _busy(session), time.process_time()
    light = await page.evaluate(PROBE, "light")  # type: ignore[attr-defined]
    await page.emulate_media(color_scheme="dark")  # type: ignore[attr-defined]
    dark = await page.evaluate(PROBE, "dark")  # type: ignore[attr-defined]
    derive_theme(HomePageProbe(url=address, requested_url=address, light=light, dark=dark))
    return await _busy(session) - before + time.process_time() - started


async def _busy(session: CDPSession) -> float:
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))
