"""Sources: files and texts that a widget's owner adds to its knowledge. No crawl touches them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from psycopg.rows import class_row
from pydantic import AfterValidator

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Frozen
from tasks.records.sanitizing import sanitize_text, sanitize_title
from tasks.records.widget_vocabulary import count_words

MAX_SOURCES = 200
"""Sources of one widget at most."""
MAX_TOKENS = 5_000_000
"""Tokens of all sources of a workspace, or of a widget that has none: some 20 MB of text, and 60 MB of passages."""
_TOO_MANY = "The widget has {most} sources, the most there can be. Delete some first."
_TOO_MUCH = (
    "With this text the sources would have {tokens:,} tokens; all sources of a workspace may have {most:,}. Delete some"
    " first."
)
_USED = """
SELECT coalesce(sum(token_count), 0) FROM widgets AS own
JOIN widgets AS other ON other.id = own.id OR other.workspace_id = own.workspace_id
JOIN sources ON sources.widget_id = other.id AND sources.id <> %s
JOIN stored_pages AS page ON page.id = content_id WHERE own.id = %s
"""

_COLUMNS = (
    "SELECT sources.id, kind, sources.title, sources.url, token_count AS tokens, content_id AS page_id, added_at"
    " FROM sources LEFT JOIN stored_pages AS page ON page.id = content_id WHERE sources.widget_id = %s"
)


CleanText = Annotated[str, AfterValidator(sanitize_text)]
"""Without the characters that neither PostgreSQL nor a tokenizer takes."""
CleanTitle = Annotated[str, AfterValidator(sanitize_title)]


class Source(Frozen):
    """A source as its owner sees it."""

    id: UUID
    kind: str
    """`pdf`, `docx`, `markdown` or `text`."""
    title: str
    """Cited to visitors."""
    url: str
    """Opened from the citation."""
    tokens: int | None
    page_id: UUID | None
    """The stored page with its text; None until it is stored for the present embedding model."""
    added_at: datetime


class SourceText(Frozen):
    """A source with its text, from which any model embeds it."""

    id: UUID
    kind: str
    title: CleanTitle
    url: str
    text: CleanText
    """Markdown."""
    text_hash: str


async def list_sources(pool: Pool, widget_id: UUID) -> list[Source]:
    """Return the widget's sources, those added last first."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Source)) as cursor:
        await cursor.execute(_COLUMNS + " ORDER BY added_at DESC, sources.id", (widget_id,))
        return await cursor.fetchall()


async def read_source(pool: Pool, widget_id: UUID, source_id: UUID) -> Source:
    """Return a source.

    Raises:
        NotFound: the widget has no such source.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(Source)) as cursor:
        await cursor.execute(_COLUMNS + " AND sources.id = %s", (widget_id, source_id))
        found = await cursor.fetchone()
    if found is None:
        raise NotFound("source")
    return found


async def read_source_text(pool: Pool, widget_id: UUID, source_id: UUID) -> str:
    """Return the text of a source, as Markdown.

    Raises:
        NotFound: the widget has no such source.
    """
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT text FROM sources WHERE id = %s AND widget_id = %s", (source_id, widget_id)
        )
        row = await rows.fetchone()
    if row is None:
        raise NotFound("source")
    return str(row[0])


async def check_number(pool: Pool, widget_id: UUID) -> None:
    """Return if the widget may have one more source: asked before its file is read.

    Raises:
        InvalidRequest: it has too many (409).
    """
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT count(*) FROM sources WHERE widget_id = %s", (widget_id,))
        (number,) = await rows.fetchone() or (0,)
    _check_number(number)


def _check_number(number: int) -> None:
    if number >= MAX_SOURCES:
        raise InvalidRequest("too_many_sources", _TOO_MANY.format(most=MAX_SOURCES), status=409)


async def check_tokens(connection: Connection, widget_id: UUID, source_id: UUID, tokens: int) -> None:
    """Return if the source may have so many tokens beside the others of its workspace, which `check_room` locks.

    Raises:
        InvalidRequest: they would have too many (409).
    """
    rows = await connection.execute(_USED, (source_id, widget_id))
    (used,) = await rows.fetchone() or (0,)
    if used + tokens > MAX_TOKENS:
        message = _TOO_MUCH.format(tokens=used + tokens, most=MAX_TOKENS)
        raise InvalidRequest("sources_too_long", message, status=409)


async def check_room(connection: Connection, widget_id: UUID, text_hash: str, *, replaces: UUID | None = None) -> None:
    """Lock the widget and its workspace, and return if it may have one more source, or this one in place of another.

    Raises:
        InvalidRequest: it has too many, or the same text already (409).
        NotFound: the widget was deleted meanwhile, or the other source.
    """
    # The locks let two requests at once not pass a limit together; the workspace's first, as its deletion does.
    await connection.execute(
        "SELECT 1 FROM workspaces WHERE id = (SELECT workspace_id FROM widgets WHERE id = %s) FOR NO KEY UPDATE",
        (widget_id,),
    )
    rows = await connection.execute("SELECT 1 FROM widgets WHERE id = %s FOR NO KEY UPDATE", (widget_id,))
    if await rows.fetchone() is None:
        raise NotFound("widget")
    rows = await connection.execute(
        "SELECT count(*) FILTER (WHERE id IS DISTINCT FROM %(replaced)s),"
        " count(*) FILTER (WHERE text_hash = %(hash)s AND id IS DISTINCT FROM %(replaced)s),"
        " count(*) FILTER (WHERE id = %(replaced)s) FROM sources WHERE widget_id = %(widget)s",
        {"hash": text_hash, "widget": widget_id, "replaced": replaces},
    )
    row = await rows.fetchone()
    if row is not None and replaces is not None and not row[2]:
        raise NotFound("source")
    if row is not None and row[1]:
        message = "The widget has a source with this text already. Change or delete that one."
        raise InvalidRequest("source_known", message, status=409)
    _check_number(row[0] if row is not None else 0)


async def write_source(connection: Connection, widget_id: UUID, source: SourceText, page_id: UUID) -> None:
    """Add the source, whose page is stored; it is in answers from then on."""
    await connection.execute(
        "INSERT INTO sources (id, widget_id, kind, title, url, text, text_hash, content_id)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            source.id,
            widget_id,
            source.kind,
            source.title,
            source.url,
            source.text,
            source.text_hash,
            page_id,
        ),
    )
    await _count_words(connection, widget_id)


async def replace_source(connection: Connection, widget_id: UUID, source: SourceText, page_id: UUID) -> None:
    """Put the source, whose page is stored, in place of the one with its id; the former page is deleted."""
    values = {**source.model_dump(), "widget": widget_id, "page": page_id}
    rows = await connection.execute(
        "SELECT content_id FROM sources WHERE id = %(id)s AND widget_id = %(widget)s FOR UPDATE", values
    )
    former = await rows.fetchone()
    await connection.execute(
        "UPDATE sources SET kind = %(kind)s, title = %(title)s, url = %(url)s, text = %(text)s,"
        " text_hash = %(text_hash)s, content_id = %(page)s WHERE id = %(id)s AND widget_id = %(widget)s",
        values,
    )
    if former is not None and former[0] != page_id:
        await connection.execute("DELETE FROM stored_pages WHERE id = %s AND widget_id = %s", (former[0], widget_id))
    await _count_words(connection, widget_id)


async def delete_source(pool: Pool, widget_id: UUID, source_id: UUID) -> None:
    """Delete the source and its page; no answer has it from then on.

    Raises:
        NotFound: the widget has no such source.
    """
    async with pool.connection() as connection, connection.transaction():
        rows = await connection.execute(
            "DELETE FROM sources WHERE id = %s AND widget_id = %s RETURNING content_id", (source_id, widget_id)
        )
        if (row := await rows.fetchone()) is None:
            raise NotFound("source")
        await connection.execute("DELETE FROM stored_pages WHERE id = %s AND widget_id = %s", (row[0], widget_id))
        await _count_words(connection, widget_id)


async def read_sources_of_other_models(pool: Pool, widget_id: UUID, model: str) -> Sequence[SourceText]:
    """Return the sources that are not stored for this embedding model."""
    async with pool.connection() as connection, connection.cursor(row_factory=class_row(SourceText)) as cursor:
        await cursor.execute(
            "SELECT sources.id, kind, sources.title, sources.url, text, text_hash FROM sources"
            " LEFT JOIN stored_pages AS page ON page.id = content_id"
            " WHERE sources.widget_id = %s AND model IS DISTINCT FROM %s ORDER BY added_at, sources.id",
            (widget_id, model),
        )
        return await cursor.fetchall()


async def refer_to_page(connection: Connection, source_id: UUID, page_id: UUID) -> None:
    """Let the source be answered from this stored page; housekeeping deletes the former one."""
    await connection.execute("UPDATE sources SET content_id = %s WHERE id = %s", (page_id, source_id))


async def _count_words(connection: Connection, widget_id: UUID) -> None:
    rows = await connection.execute("SELECT active_job_id FROM widgets WHERE id = %s", (widget_id,))
    row = await rows.fetchone()
    # Without knowledge of the site yet: its first build counts them.
    if row is not None and row[0] is not None:
        await count_words(connection, widget_id, row[0])
