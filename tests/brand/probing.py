"""Pages made up for the probe, and the theme that is derived of one as a build does it."""

from playwright.async_api import Page, Route

from tasks.brand.derived_theme import HomePageProbe, derive_theme
from tasks.brand.probe import PROBE
from tasks.brand.site_images import draw_picture
from tasks.core.theme_model import Theme

URL = "https://www.acme.example/"

COOKIE_BAR = """
<div id="cookie-banner" style="position:fixed;bottom:0;left:0;right:0;background:#ffe08a;padding:30px">
We use cookies.
<button style="background:#00a651;color:#fff;width:420px;height:80px">Accept all</button></div>
"""

ACME = f"""<!doctype html><html lang="de-AT"><head><title>Welcome – Acme GmbH</title>
<meta property="og:site_name" content="Acme"><meta name="theme-color" content="#7c3aed">
<link rel="icon" href="{URL}favicon.svg" type="image/svg+xml">
<link rel="apple-touch-icon" href="{URL}touch.png">
<style>
:root {{ --brand-primary: #7c3aed; --accent: #00ff00 }}
body {{ margin: 0; background: #fffdf8; color: #333; font: 16px Lato, "Font Awesome", sans-serif }}
h1 {{ font-family: "Playfair Display", Georgia, serif }}
.go {{ background: var(--brand-primary); color: #fff; border-radius: 12px; padding: 14px 28px; border: 0 }}
.fa {{ font-family: FontAwesome }}
</style></head><body>
{COOKIE_BAR}
<header><a href="/"><img src="{URL}logo.png" alt="Acme logo" width="120" height="40"></a></header>
<div class="alert alert-danger" style="background:#dc3545">
<a href="/down" style="background:#dc3545;padding:10px 40px">Down</a></div>
<main><h1>Better anvils</h1><p>Anvils for <a href="/who" style="color:#0a7">everyone</a> who needs one.</p>
<button class="go">Order now</button>
<img class="customer-logo" src="{URL}customer.png" alt="logo of a customer" width="90" height="40"></main>
</body></html>"""

WORDS = "<p>Careful tools for people who press, dry and label plants. <a href='/more'>Read more about them</a></p>"


async def theme_of(page: Page, html: str) -> Theme:
    """The theme of a page with this HTML at `URL`, seen in both schemes."""

    async def answer(route: Route) -> None:
        is_page = route.request.resource_type == "document"
        await (route.fulfill(body=html, content_type="text/html; charset=utf-8") if is_page else route.abort())

    await page.route("**/*", answer)
    await page.goto(URL)
    light = await page.evaluate(PROBE, "light")
    await page.emulate_media(color_scheme="dark")
    dark = await page.evaluate(PROBE, "dark")
    return derive_theme(HomePageProbe(url=URL, requested_url=URL, light=light, dark=dark), draw=draw_picture)
