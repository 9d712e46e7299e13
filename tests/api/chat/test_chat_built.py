"""Chat with a widget built from a site: the whole way from pages to an answer with links."""

from typing import Any

from httpx_sse import aconnect_sse

from tests.product import Event, Product
from tests.sites import company_facts as facts
from tests.sites.server import Site


async def ask(product: Product, built: list[Event], message: str, **more: Any) -> list[dict[str, Any]]:
    """All events of the answer."""
    path = f"/api/public/widgets/{built[0]['data']['widget_id']}/chat"
    async with aconnect_sse(product.http, "POST", path, json={"message": message, **more}) as source:
        assert source.response.status_code == 200
        return [frame.json() async for frame in source.aiter_sse() if frame.data]


def text_of(events: list[dict[str, Any]]) -> str:
    """The tokens joined."""
    return "".join(event["text"] for event in events if event["type"] == "token")


async def test_most_facts_of_the_site_are_answered_with_their_page(
    built: list[Event], product: Product, company: Site
) -> None:
    """Four in five: the fact is in the answer, and its page is among the citations."""
    told = 0
    for fact in facts.FACTS:
        events = await ask(product, built, fact.question)
        *_, citations, done = events
        assert (citations["type"], done["type"]) == ("citations", "done")
        assert all(citation["url"].startswith(company.url) for citation in citations["citations"])
        cited = {citation["url"] for citation in citations["citations"]}
        told += done["answered"] and fact.answer in text_of(events) and company.url + fact.path in cited
    assert told >= 0.8 * len(facts.FACTS)


async def test_a_question_the_site_does_not_answer_is_refused(built: list[Event], product: Product) -> None:
    """With the nearest pages and questions that can be answered."""
    *_, citations, done = await ask(product, built, "Who won the football world cup in 1974?")
    assert not done["answered"]
    assert citations["citations"]
    assert done["suggestions"]


async def test_a_conversation_and_its_feedback_are_stored(built: list[Event], product: Product) -> None:
    """The second question continues the first one's conversation; feedback refers to its message."""
    first = (await ask(product, built, facts.FACTS[0].question))[-1]
    second = (await ask(product, built, "And what does it cost?", conversation_id=first["conversation_id"]))[-1]
    assert second["conversation_id"] == first["conversation_id"]
    path = f"/api/public/widgets/{built[0]['data']['widget_id']}/feedback"
    thumb = await product.http.post(path, json={"message_id": second["message_id"], "rating": "up"})
    assert thumb.status_code == 204
    kept = "SELECT count(*) FROM chat_messages JOIN feedback ON message_id = id WHERE conversation_id = %s"
    assert await product.count(kept, first["conversation_id"]) == 1
