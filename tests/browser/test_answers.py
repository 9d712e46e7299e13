"""A conversation: the view of streaming, complete and failed answers."""

import re

import pytest

from tests.browser.chat_server import CUT, HOLD, citation, citations, done, token
from tests.browser.conftest import MakeVisit

SAID = "[aria-live=polite] p"


async def test_an_answer_is_shown_as_it_streams_and_announced_by_the_sentence(visit: MakeVisit) -> None:
    """No half marks on the way; screen readers get complete sentences, each once."""
    tab = await visit()
    await tab.open()
    pieces = ["We open at **ni", "ne** [", "1]. On [Sun", "days](https://site.example/sun) we", " rest."]
    tab.chat.will_answer(*[it for piece in pieces for it in (token(piece), HOLD)], citations(citation(1)), done())
    await tab.ask("When?")
    shown = ["We open at ni", "We open at nine", "We open at nine 1. On Sun", "We open at nine 1. On Sundays we"]
    for text in shown:
        await tab.dialog.locator(".turn .text").get_by_text(re.compile(rf"^{re.escape(text)}\s*$")).wait_for()
        said = await tab.dialog.locator(SAID).all_inner_texts()
        assert said[1:] == (["We open at nine."] if "On" in text else [])
        tab.chat.go_on.set()
    await tab.dialog.locator(".turn .text").get_by_text("we rest.").wait_for()
    tab.chat.go_on.set()
    answer = await tab.see("answered")
    assert await answer.locator(".text").inner_html() == (
        '<p>We open at <strong>nine</strong> <a href="https://site.example/page" target="_blank" '
        'rel="noopener noreferrer" class="mark" aria-label="Source 1: Page 1" title="Source 1: Page 1">1</a>. On '
        '<a href="https://site.example/sun" target="_blank" rel="noopener noreferrer">Sundays</a> we rest.</p>'
    )
    said = await tab.dialog.locator(SAID).all_inner_texts()
    assert said == ["Searching this site …", "We open at nine.", "On Sundays we rest."]
    assert await answer.locator(".answer").get_attribute("aria-live") == "off"


async def test_an_answer_can_be_stopped_and_asked_for_again(visit: MakeVisit) -> None:
    """The partial answer stays; asking the same question again replaces it."""
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(token("One, two"), HOLD, done())
    await tab.ask("Count")
    await tab.dialog.get_by_text("One, two").wait_for()
    await tab.dialog.get_by_label("Stop the answer").click()
    stopped = await tab.see("stopped")
    assert "Stopped." in await stopped.inner_text()
    tab.chat.will_answer(token("One, two, three."), done())
    await stopped.get_by_label("Ask again").click()
    assert await (await tab.see("answered")).locator(".text").inner_text() == "One, two, three."
    assert [asked["message"] for asked in tab.chat.asked] == ["Count", "Count"]
    assert await tab.dialog.locator(".turn").count() == 1


async def test_sources_lead_to_the_words_on_the_page(visit: MakeVisit) -> None:
    """By the server's deep link, or one made from the passage; other sites open in a new tab."""
    tab = await visit()
    await tab.open()
    words = "Delivery takes two days and is free, always, from fifty euros on-ward."
    cited = [
        citation(1, deep_link="https://site.example/page#:~:text=ours"),
        citation(2, url=tab.site.url + "/delivery", deep_link="", text=words, heading="Delivery"),
        citation(3, url="javascript:boom()", deep_link="data:text/html,boom"),
    ]
    tab.chat.will_answer(token("Yes [1], free [2], and odd [3][9]."), citations(*cited), done())
    await tab.ask("Free delivery?")
    answer = await tab.see("answered")
    own = tab.site.url + "/delivery#:~:text=Delivery%20takes%20two%20days,from%20fifty%20euros%20on%2Dward."
    links = answer.locator("a")
    assert [await it.get_attribute("href") for it in await links.all()] == [cited[0]["deep_link"], own] * 2
    assert [await it.get_attribute("target") for it in await links.all()] == ["_blank", None] * 2
    assert await answer.locator(".text").inner_text() == "Yes 1, free 2, and odd ."
    assert "Delivery · 127.0.0.1/delivery" in await answer.locator(".sources").inner_text()


async def test_an_unanswerable_question_gets_the_nearest_pages(visit: MakeVisit) -> None:
    """And questions that can be answered, asked by a click."""
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(
        token("I cannot find this."), citations(citation(1, title="About us")), done(False, ["When do you open?"])
    )
    await tab.ask("Who won the cup?")
    answer = await tab.see("not_found")
    text = await answer.inner_text()
    assert "Not found on this site" in text
    assert "These pages come closest" in text
    assert "About us" in text
    tab.chat.will_answer(token("At nine."), done())
    await tab.dialog.get_by_role("button", name="When do you open?").click()
    await tab.see("answered")
    assert tab.chat.asked[-1]["message"] == "When do you open?"


async def test_a_statement_that_comes_near_is_not_called_missing(visit: MakeVisit) -> None:
    """Its reservation is in the answer; its page is the first of the nearest."""
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(
        token("I'm not sure: Cups are on show. [1]"), citations(citation(1, title="About us")), done(False, near=True)
    )
    await tab.ask("Who won the cup?")
    text = await (await tab.see("near")).inner_text()
    assert "Not found on this site" not in text
    assert "I'm not sure: Cups are on show." in text
    assert "These pages come closest" in text


async def test_suggested_questions_are_below_the_greeting(visit: MakeVisit) -> None:
    """Until the first question is asked."""
    tab = await visit(drawn=False)
    tab.chat.config["suggested_questions"] = ["What does it cost?"]
    await tab.page.reload()
    await tab.open()
    tab.chat.will_answer(token("A lot."), done())
    await tab.dialog.get_by_role("group", name="Suggested questions").get_by_role("button").click()
    await tab.see("answered")
    assert tab.chat.asked[0] == {"message": "What does it cost?"}
    assert await tab.dialog.get_by_role("group", name="Suggested questions").count() == 0


async def test_choices_of_a_question_back_are_reached_by_keyboard(visit: MakeVisit) -> None:
    """Buttons below the question; the chosen one is sent as the visitor's next message."""
    tab = await visit()
    await tab.open()
    choices = ["How much is it: Locker?", "How much is it: Garage?"]
    tab.chat.will_answer(token("Which one do you mean?"), citations(), done(suggestions=choices))
    await tab.ask("How much is it?")
    await tab.see("answered")
    choice = tab.dialog.get_by_role("button", name=choices[1])
    for _ in range(12):
        if await choice.evaluate("button => button.getRootNode().activeElement === button"):
            break
        await tab.page.keyboard.press("Shift+Tab")
    tab.chat.will_answer(token("£33."), done())
    await tab.page.keyboard.press("Enter")
    await tab.dialog.locator(".turn").nth(1).get_by_text("£33.").wait_for()
    assert tab.chat.asked[-1]["message"] == choices[1]


async def test_thumbs_reach_the_service_with_a_comment(visit: MakeVisit) -> None:
    """With the answer's message id; the pressed thumb has the pressed state."""
    tab = await visit()
    await tab.open()
    end = done()
    tab.chat.will_answer(token("Maybe."), end)
    await tab.ask("Sure?")
    answer = await tab.see("answered")
    await answer.get_by_label("Not helpful").click()
    await answer.get_by_label("What was missing?").fill("Everything")
    await tab.page.keyboard.press("Enter")
    await answer.get_by_text("Thank you for the feedback.").wait_for()
    down = {"message_id": end["message_id"], "rating": "down"}  # type: ignore[index]
    assert tab.chat.feedback == [down, down | {"comment": "Everything"}]
    assert await answer.get_by_label("Not helpful").get_attribute("aria-pressed") == "true"


async def test_the_conversation_continues_on_the_next_page(visit: MakeVisit) -> None:
    """In the same tab, open as before; a new conversation deletes it."""
    tab = await visit()
    await tab.open()
    end = done()
    tab.chat.will_answer(token("At **nine** [1]."), citations(citation(1)), end)
    await tab.ask("When do you open?")
    before = await (await tab.see("answered")).inner_html()
    await tab.page.goto(tab.site.url + "/next")
    assert await (await tab.see("answered")).inner_html() == before
    assert not await tab.input.evaluate("it => it.matches(':focus')")
    tab.chat.will_answer(token("At six."), done())
    await tab.ask("And close?")
    await tab.dialog.get_by_text("At six.").first.wait_for()
    assert tab.chat.asked[1]["conversation_id"] == end["conversation_id"]  # type: ignore[index]
    await tab.dialog.get_by_label("New conversation").click()
    assert await tab.dialog.locator(".turn").count() == 0
    tab.chat.will_answer(token("Hello."), done())
    await tab.ask("Hello?")
    await tab.see("answered")
    assert tab.chat.asked[2] == {"message": "Hello?"}


async def test_an_answer_interrupted_by_a_page_change_is_kept_in_part(visit: MakeVisit) -> None:
    """And the question can be asked again."""
    tab = await visit()
    await tab.open()
    tab.chat.will_answer(token("One, two"), HOLD, done())
    await tab.ask("Count")
    await tab.dialog.get_by_text("One, two").wait_for()
    await tab.page.goto(tab.site.url + "/next")
    ended = tab.dialog.locator(".turn:is([data-status=stopped], [data-status=failed])")
    await ended.wait_for()
    assert await ended.locator(".text").inner_text() == "One, two"
    assert await ended.get_by_label("Ask again").is_enabled()


async def test_being_offline_is_shown_and_the_question_is_kept(visit: MakeVisit) -> None:
    """Until the connection is back."""
    tab = await visit()
    await tab.open()
    await tab.page.context.set_offline(True)
    await tab.dialog.get_by_role("status").get_by_text("You are offline.").wait_for()
    await tab.ask("Anybody there?")
    failed = await tab.see("failed")
    assert "You are offline." in await failed.inner_text()
    await tab.page.context.set_offline(False)
    await tab.dialog.get_by_role("status").get_by_text("You are offline.").wait_for(state="hidden")
    tab.chat.will_answer(token("Yes."), done())
    await failed.get_by_label("Ask again").click()
    await tab.see("answered")
    assert tab.chat.asked == [{"message": "Anybody there?"}]


async def test_a_rate_limit_is_counted_down(visit: MakeVisit) -> None:
    """Second by second, then the question can be asked again."""
    tab = await visit()
    await tab.page.clock.install()
    await tab.open()
    tab.chat.will_refuse(429, "rate_limited", Retry_After="3")
    await tab.ask("Again?")
    failed = await tab.see("failed")
    again = failed.get_by_label("Ask again")
    assert "You can ask again in 3 s." in await failed.inner_text()
    assert await again.is_disabled()
    await tab.page.clock.run_for(2_000)
    assert "You can ask again in 1 s." in await failed.inner_text()
    await tab.page.clock.run_for(1_000)
    assert "You can ask again now." in await failed.inner_text()
    assert await again.is_enabled()
    assert (await tab.dialog.locator(SAID).all_inner_texts())[-1] == "You can ask again now."


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([token("Half an"), CUT], "The answer broke off."),
        ([CUT], "The answer broke off."),
        ([{"type": "error", "code": "answer_interrupted", "message": "…"}], "The answer broke off."),
        ([token("x"), {"type": "error", "code": "not_found", "message": "…"}], "This chat is no longer available."),
    ],
)
async def test_an_unfinished_answer_says_why(visit: MakeVisit, pieces: list[object], words: str) -> None:
    """And offers a retry."""
    tab = await visit()
    await tab.open()
    tab.chat.answers.append(pieces)  # type: ignore[arg-type]
    await tab.ask("Well?")
    failed = await tab.see("failed")
    assert words in await failed.inner_text()
    assert await failed.get_by_label("Ask again").is_enabled()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "not_found", "This chat is no longer available."),
        (503, "widget_building", "The site is still being read."),
        (503, "dependency_unavailable", "The chat cannot answer at the moment."),
        (422, "message_invalid", "The chat cannot answer at the moment."),
    ],
)
async def test_a_refusal_is_explained(visit: MakeVisit, status: int, code: str, words: str) -> None:
    """In the visitor's language, not the server's."""
    tab = await visit()
    await tab.open()
    tab.chat.will_refuse(status, code)
    await tab.ask("Well?")
    assert words in await (await tab.see("failed")).inner_text()


async def test_an_answer_is_copied_with_its_sources(visit: MakeVisit) -> None:
    """As Markdown."""
    tab = await visit(permissions=["clipboard-read", "clipboard-write"])
    await tab.open()
    tab.chat.will_answer(token("At **nine** [1]."), citations(citation(1)), done())
    await tab.ask("When?")
    await (await tab.see("answered")).get_by_label("Copy the answer").click()
    await tab.dialog.locator(SAID).get_by_text("Copied").wait_for(state="attached")
    copied = await tab.page.evaluate("navigator.clipboard.readText()")
    assert copied == "At **nine** [1].\n[1] Page 1 https://site.example/page"


PAYLOADS = [
    "<img src=x onerror=boom()>",
    "<script>boom()</script>",
    "[click](javascript:boom())",
    "[click](JaVa\tScript:boom())",
    "[click](data:text/html,<script>boom()</script>)",
    "![x](https://evil.example/pixel.png)",
    '[a](https://site.example/"onmouseover="boom())',
    "<https://evil.example/x onclick=boom()>",
    "[x]: https://evil.example/ref\n\n![x]",
    "```html\n<svg onload=boom()>\n```",
    "| <img src=x onerror=boom()> |\n|---|\n| <iframe src=javascript:boom()> |",
]


async def test_the_content_of_an_answer_is_never_run_nor_fetched(visit: MakeVisit) -> None:
    """Not while it streams, not when it is complete, not when it is restored."""
    tab = await visit()
    await tab.page.evaluate("window.boom = () => {window.exploded = true}; 0")
    await tab.open()
    text = "\n\n".join(PAYLOADS)
    evil = citation(1, title=PAYLOADS[0], heading=PAYLOADS[1], text=PAYLOADS[2])
    tab.chat.will_answer(*(token(text[at : at + 7]) for at in range(0, len(text), 7)), citations(evil), done())
    await tab.ask(PAYLOADS[0])
    shown = await tab.see("answered")
    links = [await it.get_attribute("href") or "" for it in await shown.locator("a").all()]
    assert links
    assert all(link.startswith("https://") for link in links)
    await tab.page.reload()
    await tab.see("answered")
    assert await tab.page.evaluate("window.exploded") is None
    tags = "img, script, iframe, svg[onload], [onerror], [onclick], [onmouseover]"
    assert await tab.dialog.locator(tags).count() == 0
    assert not [request for request in tab.requests if "evil.example" in request]
