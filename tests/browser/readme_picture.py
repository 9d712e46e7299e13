"""The README's picture: a widget that answers on the small site it was built from.

`make picture` runs this. It starts the product on data of its own, builds the site under tests/sites, opens its start
page in Chromium with the snippet on it, asks two questions and keeps the window as .github/images/widget.webp.
"""

import argparse
import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import httpx
from httpx_sse import aconnect_sse
from PIL import Image
from playwright.async_api import async_playwright

from tests.benchmarks.stack import ROOT, open_product
from tests.browsers import FLAGS, browser_path
from tests.sites.server import serve_site

PICTURE = ROOT / ".github" / "images" / "widget.webp"
QUESTIONS = ("How many probes do I need?", "How long is the warranty?")
COOKIES = "Only what is needed"
"""The site's consent banner, answered before the picture."""
WIDTH, HEIGHT, SCALE = 1200, 760, 1.5
"""CSS pixels of the window, and device pixels each."""
QUALITY = 82
"""Of WebP: with this the file stays below 200 KB."""
ADD_SNIPPET = """([address, widget]) => {
  const script = document.createElement("script");
  script.src = `${address}/widget.js`;
  script.dataset.widget = widget;
  document.body.append(script);
}"""
ASK = """(question) => new Promise((resolve) => {
  AIWidget.on("answer", resolve);
  AIWidget.ask(question);
})"""


async def build(api_url: str, site: str) -> str:
    """Build the site's widget to its end and return the widget's id."""
    async with httpx.AsyncClient(base_url=api_url, timeout=120) as http:
        asked = {"url": site, "depth": 3}
        async with aconnect_sse(http, "POST", "/api/public/ai-widget-builder", json=asked) as source:
            async for frame in source.aiter_sse():
                if frame.data and (event := frame.json())["type"] == "builder_completed":
                    return str(event["data"]["widget_id"])
    raise RuntimeError("the build did not complete")


async def take_picture(page_url: str, api_url: str, widget_id: str, questions: Sequence[str]) -> bytes:
    """Return the window as PNG once the widget has answered on the page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = await browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SCALE, color_scheme="light"
        )
        await page.goto(page_url)
        await page.get_by_role("button", name=COOKIES).click()
        await page.evaluate(ADD_SNIPPET, [api_url, widget_id])
        await page.wait_for_function("() => window.AIWidget !== undefined")
        for question in questions:
            await page.evaluate(ASK, question)
        # The last words fade in, and the panel grows with them.
        await page.wait_for_timeout(1500)
        picture = await page.screenshot()
        await browser.close()
        return picture


async def main() -> None:
    """Take the picture and write it as WebP."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PICTURE)
    parser.add_argument("--question", action="append", dest="questions")
    arguments = parser.parse_args()
    async with serve_site() as site, open_product() as product:
        widget_id = await build(product.api_url, site.url)
        png = await take_picture(site.url, product.api_url, widget_id, arguments.questions or QUESTIONS)
    Image.open(io.BytesIO(png)).convert("RGB").save(arguments.out, "WEBP", quality=QUALITY, method=6)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    asyncio.run(main())
