"""What the probe sees in real Chromium, and the theme that follows."""

import hashlib
import io
import json
import re

import pytest
from PIL import Image
from playwright.async_api import Page, Route

from tasks.brand.colours import difference
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
    """The theme of a page with this HTML at `URL`, seen in both schemes."""

    async def answer(route: Route) -> None:
        is_page = route.request.resource_type == "document"
        await (route.fulfill(body=html, content_type="text/html; charset=utf-8") if is_page else route.abort())

    await page.route("**/*", answer)
    await page.goto(URL)
    light = await page.evaluate(PROBE, "light")
    await page.emulate_media(color_scheme="dark")
    return derive_theme(Seen(url=URL, asked=URL, light=light, dark=await page.evaluate(PROBE, "dark")))


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


PAINT = "padding:14px 40px;text-decoration:none;display:inline-block"
"""Of a button of usual size."""
WORDS = "<p>Careful tools for people who press, dry and label plants. <a href='/more'>Read more about them</a></p>"


# `{}` stands for the measures of a usual button.
BUTTONS = {
    "white on a colour": (
        "#0f7b6c",
        "<section style='background:#0f7b6c;padding:120px'>"
        "<a href=/x style='background:#fff;color:#111;{}'>Open an account</a></section>",
    ),
    "outlined": ("#b4006c", "<a href=/x style='border:2px solid #b4006c;color:#b4006c;{}'>Discover</a>"),
    "black": ("#111111", "<a href=/x style='background:#111;color:#fff;{}'>Shop</a><p style='color:#c00'>20% off</p>"),
    "black with coloured links": (
        "#0a0a0a",
        "<a href=/x style='background:#0a0a0a;color:#fff;{}'>Deploy</a>"
        "<p><a href=/y style='color:#0070f3'>The documentation is here</a></p>",
    ),
    "pseudo-element": (
        "#6d28d9",
        "<style>.b {{position:relative;z-index:0}} .b::before {{content:'';position:absolute;inset:0;z-index:-1;"
        "background:#6d28d9}}</style><a class=b href=/x style='{}'>Try it</a>",
    ),
    "filled child": (
        "#8a1538",
        "<a href=/x style='{}'><span style='background:#8a1538;color:#fff;display:block;margin:-14px -40px;"
        "padding:14px 40px'>Enrol</span></a>",
    ),
    "pale": ("#3730c3", "<a href=/x style='background:#eef2ff;color:#3730c3;{}'>Start here</a>"),
    "shadow root": (
        "#8e24aa",
        "<div id=host></div><script>host.attachShadow({{mode:'open'}}).innerHTML="
        "`<main><button style='background:#8e24aa;color:#fff;{}'>Join us</button></main>`</script>",
    ),
}
NOISE = {
    "consent": "<div class=x1 style='background:#e30613;padding:20px'>Wir verwenden Cookies. "
    "<button style='background:#00c853;{}'>Alle akzeptieren</button></div>",
    "launcher": "<div style='position:fixed;right:20px;bottom:20px'>"
    "<button style='background:#286efa;{}'>Chat with us</button></div>",
    "foreign widget": "<div id='intercom-container'><button style='background:#286efa;{}'>Messages</button></div>",
    "sign-in": "<a href=/g style='background:#4285f4;color:#fff;{}'>Continue with Google or Facebook</a>",
    "delete": "<button style='background:#e7000b;color:#fff;{}'>Delete everything for ever</button>",
    "badges": "<p><a href=/1 style='background:#4c1;{0}'>passing</a>"
    "<a href=/2 style='background:#007ec6;{0}'>v4.2.42</a><a href=/3 style='background:#e05d44;{0}'>no wheel</a></p>",
    "customer": "<a href='https://c.example'><svg class=logo width=300 height=90>"
    "<rect width=300 height=90 fill='#e4002b'/></svg></a>",
    "alert": "<div role=alert style='background:#dc3545;padding:30px'>"
    "<a href=/down style='background:#dc3545;{}'>We are down</a></div>",
    "pale section": "<section style='background:#fef6e4;padding:200px'>Trusted by botanists</section>",
    "frame": "<iframe srcdoc='<button style=background:#00c853>Buy</button>' width=1400 height=300></iframe>",
}


@pytest.mark.parametrize("kind", BUTTONS)
async def test_the_brand_is_found_however_its_button_is_painted(page: Page, kind: str) -> None:
    """Filled or not, in whichever layer: what the visitor sees counts."""
    primary, button = BUTTONS[kind]
    theme = await theme_of(page, f"<body style='margin:0'><h1>Acme</h1>{button.format(PAINT)}{WORDS}")
    assert theme.primary == primary


@pytest.mark.parametrize("kind", NOISE)
async def test_what_is_not_the_sites_own_leaves_the_brand_alone(page: Page, kind: str) -> None:
    """Each stands before the brand's own, smaller button, in a stronger colour."""
    own = "<a href=/x style='background:#00695c;color:#fff;padding:8px 16px'>Order</a>"
    noise = NOISE[kind].format(PAINT)
    theme = await theme_of(page, f"<body style='margin:0'><h1>Acme</h1>{noise}<main>{own}{WORDS}</main>")
    assert theme.primary == "#00695c"
    assert theme.confidence >= 0.6


async def test_class_names_that_mean_nothing_change_nothing(page: Page) -> None:
    """The whole theme with its sources is the same, byte for byte."""

    def renamed(match: re.Match[str]) -> str:
        return f"c{hashlib.sha256(match[0].encode()).hexdigest()[:6]}"

    html = ACME.replace('id="cookie-banner"', 'class="bar"').replace("customer-logo", "customer")
    changed = re.sub(r"\b(go|bar|customer|alert-danger|alert|fa)\b(?=[ \"]|\{)", renamed, html)
    assert changed.count('class="c') >= 3
    before = await theme_of(page, html)
    await page.unroute_all()
    await page.emulate_media(color_scheme="light")
    after = await theme_of(page, changed)
    assert after.primary == before.primary == "#7c3aed"
    assert after.model_dump_json() == before.model_dump_json()


async def test_a_web_font_that_cannot_be_loaded_is_not_the_sites_font(page: Page) -> None:
    """What is shown in its place is."""
    await page.route("**/*", lambda route: route.abort())
    await page.set_content(
        """<style>@font-face{font-family:Ghost;src:url(https://www.acme.example/ghost.woff2)}
        body{font-family:Ghost,"__Lora_1a2b3c","__Lora_Fallback_1a2b3c",serif}</style><p>Some words to read.</p>""",
        wait_until="commit",
    )
    await page.evaluate("document.fonts.ready")
    theme = derive_theme(Seen(url=URL, asked=URL, light=await page.evaluate(PROBE, "light")))
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
    seen = Seen(url="https://consent.big.example/m?continue=x", asked=URL, light=await page.evaluate(PROBE, "light"))
    assert derive_theme(seen) == neutral_theme(URL)


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


TEXT = "<p>Careful tools for people who press, dry and label plants, made to last for generations.</p>" * 4
WAYS = {
    "bare HSL channels": (":root{--primary:262.1 83.3% 57.8%} .go{background:hsl(var(--primary))}", "#7c3aed"),
    "bare RGB channels": (":root{--primary:13 148 136} .go{background:rgb(var(--primary)/1)}", "#0d9488"),
    "oklch in a layer": (
        "@layer a{:root{--brand:oklch(.66 .118 194)}} @layer b{.go{background:var(--brand)}}",
        "#00a8a7",
    ),
    "a mixture": (".go{background:color-mix(in oklab, #d9480f 96%, black)}", "#ce440e"),
    "nested rules": ("main{& .go{background:#00796b; &:hover{background:#000}}}", "#00796b"),
    "a wider gamut": (".go{background:color(display-p3 .9 .25 .27)}", "#fa273c"),
    "a gradient": (".go{background-image:linear-gradient(90deg,#6366f1,#a855f7)}", "#6366f1"),
    "a layer of its own": (
        ".go::before{content:'';position:absolute;inset:0;background:#c026d3;z-index:-1}",
        "#c026d3",
    ),
    "black and nothing else": (":root{--primary:240 5.9% 10%} .go{background:hsl(var(--primary))}", "#18181b"),
    "raised grey on a dark page": ("body{background:#272b30;color:#aaa} .go{background:#3a3f44}", "#3a3f44"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("button", ['<a class="go" href="/s">Start now</a>', '<div class="go">Start now</div>'])
async def test_a_buttons_colour_is_found_however_it_is_written(page: Page, way: str, button: str) -> None:
    """Also where a script makes a button of something else."""
    css, colour = WAYS[way]
    shape = ".go{display:inline-block;position:relative;z-index:0;padding:12px 24px;color:#fff;cursor:pointer}"
    html = f"<!doctype html><style>{shape}{css}</style><main><h1>Plants</h1>{TEXT}{button}</main>"
    assert difference((await theme_of(page, html)).primary, colour) < 3


@pytest.mark.parametrize(("link", "grey"), [("#e0203a", "#3a3f44"), ("#3ab0ff", "#30343a")])
async def test_raised_grey_gives_way_to_any_colour(page: Page, link: str, grey: str) -> None:
    """That of links is enough."""
    css = f"body{{background:#16181b;color:#ccc}} a{{color:{link}}} button{{background:{grey};color:#fff;padding:9px}}"
    html = f"<style>{css}</style><main><h1>Plants</h1>{TEXT}<p>See <a href=/x>how</a>.</p><button>Menu</button></main>"
    assert (await theme_of(page, html)).primary == link


async def test_an_offer_laid_over_the_page_does_not_outvote_the_page(page: Page) -> None:
    """However large its button is; where it is the only one, it says what it can."""
    css = (
        ".go{background:#0f4c81;color:#fff;padding:12px 24px} .offer{position:fixed;inset:25%;background:#fff}"
        ".offer button{background:#ff3366;color:#fff;padding:20px 120px;border:0}"
    )
    offer = '<div class="offer" role="dialog"><h2>10 % off</h2><button>Subscribe</button></div>'
    for button, found in (('<a class="go" href="/s">Shop now</a>', "#0f4c81"), ("", "#ff3366")):
        html = f"<style>{css}</style><main><h1>Plants</h1>{TEXT}{button}</main>{offer}"
        assert (await theme_of(page, html)).primary == found
