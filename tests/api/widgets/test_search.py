"""Search over a built widget, and its public configuration."""

from uuid import uuid4

import pytest

from tasks.knowledge.embedding.open_embedder import open_embedder
from tests.conftest import MakeSettings
from tests.product import Event, Product
from tests.sites import company_facts as facts
from tests.sites.server import Site

SEED_QUERY = """
    SELECT url, title, 1 - (embedding <=> %(vector)b) AS similarity FROM knowledge_scraped_pages
    WHERE job_id = %(job)s ORDER BY embedding <=> %(vector)b LIMIT 5
"""


def widget_path(built: list[Event]) -> str:
    """The widget's public address."""
    return f"/api/public/widgets/{built[0]['data']['widget_id']}"


async def test_search_finds_the_page_that_answers(built: list[Event], product: Product, company: Site) -> None:
    """Most questions about the site have the right page first, four in five among the first three."""
    first, among = 0, 0
    for fact in facts.FACTS:
        answer = await product.http.get(f"{widget_path(built)}/search", params={"q": fact.question, "limit": 3})
        urls = [result["url"] for result in answer.json()["results"]]
        first += urls[0] == company.url + fact.path
        among += company.url + fact.path in urls
    assert first >= 0.6 * len(facts.FACTS)
    assert among >= 0.8 * len(facts.FACTS)


async def test_results_are_passages_best_first_one_a_page(built: list[Event], product: Product) -> None:
    """Each with url, title, heading, text, similarity and deep link; as many as `limit`."""
    answer = await product.http.get(f"{widget_path(built)}/search", params={"q": "warranty", "limit": 4})
    results = answer.json()["results"]
    assert len(results) == len({result["url"] for result in results}) == 4
    assert all(set(result) == {"url", "title", "heading", "text", "similarity", "deep_link"} for result in results)
    assert all(result["text"] for result in results)


async def test_the_page_vectors_answer_the_plain_query_too(
    built: list[Event], product: Product, company: Site, settings: MakeSettings
) -> None:
    """Other programs run this statement on the page table."""
    async with open_embedder(settings(), None) as embedder, product.pool.connection() as connection:
        (vector,) = await embedder.embed(["opening hours of the shop"])
        values = {"vector": vector, "job": built[0]["build_id"]}
        rows = await (await connection.execute(SEED_QUERY, values)).fetchall()
    assert len(rows) == 5
    assert company.url + "/contact/" in [row[0] for row in rows[:3]]
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)


@pytest.mark.parametrize(
    ("params", "field"),
    [({}, "q"), ({"q": "  "}, "q"), ({"q": "a" * 2_000}, "q"), ({"q": "x", "limit": "0"}, "limit")],
)
async def test_a_question_that_cannot_be_searched_is_refused(
    built: list[Event], product: Product, params: dict[str, str], field: str
) -> None:
    """Empty, too long, or with an invalid limit."""
    answer = await product.http.get(f"{widget_path(built)}/search", params=params)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)


async def test_unusual_questions_are_answered_like_any_other(built: list[Event], product: Product) -> None:
    """Emoji, right-to-left text, quotes, a NUL: data, never an error."""
    for question in ("🌱💧?", "كم الضمان؟", "'; DROP TABLE widgets; --", "probe\0depth", "%_&|!():*"):
        answer = await product.http.get(f"{widget_path(built)}/search", params={"q": question})
        assert answer.status_code == 200


async def test_the_widgets_configuration_is_public(built: list[Event], product: Product) -> None:
    """Name, theme and state; nothing of the owner."""
    config = (await product.http.get(widget_path(built))).json()
    assert (config["name"], config["state"], config["theme"]["primary"]) == (facts.NAME, "ready", facts.PRIMARY)
    assert not any("token" in key for key in config)


async def test_an_unknown_widget_is_not_found(product: Product) -> None:
    """By configuration and by search."""
    for path in (f"/api/public/widgets/{uuid4()}", f"/api/public/widgets/{uuid4()}/search?q=x"):
        answer = await product.http.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
