"""The owner's words for questions that the site does not answer, and the language of the chat."""

from collections.abc import AsyncIterator

import pytest

from tasks.core.database import Pool
from tasks.core.rates import Rate
from tasks.records.widgets import save_settings
from tests.api.chatting import ADMIN, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import READER, SHOP, build_site

NOT_ON_THE_SITE = "Who is the mayor of London?"
OWN_WORDS = "Please ring **us**: [contact](https://leith.example/contact)."


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A shop's chat whose owner has chosen the words of refusals."""
    site = await build_site(pool, SHOP)
    await save_settings(pool, site.widget_id, {"not_found_text": OWN_WORDS})
    rate = Rate(count=1_000, seconds=60)
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=rate), site, reader=READER) as served:
        yield served


async def test_a_refusal_is_in_the_owners_words(chat: Chat) -> None:
    """It is a refusal like any other: the nearest pages stand below it."""
    answer = await chat.ask(NOT_ON_THE_SITE)
    assert answer.text == OWN_WORDS
    assert answer.end["answered"] is False
    assert len(answer.events[-2]["citations"]) == 3


async def test_a_visitor_with_another_language_is_refused_in_it(chat: Chat) -> None:
    """The owner wrote in the site's."""
    answer = await chat.ask("Wer ist denn eigentlich der Bürgermeister von London?")
    assert answer.text.startswith("Dazu sagt diese Website nichts.")


async def test_the_owners_words_are_text_and_not_html(chat: Chat, pool: Pool) -> None:
    """Like the owner's answers."""
    await save_settings(pool, chat.site.widget_id, {"not_found_text": "<b>No</b> ![it](https://evil.example/x.png)"})
    told = (await chat.ask(NOT_ON_THE_SITE)).text
    assert "<b>" not in told
    assert "evil.example" not in told


async def test_questions_are_suggested_after_a_refusal_unless_the_owner_wants_none(chat: Chat, pool: Pool) -> None:
    """They are by default."""
    assert (await chat.ask(NOT_ON_THE_SITE)).end["suggestions"]
    await save_settings(pool, chat.site.widget_id, {"follow_ups": False})
    assert (await chat.ask(NOT_ON_THE_SITE)).end["suggestions"] == []


async def test_the_owner_chooses_the_language_of_the_chats_own_words(chat: Chat, pool: Pool) -> None:
    """The greeting follows it, whose default is in the site's language."""
    assert (await chat.http.get(chat.path)).json()["locale"] == "en"
    await save_settings(pool, chat.site.widget_id, {"locale": "de"})
    config = (await chat.http.get(chat.path)).json()
    assert config["locale"] == "de"
    assert config["greeting"].startswith("Hallo")
