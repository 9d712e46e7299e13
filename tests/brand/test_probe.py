"""What the probe sees in real Chromium, and the theme that follows."""

import io
import json

import pytest
from PIL import Image
from playwright.async_api import Page

from tasks.brand.colours import difference
from tasks.brand.derived_theme import HomePageProbe, derive_theme, neutral_theme
from tasks.brand.probe import PROBE
from tasks.core.oklch import contrast
from tests.brand.probing import ACME, COOKIE_BAR, URL, WORDS, theme_of


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
    assert derive_theme(HomePageProbe(url=URL, requested_url=URL, light=answer)).primary == "#8a1538"


async def test_the_probe_changes_nothing_and_gives_the_same_answer_twice(page: Page) -> None:
    """The page that is read next is the page as it was."""
    await page.set_content(ACME, wait_until="commit")
    before = await page.content()
    first, second = await page.evaluate(PROBE), await page.evaluate(PROBE)
    assert json.dumps(first) == json.dumps(second)
    assert await page.content() == before


async def test_a_web_font_that_cannot_be_loaded_is_not_the_sites_font(page: Page) -> None:
    """What is shown in its place is."""
    await page.route("**/*", lambda route: route.abort())
    await page.set_content(
        """<style>@font-face{font-family:Ghost;src:url(https://www.acme.example/ghost.woff2)}
        body{font-family:Ghost,"__Lora_1a2b3c","__Lora_Fallback_1a2b3c",serif}</style><p>Some words to read.</p>""",
        wait_until="commit",
    )
    await page.evaluate("document.fonts.ready")
    theme = derive_theme(HomePageProbe(url=URL, requested_url=URL, light=await page.evaluate(PROBE, "light")))
    assert theme.body_font == '"Lora", "__Lora_1a2b3c", serif'


async def test_a_site_with_a_dark_scheme_of_its_own_gives_the_dark_tokens(page: Page) -> None:
    """Even where its colours take their time to change."""
    theme = await theme_of(
        page,
        f"""<meta name=color-scheme content="light dark"><style>:root{{--bg:#fff;--fg:#1c1e21}}
        @media(prefers-color-scheme:dark){{:root{{--bg:#1b1b1d;--fg:#e3e3e3}}}}
        body{{background:var(--bg);color:var(--fg);transition:background 9s,color 9s}}</style><h1>Docs</h1>{WORDS}""",
    )
    assert (theme.scheme, theme.background) == ("light", "#ffffff")
    assert (theme.other_background, theme.other_text) == ("#1b1b1d", "#e3e3e3")
    assert theme.tokens["dark"]["--aw-bg"] == "#1b1b1d"


async def test_language_tone_and_greeting_follow_the_text(page: Page) -> None:
    """A German site that a template calls English, and that says Sie."""
    prose = (
        "Wir liefern Ihnen Strom, Gas und Wasser. Unsere Mitarbeiter beraten Sie gern zu Ihrem Tarif und zu allen "
        "Fragen rund um Ihren Hausanschluss. Wir freuen uns, dass Sie sich für uns entschieden haben."
    )
    title = "<title>Stadtwerke Musterstadt</title>"
    theme = await theme_of(page, f"<html lang=en>{title}<h1>Willkommen</h1><p>{prose * 2}</p>")
    assert (theme.language, theme.tone, theme.name) == ("de", "formal", "Stadtwerke Musterstadt")
    assert theme.greeting == "Guten Tag! Was möchten Sie über Stadtwerke Musterstadt wissen?"
    assert theme.monogram == "SM"


async def test_a_consent_page_in_place_of_the_site_gives_the_neutral_theme(page: Page) -> None:
    """Named after the address that was asked for."""
    await page.set_content(
        """<title>Before you continue: cookies</title><style>body{background:#012}</style><h1>Cookies and consent</h1>
        <p>We and our partners use cookies.</p><button style="background:#1a73e8;padding:20px">Accept all</button>""",
        wait_until="commit",
    )
    probe = HomePageProbe(
        url="https://consent.big.example/m?continue=x", requested_url=URL, light=await page.evaluate(PROBE, "light")
    )
    assert derive_theme(probe) == neutral_theme(URL)


async def test_three_megabytes_of_styles_change_nothing(page: Page) -> None:
    """What is not used is not looked at; invalid colours are none."""
    rules = "".join(f".u{n}{{color:#{n % 4096:03x};background:rgb({n % 256} 0 0)}}" for n in range(60_000))
    variables = ";".join(f"--primary-{n}:bogus({n})" for n in range(5_000))
    theme = await theme_of(page, ACME.replace("<style>", f"<style>{rules} :root{{{variables};--brand:#12}}"))
    assert theme.primary == "#7c3aed"


INLINE = """<style>header{{background:{ground};color:#ffd400;padding:20px}} header a{{color:inherit}}
.m{{fill:currentColor}} .n{{fill:oklch(0.7 0.2 150)}}</style>
<svg style="display:none"><symbol id="s" viewBox="0 0 40 40"><path fill="#c2185b" d="M0 0h40v40z"/></symbol></svg>
<header><a href="/" class="logo" aria-label="Acme">{logo}</a></header><h1>Anvils</h1>"""
DRAWN = {
    "in the colour of the text": ('<svg width="90" height="30"><path class="m" d="M0 0h90v30H0z"/></svg>', "#ffd400"),
    "in a colour of the style sheet": ('<svg viewBox="0 0 9 3"><path class="n" d="M0 0h9v3H0z"/></svg>', "#00c057"),
    "from a sprite": ('<svg width="40" height="40"><use href="#s"/></svg>', "#c2185b"),
    "as a data: URL": (
        """<img width="40" height="40" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' """
        """viewBox='0 0 4 4'%3E%3Cpath fill='%23c2185b' d='M0 0h4v4H0z'/%3E%3C/svg%3E">""",
        "#c2185b",
    ),
}


@pytest.mark.parametrize("way", DRAWN)
async def test_a_logo_drawn_within_the_page_is_the_widgets_too(page: Page, way: str) -> None:
    """As the page's styles colour it."""
    logo, colour = DRAWN[way]
    theme = await theme_of(page, INLINE.format(ground="#112233", logo=logo))
    assert theme.logo_tile is not None
    tile = Image.open(io.BytesIO(theme.logo_tile)).convert("RGB")
    seen = {"#{:02x}{:02x}{:02x}".format(*pixel) for _, pixel in tile.getcolors(10_000) or []}  # type: ignore[misc]
    assert min(difference(colour, one) for one in seen) < 3


async def test_links_within_the_page_lead_home_only_from_the_header(page: Page) -> None:
    """Placeholders make neither customers' logos nor the menu the site's own."""
    theme = await theme_of(
        page,
        f"""<header><a class="navbar-brand" href="#page-top">Orrery</a><a href="#about">About us</a></header>
        <main><h1>Planets for your desk</h1>{WORDS * 5}
        <a href="#!"><img src="{URL}customer.png" width="90" height="40" alt="customer logo"></a>
        <a href="#pablo"><img src="{URL}avatar.png" width="40" height="40"></a></main>
        <footer>© 2026 Somebody. Template by Webmakers</footer>""",
    )
    assert (theme.name, theme.logo_url) == ("Orrery", None)


async def test_the_name_in_the_header_is_its_first_line(page: Page) -> None:
    """Marked as the logo, without a link; as written, not as the style capitalises it."""
    theme = await theme_of(
        page,
        f"""<title>Good roofs for ever</title><header style="text-transform:uppercase">
        <div class="logo"><h2>Wälter Brothers</h2><span class="tagline">Since 1950, for you</span></div></header>
        <main><h1>Good roofs</h1>{WORDS * 5}</main>""",
    )
    assert (theme.name, theme.sources["name"]) == ("Wälter Brothers", "name in the header")


async def test_neither_customers_nor_slides_nor_decoration_are_the_logo(page: Page) -> None:
    """A header may hold the whole first screen."""
    theme = await theme_of(
        page,
        f"""<style>li a {{ background: url({URL}tab.gif) no-repeat; display: block; height: 40px }}</style>
        <header><div class="clients"><img src="{URL}logo-acme.png" alt="Acme" width="90" height="40"></div>
        <ul><li><a href="/"> </a></li></ul>
        <a href="/"><img src="{URL}slide1-1.jpg" width="900" height="350"></a>
        <h1>Planets for your desk</h1>
        <div style="margin-top:300px"><img src="{URL}brand-9.png" width="90" height="40"></div></header>
        <main>{WORDS * 5}</main>""",
    )
    assert theme.logo_url is None


async def test_the_logo_of_a_menu_below_the_first_picture_is_the_sites(page: Page) -> None:
    """The menu's background is the header's."""
    theme = await theme_of(
        page,
        f"""<body style="margin:0"><main style="height:640px"><h1>Planets</h1>{WORDS}</main>
        <div role="navigation" style="background:#15bd40;height:60px"><a class="navbar-brand" href="">
        <img src="{URL}logo.png" width="90" height="40"></a><a href="#about">About</a></div>{WORDS * 5}""",
    )
    assert (theme.logo_url, theme.primary) == (f"{URL}logo.png", "#15bd40")


async def test_a_link_in_a_box_that_looks_like_a_button_is_one(page: Page) -> None:
    """And the current entry of the menu is less than a button."""
    theme = await theme_of(
        page,
        f"""<nav><ul><li><a href="/" style="background:#ffc780;padding:12px 30px">Home page of ours</a></li></ul></nav>
        <main><h1>Laundry</h1>
        <div style="background:#4375e7;width:180px;padding:12px"><a href="/book">Book now</a></div>
        {WORDS * 5}</main>""",
    )
    assert theme.primary == "#4375e7"
