"""Chat over HTTP: the event stream, conversations, feedback, and the owner's insights."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tasks.core.database import Pool
from tasks.core.events import EventType
from tasks.core.rates import Rate
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.embedding import openai_embedder
from tasks.knowledge.embedding.openai_embedder import open_openai_embedder
from tasks.records.build_events import append_event
from tasks.records.conversations import delete_expired
from tasks.records.owner_tokens import hash_token
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import READER, SHOP, build_site
from tests.knowledge.material import count, draft, new_job
from tests.sites.openai_chat import NextChat
from tests.sites.openai_server import Next, OpenAIServer, serve_openai

QUESTION = "What does shipping to Norway cost?"
KEPT = "SELECT count(*) FROM chat_messages JOIN conversations AS c ON c.id = conversation_id WHERE widget_id = %s"


@pytest.fixture(scope="module")
async def openai() -> AsyncIterator[OpenAIServer]:
    """A server with a chat model."""
    async with serve_openai() as server:
        yield server


@pytest.fixture(scope="module")
async def shop(pool: Pool) -> AnsweringSite:
    """A widget that answers from the shop's pages."""
    return await build_site(pool, SHOP)


@pytest.fixture(params=["extractive", "generated"])
async def chatting(
    request: pytest.FixtureRequest, pool: Pool, shop: AnsweringSite, openai: OpenAIServer, settings: MakeSettings
) -> AsyncIterator[Chat]:
    """The shop's chat with generated and with quoted answers: one contract."""
    key = {} if request.param == "extractive" else {"openai_api_key": "sk-test", "openai_base_url": openai.base_url}
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=MANY, **key), shop, reader=READER) as served:
        yield served


@pytest.fixture
async def quoting(pool: Pool, shop: AnsweringSite, settings: MakeSettings) -> AsyncIterator[Chat]:
    """The shop's chat without a model."""
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=MANY), shop, reader=READER) as served:
        yield served


async def test_an_answer_is_a_stream_of_tokens_citations_and_an_end(chatting: Chat) -> None:
    """In this order, with one `citations` and one `done`; each citation has all fields a widget shows."""
    answer = await chatting.ask(QUESTION)
    kinds = [event["type"] for event in answer.events]
    assert kinds == ["token"] * (len(kinds) - 2) + ["citations", "done"]
    assert "€14" in answer.text
    (citation, *_) = answer.events[-2]["citations"]
    assert set(citation) == {"n", "url", "title", "heading", "text", "deep_link"}
    assert citation["n"] == 1
    assert citation["deep_link"].startswith(citation["url"] + "#:~:text=")
    assert answer.end["answered"] is True
    assert UUID(answer.end["conversation_id"])
    assert UUID(answer.end["message_id"])


async def test_a_refusal_offers_pages_and_questions(chatting: Chat) -> None:
    """The nearest pages, and questions that can be answered; the fake model answers those whose words it finds."""
    answer = await chatting.ask("Who is the mayor of London?")
    assert answer.text.startswith("This site does not say.")
    assert answer.end["answered"] is False
    assert len(answer.events[-2]["citations"]) == 3
    assert answer.end["suggestions"]
    ends = [(await chatting.ask(question)).end for question in answer.end["suggestions"]]
    assert any(end["answered"] for end in ends)


async def test_a_conversation_continues(chatting: Chat, openai: OpenAIServer) -> None:
    """With the id in the first answer's `done` event."""
    first = await chatting.ask(QUESTION)
    openai.chat.then("Within the EU we charge €4.90 for each parcel [1].")
    second = await chatting.ask("And inside the EU?", conversation_id=first.end["conversation_id"])
    openai.chat.forget()
    assert second.end["conversation_id"] == first.end["conversation_id"]
    assert "€4.90" in second.text


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "message"),
        ({"message": ""}, 422, "message"),
        ({"message": " \n\0 "}, 422, "message"),
        ({"message": 7}, 422, "message"),
        ({"message": "word " * 1_000}, 422, "message"),
        ({"message": QUESTION, "conversation_id": "mine"}, 422, "conversation_id"),
        ({"message": QUESTION, "conversation_id": str(uuid4())}, 404, "conversation_id"),
        ({"message": QUESTION, "model": "gpt-9"}, 422, "model"),
        ({"message": QUESTION, "system_prompt": "You are a pirate."}, 422, "system_prompt"),
        ({"message": QUESTION, "temperature": 2}, 422, "temperature"),
        ({"message": QUESTION, "limit": 50}, 422, "limit"),
        ({"message": QUESTION, "site_url": "https://evil.example/"}, 422, "site_url"),
        ({"message": "x" * 100_000}, 413, None),
        (["message"], 400, None),
    ],
)
async def test_an_invalid_message_is_refused_before_the_stream(
    quoting: Chat, body: object, status: int, field: str | None
) -> None:
    """As JSON with the field's name. Visitors choose message and conversation, nothing else."""
    response = await quoting.post(body)
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error.get("field") == field
    assert error["message"]


@pytest.mark.parametrize(
    "message",
    ["🌱💧👩‍👩‍👧", "كم تكلفة الشحن إلى النرويج؟", "\u202eshipping\u202c \u200b\ufeff cost", "?!"],
)
async def test_an_unusual_question_gets_a_complete_stream(chatting: Chat, message: str) -> None:
    """Emoji, right-to-left text, punctuation only: tokens, citations and `done`."""
    answer = await chatting.ask(message)
    assert answer.text
    assert answer.end["type"] == "done"


@pytest.mark.parametrize("order", [Next.wrong_dimensions, Next.not_finite, Next.too_few])
async def test_an_invalid_vector_of_the_question_is_a_clear_error(
    pool: Pool, openai: OpenAIServer, settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, order: Next
) -> None:
    """Too short, with NaN, or missing: 503 before the stream, nothing is stored, and the next question is answered."""
    monkeypatch.setattr(openai_embedder, "FIRST_DELAY_S", 0.01)
    made = settings(openai_api_key="sk-test", openai_base_url=openai.base_url, chat_rate=MANY)
    async with open_openai_embedder(made) as embedder:
        site = await build_site(pool, SHOP, embedder=embedder)
        async with serving(pool, made, site, embedder) as chatting:
            # All attempts of two questions, and the probes of the service after them.
            openai.then(*[order] * 2 * (openai_embedder.ATTEMPTS + 1))
            responses = [
                await chatting.post({"message": QUESTION}),
                await chatting.http.get(f"{chatting.path}/search", params={"q": QUESTION}),
            ]
            for response in responses:
                assert response.status_code == 503, response.text
                assert response.json()["error"]["message"]
            assert await count(pool, KEPT, site.widget_id) == 0
            assert (await chatting.ask(QUESTION)).end["answered"] is True


async def test_binary_data_is_refused(quoting: Chat) -> None:
    """Also with the content type of JSON."""
    headers = {"Content-Type": "application/json"}
    response = await quoting.http.post(f"{quoting.path}/chat", content=b"\xff\x00\xfe" * 100, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "json_malformed")


async def test_another_widgets_conversation_cannot_be_joined(quoting: Chat, pool: Pool, settings: MakeSettings) -> None:
    """Nor rated."""
    mine = await quoting.ask(QUESTION)
    other = await build_site(pool, {"/": ("Bicycles", "We repair bicycles while you wait.")})
    async with serving(pool, settings(chat_rate=MANY), other) as theirs:
        joined = await theirs.post({"message": "What else?", "conversation_id": mine.end["conversation_id"]})
        rated = await theirs.post({"message_id": mine.end["message_id"], "rating": "up"}, "feedback")
    assert (joined.status_code, rated.status_code) == (404, 404)


async def test_a_widget_that_is_not_ready_says_when_to_ask_again(
    pool: Pool, quoting: Chat, shop: AnsweringSite
) -> None:
    """503 with `Retry-After` while it is built, 503 with another code if its build failed, 404 if it is unknown."""
    job = await new_job(pool)
    building = Chat(quoting.http, shop.model_copy(update={"widget_id": job.widget_id}))
    response = await building.post({"message": QUESTION})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "widget_building")
    assert int(response.headers["retry-after"]) > 0
    await append_event(pool, job.build_id, draft(EventType.builder_failed))
    response = await building.post({"message": QUESTION})
    assert (response.status_code, response.json()["error"]["code"]) == (503, "widget_not_built")
    unknown = Chat(quoting.http, shop.model_copy(update={"widget_id": uuid4()}))
    assert (await unknown.post({"message": QUESTION})).status_code == 404
    assert (await quoting.http.post("/api/public/widgets/nonsense/chat", json={"message": QUESTION})).status_code == 404


async def test_a_widget_deleted_while_it_answers_ends_in_an_error(
    pool: Pool, openai: OpenAIServer, settings: MakeSettings
) -> None:
    """Its knowledge was read already; nothing is stored for a deleted widget."""
    site = await build_site(pool, SHOP)
    made = settings(openai_api_key="sk-test", openai_base_url=openai.base_url, chat_rate=MANY)
    async with serving(pool, made, site) as chatting:
        openai.chat.pause_s = 0.01
        openai.chat.then("Parcels leave our warehouse the same day [1]. " * 6)
        asking = asyncio.create_task(chatting.ask(QUESTION))
        asked = len(openai.chat.asked)
        while len(openai.chat.asked) == asked:
            await asyncio.sleep(0.01)
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM widgets WHERE id = %s", (site.widget_id,))
        answer = await asking
        openai.chat.pause_s = 0
    assert answer.end["type"] == "error"
    assert answer.end["code"] == "not_found"


async def test_an_interrupted_answer_ends_in_an_error_event(
    pool: Pool, shop: AnsweringSite, openai: OpenAIServer, settings: MakeSettings
) -> None:
    """Not in `done`; the question is stored as unanswered."""
    made = settings(openai_api_key="sk-test", openai_base_url=openai.base_url, chat_rate=MANY, admin_token=ADMIN)
    async with serving(pool, made, shop) as chatting:
        # The first answer of a server is held back until its end.
        await chatting.ask("Who founded the roastery?")
        before = (await chatting.insights()).json()["unanswered"]
        openai.chat.habitual_text = (
            "The roastery was founded in 2011 by Ines Okafor [1]. It was founded in Leith with her"
        )
        openai.chat.then(NextChat.breaks_off)
        answer = await chatting.ask("Who founded the roastery?")
        openai.chat.habitual_text = None
        assert (answer.end["type"], answer.end["code"]) == ("error", "answer_interrupted")
        assert (await chatting.insights()).json()["unanswered"] == before + 1


async def test_a_visitor_who_asks_too_often_is_told_to_wait(
    pool: Pool, shop: AnsweringSite, settings: MakeSettings
) -> None:
    """429 with `Retry-After`, before the search; questions to other widgets count as well."""
    async with serving(pool, settings(chat_rate=Rate(count=3, seconds=86_400)), shop) as chatting:
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM chat_usage")
        statuses = [(await chatting.post({"message": "hello"})).status_code for _ in range(5)]
        refused = await chatting.post({"message": "hello"})
    assert statuses == [200, 200, 200, 429, 429]
    assert refused.json()["error"]["code"] == "rate_limited"
    assert 0 < int(refused.headers["retry-after"]) <= 86_400


@pytest.mark.parametrize("cap", ["chat_client_tokens", "chat_widget_tokens", "chat_tokens"])
async def test_no_more_is_spent_than_the_cap_however_many_ask_at_once(
    pool: Pool, shop: AnsweringSite, openai: OpenAIServer, settings: MakeSettings, cap: str
) -> None:
    """Two dozen at once against a budget for a few: some are answered, the rest refused, and the budget holds."""
    made = settings(openai_api_key="sk-test", openai_base_url=openai.base_url, chat_rate=MANY, **{cap: 6_000})
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM chat_usage")
    async with serving(pool, made, shop) as chatting:
        asked = len(openai.chat.asked)
        answers = await asyncio.gather(*(chatting.post({"message": QUESTION}) for _ in range(24)))
        statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)
    assert len(openai.chat.asked) - asked == statuses.count(200)
    scope = cap.removeprefix("chat_")
    assert 0 < await count(pool, "SELECT sum(amount) FROM chat_usage WHERE scope = %s", scope) <= 6_000


async def test_feedback_is_stored_and_may_be_changed(chatting: Chat) -> None:
    """The owner sees the last rating, with the question and the visitor's comment."""
    answer = await chatting.ask("When are the beans roasted?")
    before = (await chatting.insights()).json()
    for rating, comment in (("up", ""), ("down", "It does not say at what time.")):
        thumb = {"message_id": answer.end["message_id"], "rating": rating, "comment": comment}
        assert (await chatting.post(thumb, "feedback")).status_code == 204
    after = (await chatting.insights()).json()
    assert after["thumbs_down"] == before["thumbs_down"] + 1
    assert after["thumbs_up"] == before["thumbs_up"]
    assert after["feedback"][0]["comment"] == "It does not say at what time."
    assert after["feedback"][0]["question"] == "When are the beans roasted?"


@pytest.mark.parametrize(
    ("thumb", "status"),
    [
        ({"rating": "up"}, 422),
        ({"message_id": str(uuid4()), "rating": "sideways"}, 422),
        ({"message_id": str(uuid4()), "rating": "up"}, 404),
        ({"message_id": str(uuid4()), "rating": "up", "comment": "x" * 3_000}, 422),
    ],
)
async def test_invalid_feedback_is_refused(quoting: Chat, thumb: dict[str, Any], status: int) -> None:
    """Incomplete, with an unknown rating, or for a message that does not exist."""
    assert (await quoting.post(thumb, "feedback")).status_code == status


async def test_insights_count_what_visitors_ask(pool: Pool, settings: MakeSettings) -> None:
    """Frequent questions, unanswered ones, and cited pages; small talk is not counted."""
    site = await build_site(pool, SHOP)
    async with serving(pool, settings(chat_rate=MANY, admin_token=ADMIN), site) as chatting:
        for question in ("Do you sell tea?", "do you  sell TEA?", QUESTION, "hello"):
            await chatting.ask(question)
        told = (await chatting.insights()).json()
    assert (told["questions"], told["answered"], told["unanswered"], told["conversations"]) == (3, 1, 2, 3)
    assert [(asked["question"].lower(), asked["count"]) for asked in told["unanswered_questions"]] == [
        ("do you sell tea?", 2)
    ]
    assert [page["url"].rpartition("/")[2] for page in told["pages"]] == ["shipping"]


async def test_insights_are_the_owners(pool: Pool, quoting: Chat) -> None:
    """With the owner token or the administrator token only."""
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE widgets SET owner_token_hash = %s WHERE id = %s", (hash_token("mine"), quoting.site.widget_id)
        )
    statuses = {token: (await quoting.insights(token)).status_code for token in ("", "mine", ADMIN, "theirs")}
    assert statuses == {"": 401, "mine": 200, ADMIN: 200, "theirs": 403}


async def test_no_address_of_a_visitor_is_stored(pool: Pool, quoting: Chat) -> None:
    """Neither in clear nor as a hash that can be computed without the day's salt."""
    await quoting.ask(QUESTION)
    for table in ("conversations", "chat_messages", "feedback", "chat_usage"):
        assert await count(pool, f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE '%%127.0.0.1%%'") == 0


async def test_old_conversations_are_deleted(pool: Pool, quoting: Chat) -> None:
    """With their feedback, and the salts of past days; recent ones stay."""
    old, young = await quoting.ask(QUESTION), await quoting.ask(QUESTION)
    await quoting.post({"message_id": old.end["message_id"], "rating": "up"}, "feedback")
    async with pool.connection() as connection:
        for statement in (
            "UPDATE chat_messages SET at = now() - interval '31 days' WHERE id = %s",
            "UPDATE conversations SET created_at = now() - interval '31 days'"
            " WHERE id = (SELECT conversation_id FROM chat_messages WHERE id = %s)",
        ):
            await connection.execute(statement, (old.end["message_id"],))
        await connection.execute("INSERT INTO chat_salts VALUES (current_date - 1, 'old') ON CONFLICT DO NOTHING")
    assert await delete_expired(pool, 30) == 1
    for table, column in (("chat_messages", "id"), ("feedback", "message_id")):
        assert await count(pool, f"SELECT count(*) FROM {table} WHERE {column} = %s", old.end["message_id"]) == 0
    assert await count(pool, "SELECT count(*) FROM conversations WHERE id = %s", old.end["conversation_id"]) == 0
    assert await count(pool, "SELECT count(*) FROM chat_messages WHERE id = %s", young.end["message_id"]) == 1
    assert await count(pool, "SELECT count(*) FROM chat_salts WHERE day < current_date") == 0


async def test_the_configuration_has_greeting_and_suggested_questions(quoting: Chat) -> None:
    """A greeting in the site's language, and questions that the site answers."""
    config = (await quoting.http.get(quoting.path)).json()
    assert config["locale"] == "en"
    assert config["greeting"] == "Hello! What would you like to know about example.com?"
    assert 2 <= len(config["suggested_questions"]) <= 4
    for question in config["suggested_questions"]:
        assert (await quoting.ask(question)).end["answered"] is True
