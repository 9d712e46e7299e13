"""The owner's view of conversations: filters, export, erasure, and questions without an answer."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tasks.core.database import Pool
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site
from tests.knowledge.material import count

NORWAY = "What does shipping to Norway cost?"
REFUSED = "Do you sell bicycles?"


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """The chat of a shop of this test's own."""
    site = await build_site(pool, SHOP)
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=MANY), site) as served:
        yield served


async def questions(chat: Chat, query: str = "") -> list[str]:
    """The questions that match, the latest conversation first."""
    body = (await chat.owner("GET", f"conversations?{query}")).json()
    return [it["question"] for each in body["conversations"] for it in each["messages"] if it["matches"]]


async def test_conversations_are_listed_with_all_their_messages(chat: Chat) -> None:
    """The latest first; a filter says which message it was for."""
    first = await chat.ask(NORWAY)
    await chat.ask(REFUSED, conversation_id=first.end["conversation_id"])
    await chat.post({"message_id": first.end["message_id"], "rating": "down", "comment": "Too dear"}, "feedback")
    await chat.ask("Who founded the roastery?")
    body = (await chat.owner("GET", "conversations")).json()
    assert body["total"] == 2
    [_, older] = body["conversations"]
    assert [it["question"] for it in older["messages"]] == [NORWAY, REFUSED]
    assert [it["answered"] for it in older["messages"]] == [True, False]
    assert older["messages"][0]["comment"] == "Too dear"
    assert older["messages"][0]["citations"][0]["url"].endswith("/shipping")
    page = (await chat.owner("GET", "conversations?limit=1&offset=1")).json()
    assert (page["conversations"], page["total"]) == ([older], 2)


async def test_filters_find_messages(chat: Chat) -> None:
    """By answer, rating, cited page, words and time; and a wrong value is named."""
    rated = await chat.ask(NORWAY)
    await chat.ask(REFUSED)
    await chat.ask("hello")
    await chat.post({"message_id": rated.end["message_id"], "rating": "up"}, "feedback")
    cited = rated.events[-2]["citations"][0]["url"]
    assert await questions(chat, "answered=true") == [NORWAY]
    assert await questions(chat, "answered=false") == [REFUSED]
    assert await questions(chat, "rating=up") == [NORWAY]
    assert await questions(chat, f"page={cited}&answered=true") == [NORWAY]
    assert await questions(chat, "page=https://example.com/nowhere") == []
    assert await questions(chat, "q=BICYCLE") == [REFUSED]
    assert await questions(chat, "q=100%25") == []
    assert await questions(chat, "from=2100-01-01") == await questions(chat, "to=2000-01-01") == []
    assert len(await questions(chat, "from=2000-01-01&to=2100-01-01")) == 3
    for name in ("answered", "rating", "from", "to", "limit", "offset"):
        response = await chat.owner("GET", f"conversations?{name}=x")
        assert (response.status_code, response.json()["error"]["field"]) == (422, name)


async def export(chat: Chat, query: str = "") -> list[dict[str, str]]:
    """The exported rows."""
    response = await chat.owner("GET", f"conversations?{query}", headers={"Accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    assert response.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(response.text[1:])))


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
async def test_a_page_that_no_text_can_name_has_no_messages(chat: Chat, accept: str) -> None:
    """NUL in the address is no fault of the database's."""
    answer = await chat.owner("GET", "conversations?page=a%00b", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.json()["total"] == 0 if accept.endswith("json") else len(answer.text.splitlines()) == 1


async def test_an_export_has_no_formulas(chat: Chat) -> None:
    """Whatever visitors write, a spreadsheet shows it as text; quotes and lines survive."""
    dangerous = ['=HYPERLINK("https://evil.example")', "+1+1", "-2+3", "@SUM(A1)", " =1+1", "＝1+1"]
    for question in dangerous:
        await chat.ask(question)
    await chat.ask('A "quoted", question')
    rows = await export(chat)
    assert [row["question"] for row in rows] == [
        'A "quoted", question',
        *(f"'{question.strip()}" for question in reversed(dangerous)),
    ]
    assert [row["question"] for row in await export(chat, "q=quoted")] == ['A "quoted", question']


async def test_a_conversation_is_erased_and_others_stay(chat: Chat, pool: Pool) -> None:
    """With ratings; another widget's owner cannot."""
    erased, kept = await chat.ask(NORWAY), await chat.ask(REFUSED)
    await chat.post({"message_id": erased.end["message_id"], "rating": "up"}, "feedback")
    path = f"conversations/{erased.end['conversation_id']}"
    other = Chat(chat.http, await build_site(pool, SHOP))
    for name in (path, f"conversations/{uuid4()}", "conversations/x"):
        assert (await other.owner("DELETE", name)).status_code == 404
    assert (await chat.owner("DELETE", path)).status_code == 204
    assert await questions(chat) == [REFUSED]
    rated = "SELECT count(*) FROM feedback WHERE message_id = %s"
    assert await count(pool, rated, erased.end["message_id"]) == 0
    assert (await chat.owner("DELETE", "conversations")).json() == {"deleted": 1}
    assert await questions(chat) == []
    assert (await chat.post({"message": "x", "conversation_id": kept.end["conversation_id"]})).status_code == 404


async def test_unanswered_questions_are_grouped_by_meaning(chat: Chat) -> None:
    """The most asked first; a group's questions that the owner has answered are left out."""
    for question in (REFUSED, "do you sell  bicycles?", "Do you sell a bicycle?", "Is there a swimming pool?", NORWAY):
        await chat.ask(question)
    groups = (await chat.owner("GET", "unanswered")).json()["groups"]
    assert [group["count"] for group in groups] == [3, 1]
    assert len(groups[0]["questions"]) == 2
    answer: dict[str, Any] = {"questions": groups[0]["questions"], "answer": "No, coffee alone."}
    assert (await chat.owner("POST", "answers", json=answer)).status_code == 201
    groups = (await chat.owner("GET", "unanswered")).json()["groups"]
    assert [group["questions"] for group in groups] == [["Is there a swimming pool?"]]


async def test_insights_count_the_questions_of_each_day(chat: Chat) -> None:
    """Thirty days, today last."""
    await chat.ask(NORWAY)
    await chat.ask(REFUSED)
    days = (await chat.insights()).json()["days"]
    assert len(days) == 30
    assert (days[-1]["answered"], days[-1]["unanswered"]) == (1, 1)
    assert {(day["answered"], day["unanswered"]) for day in days[:-1]} == {(0, 0)}


async def test_pages_are_listed_with_what_was_read(chat: Chat, pool: Pool) -> None:
    """State and cause of each; the text of a stored page is its Markdown."""
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO crawl_urls (job_id, url, depth, status, reason) SELECT active_job_id,"
            " 'https://example.com/private', 1, 'skipped', 'robots' FROM widgets WHERE id = %s",
            (chat.site.widget_id,),
        )
        await connection.execute(
            "INSERT INTO crawl_urls (job_id, url, depth, status) SELECT job_id, url, 1, 'stored'"
            " FROM knowledge_scraped_pages JOIN widgets ON active_job_id = job_id WHERE widgets.id = %s"
            " ON CONFLICT (job_id, (md5(url)::uuid)) DO NOTHING",
            (chat.site.widget_id,),
        )
    body = (await chat.owner("GET", "pages")).json()
    assert body["total"] == len(SHOP) + 1
    assert body["states"]["skipped"] == 1
    [skipped] = (await chat.owner("GET", "pages?state=skipped")).json()["pages"]
    assert (skipped["cause"], skipped["id"]) == ("robots", None)
    [found] = (await chat.owner("GET", "pages?q=SHIPP")).json()["pages"]
    assert (found["title"], found["state"]) == ("Shipping", "stored")
    read = (await chat.owner("GET", f"pages/{found['id']}")).json()
    assert "€14" in read["content"]
    other = Chat(chat.http, await build_site(pool, SHOP))
    for name in (found["id"], "x"):
        assert (await other.owner("GET", f"pages/{name}")).status_code == 404
