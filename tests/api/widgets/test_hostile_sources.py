"""Sources of an owner who means harm: everybody who builds a widget is one. Others are served, and space is limited."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.app import create_app
from api.http import turns
from tasks.core.database import Pool
from tasks.core.processes import Limits
from tasks.knowledge.indexing import source_writer
from tasks.records import sources
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.documents.files import make_docx, paragraph
from tests.knowledge.answer_material import SHOP, build_site


@pytest.fixture
async def chat(pool: Pool, settings: MakeSettings) -> AsyncIterator[Chat]:
    """A shop of this test's own, with all routes."""
    made = settings(admin_token=ADMIN, chat_rate=MANY, request_rate=MANY)
    async with serving(pool, made, await build_site(pool, SHOP), routes=create_app(made).routes) as served:
        yield served


async def paste(chat: Chat, text: str, title: str = "Text") -> httpx.Response:
    """Add a text."""
    return await chat.owner("POST", "sources", json={"title": title, "text": text})


def problem(response: httpx.Response) -> tuple[int, str]:
    """The status and the code of an error."""
    return response.status_code, response.json()["error"]["code"]


async def test_a_text_that_takes_long_to_cut_fails_alone(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a child process, within its limits: the process that answers visitors is not held up."""
    with monkeypatch.context() as patched:
        patched.setattr(source_writer, "CUTTING", Limits(seconds=0.001, cpu_s=20, memory=1024**3))
        refused = await paste(chat, "_a" * 20_000, "Long")
    assert problem(refused) == (422, "source_unreadable")
    assert refused.json()["error"]["message"] == "Long was not added: it took longer than 0.001s."
    assert (await chat.owner("GET", "sources")).json() == {"sources": []}
    assert (await paste(chat, "A cupping course costs €65.")).status_code == 201


async def test_a_client_adds_two_sources_at_once(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third is told when to come again, before its body is read; a turn that ends is free."""
    held, waits = asyncio.Event(), []

    async def wait(*_: Any) -> None:
        waits.append(True)
        await held.wait()

    monkeypatch.setattr("api.widgets.source_routes.check_number", wait)
    waiting = [asyncio.create_task(paste(chat, f"A cupping course costs €{price}.")) for price in (65, 66)]
    async with asyncio.timeout(20):
        while len(waits) < 2:
            await asyncio.sleep(0.05)
        refused = await paste(chat, "")
    assert problem(refused) == (429, "sources_busy")
    assert int(refused.headers["Retry-After"]) > 0
    held.set()
    assert [it.status_code for it in await asyncio.gather(*waiting)] == [201, 201]
    assert (await paste(chat, "A cupping course costs €67.")).status_code == 201


async def test_all_clients_together_have_so_many_turns(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client beyond them is asked to come again."""
    monkeypatch.setattr(turns, "MOST", 0)
    assert problem(await paste(chat, "A cupping course costs €65.")) == (503, "sources_busy")
    # A logo is drawn by the same child process.
    assert problem(await chat.owner("PUT", "logo", content=b"<svg/>")) == (503, "sources_busy")


async def test_a_full_widget_reads_no_file(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which costs processor time."""
    monkeypatch.setattr(sources, "MAX_SOURCES", 0)
    sent = await chat.owner("POST", "sources", params={"name": "a.docx"}, content=b"PK\x03\x04 broken")
    assert problem(sent) == (409, "too_many_sources")


async def test_the_texts_of_a_workspace_are_limited_together(
    chat: Chat, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another widget of the same workspace has no room of its own; one outside has."""
    monkeypatch.setattr(sources, "MAX_TOKENS", 20)
    text = "A cupping course costs €65 and takes three hours."
    site = await build_site(pool, SHOP)
    other = replace(chat, site=site)
    await share_workspace(pool, chat.site.widget_id, site.widget_id)
    alone = replace(chat, site=await build_site(pool, SHOP))
    assert (await paste(chat, text)).status_code == 201
    for full in (chat, other):
        refused = await paste(full, text.replace("65", "66"))
        assert problem(refused) == (409, "sources_too_long")
        assert "all sources of a workspace may have 20" in refused.json()["error"]["message"]
    assert (await paste(alone, text)).status_code == 201
    [first] = (await chat.owner("GET", "sources")).json()["sources"]
    await chat.owner("DELETE", f"sources/{first['id']}")
    assert (await paste(other, text)).status_code == 201


async def share_workspace(pool: Pool, *widgets: UUID) -> None:
    """Put the widgets into one workspace."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "INSERT INTO workspaces (id, name) VALUES (gen_random_uuid(), 'Roastery') RETURNING id"
        )
        (workspace,) = await rows.fetchone() or (None,)
        await connection.execute(
            "UPDATE widgets SET workspace_id = %s, owner_token_hash = NULL WHERE id = ANY(%s)",
            (workspace, list(widgets)),
        )


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/",
        "..",
        "\0a.txt",
        "a\nb.txt",
        "\u202etxt.exe",
        "<img src=x onerror=alert(1)>.txt",
        "a" * 300,
    ],
)
async def test_a_name_is_a_title_and_nothing_else(chat: Chat, name: str) -> None:
    """No path, no markup, no control character: no file is ever written."""
    sent = await chat.owner("POST", "sources", params={"name": name}, content=b"A cupping course costs 65 euros.")
    assert sent.status_code == 201, sent.text
    title = sent.json()["title"]
    assert title
    assert title.isprintable()


async def test_a_name_without_a_character_that_is_seen_is_refused(chat: Chat) -> None:
    """It could not be cited."""
    sent = await chat.owner("POST", "sources", params={"name": "\0\u202e"}, content=b"A cupping course costs 65 euros.")
    assert problem(sent) == (422, "name_invalid")


async def test_a_link_to_a_private_address_is_not_fetched(chat: Chat) -> None:
    """Nor one in a text or a document: what owners add is text."""
    reached: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.read(100))
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as canary:
        url = f"http://127.0.0.1:{canary.sockets[0].getsockname()[1]}/"
        text = f"A cupping course costs €65. ![x]({url}a.png) [y]({url}) <img src='{url}'> {url}"
        body = {"title": "Text", "text": text, "link": url}
        assert (await chat.owner("POST", "sources", json=body)).status_code == 201
        linked = make_docx(paragraph("A latte art course costs 80 euros. " + url))
        sent = await chat.owner("POST", "sources", params={"name": "a.docx", "link": url}, content=linked)
        assert sent.status_code == 201
        await chat.ask("How much does a cupping course cost?")
    assert reached == []
