"""Pages that replace, move or listen around the widget: it stays, in its corner, with its conversation."""

import pytest

from tests.browser.chat_server import WIDGET, done, token
from tests.browser.conftest import CustomerSite, MakeVisit, Visit

NEW_BODY = """() => {
    const body = document.createElement("body");
    body.innerHTML = "<main>next page</main>";
    const script = document.createElement("script");
    script.src = document.querySelector('script[src*="/widget.js"]').src;
    script.dataset.widget = document.querySelector("script[data-widget]").dataset.widget;
    script.async = true;
    document.querySelectorAll("head script").forEach(it => it.remove());
    body.append(script);
    document.documentElement.replaceChild(body, document.body);
}"""
"""A visit as by Turbo: a new body, whose scripts run."""
REPLACEMENTS = {
    "turbo": NEW_BODY,
    "inner html": "() => {document.body.innerHTML = '<main>next page</main>'}",
    "whole document's children": "() => {document.documentElement.innerHTML = '<body><main>next page</main></body>'}",
    "replaced document": """() => document.replaceChild(new DOMParser().parseFromString(
        '<html><body><main>next page</main></body></html>', 'text/html').documentElement, document.documentElement)""",
    "document.open": "() => {document.open(); document.write('<body><main>next page</main>'); document.close()}",
    "children removed": "() => {document.querySelector('ai-widget').remove(); document.body.append('next page')}",
    "pushState": "() => {history.pushState(0, '', '/next'); document.querySelector('main').textContent = 'next page'}",
}


async def talk(tab: Visit) -> None:
    """Ask a question and get an answer."""
    tab.chat.will_answer(token("We open at nine."), done())
    await tab.ask("When do you open?")
    await tab.see("answered")


@pytest.mark.parametrize("name", REPLACEMENTS)
async def test_it_is_there_again_once_with_its_conversation(visit: MakeVisit, name: str) -> None:
    """Each way twice; the chat that was open is, and it goes on."""
    tab = await visit()
    await tab.open()
    await talk(tab)
    for _ in range(1 if name == "turbo" else 2):
        await tab.page.evaluate(REPLACEMENTS[name])
        await tab.page.get_by_text("next page").first.wait_for()
        await tab.page.wait_for_timeout(100)
        assert await tab.page.locator("ai-widget").count() == 1
        assert await tab.turn("answered").locator(".text").inner_text() == "We open at nine."
    await talk(tab)
    assert await tab.dialog.locator(".turn").count() == 2
    await tab.dialog.get_by_label("Close chat").click()
    await tab.launcher.click()
    assert await tab.dialog.locator(".turn").count() == 2
    assert tab.problems == []


async def test_a_copy_from_a_pages_cache_is_replaced_by_the_first(visit: MakeVisit, site: CustomerSite) -> None:
    """An `<ai-widget>` of the page's own goes and comes with the page."""
    site.snippet = f'<script src="{site.chat.url}/widget.js" async></script>'
    site.body = f'<ai-widget widget="{WIDGET}"></ai-widget>'
    tab = await visit()
    await tab.open()
    await talk(tab)
    await tab.page.evaluate("window.kept = document.body.innerHTML; document.body.innerHTML = 'next page'")
    assert await tab.page.locator("ai-widget").count() == 0
    await tab.page.evaluate("document.body.innerHTML = window.kept")
    assert await tab.turn("answered").locator(".text").inner_text() == "We open at nine."


async def test_a_page_that_never_lets_it_stay_is_not_fought_for_ever(visit: MakeVisit) -> None:
    """The page goes on."""
    tab = await visit()
    await tab.page.evaluate("""() => {
        window.removals = 0;
        new MutationObserver(() => document.querySelector('ai-widget') && (
            window.removals++, document.querySelector('ai-widget').remove()
        )).observe(document.documentElement, {childList: true});
        document.querySelector('ai-widget').remove();
    }""")
    await tab.page.wait_for_timeout(200)
    assert 1 < await tab.page.evaluate("removals") < 100


HOTKEYS = {
    "deep active element": """addEventListener("keydown", e => {
        let a = document.activeElement;
        while (a && a.shadowRoot && a.shadowRoot.activeElement) a = a.shadowRoot.activeElement;
        if (a && /^(INPUT|TEXTAREA|SELECT)$/.test(a.tagName) || a && a.isContentEditable) return;
        hits.push(e.key); e.preventDefault();
    })""",
    "target": """document.addEventListener("keydown", e => {
        if (/INPUT|TEXTAREA/.test(e.target.tagName)) return;
        hits.push(e.key); e.preventDefault();
    })""",
    "keypress and keyup": """for (const type of ["keypress", "keyup"]) window.addEventListener(type, e => {
        hits.push(e.key); e.preventDefault();
    })""",
    "composed path": """addEventListener("keydown", e => {
        if (e.composedPath().some(it => it.matches && it.matches("input, textarea"))) return;
        hits.push(e.key); e.preventDefault();
    })""",
    "later, capturing": """setTimeout(() => document.addEventListener("keydown", e => {
        hits.push(e.key); e.preventDefault();
    }, true), 500)""",
    "at first, capturing, editable": """addEventListener("keydown", e => {
        const it = document.activeElement;
        if (it.isContentEditable || e.target.isContentEditable) return;
        hits.push(e.key); e.preventDefault();
    }, true)""",
    "paste": "document.addEventListener('paste', e => {hits.push('paste'); e.preventDefault()})",
    "focus": """document.addEventListener("focusin", e => {
        hits.push("focus"); document.querySelector("button").focus();
    })""",
}


@pytest.mark.parametrize("name", HOTKEYS)
async def test_keys_typed_in_the_chat_reach_no_shortcut_of_the_page(
    visit: MakeVisit, site: CustomerSite, name: str
) -> None:
    """The whole text is in the field; Enter and Escape are the chat's; outside it the page's shortcuts work."""
    site.snippet = f"<script>window.hits = []; {HOTKEYS[name]}</script>{site.snippet}"
    site.body += "<button>theirs</button>"
    tab = await visit()
    await tab.page.wait_for_timeout(500)
    await tab.open()
    await tab.page.evaluate("hits.length = 0")
    await tab.input.press_sequentially("news feed, please/ ")
    await tab.input.evaluate("""it => it.dispatchEvent(
        new ClipboardEvent("paste", {bubbles: true, composed: true, cancelable: true}))""")
    assert await tab.input.input_value() == "news feed, please/ "
    tab.chat.will_answer(token("Yes."), done())
    await tab.input.press("Enter")
    await tab.see("answered")
    assert await tab.page.evaluate("hits") == []
    await tab.input.press("Escape")
    await tab.dialog.wait_for(state="hidden")
    if "paste" not in name:
        await tab.page.get_by_text("theirs").focus()
        await tab.page.keyboard.press("s")
        assert await tab.page.evaluate("hits.length") > 0


STYLES = [
    "transform: translateZ(0)",
    "filter: grayscale(0)",
    "contain: paint",
    "will-change: transform",
    "zoom: .5",
    "perspective: 100px; overflow: hidden; position: relative",
    "backdrop-filter: blur(1px); container-type: inline-size",
]


@pytest.mark.parametrize("style", STYLES)
async def test_styles_of_the_body_move_nothing(visit: MakeVisit, site: CustomerSite, style: str) -> None:
    """The button is in the corner of the window in its own size, also when the page is scrolled."""
    site.body = f"<style>body {{{style}}}</style><div style='height: 3000px'></div>"
    tab = await visit()
    await tab.page.evaluate("scrollTo(0, 600)")
    box = await tab.launcher.bounding_box()
    size = await tab.page.evaluate("({width: document.documentElement.clientWidth, height: innerHeight})")
    assert box is not None
    assert (box["width"], box["height"]) == (60, 60)
    assert (box["x"] + 80, box["y"] + 80) == (size["width"], size["height"])


async def test_it_is_not_printed(visit: MakeVisit) -> None:
    """Neither button nor chat."""
    tab = await visit()
    await tab.open()
    await tab.page.emulate_media(media="print")
    assert await tab.page.locator("ai-widget").evaluate("it => getComputedStyle(it).display") == "none"
    assert await tab.launcher.bounding_box() is None


WRAPPERS = {
    "adds a header": "(url, init = {}) => real(url, {...init, headers: {...init.headers, 'X-Trace': '1'}})",
    "throws": "() => {throw new Error('theirs')}",
    "rejects": "() => Promise.reject(new Error('theirs'))",
    "answers with data": "(...args) => real(...args).then(answer => answer.text())",
    "reads the answer": "(...args) => real(...args).then(async answer => {await answer.text(); return answer})",
    "answers with nothing": "async () => undefined",
}


@pytest.mark.parametrize("name", WRAPPERS)
async def test_a_page_that_wraps_fetch_or_console_breaks_nothing(
    visit: MakeVisit, site: CustomerSite, name: str
) -> None:
    """The chat loads and answers; the page keeps its wrapper."""
    wrap = f"const real = window.fetch; window.fetch = {WRAPPERS[name]}; const theirs = window.fetch;"
    quiet = "for (const name in console) console[name] = () => {throw new Error('theirs')};"
    site.snippet = f"<script>{wrap}{quiet}</script>{site.snippet}"
    tab = await visit()
    await tab.open()
    if name in ("answers with data", "reads the answer"):
        # The first answer is lost in the wrapper.
        tab.chat.will_answer(token("Lost."), done())
    await talk(tab)
    assert await tab.page.evaluate("window.fetch === theirs")
