"""The brand's colour: found however it is painted or written, and whatever else is on the page."""

import hashlib
import re

import pytest
from playwright.async_api import Page

from tasks.brand.colours import difference
from tests.brand.probing import ACME, WORDS, theme_of

PAINT = "padding:14px 40px;text-decoration:none;display:inline-block"
"""Of a button of usual size."""


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
