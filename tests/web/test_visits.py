"""Content that a visitor sees: after settling, scrolling and unfolding, in shadow roots and frames."""

import asyncio

import pytest
from aiohttp import web

from tasks.core.models import FetchedPage, Target
from tasks.web.content.main_content import read_page
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.rendered import RenderedFetcher, open_rendered_fetcher
from tests.web.conftest import Answer, html, make_settings, serve, silence

PROSE = "<p>" + "The old mill stands by the river and grinds flour for the village. " * 8 + "</p>"


async def read(fetcher: RenderedFetcher, routes: dict[str, Answer]) -> str:
    """Read the page at `/`; return its Markdown."""
    async with serve(routes) as site:
        return read_page(await show(fetcher, site.url)).markdown


async def show(fetcher: RenderedFetcher, url: str) -> FetchedPage:
    """Fetch the page at `/`."""
    return (await fetcher.fetch(Target(url=f"{url}/", depth=1))).page


def later(text: str, seconds: float) -> Answer:
    """A delayed response."""

    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(seconds)
        return web.Response(text=text)

    return answer


FETCHES = f"""<body><main><h1>Mill</h1>{PROSE}<div id=more></div></main><script>
fetch('/slow').then(r => r.text()).then(text => fetch('/then')).then(r => r.text()).then(text => more.innerText = text)
</script></body>"""


async def test_a_page_is_read_when_what_its_scripts_fetch_is_there(rendered: RenderedFetcher) -> None:
    """However long the document itself has not changed: one response leads to the next request."""
    routes = {"/": html(FETCHES), "/slow": later("", 0.8), "/then": later("Open on Mondays.", 0.4)}
    assert "Open on Mondays." in await read(rendered, routes)


async def test_a_page_that_says_it_is_loading_is_waited_for(rendered: RenderedFetcher) -> None:
    """Although no request is visible."""
    body = "<main id=app>Loading…</main><script>setTimeout(() => app.innerHTML = '<p>All there.</p>', 900)</script>"
    assert "All there." in await read(rendered, {"/": html(body)})


async def test_what_is_never_answered_does_not_hold_a_page(gate: Gate) -> None:
    """Neither requests of its scripts nor a blocking script: its text has been sent."""
    poll = f"<main><h1>Mill</h1>{PROSE}</main><script>fetch('/never?at=' + Math.random())</script>"
    script = f"<body><script src=/never></script><main><h1>Mill</h1>{PROSE * 2}</main></body>"
    settings = make_settings(page_timeout_s=8)
    async with (
        open_rendered_fetcher(settings, gate) as fetcher,
        serve({"/poll": html(poll), "/script": html(script), "/never": silence}) as site,
    ):
        targets = [Target(url=f"{site.url}/{name}", depth=1) for name in ("poll", "script")]
        for rendered in await asyncio.gather(*(fetcher.fetch(target) for target in targets)):
            assert "old mill" in read_page(rendered.page).markdown


LAZY = (
    "<main><h1>Mill</h1>"
    + "".join(f"<section style='height:900px' id=s{n}></section>" for n in range(8))
    + "</main><script>"
    + "const seen = new IntersectionObserver(all => all.filter(e => e.isIntersecting).forEach(e => {"
    + " e.target.innerHTML = '<p>Part ' + e.target.id + '</p>'; seen.unobserve(e.target) }));"
    + "document.querySelectorAll('section').forEach(s => seen.observe(s))</script>"
)
ENDLESS = """<main id=list><h1>Feed</h1></main><script>
let n = 0;
const item = () => `<p style="height:300px">Item ${n++}.</p>`;
const grow = () => { for (let i = 0; i < 10; i++) list.insertAdjacentHTML('beforeend', item()) };
grow();
addEventListener('scroll', () => { if (scrollY + innerHeight > document.body.scrollHeight - 600) grow() });
</script>"""


async def test_what_appears_by_scrolling_is_read(rendered: RenderedFetcher) -> None:
    """Each part of a long page."""
    markdown = await read(rendered, {"/": html(LAZY)})
    assert [n for n in range(8) if f"Part s{n}" not in markdown] == []


async def test_a_page_without_end_ends(rendered: RenderedFetcher) -> None:
    """After a few screens."""
    markdown = await read(rendered, {"/": html(ENDLESS)})
    assert "Item 15." in markdown
    assert "Item 2000." not in markdown


FOLDED = f"""<header><nav><button aria-expanded=false onclick="document.title='menu'">Menu</button></nav></header>
<main><h1>Mill</h1>{PROSE}
<details id=d><summary>When?</summary><div id=lazy></div></details>
<h3><button aria-expanded=false aria-controls=panel>How?</button></h3><div id=panel hidden>By water.</div>
<h3><button aria-expanded=false id=ask>Why?</button></h3><div id=answer></div>
<button onclick="rest.innerText = 'The rest of it.'">Read more</button><div id=rest></div>
<button onclick="bought.innerText = 'Bought!'">Add to cart</button><div id=bought></div>
<form action=/sent><button aria-expanded=false onclick="bought.innerText = 'Sent!'">Details</button></form>
<a href="/away" role=button aria-expanded=false>More</a></main>
<script>
d.addEventListener('toggle', () => lazy.innerText = 'On Mondays.');
ask.addEventListener('click', () => answer.innerText = 'For bread.');
</script>"""


async def test_what_is_folded_away_is_read_and_nothing_else_is_pressed(rendered: RenderedFetcher) -> None:
    """Details, panels, answers and the rest of a text; no menus, forms, carts, links."""
    async with serve({"/": html(FOLDED), "/away": html("away"), "/sent": html("sent")}) as site:
        page = await show(rendered, site.url)
        markdown = read_page(page).markdown
        for answer in ("On Mondays.", "By water.", "For bread.", "The rest of it."):
            assert answer in markdown
        assert "Bought!" not in markdown
        assert "Sent!" not in markdown
        assert "<title>menu" not in page.html
        assert {"/away", "/sent"}.isdisjoint(site.asked)


async def test_a_press_that_leads_away_is_taken_back(rendered: RenderedFetcher) -> None:
    """The page is read as before the press."""
    body = f"<main><h1>Mill</h1>{PROSE}<button onclick=\"location='/away'\">Show more</button></main><script>1</script>"
    async with serve({"/": html(body), "/away": html("<p>Elsewhere.</p>")}) as site:
        page = await show(rendered, site.url)
        assert page.final_url == f"{site.url}/"
        assert "old mill" in page.html


SHADOW = f"""<main><mill-card><span slot=name>Alder</span><p>Not shown.</p></mill-card>{PROSE}</main>
<script>
customElements.define('mill-card', class extends HTMLElement {{
  connectedCallback() {{
    this.attachShadow({{mode: 'open'}}).innerHTML =
      '<style>p {{color: red}}</style><h2>Card of <slot name=name></slot></h2><mill-detail></mill-detail>';
  }}
}});
customElements.define('mill-detail', class extends HTMLElement {{
  connectedCallback() {{
    const root = this.attachShadow({{mode: 'open'}});
    setTimeout(() => root.innerHTML = '<p>Built in 1871. <a href="/history">History</a></p>', 100);
  }}
}});
</script>"""


async def test_open_shadow_roots_are_read_in_their_places(rendered: RenderedFetcher) -> None:
    """Also nested ones; slotted content is in its place, unslotted content is absent; styles are not text."""
    async with serve({"/": html(SHADOW)}) as site:
        page = await show(rendered, site.url)
        markdown = read_page(page).markdown
        assert "Card of Alder" in markdown
        assert f"Built in 1871. [History]({site.url}/history)" in markdown
        assert "Not shown." not in markdown
        assert "color: red" not in markdown


async def test_frames_of_the_site_are_read_and_those_of_others_are_not(rendered: RenderedFetcher) -> None:
    """Their links are relative to them."""
    frame = html("<p>Opening hours: nine to five.</p><a href='map'>Map</a>")
    async with serve({"/": html("<p>An advertisement.</p>")}) as other:
        body = f"<main>{PROSE}<iframe src='/info/hours'></iframe><iframe src='{other.url}/'></iframe></main>"
        async with serve({"/": html(body), "/info/hours": frame}) as site:
            markdown = read_page(await show(rendered, site.url)).markdown
            assert "Opening hours: nine to five." in markdown
            assert f"[Map]({site.url}/info/map)" in markdown
            assert "An advertisement." not in markdown


WIDGETS = f"""<main><h1>Mill</h1>{PROSE}<p>Our cookie recipe needs your consent to be eaten.</p></main>
<div id=usercentrics-root></div>
<div style="position:fixed;bottom:0"><p>We use cookies to improve our service.</p><button>Accept all</button></div>
<div class=intercom-lightweight-app style="position:fixed;right:0;bottom:0"><p>Hi there! How can we help?</p></div>
<div style="position:fixed;top:0"><nav><a href=/prices>Prices</a></nav></div>
<script>
document.querySelector('#usercentrics-root').attachShadow({{mode: 'open'}}).innerHTML =
  '<div role=dialog><p>Privacy settings of this site.</p><button>Deny</button></div>';
</script>"""


async def test_questions_for_consent_and_chats_are_left_out(rendered: RenderedFetcher) -> None:
    """Also those in shadow roots; a text about cookies stays, and so do links of a menu that stays in view."""
    async with serve({"/": html(WIDGETS)}) as site:
        page = await show(rendered, site.url)
        markdown = read_page(page).markdown
        assert "cookie recipe" in markdown
        for words in ("We use cookies", "How can we help", "Privacy settings", "Deny"):
            assert words not in markdown
        assert "/prices" in page.html


@pytest.mark.parametrize("broken", ["Array.prototype.map = null", "window.MutationObserver = null; Promise = null"])
async def test_a_page_that_replaced_built_ins_is_read(rendered: RenderedFetcher, broken: str) -> None:
    """Our scripts run in an isolated world."""
    body = f"<main><details><summary>When?</summary>On Mondays.</details>{PROSE}</main><script>{broken}</script>"
    assert "On Mondays." in await read(rendered, {"/": html(body)})
