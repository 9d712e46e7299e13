"""Sources: an owner's files and texts are in answers at once, whatever a re-crawl finds, and gone when deleted."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from api.app import create_app
from tasks.core.database import Pool
from tasks.core.processes import open_processes
from tasks.documents.document_process import DOCUMENT_MODULE
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.indexing.source_writer import renew_sources
from tasks.records import sources
from tasks.records.cleanup import tidy_widget
from tasks.records.publication import activate_build
from tasks.records.rollback import roll_back
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.documents.files import make_docx, paragraph
from tests.knowledge.answer_material import EMBEDDER, SHOP, PaidEmbedder, build_site
from tests.knowledge.material import count, embed_page, new_job, set_status
from tests.web.test_pdf import make_pdf

CUPPING = "How much does a cupping course cost?"
TEXT = {
    "title": "Courses in spring",
    "text": "# Courses\n\nA cupping course costs €65 and takes three hours. Courses begin every Saturday at ten.",
}
NORWAY = "What does shipping to Norway cost?"


class OtherModel(PaidEmbedder):
    """The local embedder under another model's name."""

    model = "text-embedding-3-small"
    price: float | None = 0.0


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A shop of this test's own, with all routes; files of 100 kB at most."""
    site = await build_site(pool, SHOP)
    made = settings(admin_token=ADMIN, chat_rate=MANY, request_rate=MANY, max_page_bytes=100_000)
    async with serving(pool, made, site, routes=create_app(made).routes) as served:
        yield served


async def add(chat: Chat, **changes: Any) -> dict[str, Any]:
    """Add the text about courses, with changes, and return the source."""
    response = await chat.owner("POST", "sources", json=TEXT | changes)
    assert response.status_code == 201, response.text
    added: dict[str, Any] = response.json()
    return added


async def send(chat: Chat, name: str, body: bytes, **query: str) -> dict[str, Any]:
    """Send a file, and return the source or the error."""
    response = await chat.owner("POST", "sources", params={"name": name, **query}, content=body)
    sent: dict[str, Any] = response.json()
    return sent.get("error", sent)  # type: ignore[no-any-return]


async def recrawl(pool: Pool, chat: Chat, paths: list[str]) -> None:
    """Build the widget again from these pages of the shop."""
    job = await new_job(pool, chat.site.widget_id)
    await store_pages(pool, job.build_id, [await embed_page(EMBEDDER, path, *SHOP[path]) for path in paths])
    assert await activate_build(pool, job, replace=True)
    await set_status(pool, chat.site.widget_id, "completed")


async def test_a_pasted_text_is_answered_from_and_cited_by_its_title(chat: Chat) -> None:
    """At once, by an address on the site; other questions are answered as before."""
    assert (await chat.ask(CUPPING)).end["answered"] is False
    before = await chat.ask(NORWAY)
    added = await add(chat)
    answer = await chat.ask(CUPPING)
    assert "€65" in answer.text
    [cited] = answer.events[-2]["citations"]
    assert cited["title"] == TEXT["title"]
    assert cited["url"].partition("#")[0] == chat.site.url
    after = await chat.ask(NORWAY)
    assert (after.text, after.events[-2]) == (before.text, before.events[-2])
    [listed] = (await chat.owner("GET", "sources")).json()["sources"]
    assert listed == added
    read = (await chat.owner("GET", f"pages/{listed['page_id']}")).json()
    assert (read["title"], read["content"]) == (TEXT["title"], TEXT["text"])


async def test_a_link_is_cited_where_the_owner_gives_one(chat: Chat) -> None:
    """Two sources with one link stay two citations."""
    await add(chat, link="https://courses.example/spring#top")
    await add(chat, title="Barista", text="A latte art course costs €80.", link="https://courses.example/spring")
    urls = {it["url"] for it in (await chat.owner("GET", "sources")).json()["sources"]}
    assert {url.partition("#")[0] for url in urls} == {"https://courses.example/spring"}
    assert len(urls) == 2
    first = (await chat.ask(CUPPING)).events[-2]["citations"][0]
    assert (first["title"], first["url"].partition("#")[0]) == (TEXT["title"], "https://courses.example/spring")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("courses.pdf", make_pdf(["A cupping course costs 65 euros and takes three hours."])),
        ("courses.docx", make_docx(paragraph("A cupping course costs 65 euros and takes three hours."))),
        ("courses.md", b"# Courses\n\nA cupping course costs 65 euros and takes three hours."),
        ("courses.txt", b"A cupping course costs 65 euros and takes three hours."),
    ],
    ids=["pdf", "docx", "markdown", "text"],
)
async def test_a_file_is_answered_from(chat: Chat, name: str, body: bytes) -> None:
    """By the title that its owner gives it."""
    added = await send(chat, name, body, title="Spring courses")
    assert added["title"] == "Spring courses"
    answer = await chat.ask(CUPPING)
    assert "65 euros" in answer.text
    assert [it["title"] for it in answer.events[-2]["citations"]] == ["Spring courses"]


async def test_a_source_survives_recrawls_rollback_and_housekeeping(chat: Chat, pool: Pool) -> None:
    """It is no page of the crawl: none that is added, missed or followed."""
    await set_status(pool, chat.site.widget_id, "completed")
    await add(chat)
    for paths in (["/shipping", "/returns"], ["/roasting"]):
        await recrawl(pool, chat, paths)
        await tidy_widget(pool, chat.site.widget_id, 2)
        assert "€65" in (await chat.ask(CUPPING)).text
    await roll_back(pool, chat.site.widget_id)
    assert "€65" in (await chat.ask(CUPPING)).text
    crawled = "SELECT count(*) FROM crawl_urls JOIN scrape_jobs ON id = job_id WHERE widget_id = %s"
    assert await count(pool, crawled + " AND crawl_urls.url LIKE '%%#source%%'", chat.site.widget_id) == 0


async def test_a_deleted_source_is_in_no_answer(chat: Chat, pool: Pool) -> None:
    """Nor in any table but the cache of vectors, which has no text."""
    added = await add(chat)
    assert (await chat.owner("DELETE", f"sources/{added['id']}")).status_code == 204
    assert (await chat.ask(CUPPING)).end["answered"] is False
    assert (await chat.owner("GET", "sources")).json() == {"sources": []}
    for table in ("stored_pages", "stored_chunks", "sources"):
        query = f"SELECT count(*) FROM {table} WHERE widget_id = %s AND {table}::text LIKE %s"
        assert await count(pool, query, chat.site.widget_id, "%cupping%") == 0
    gone = await chat.owner("DELETE", f"sources/{added['id']}")
    assert (gone.status_code, gone.json()["error"]["message"][:24]) == (404, "There is no such source.")


async def test_agents_and_the_export_have_it(chat: Chat) -> None:
    """As visitors do."""
    await add(chat)
    found = await chat.http.get(f"{chat.path}/search", params={"q": CUPPING})
    assert found.json()["results"][0]["title"] == TEXT["title"]
    assert TEXT["title"] in (await chat.http.get(f"{chat.path}/llms.txt")).text
    exported = (await chat.owner("GET", "pages", headers={"Accept": "text/markdown"})).text
    assert exported.endswith(f"{TEXT['text']}\n\n")
    assert exported.index(SHOP["/about"][1]) < exported.index(TEXT["text"])


async def test_a_source_is_embedded_by_a_paid_model(chat: Chat, pool: Pool, settings: MakeSettings) -> None:
    """At the cost of the widget's budget, as questions are."""
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=MANY), chat.site, PaidEmbedder()) as paid:
        await add(paid)
    assert "€65" in (await chat.ask(CUPPING)).text


async def test_a_source_follows_the_embedding_model(chat: Chat, pool: Pool) -> None:
    """A build with another model stores it anew; one with the same leaves it."""
    added = await add(chat)
    with open_processes(1, DOCUMENT_MODULE) as processes:
        assert await renew_sources(pool, processes, EMBEDDER, chat.site.widget_id) == 0
        assert await renew_sources(pool, processes, OtherModel(), chat.site.widget_id) == 1
    [renewed] = (await chat.owner("GET", "sources")).json()["sources"]
    assert renewed["page_id"] != added["page_id"]
    await tidy_widget(pool, chat.site.widget_id, 2)
    await set_status(pool, chat.site.widget_id, "completed")
    await tidy_widget(pool, chat.site.widget_id, 2)
    assert await count(pool, "SELECT count(*) FROM stored_pages WHERE id = %s", added["page_id"]) == 0
    with open_processes(1, DOCUMENT_MODULE) as processes:
        assert await renew_sources(pool, processes, EMBEDDER, chat.site.widget_id) == 1
    assert "€65" in (await chat.ask(CUPPING)).text


async def test_characters_that_cannot_be_stored_are_left_out(chat: Chat) -> None:
    """The rest is answered from."""
    await add(chat, title="Spring\0", text="A cupping course costs\0 €65.")
    assert "€65" in (await chat.ask(CUPPING)).text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": " "}, "title_invalid"),
        ({"text": ""}, "text_invalid"),
        ({"link": "javascript:alert(1)"}, "link_invalid"),
        ({"kind": "pdf"}, "kind_invalid"),
        ({"text": "word " * 30_000}, "body_too_large"),
    ],
)
async def test_a_wrong_text_is_refused(chat: Chat, changes: dict[str, str], code: str) -> None:
    """With the field's name; nothing is stored."""
    response = await chat.owner("POST", "sources", json=TEXT | changes)
    assert response.json()["error"]["code"] == code
    assert (await chat.owner("GET", "sources")).json() == {"sources": []}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"", "body_empty", "The body is empty."),
        (b"\x89PNG\r\n\x1a\n", "source_unreadable", "logo.png was not added: it is no PDF, DOCX, or text in UTF-8"),
        (b"x" * 100_001, "body_too_large", "larger than 97 KiB"),
    ],
    ids=["empty", "picture", "large"],
)
async def test_a_wrong_file_is_refused(chat: Chat, body: bytes, code: str, message: str) -> None:
    """In words for its owner."""
    refused = await send(chat, "logo.png", body)
    assert refused["code"] == code
    assert message in refused["message"]


async def test_a_file_needs_a_name(chat: Chat) -> None:
    """The field is named."""
    response = await chat.owner("POST", "sources", content=b"Text")
    assert response.json()["error"]["field"] == "name"


async def test_the_same_text_is_added_once(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more than there may be."""
    await add(chat)
    again = await chat.owner("POST", "sources", json=TEXT | {"title": "Again"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "source_known")
    monkeypatch.setattr(sources, "MAX_SOURCES", 1)
    more = await chat.owner("POST", "sources", json=TEXT | {"text": "Another text."})
    assert (more.status_code, more.json()["error"]["code"]) == (409, "too_many_sources")


async def test_a_text_is_replaced_and_its_former_one_is_in_no_answer(chat: Chat, pool: Pool) -> None:
    """At once, under the same id; shown with its text and link, so that an owner can change it."""
    added = await add(chat)
    path = f"sources/{added['id']}"
    shown = (await chat.owner("GET", path)).json()
    assert (shown["text"], shown["link"]) == (TEXT["text"], None)
    pages = await count(pool, "SELECT count(*) FROM stored_pages WHERE widget_id = %s", chat.site.widget_id)
    link = "https://leith.example/courses"
    body = {"title": "Courses", "text": TEXT["text"].replace("€65", "€72"), "link": link}
    changed = await chat.owner("PUT", path, json=body)
    assert changed.status_code == 200, changed.text
    assert changed.json()["id"] == added["id"]
    answer = await chat.ask(CUPPING)
    assert "€72" in answer.text
    assert "€65" not in answer.text
    [cited] = answer.events[-2]["citations"]
    assert (cited["title"], cited["url"].partition("#")[0]) == ("Courses", link)
    assert (await chat.owner("GET", path)).json()["link"] == link
    assert await count(pool, "SELECT count(*) FROM stored_pages WHERE widget_id = %s", chat.site.widget_id) == pages
    # The title alone, and nothing at all.
    for title in ("Cupping courses", "Cupping courses"):
        assert (await chat.owner("PUT", path, json=body | {"title": title})).status_code == 200
        assert [each["title"] for each in (await chat.owner("GET", "sources")).json()["sources"]] == [title]
    assert "€72" in (await chat.ask(CUPPING)).text


async def test_a_file_takes_the_place_of_a_source(chat: Chat) -> None:
    """A price list of the next year, say; one that cannot be read leaves the former one."""
    path = f"sources/{(await add(chat))['id']}"
    broken = await chat.owner("PUT", path, params={"name": "prices.pdf"}, content=b"%PDF-1.4 nothing")
    assert broken.status_code == 422
    assert "€65" in (await chat.ask(CUPPING)).text
    body = b"# Courses\n\nA cupping course costs 80 euros and takes three hours."
    changed = await chat.owner("PUT", path, params={"name": "courses.md"}, content=body)
    assert changed.json()["kind"] == "markdown"
    answer = (await chat.ask(CUPPING)).text
    assert "80" in answer
    assert "€65" not in answer


async def test_a_source_is_not_replaced_by_the_text_of_another(chat: Chat) -> None:
    """409, as when it is added; one of another widget is not found."""
    added = await add(chat)
    other = await add(chat, text="# Parking\n\nYou park behind the shop for two euros an hour.")
    assert (await chat.owner("PUT", f"sources/{other['id']}", json=TEXT)).status_code == 409
    assert (await chat.owner("PUT", f"sources/{added['page_id']}", json=TEXT)).status_code == 404
    assert (await chat.owner("GET", f"sources/{added['page_id']}")).status_code == 404
