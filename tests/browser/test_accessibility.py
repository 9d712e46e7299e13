"""WCAG 2.2 AA, as far as a browser can test it: keyboard, names, sizes, contrast, motion, zoom, direction."""

import pytest
from playwright.async_api import Locator

from tests.browser.axe import load_axe
from tests.browser.chat_server import citation, citations, done, token
from tests.browser.conftest import MakeVisit, Visit

PHONE = {"viewport": {"width": 390, "height": 760}, "has_touch": True, "is_mobile": True}
LINK = "[d](https://site.example/d)"
RICH = f"### Prices\n\nFrom **4 €** [1]:\n\n- a\n- b\n\n| a | b |\n|---|--:|\n| `c` | {LINK} |\n\n```\nx\n```"


async def in_all_states(tab: Visit) -> None:
    """A conversation with every element and every state."""
    tab.chat.config["suggested_questions"] = ["What does it cost?"]
    tab.chat.will_answer(token(RICH), citations(citation(1)), done(suggestions=["And then?"]))
    tab.chat.will_answer(token("No."), citations(citation(1)), done(False))
    tab.chat.will_refuse(429, "rate_limited", Retry_After="60")
    await tab.open()
    for question, status in (("One?", "answered"), ("Two?", "not_found"), ("Three?", "failed")):
        await tab.ask(question)
        await tab.see(status)
    await tab.turn("answered").get_by_label("Not helpful").click()


async def violations(tab: Visit) -> list[str]:
    """Violations that axe finds on the page and in the widget, as `rule: element`."""
    await load_axe(tab.page)
    await tab.page.evaluate("Promise.all(document.getAnimations().map(it => it.finished))")
    found = await tab.page.evaluate("axe.run({resultTypes: ['violations']}).then(it => it.violations)")
    return [f"{it['id']}: {node['html']}" for it in found for node in it["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(visit: MakeVisit, scheme: str, device: dict[str, object]) -> None:
    """Beside the page and over it, in each scheme, in every state an answer can be in."""
    tab = await visit(drawn=False, **device)
    tab.chat.config["theme"]["scheme"] = scheme
    await tab.page.reload()
    await tab.launcher.wait_for()
    assert await violations(tab) == []
    await in_all_states(tab)
    assert await violations(tab) == []


async def focused(tab: Visit) -> str:
    """The accessible name of the focused element, inside the widget or outside."""
    name: str = await tab.page.evaluate("""() => {
        let it = document.activeElement;
        while (it.shadowRoot?.activeElement) it = it.shadowRoot.activeElement;
        return it.ariaLabel ?? it.textContent.trim();
    }""")
    return name


async def tab_to(tab: Visit, name: str, key: str = "Tab") -> None:
    """Press the key until the element with this name has the focus."""
    passed = []
    while (at := await focused(tab)) != name:
        passed.append(at)
        assert len(passed) < 30, passed
        await tab.page.keyboard.press(key)


async def test_the_keyboard_is_enough(visit: MakeVisit) -> None:
    """From the page into the chat, through an answer, and back to the launcher."""
    tab = await visit()
    keys = tab.page.keyboard
    await tab_to(tab, "Chat: Acorn & Oak")
    await keys.press("Enter")
    await tab.input.wait_for()
    assert await focused(tab) == "Your question"
    tab.chat.will_answer(token("At nine [1]."), citations(citation(1)), done())
    await keys.type("When do you")
    await keys.press("Shift+Enter")
    await keys.type("open?")
    await keys.press("Enter")
    await tab.see("answered")
    assert tab.chat.asked == [{"message": "When do you\nopen?"}]
    assert await focused(tab) == "Your question"
    await tab_to(tab, "Not helpful", "Shift+Tab")
    await keys.press("Space")
    await tab_to(tab, "What was missing? (optional)")
    await keys.type("Sundays")
    await keys.press("Enter")
    await tab.dialog.get_by_text("Thank you for the feedback.").first.wait_for()
    assert tab.chat.feedback[-1]["comment"] == "Sundays"
    await tab_to(tab, "Source 1: Page 1", "Shift+Tab")
    await tab_to(tab, "Conversation", "Shift+Tab")
    await keys.press("Escape")
    await tab.dialog.wait_for(state="hidden")
    assert await focused(tab) == "Chat: Acorn & Oak"
    assert await tab.launcher.get_attribute("aria-expanded") == "false"


async def test_the_panel_beside_the_page_leaves_the_page_usable(visit: MakeVisit) -> None:
    """A dialog that is not modal: Esc on the page is the page's."""
    tab = await visit(drawn=False)
    tab.site.body = "<button>Of the page</button>"
    await tab.page.reload()
    await tab.open()
    assert not await tab.dialog.evaluate("it => it.matches(':modal')")
    await tab.page.get_by_role("button", name="Of the page").click()
    await tab.page.keyboard.press("Escape")
    assert await tab.dialog.is_visible()
    await tab.page.evaluate("AIWidget.close()")
    assert await focused(tab) == "Of the page"


async def test_on_a_phone_it_is_modal_and_fills_the_screen(visit: MakeVisit) -> None:
    """The focus stays in it; turning to a wider screen makes it a panel again, still open."""
    tab = await visit(**PHONE)
    await tab.open()
    assert await tab.dialog.evaluate("it => it.matches(':modal')")
    await tab.dialog.evaluate("it => Promise.all(it.getAnimations().map((each) => each.finished))")
    assert await tab.dialog.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 760}
    for _ in range(12):
        await tab.page.keyboard.press("Tab")
        assert await tab.page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.shadowRoot"
        )
    await tab.page.set_viewport_size({"width": 900, "height": 760})
    await tab.page.wait_for_function("!document.querySelector('ai-widget').shadowRoot.querySelector('dialog.full')")
    assert await tab.dialog.is_visible()
    assert not await tab.dialog.evaluate("it => it.matches(':modal')")


async def sizes(elements: Locator) -> list[tuple[str, float, float]]:
    """Name, width and height of each."""
    found: list[tuple[str, float, float]] = await elements.evaluate_all("""them => them
        .filter(it => it.checkVisibility())
        .map(it => [it, it.getBoundingClientRect()])
        .map(([it, box]) => [it.ariaLabel ?? it.textContent, box.width, box.height])
    """)
    return found


async def test_every_target_is_at_least_24_pixels_large(visit: MakeVisit) -> None:
    """Links within a sentence are not counted (WCAG 2.5.8), citations are."""
    tab = await visit()
    await in_all_states(tab)
    measured = await sizes(tab.page.locator("ai-widget :is(button, textarea, input, a.mark, a.source)"))
    assert len(measured) > 15
    assert [it for it in measured if min(it[1:]) < 24] == []


async def test_reduced_motion_is_respected(visit: MakeVisit) -> None:
    """Nothing moves, opens sliding, or scrolls smoothly."""
    tab = await visit(reduced_motion="reduce")
    tab.chat.will_answer("hold", done())
    await tab.open()
    await tab.ask("Well?")
    await tab.dialog.get_by_text("Searching this site …").first.wait_for()
    running = "document.querySelector('ai-widget').shadowRoot.getAnimations().length"
    assert await tab.page.evaluate(running) == 0
    tab.chat.go_on.set()


async def test_forced_colours_keep_buttons_and_messages_visible(visit: MakeVisit) -> None:
    """Without backgrounds, borders show buttons and messages."""
    tab = await visit(forced_colors="active")
    await in_all_states(tab)
    border = "it => getComputedStyle(it).borderTopWidth + getComputedStyle(it).borderTopStyle"
    for selector in ("dialog", ".question", ".text", ".submit", ".launcher"):
        assert await tab.page.locator(f"ai-widget {selector}").first.evaluate(border) == "1pxsolid"


async def test_at_twice_the_size_nothing_is_cut_off(visit: MakeVisit) -> None:
    """A window of 1280 × 720 at 200 % has room for 640 × 360: no scrolling sideways, the field in view."""
    tab = await visit(viewport={"width": 640, "height": 360}, device_scale_factor=2)
    await in_all_states(tab)
    assert await tab.dialog.evaluate("it => it.scrollWidth <= it.clientWidth")
    assert await tab.dialog.locator(".log").evaluate("it => it.scrollWidth <= it.clientWidth")
    box = await tab.input.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 360


async def test_at_400_percent_several_lines_of_an_answer_are_left(visit: MakeVisit) -> None:
    """A window of 1280 × 1024 has room for 320 × 256; the note on the machine is seen until the first question."""
    tab = await visit(viewport={"width": 320, "height": 256}, device_scale_factor=4)
    tab.chat.will_answer(token("One line after another. " * 20), citations(citation(1)), done())
    await tab.open()
    assert await tab.dialog.locator(".note").is_visible()
    await tab.ask("How?")
    await tab.see("answered")
    log = tab.dialog.locator(".log")
    assert await log.evaluate("it => it.clientHeight / parseFloat(getComputedStyle(it).lineHeight)") >= 5
    assert await log.evaluate("it => it.scrollWidth <= it.clientWidth")
    box = await tab.input.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 256
    for name in ("Close", "New"):
        assert await tab.dialog.get_by_role("button", name=name).first.is_visible()


async def test_the_button_to_the_end_covers_no_source(visit: MakeVisit) -> None:
    """It stands below the conversation, and goes when the end is in view."""
    tab = await visit(**PHONE)
    tab.chat.will_answer(token("One line after another. " * 40), citations(*(citation(n) for n in range(1, 6))), done())
    await tab.open()
    await tab.ask("How?")
    await tab.see("answered")
    await tab.dialog.locator(".log").evaluate("it => (it.scrollTop = 0)")
    button = tab.dialog.locator(".latest")
    await button.wait_for()
    above, below = await tab.dialog.locator(".log").bounding_box(), await button.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"] + 0.5
    assert below["height"] >= 24
    await button.click()
    await button.wait_for(state="hidden")


async def test_the_widget_is_mirrored_in_right_to_left_languages(visit: MakeVisit) -> None:
    """Button and panel stand on the left; a sentence in another script runs its own way."""
    tab = await visit(drawn=False)
    tab.site.html_attributes = 'lang="ar" dir="rtl"'
    tab.chat.config["locale"] = "ar"
    await tab.page.reload()
    await tab.open()
    tab.chat.will_answer(token("We open at nine [1]."), citations(citation(1)), done())
    await tab.ask("متى تفتحون؟")
    answer = await tab.see("answered")
    for element in (tab.launcher, tab.dialog):
        box = await element.bounding_box()
        assert box is not None
        # The pointer is over the button, which grows a little.
        assert box["x"] == pytest.approx(20, abs=2)
    assert await tab.input.get_attribute("aria-label") == "سؤالك"
    direction = "it => getComputedStyle(it).direction"
    assert await tab.dialog.evaluate(direction) == "rtl"
    assert await answer.locator(".question").evaluate(direction) == "rtl"
    assert await answer.locator(".text").evaluate(direction) == "ltr"
    assert await violations(tab) == []


LABELS = {
    "en-GB": "Your question",
    "de": "Ihre Frage",
    "fr-CA": "Votre question",
    "es_MX": "Su pregunta",
    "it": "La sua domanda",
    "pt-BR": "A sua pergunta",
    "nl": "Uw vraag",
    "ja": "質問",
    "he": "השאלה שלך",
    "tlh": "Your question",
}


async def test_each_language_has_its_texts(visit: MakeVisit) -> None:
    """English for languages without a translation."""
    tab = await visit()
    await tab.open()
    found = {}
    for locale in LABELS:
        await tab.page.evaluate("locale => AIWidget.setLocale(locale)", locale)
        found[locale] = await tab.input.get_attribute("aria-label")
    assert found == LABELS
