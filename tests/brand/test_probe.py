"""What the probe sees in real Chromium, and the theme that follows."""

import json

from playwright.async_api import Page

from tasks.brand.probe import PROBE
from tasks.brand.theme import Seen, derive_theme, neutral_theme
from tasks.core.models import Theme
from tasks.core.oklch import contrast

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


async def theme_of(page: Page, html: str) -> Theme:
    """The theme of a page with this HTML."""
    await page.set_content(html, wait_until="commit")
    return derive_theme(Seen(url=URL, asked=URL, light=await page.evaluate(PROBE, "light")))


async def test_the_brand_button_wins_over_the_bigger_button_of_a_cookie_banner(page: Page) -> None:
    """Consent banners and status alerts leave no evidence at all."""
    theme = await theme_of(page, ACME)
    assert theme.primary == "#7c3aed"
    assert theme.on_primary == "#ffffff"
    assert theme.radius_px == 12
    assert theme.confidence > 0.9
    evidence = json.dumps(await page.evaluate(PROBE))
    assert "rgb(0, 166, 81)" not in evidence
    assert "rgb(220, 53, 69)" not in evidence


async def test_every_token_of_a_branded_page_is_read_and_says_where_it_was_found(page: Page) -> None:
    """Name, language, pictures, surfaces and fonts come from the page, each with its source."""
    theme = await theme_of(page, ACME)
    assert (theme.name, theme.language, theme.scheme) == ("Acme", "de-AT", "light")
    assert (theme.background, theme.text) == ("#fffdf8", "#333333")
    assert theme.logo_url == f"{URL}logo.png"
    assert theme.favicon_url == f"{URL}favicon.svg"
    assert theme.heading_font == '"Playfair Display", "Georgia", serif'
    assert theme.body_font == '"Lato", sans-serif'
    assert theme.sources["name"] == "og:site_name"
    assert "filled button “Order now” in the first screen" in theme.sources["primary"]
    assert "CSS variable --brand-primary" in theme.sources["primary"]
    assert "theme-color" in theme.sources["primary"]
    assert set(theme.sources) >= {"name", "language", "logo_url", "favicon_url", "primary", "background", "body_font"}


async def test_a_banner_that_floats_and_talks_of_cookies_is_known_without_its_name(page: Page) -> None:
    """Hashed class names do not hide a consent banner."""
    banner = COOKIE_BAR.replace('id="cookie-banner"', 'class="x7f_q"')
    theme = await theme_of(page, ACME.replace(COOKIE_BAR, banner))
    assert theme.primary == "#7c3aed"


async def test_a_whole_page_marked_with_a_consent_class_is_still_read(page: Page) -> None:
    """Only the banner is left out, not the page around it."""
    html = f'<div class="cookie-consent-given">{ACME}</div>'
    assert (await theme_of(page, html)).primary == "#7c3aed"


async def test_a_dark_site_gives_a_dark_theme(page: Page) -> None:
    """The background is the one that covers the page, here a wrapper's."""
    theme = await theme_of(
        page,
        """<style>body{margin:0;background:#fff} #root{min-height:100vh;background:#0b1020;color:#e8eaf2}
        .b{background:linear-gradient(90deg,#ff8a00,#ffb000);color:#fff;padding:12px 30px}</style>
        <div id="root"><h1>Night</h1><p>We work when it is dark outside.</p>
        <a class="b" href="/x">Join us</a></div>""",
    )
    assert (theme.scheme, theme.background, theme.text) == ("dark", "#0b1020", "#e8eaf2")
    assert theme.primary == "#ff8a00"
    assert theme.on_primary == "#000000"
    assert contrast(theme.primary, theme.on_primary) >= 4.5


async def test_a_page_without_css_gives_the_neutral_theme(page: Page) -> None:
    """Browser defaults (blue links, grey buttons, Times) are nobody's brand."""
    theme = await theme_of(page, "<h1>Hi</h1><p>Some <a href='/x'>text</a> to read.</p><button>Press this one</button>")
    assert theme == neutral_theme(URL)
    assert theme.confidence == 0
    assert contrast(theme.primary, theme.on_primary) >= 4.5
    assert contrast(theme.background, theme.text) >= 4.5


async def test_hostile_names_and_fonts_do_not_reach_the_theme(page: Page) -> None:
    """Nothing of a value that could end a string, a rule or an element survives."""
    theme = await theme_of(
        page,
        r"""<title>Hi</title><meta property="og:site_name" content="</script><script>alert(1)</script>">
        <link rel=icon href="javascript:alert(1)">
        <style>body{font-family:"x\"}</style\3e <b>", "a;}b{c:url(x)", Lato}</style>
        <header><a href="/">
        <img class=logo src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" width=90 height=30></a>
        </header><p>Some words.</p>""",
    )
    assert theme.name == "acme.example"
    assert theme.body_font == '"Lato", sans-serif'
    assert theme.logo_url is None
    assert theme.favicon_url is None
    assert not any(text in theme.model_dump_json() for text in ("script", "</style", "url("))


async def test_the_probe_works_under_a_strict_policy_and_clobbered_names(page: Page) -> None:
    """CSP, Trusted Types and form fields named like DOM methods do not stop it."""
    theme = await theme_of(
        page,
        """<!doctype html><meta http-equiv="Content-Security-Policy"
        content="default-src 'none'; style-src 'unsafe-inline'; require-trusted-types-for 'script'">
        <img name="body"><img name="title"><img name="querySelectorAll">
        <form><input name="getAttribute"><input name="closest"><input name="children"><p>
        <button style="background:#c2185b;color:#fff;padding:12px 40px">Send</button></form>""",
    )
    assert theme.primary == "#c2185b"


async def test_broken_structured_data_is_left_out(page: Page) -> None:
    """Invalid JSON-LD costs nothing; valid beside it still names the site and its logo."""
    theme = await theme_of(
        page,
        """<script type="application/ld+json">{"@type": </script>
        <script type="application/ld+json">{"@graph":[{"@type":["Thing","Organization"],"name":"Initech",
        "logo":{"@type":"ImageObject","url":"https://cdn.example/l.svg"}}]}</script><p>Words.</p>""",
    )
    assert (theme.name, theme.logo_url) == ("Initech", "https://cdn.example/l.svg")


async def test_a_huge_page_is_read_in_part_and_its_footer_still_seen(page: Page) -> None:
    """The walk ends after a fixed number of elements; the page's end is asked for apart."""
    cards = "<div class=card><h3>Card</h3><p>Words and <b>more</b></p></div>" * 6000
    await page.set_content(f"{cards}<footer style='background:#8a1538;height:200px'>End</footer>")
    answer = await page.evaluate(PROBE)
    assert answer["elements"] == 3000
    assert answer["surfaces"][-1]["place"] == "footer"
    assert derive_theme(Seen(url=URL, asked=URL, light=answer)).primary == "#8a1538"


async def test_the_probe_changes_nothing_and_gives_the_same_answer_twice(page: Page) -> None:
    """The page that is read next is the page as it was."""
    await page.set_content(ACME, wait_until="commit")
    before = await page.content()
    first, second = await page.evaluate(PROBE), await page.evaluate(PROBE)
    assert json.dumps(first) == json.dumps(second)
    assert await page.content() == before
