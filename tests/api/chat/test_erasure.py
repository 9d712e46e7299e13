"""Erasure: after it, nothing that was stored or logged has a visitor's words."""

from pathlib import Path

from httpx_sse import aconnect_sse

from tests.product import Event, Product

WORD = "zanthoxylum"
"""In no page and no log by chance."""


async def tables_with(product: Product, word: str) -> list[str]:
    """Return the tables that have the word in any row."""
    async with product.pool.connection() as connection:
        rows = await connection.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public'")
        found = []
        for schema, table in await rows.fetchall():
            query = f'SELECT count(*) FROM "{schema}"."{table}" AS row WHERE row::text ILIKE %s'
            row = await (await connection.execute(query, (f"%{word}%",))).fetchone()  # type: ignore[arg-type]
            if row is not None and row[0]:
                found.append(table)
    return found


def files_with(folder: Path, word: str) -> list[str]:
    """Return the files of the stack that have the word: logs, and the database of Prefect's server.

    Of PostgreSQL only its log is read: its data files keep deleted rows until they are vacuumed.
    """
    assert folder.is_dir()
    databases = {file.parent for file in folder.rglob("PG_VERSION")}
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_socket()]
    read = [file for file in files if file.suffix == ".log" or databases.isdisjoint(file.parents)]
    assert any("prefect" in str(file) for file in read)
    return [str(file) for file in read if word.encode() in file.read_bytes().lower()]


async def test_erased_conversations_leave_no_trace(product: Product, built: list[Event]) -> None:
    """Question, answer, comment, name and message of one conversation, and then of all, and what webhooks were told.

    In no table, log or Prefect record.
    """
    widget = built[0]["data"]["widget_id"]
    owner = {"Authorization": f"Bearer {built[0]['data']['owner_token']}"}
    await product.http.patch(f"/api/widgets/{widget}", json={"contact_form": True}, headers=owner)
    # A port that nothing listens on: the deliveries stay, to be tried again.
    hook = {"url": "http://127.0.0.1:1/", "events": ["lead.created", "question.unanswered", "feedback"]}
    made = await product.http.post(f"/api/widgets/{widget}/webhooks", json=hook, headers=owner)
    ids = []
    for question in (f"Do you sell {WORD}?", f"Is {WORD} healthy?"):
        body = {"message": question}
        async with aconnect_sse(product.http, "POST", f"/api/public/widgets/{widget}/chat", json=body) as source:
            events = [frame.json() async for frame in source.aiter_sse() if frame.data]
        end = events[-1]
        rated = {"message_id": end["message_id"], "rating": "down", "comment": f"I want {WORD}"}
        await product.http.post(f"/api/public/widgets/{widget}/feedback", json=rated)
        left = {"email": "a@example.com", "name": WORD, "conversation_id": end["conversation_id"]}
        await product.http.post(f"/api/public/widgets/{widget}/leads", json=left)
        ids.append(end["conversation_id"])
    stored = {"chat_messages", "feedback", "leads", "webhook_deliveries"}
    assert set(await tables_with(product, WORD)) == stored
    path = f"/api/widgets/{widget}/conversations"
    assert (await product.http.delete(f"{path}/{ids[0]}", headers=owner)).status_code == 204
    kept = (await product.http.get(f"{path}?q={WORD}", headers=owner)).json()
    assert [each["id"] for each in kept["conversations"]] == [ids[1]]
    assert (await product.http.delete(path, headers=owner)).status_code == 200
    await product.http.delete(f"/api/widgets/{widget}/webhooks/{made.json()['id']}", headers=owner)
    await product.http.patch(f"/api/widgets/{widget}", json={"contact_form": None}, headers=owner)
    assert await tables_with(product, WORD) == []
    assert files_with(product.data_dir, WORD) == []
