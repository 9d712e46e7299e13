"""The widget on a customer's page: small, quiet, isolated, and controlled by the page's scripts."""

import asyncio
import io
import json
import re
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Route, expect

from tasks.core.oklch import contrast
from tasks.core.palette import choose_text_colour, with_tokens
from tasks.core.theme_model import Theme
from tests.browser.chat_server import HOLD, WIDGET, citation, citations, done, token
from tests.browser.conftest import THEME, CustomerSite, MakeVisit, Visit

STRICT = (
    "default-src 'none'; script-src {0}; connect-src {0}; img-src {0};"
    " require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'"
)
BACKGROUND = "it => getComputedStyle(it).backgroundColor"


async def test_the_widget_works_on_a_page_that_allows_only_its_origin(visit: MakeVisit, site: CustomerSite) -> None:
    """With `default-src 'none'` and Trusted Types, and without violations or console messages."""
    site.headers = {"Content-Security-Policy": STRICT.format(site.chat.url)}
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(
        token("**Yes**, we do [1].\n\n| a | b |\n|---|---|\n| `c` | d |"), citations(citation(1)), done()
    )
    await tab.ask("Do you deliver?")
    answer = await tab.see("answered")
    assert await answer.locator("strong").inner_text() == "Yes"
    assert await answer.locator("a.mark").get_attribute("href") == "https://site.example/page"
    assert await tab.dialog.locator("header").evaluate(BACKGROUND) == "rgb(47, 111, 62)"
    assert tab.problems == []


async def test_only_loader_and_configuration_are_fetched_before_the_chat_is_wanted(visit: MakeVisit) -> None:
    """The panel is loaded when the button is hovered or focused."""
    tab = await visit()
    own = [request.removeprefix(tab.chat.url) for request in tab.requests if request.startswith(tab.chat.url)]
    assert own == ["/widget.js", f"/api/public/widgets/{WIDGET}"]
    async with tab.page.expect_request("**/widget/panel-*.js"):
        await tab.launcher.hover()


async def test_nothing_typed_after_the_click_is_lost(visit: MakeVisit, site: CustomerSite) -> None:
    """While the panel loads it is kept from the page and the button; later clicks and spaces change nothing."""
    site.body = "<script>document.onkeypress = () => document.title += '!'</script><h1>Shop</h1>"
    tab = await visit()
    go_on = asyncio.Event()

    async def wait(route: Route) -> None:
        await go_on.wait()
        await route.continue_()

    await tab.page.route("**/widget/panel-*.js", wait)
    await tab.launcher.click()
    await tab.page.keyboard.type("Who are")
    await tab.launcher.click()
    await tab.page.keyboard.type(" you ")
    await expect(tab.launcher).to_have_attribute("aria-busy", "true")
    go_on.set()
    await expect(tab.input).to_be_focused()
    await tab.page.keyboard.type("now?")
    await expect(tab.input).to_have_value("Who are you now?")
    assert await tab.page.title() == "Shop"
    await tab.page.keyboard.press("Escape")
    await expect(tab.launcher).to_be_focused()
    for state in ("true", "false", "true"):
        await tab.page.keyboard.press("Space")
        await expect(tab.launcher).to_have_attribute("aria-expanded", state)
        await expect(tab.launcher).not_to_have_attribute("aria-busy", "true")
        await tab.launcher.focus()
    await expect(tab.input).to_have_value("Who are you now?")


async def test_nothing_on_the_page_moves(visit: MakeVisit) -> None:
    """No layout shift, as measured by the browser, and no scrollbar."""
    tab = await visit()
    await tab.open()
    shifts = """() => new Promise(resolve => {
        new PerformanceObserver(list => resolve(list.getEntries().map(it => it.value)))
            .observe({type: "layout-shift", buffered: true});
        requestAnimationFrame(() => requestAnimationFrame(() => resolve([])));
    })"""
    assert await tab.page.evaluate(shifts) == []
    assert await tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_pages_cannot_look_inside(visit: MakeVisit) -> None:
    """The shadow root is closed, and the page's styles end at it."""
    tab = await visit(closed=True)
    await tab.page.wait_for_function("AIWidget && document.querySelector('ai-widget').lang")
    assert await tab.page.evaluate("document.querySelector('ai-widget').shadowRoot") is None


async def test_the_pages_styles_do_not_reach_it(visit: MakeVisit, site: CustomerSite) -> None:
    """Not even `!important` ones."""
    site.body = "<style>* {color: red !important; font-size: 40px !important} ai-widget {position: static}</style>"
    tab = await visit()
    await tab.open()
    assert await tab.launcher.evaluate("it => getComputedStyle(it).color") == "rgb(255, 255, 255)"
    assert await tab.input.evaluate("it => getComputedStyle(it).fontSize") == "15px"
    assert await tab.page.locator("ai-widget").evaluate("it => getComputedStyle(it).position") == "fixed"


async def test_the_widget_uses_the_pages_fonts(visit: MakeVisit) -> None:
    """Those named in the theme."""
    tab = await visit()
    await tab.open()
    assert await tab.dialog.locator("h2").evaluate("it => getComputedStyle(it).fontFamily") == "Georgia, serif"
    assert await tab.input.evaluate("it => getComputedStyle(it).fontFamily") == "sans-serif"


async def test_the_element_works_like_the_attribute(visit: MakeVisit, site: CustomerSite) -> None:
    """`<ai-widget>` sets the widget and its language."""
    site.snippet = f'<script src="{site.chat.url}/widget.js" async></script>'
    site.body = f'<ai-widget widget="{WIDGET}" locale="fr"></ai-widget>'
    tab = await visit()
    await tab.open()
    assert await tab.input.get_attribute("aria-label") == "Votre question"


async def test_an_unknown_widget_is_one_line_in_the_console(visit: MakeVisit, site: CustomerSite) -> None:
    """No button is shown, and the page's calls do nothing."""
    site.snippet = ""
    tab = await visit(drawn=False)
    site.snippet = f'<script src="{site.chat.url}/widget.js" data-widget="gone" async></script>'
    async with tab.page.expect_console_message(lambda message: message.text.startswith("[ai-widget]")) as message:
        await tab.page.reload()
    assert (await message.value).text == '[ai-widget] widget "gone": not found; no chat is shown'
    own = [problem for problem in tab.problems if "Failed to load resource" not in problem]
    assert len(own) == 1
    await tab.page.evaluate("AIWidget.close(); AIWidget.off('open', () => {}); AIWidget.open(); 0")
    assert await tab.page.locator("ai-widget").evaluate("it => it.getBoundingClientRect().width") == 0


async def test_loading_the_script_twice_shows_one_widget(visit: MakeVisit, site: CustomerSite) -> None:
    """And logs it."""
    site.snippet = 2 * f'<script src="{site.chat.url}/widget.js" data-widget="{WIDGET}" async></script>'
    tab = await visit()
    assert await tab.launcher.count() == 1
    assert tab.problems == ["[ai-widget] widget.js is loaded twice"]


RECORD = """
window.seen = [];
addEventListener("DOMContentLoaded", () => {
    const listen = () => {
        if (!window.AIWidget) return setTimeout(listen);
        for (const type of ["ready", "open", "close", "message", "answer", "citation_click", "feedback", "error"])
            AIWidget.on(type, ({detail}) => seen.push([type, detail]));
    };
    listen();
});
"""


async def events(tab: Visit) -> list[tuple[str, Any]]:
    """The events the page's listeners received."""
    seen: list[tuple[str, Any]] = json.loads(await tab.page.evaluate("JSON.stringify(seen)"))
    return seen


async def test_a_pages_script_can_control_the_widget_and_receives_its_events(
    visit: MakeVisit, site: CustomerSite
) -> None:
    """Every call and every event of the interface."""
    site.snippet += f"<script>{RECORD}</script>"
    tab = await visit()
    await tab.page.wait_for_function("seen.length > 0")
    tab.chat.will_answer(token("At nine [1]."), citations(citation(1)), done())
    await tab.page.evaluate("AIWidget.ask('When do you open?')")
    answer = await tab.see("answered")
    await answer.get_by_label("Helpful", exact=True).click()
    await answer.locator("a.mark").evaluate("it => {it.removeAttribute('href'); it.click()}")
    tab.chat.will_refuse(503, "dependency_unavailable")
    await tab.page.evaluate("AIWidget.ask('And on Sunday?')")
    await tab.see("failed")
    await tab.page.evaluate("AIWidget.toggle()")
    await tab.page.wait_for_function("seen.some(([type]) => type === 'close')")
    seen = await events(tab)
    assert [type_ for type_, _ in seen] == [
        *("ready", "open", "message", "answer", "feedback", "citation_click", "message", "error", "close")
    ]
    details = dict(reversed(seen))
    assert details["message"] == {"question": "When do you open?"}
    assert details["answer"]["answer"] == "At nine [1]."
    assert details["citation_click"]["n"] == 1
    assert details["feedback"]["rating"] == "up"
    assert details["error"] == {"code": "unavailable"}


async def test_a_failing_or_removed_listener_does_no_harm(visit: MakeVisit) -> None:
    """Errors in the page's listeners stay the page's."""
    tab = await visit()
    await tab.page.evaluate("""() => {
        window.heard = 0;
        const listener = () => heard++;
        AIWidget.on("open", () => {throw new Error("theirs")});
        AIWidget.on("open", listener);
        AIWidget.off("open", listener);
    }""")
    await tab.page.evaluate("AIWidget.open()")
    await tab.input.wait_for()
    assert await tab.page.evaluate("heard") == 0
    assert tab.problems == ["theirs"]


async def test_theme_and_language_change_while_it_is_open(visit: MakeVisit) -> None:
    """Button and panel, during a conversation, with a draft in the field."""
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(token("Yes."), done())
    await tab.ask("Open?")
    await tab.see("answered")
    await tab.input.fill("a draft")
    await tab.page.evaluate("Promise.all([AIWidget.setTheme({primary: '#ffd400'}), AIWidget.setLocale('de')])")
    await tab.dialog.get_by_label("Chat schließen").wait_for()
    assert await tab.dialog.locator("header").evaluate(BACKGROUND) == "rgb(255, 212, 0)"
    assert await tab.dialog.locator("header").evaluate("it => getComputedStyle(it).color") == "rgb(0, 0, 0)"
    assert await tab.turn("answered").locator(".text").inner_text() == "Yes."
    assert await tab.input.input_value() == "a draft"


async def test_a_pages_colour_changes_all_colours_as_the_service_derives_them(visit: MakeVisit) -> None:
    """Links and edges too, legible on their surfaces; a colour that is no colour, or not to be had, changes nothing."""
    tab = await visit()
    await tab.open()
    derived = with_tokens(THEME.model_copy(update={"primary": "#ffd400"})).tokens["light"]
    names = ["--aw-primary", "--aw-primary-edge", "--aw-link", "--aw-focus", "--aw-on-primary", "--aw-surface-2"]
    shown = "([it, names]) => names.map(name => getComputedStyle(it).getPropertyValue(name))"
    expected = [derived[name] for name in names]
    header = await tab.dialog.element_handle()
    await tab.page.evaluate("AIWidget.setTheme({primary: '#ffd400'})")
    assert await tab.page.evaluate(shown, [header, names]) == expected
    await tab.page.evaluate("AIWidget.setTheme({primary: 'url(//evil.example)'})")
    tab.chat.is_gone = True
    await tab.page.evaluate("AIWidget.setTheme({primary: '#00ff00'})")
    assert await tab.page.evaluate(shown, [header, names]) == expected


async def test_in_a_frame_the_button_never_covers_the_chat(visit: MakeVisit, site: CustomerSite) -> None:
    """As narrow as a phone it fills the frame, and is not modal: the owner goes on typing around it."""
    tab = await visit(drawn=False)
    site.body = '<iframe src="/framed" width="390" height="700"></iframe>'
    await tab.page.reload()
    frame = await (await tab.page.wait_for_selector("iframe")).content_frame()
    assert frame is not None
    await frame.locator(".launcher").wait_for()
    await frame.evaluate("AIWidget.open({focus: false})")
    await frame.locator("dialog.full[open]").wait_for()
    assert not await frame.locator(".launcher").is_visible()
    await frame.evaluate("AIWidget.close()")
    await frame.locator(".launcher").wait_for()


async def test_the_owners_changes_are_applied_without_losing_the_conversation(visit: MakeVisit) -> None:
    """Name, greeting, questions, colours and language; during an answer, and the draft stays."""
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(token("One. "), HOLD, token("Two."), done())
    await tab.ask("Count?")
    await tab.dialog.get_by_text("One.", exact=True).first.wait_for()
    await tab.input.press_sequentially("a draft")
    changed = with_tokens(THEME.model_copy(update={"primary": "#7c3aed"})).model_dump(mode="json")
    tab.chat.config |= {"name": "Ash & Elm", "greeting": "Hallo!", "locale": "de", "theme": changed}
    await tab.page.evaluate("AIWidget.refresh()")
    assert await tab.dialog.locator("h2").inner_text() == "Ash & Elm"
    assert await tab.dialog.locator(".welcome .text").inner_text() == "Hallo!"
    assert await tab.dialog.locator("header").evaluate(BACKGROUND) == "rgb(124, 58, 237)"
    assert await tab.launcher.get_attribute("aria-label") == "Chat: Ash & Elm"
    await tab.page.keyboard.type(" goes on")
    assert await tab.input.input_value() == "a draft goes on"
    tab.chat.go_on.set()
    assert await (await tab.see("answered")).locator(".text").inner_text() == "One. Two."
    tab.chat.config["suggested_questions"] = ["Where are you?"]
    await tab.page.evaluate("AIWidget.refresh()")
    await tab.dialog.get_by_label("Neue Unterhaltung").click()
    await tab.dialog.get_by_role("button", name="Where are you?").wait_for()
    assert tab.problems == []


async def test_a_widget_deleted_in_the_meantime_stays_as_it_was(visit: MakeVisit) -> None:
    """And logs one clear line."""
    tab = await visit()
    tab.chat.is_gone = True
    await tab.page.evaluate("AIWidget.refresh()")
    assert "[ai-widget] " in tab.problems[-1]
    assert "not found" in tab.problems[-1]
    await tab.launcher.wait_for()


async def test_destroying_it_leaves_the_page_as_it_was(visit: MakeVisit) -> None:
    """Also during an answer; later calls do nothing."""
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(token("One. "), HOLD, token("Two."), done())
    await tab.ask("Count?")
    await tab.dialog.get_by_text("One.", exact=True).first.wait_for()
    await tab.page.evaluate("AIWidget.destroy()")
    assert await tab.page.locator("ai-widget").count() == 0
    await tab.page.evaluate("AIWidget.open(); AIWidget.setTheme({primary: '#000000'}); AIWidget.setLocale('de'); 0")
    assert tab.problems == []
    tab.chat.go_on.set()


@pytest.mark.parametrize(
    "theme",
    [
        {"tokens": {"light": {"--aw-primary": "url(https://evil.example/x)", "--aw-bg": "red;} * {display:none"}}},
        {"tokens": {"light": {"--aw-font": "x'</style><script>boom()</script>", "display": "none"}}},
        {"tokens": {"light": {"--aw-radius": "expression(boom())", "--aw-shadow": 'rgb("'}, "dark": None}},
        {"scheme": "};*{display:none}", "logo_url": "javascript:boom()", "monogram": "<img src=x onerror=boom()>"},
    ],
)
async def test_a_hostile_theme_is_neither_run_nor_fetched(visit: MakeVisit, theme: dict[str, Any]) -> None:
    """Names, greetings and variables stay text, or are ignored."""
    tab_config: dict[str, Any] = {"name": "</script><img src=x onerror=boom()>", "greeting": "<svg onload=boom()>"}
    tab = await visit(drawn=False, path="/empty")
    tab.chat.config |= tab_config | {"theme": tab.chat.config["theme"] | theme}
    await tab.page.evaluate("window.boom = () => {window.exploded = true}; 0")
    await tab.page.reload()
    await tab.open()
    assert await tab.dialog.locator("h2").inner_text() == tab_config["name"]
    assert await tab.dialog.locator(".welcome .text").inner_text() == "<svg onload=boom()>"
    assert await tab.page.evaluate("window.exploded") is None
    assert not [request for request in tab.requests if not request.startswith((tab.chat.url, tab.site.url))]
    assert tab.problems == []


async def test_the_logo_replaces_the_monogram_once_loaded(visit: MakeVisit, site: CustomerSite) -> None:
    """From the service, on a page that allows nothing else; a broken logo changes nothing."""
    site.headers = {"Content-Security-Policy": STRICT.format(site.chat.url)}
    file = io.BytesIO()
    Image.new("RGB", (120, 80), "#2f6f3e").save(file, "PNG")
    site.chat.logo = file.getvalue()
    site.chat.config["logo"] = "a tag"
    tab = await visit()
    assert not any("/logo" in request for request in tab.requests)
    await tab.open()
    await tab.dialog.locator(".avatar img").wait_for()
    assert await tab.dialog.locator(".avatar").evaluate("it => [it.clientWidth, it.clientHeight]") == [60, 40]
    assert tab.requests[-1].endswith(f"/{WIDGET}/logo?v=a%20tag")
    site.chat.logo = b"broken"
    broken = await visit()
    async with broken.page.expect_response(lambda answer: "/logo" in answer.url):
        await broken.open()
    assert await broken.dialog.locator(".avatar").inner_text() == "AO"
    assert tab.problems == broken.problems == []


async def test_a_configuration_of_an_earlier_version_works(visit: MakeVisit) -> None:
    """With fields missing."""
    tab = await visit(drawn=False)
    for name in ("greeting", "locale", "suggested_questions"):
        del tab.chat.config[name]
    tab.chat.config["theme"] = {}
    await tab.page.reload()
    await tab.open()
    assert await tab.dialog.locator(".welcome .text").inner_text() == "Hello! What would you like to know?"
    assert tab.problems == []


@pytest.mark.parametrize("primary", ["#0b57d0", "#ffd400", "#ffffff", "#111111", "#7f7f7f"])
async def test_the_button_is_seen_on_a_page_of_its_own_colour(visit: MakeVisit, primary: str) -> None:
    """By its ring, which contrasts with the page and with the button."""
    tab = await visit(drawn=False)
    theme = Theme.model_validate(tab.chat.config["theme"])
    changed = theme.model_copy(update={"primary": primary, "on_primary": choose_text_colour(primary)})
    tab.chat.config["theme"] = with_tokens(changed).model_dump(mode="json")
    await tab.page.reload()
    await tab.launcher.wait_for()
    read = "it => [getComputedStyle(it).backgroundColor, getComputedStyle(it).borderTopColor, it.offsetWidth]"
    button, ring, width = await tab.launcher.evaluate(read)
    assert hex_of(button) == primary
    assert contrast(hex_of(ring), primary) >= 3
    assert width == 60


def hex_of(colour: str) -> str:
    """The colour as `#rrggbb`."""
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])
