"""The owner's own answers: given to visitors word for word, to the questions they are for and to no others."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.core.database import Pool
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.records.publication import activate_build
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import EMBEDDER, SHOP, build_site
from tests.knowledge.material import count, embed_page, new_job

DOGS = {
    "questions": ["Can I bring my dog?", "Are dogs allowed?"],
    "answer": "Yes, **dogs are welcome**.\n\nWe have [water bowls](https://dogs.example/bowls).",
    "link": "https://example.com/visit#dogs",
}
NORWAY = "What does shipping to Norway cost?"


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """The chat of a shop of this test's own."""
    site = await build_site(pool, SHOP)
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=MANY), site) as served:
        yield served


async def add(chat: Chat, **changes: Any) -> dict[str, Any]:
    """Add the answer about dogs, with changes, and return it."""
    response = await chat.owner("POST", "answers", json=DOGS | changes)
    assert response.status_code == 201, response.text
    added: dict[str, Any] = response.json()
    return added


async def test_visitors_get_the_owners_words(chat: Chat) -> None:
    """Cited by the owner's link; the question may be put in other words, cases and marks."""
    await add(chat)
    for question in ("Can I bring my dog?", "can i bring my DOG", "Are dogs allowed inside?"):
        answer = await chat.ask(question)
        assert answer.text == f"{DOGS['answer']} [1]"
        [cited] = answer.events[-2]["citations"]
        assert (cited["url"], cited["title"]) == (DOGS["link"], "example.com")
        assert answer.end["answered"] is True


async def test_other_questions_are_answered_from_the_site_as_before(chat: Chat) -> None:
    """The same text and sources with own answers as without."""
    asked = [NORWAY, "Who founded the roastery?", "How do I return something?", "Can I bring my returns by car?"]
    before = [await chat.ask(question) for question in asked]
    await add(chat)
    await add(chat, questions=["Do you ship to Sweden?"], answer="Not yet.", link=None)
    for question, former in zip(asked, before, strict=True):
        answer = await chat.ask(question)
        assert (answer.text, answer.events[-2]) == (former.text, former.events[-2]), question


async def test_an_own_answer_comes_before_the_sites(chat: Chat) -> None:
    """Without a link it cites the start page; deleted or paused, the site answers again."""
    added = await add(chat, questions=[NORWAY], answer="Free this week.", link=None)
    answer = await chat.ask(NORWAY)
    assert answer.text == "Free this week. [1]"
    assert answer.events[-2]["citations"][0]["url"] == chat.site.url
    path = f"answers/{added['id']}"
    assert (await chat.owner("PATCH", path, json={"paused": True})).json()["paused"] is True
    assert "€14" in (await chat.ask(NORWAY)).text
    await chat.owner("PATCH", path, json={"paused": False, "answer": "Free today."})
    assert (await chat.ask(NORWAY)).text == "Free today. [1]"
    assert (await chat.owner("DELETE", path)).status_code == 204
    assert "€14" in (await chat.ask(NORWAY)).text


async def test_an_answer_is_given_only_while_it_is_valid(chat: Chat) -> None:
    """From its start until its end."""
    hour, now = timedelta(hours=1), datetime.now(UTC)
    added = await add(chat, questions=[NORWAY], answer="Free.", valid_from=(now + hour).isoformat())
    assert "€14" in (await chat.ask(NORWAY)).text
    path = f"answers/{added['id']}"
    await chat.owner("PATCH", path, json={"valid_from": None, "valid_until": (now + hour).isoformat()})
    assert (await chat.ask(NORWAY)).text == "Free. [1]"
    await chat.owner("PATCH", path, json={"valid_until": (now - hour).isoformat()})
    assert "€14" in (await chat.ask(NORWAY)).text


async def test_a_new_build_leaves_own_answers_alone(chat: Chat, pool: Pool) -> None:
    """They belong to the widget; also when the vectors of their questions are of a model that is no longer used."""
    await add(chat)
    async with pool.connection() as connection:
        await connection.execute("UPDATE own_answer_questions SET model = 'former', embedding = '[1, 0]'")
    job = await new_job(pool, chat.site.widget_id)
    await store_pages(pool, job.build_id, [await embed_page(EMBEDDER, "/new", "New", "# New\n\nAll is new.")])
    await activate_build(pool, job, replace=True)
    assert "dogs are welcome" in (await chat.ask("Are dogs allowed inside?")).text
    former = (
        "SELECT count(*) FROM own_answer_questions JOIN own_answers ON own_answers.id = answer_id"
        " WHERE model = 'former' AND widget_id = %s"
    )
    assert await count(pool, former, chat.site.widget_id) == 0


async def test_markup_in_an_own_answer_is_no_danger(chat: Chat) -> None:
    """HTML, pictures and script links do not reach the visitor."""
    await add(chat, answer="<b>Hi</b> ![x](https://evil.example/x.png) [go](javascript:alert(1))")
    text = (await chat.ask("Can I bring my dog?")).text
    assert "<b>" not in text
    assert "![" not in text.replace("\\!", "")
    assert "](javascript" not in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"questions": []}, "questions"),
        ({"questions": [" "]}, "questions.0"),
        ({"questions": ["x" * 301]}, "questions.0"),
        ({"answer": ""}, "answer"),
        ({"answer": "x" * 8_001}, "answer"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "/relative"}, "link"),
        ({"valid_from": "2026-12-02", "valid_until": "2026-12-01"}, "valid_until"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"valid_until": "9999-12-31T23:59:59-23:00"}, "valid_until"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, "valid_from"),
        ({"prompt": "x"}, "prompt"),
    ],
    ids=str,
)
async def test_a_wrong_part_is_named(chat: Chat, change: dict[str, Any], field: str) -> None:
    """On adding and on changing; nothing is stored."""
    added = await add(chat)
    for method, path, body in (("POST", "answers", DOGS | change), ("PATCH", f"answers/{added['id']}", change)):
        response = await chat.owner(method, path, json=body)
        assert (response.status_code, response.json()["error"]["field"]) == (422, field)
    assert (await chat.owner("GET", "answers")).json()["answers"] == [added]


async def test_an_answer_of_another_widget_is_unknown(chat: Chat, pool: Pool) -> None:
    """Neither changed nor deleted by its id."""
    added = await add(chat)
    other = Chat(chat.http, await build_site(pool, SHOP))
    for name in (added["id"], "nonsense"):
        assert (await other.owner("PATCH", f"answers/{name}", json={"answer": "x"})).status_code == 404
        assert (await other.owner("DELETE", f"answers/{name}")).status_code == 404
    assert (await other.owner("GET", "answers")).json() == {"answers": []}
    assert (await chat.owner("GET", "answers")).json()["answers"] == [added]


async def test_an_answer_is_tried_before_it_is_saved(chat: Chat) -> None:
    """On a question of its kind and on another; nothing is stored."""
    for question, matches in (("Do you let dogs in?", True), (NORWAY, False)):
        trial = {"question": question, "questions": DOGS["questions"], "answer": DOGS["answer"]}
        assert (await chat.owner("POST", "answers/try", json=trial)).json() == {"matches": matches}
    assert (await chat.owner("GET", "answers")).json() == {"answers": []}
