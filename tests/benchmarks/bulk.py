"""Many small sites added at once in the console: a file of addresses, chosen in Chromium, on the product as it starts.

`BULK_ADDRESSES=60` adds fewer than 300 sites. Besides them the file has a header, a duplicate, cells without
address, and four addresses that must fail, each with its cause: closed, private, unknown, and a site that answers 500.
"""

import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psycopg
from aiohttp import web
from playwright.async_api import Page, async_playwright

from tests.benchmarks.client import open_http
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import Product, free_port, open_product
from tests.browsers import FLAGS, browser_path
from tests.sites.generated import plan_links, render_page

SITES = int(os.environ.get("BULK_ADDRESSES", "300"))
PAGES = 6
"""Pages of each site."""
TOKEN = "administrator of the benchmark"
LISTED = 1_000
FIRST_PAINT_S = 1.0
LIST_S = 0.2
SECONDS_A_SITE = 30
"""Patience with the whole run, for each site."""
BROKEN = "127.0.8.1"
OBSERVE = "new PerformanceObserver(it => window.longest = Math.max(window.longest ?? 0, ...it.getEntries().map("
OBSERVE += "it => it.duration))).observe({type: 'longtask', buffered: true})"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
ROWS = "[...document.querySelectorAll('tbody tr')].map(it => [it.querySelector('.tag').textContent, it.textContent])"
FILL = (
    "INSERT INTO widgets (id, site_url, name) SELECT gen_random_uuid(), site_url, 'filled' FROM widgets,"
    f" generate_series(1, {LISTED}) WHERE active_job_id IS NOT NULL LIMIT {LISTED}",
    "INSERT INTO scrape_jobs (id, widget_id, url, depth, max_pages, status, statistics, site, finished_at)"
    " SELECT gen_random_uuid(), id, site_url, 2, 10, 'completed', '{\"stored_pages\": 6}', id::text, now()"
    " FROM widgets WHERE name = 'filled'",
    "UPDATE widgets SET active_job_id = scrape_jobs.id FROM scrape_jobs"
    " WHERE widgets.name = 'filled' AND widget_id = widgets.id",
)


def host(number: int) -> str:
    """Return the loopback address of a site."""
    return f"127.0.{9 + number // 250}.{1 + number % 250}"


@asynccontextmanager
async def small_sites(number: int, port: int) -> AsyncIterator[None]:
    """Serve the sites, each at an address of its own with words of its own, and one that answers 500."""
    links = plan_links(PAGES, 1)

    async def answer(request: web.Request) -> web.Response:
        name = (request.host or "").partition(":")[0]
        if name == BROKEN:
            return web.Response(status=500, text="Out of order")
        if request.path not in links:
            return web.Response(status=404, text="Not found")
        seed = int.from_bytes(bytes(map(int, name.split("."))))
        return web.Response(text=render_page(request.path, links, seed), content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        for address in [BROKEN, *map(host, range(number))]:
            await web.TCPSite(runner, address, port).start()
        yield
    finally:
        await runner.cleanup()


def written_file(number: int, port: int) -> bytes:
    """Return a file as spreadsheets export it: UTF-8 with BOM, CRLF, quotes, and cells that are no addresses."""
    good = [f'"Shop {it}";"http://{host(it)}:{port}/";2.5' for it in range(number)]
    odd = [f"Again;http://{host(0)}:{port};1.0", "No address;n/a;12.05.2026"]
    bad = [f"Closed;http://127.0.8.9:{port}/;1", "Private;http://10.11.12.13/;1", "Unknown;http://nowhere.invalid/;1"]
    lines = ["Name;Website;Price", *good, *odd, *bad, f"Broken;http://{BROKEN}:{port}/;1"]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


async def first_paint_s(page: Page, address: str) -> float:
    """Return the seconds until the browser paints the first content of a page that is opened."""
    await page.goto("about:blank")
    await page.goto(address)
    await page.wait_for_function(PAINT)
    return float(await page.evaluate(PAINT)) / 1_000


async def add_all(page: Page, address: str, number: int, port: int) -> dict[str, float]:
    """Add the file's addresses in the console, and return the first paints seen while they were built."""
    await page.goto(f"{address}/console#/sign-in")
    await page.get_by_label("Token").fill(TOKEN)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Your widgets").wait_for()
    await page.goto(f"{address}/console#/add")
    file = {"name": "sites.csv", "mimeType": "text/csv", "buffer": written_file(number, port)}
    await page.get_by_label("Or a CSV file").set_input_files([file])  # type: ignore[list-item]
    await page.get_by_text(f"{number + 4} addresses").wait_for()
    await page.get_by_label("Workspace", exact=True).select_option("A new workspace …")
    await page.get_by_label("Name of the new workspace").fill("Many")
    await page.get_by_role("button", name="Build").click()
    patience = number * SECONDS_A_SITE * 1_000
    await page.get_by_role("row").filter(has_text="Ready").first.wait_for(timeout=patience)
    # In a tab of its own: this one goes on starting builds.
    other = await page.context.new_page()
    await other.add_init_script(f"sessionStorage.setItem('ai-widget-console', JSON.stringify(['{TOKEN}']))")
    paints = {"add": await first_paint_s(other, f"{address}/console#/add")}
    paints["list"] = await first_paint_s(other, f"{address}/console#/")
    await other.close()
    await page.get_by_text(f"{number + 4} of {number + 4} done").wait_for(timeout=patience)
    return paints


async def list_seconds(product: Product) -> float:
    """Return the seconds until the list of a thousand widgets is answered, the median of seven."""
    async with await psycopg.AsyncConnection.connect(product.database_url) as connection:
        for statement in FILL:
            await connection.execute(statement)
    seconds = []
    async with open_http(product.api_url) as http:
        for _ in range(7):
            began = time.monotonic()
            answer = await _list(http)
            seconds.append(time.monotonic() - began)
            assert len(answer) == LISTED
    return sorted(seconds)[3]


async def _list(http: httpx.AsyncClient) -> list[dict[str, object]]:
    answer = await http.get("/api/widgets", params={"limit": LISTED}, headers={"Authorization": f"Bearer {TOKEN}"})
    widgets: list[dict[str, object]] = answer.json()["widgets"]
    return widgets


async def run(scores: Scores) -> None:
    """Add the sites, compare the console's states with the service's, and list a thousand widgets."""
    port = free_port()
    settings = {"admin_token": TOKEN, "build_rate": f"{SITES + 100}/hour"}
    async with small_sites(SITES, port), open_product(**settings) as product, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        context = await browser.new_context(viewport={"width": 1360, "height": 900})
        page = await context.new_page()
        await page.add_init_script(OBSERVE)
        began = time.monotonic()
        paints = await add_all(page, product.api_url, SITES, port)
        seconds = time.monotonic() - began
        rows = await page.evaluate(ROWS)
        longest = float(await page.evaluate("window.longest ?? 0"))
        async with open_http(product.api_url) as http:
            widgets = await _list(http)
        listed_s = await list_seconds(product)
        full = await first_paint_s(page, f"{product.api_url}/console#/")
        await browser.close()
    _report(scores, rows, widgets)
    scores.console.print(
        f"{SITES} sites in {seconds:.0f} s, {seconds / SITES:.2f} s each; longest task {longest:.0f} ms"
    )
    for name, paint in (paints | {"list of a thousand": full}).items():
        scores.at_most(f"first paint: {name}", paint, FIRST_PAINT_S)
    scores.at_most("list of a thousand widgets", listed_s, LIST_S)


def _report(scores: Scores, rows: list[list[str]], widgets: list[dict[str, object]]) -> None:
    states = Counter(state for state, _ in rows)
    of_service = Counter((it["state"], it["pages"]) for it in widgets)
    for state, text in rows:
        if state != "Ready":
            scores.console.print(text)
    scores.holds(f"{SITES} ready, 4 failed", states == {"Ready": SITES, "Failed": 4}, str(dict(states)))
    # Of the four that failed, two are refused at once and two have a widget whose build failed.
    expected = {("ready", PAGES): SITES, ("failed", 0): 2}
    scores.holds("the service says the same", of_service == expected, str(dict(of_service)))
    shown = sum(f"{PAGES} pages" in text for _, text in rows)
    scores.holds("each with all its pages", shown == SITES, str(shown))
