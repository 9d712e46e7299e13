"""Facts of widgets' sites as builds found them, with their owners' edits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from psycopg.rows import dict_row

from tasks.core.database import Pool
from tasks.core.errors import NotFound
from tasks.core.facts import Fact, FactEdit, SiteFact
from tasks.core.models import ReadPage, Target
from tasks.records.sanitizing import sanitize_text

_COLUMNS = ("job_id", "fact_id", "position", "kind", "value", "normal", "label", "place", "pages", "page_count")


class FactRecord(SiteFact):
    """A fact of the widget's active build as its owner sees it."""

    id: UUID
    edit: FactEdit | None = None
    """The owner's word on it."""

    @property
    def told(self) -> Fact | None:
        """The fact as visitors are told it; None if it is hidden."""
        if self.edit is None:
            return self
        return None if self.edit.is_hidden else self.model_copy(update={"value": self.edit.value or self.value})


def fact_id(widget_id: UUID, fact: Fact) -> UUID:
    """Return the fact's id: the same in each build."""
    kind, text = fact.key
    return uuid5(widget_id, f"{kind} {text}")


async def replace_site_facts(pool: Pool, widget_id: UUID, job_id: UUID, facts: Iterable[SiteFact]) -> None:
    """Write the build's facts in place of those written before."""
    ids: dict[UUID, SiteFact] = {}
    for fact in facts:
        ids.setdefault(fact_id(widget_id, fact), fact)
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("DELETE FROM site_facts WHERE job_id = %s", (job_id,))
        async with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY site_facts ({', '.join(_COLUMNS)}) FROM STDIN") as copy,
        ):
            for position, (id_, fact) in enumerate(ids.items()):
                texts = (sanitize_text(text) for text in (fact.kind, fact.value, fact.normal, fact.label, fact.place))
                pages = [sanitize_text(page) for page in fact.pages]
                await copy.write_row((job_id, id_, position, *texts, pages, fact.page_count))


async def read_site_facts(pool: Pool, widget_id: UUID) -> list[FactRecord]:
    """Return the facts of the widget's active build with their owner's edits, in the order of their kinds.

    A fact that withheld pages alone state is left out.
    """
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            "SELECT site_facts.*, edit.value AS edited, edit.hidden FROM widgets"
            " JOIN site_facts ON site_facts.job_id = active_job_id"
            " LEFT JOIN fact_edits AS edit ON edit.widget_id = widgets.id AND edit.fact_id = site_facts.fact_id"
            " WHERE widgets.id = %s AND (page_count > cardinality(pages) OR NOT pages <@ ARRAY("
            "  SELECT page.url FROM crawl_urls JOIN stored_pages AS page ON page.id = withheld_id"
            "  WHERE crawl_urls.job_id = active_job_id)) ORDER BY position",
            (widget_id,),
        )
        return [_record(row) for row in await cursor.fetchall()]


def _record(row: Mapping[str, Any]) -> FactRecord:
    edit = None if row["hidden"] is None else FactEdit(value=row["edited"], is_hidden=row["hidden"])
    shown = {name: row[name] for name in ("kind", "value", "normal", "label", "place", "pages", "page_count")}
    return FactRecord(id=row["fact_id"], edit=edit, **shown)


async def read_telling_pages(pool: Pool, job_id: UUID) -> dict[UUID, str]:
    """Return the URLs of the pages that tell the build's facts, by the facts' ids."""
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT fact_id, pages[1] FROM site_facts WHERE job_id = %s", (job_id,))
        return {row[0]: row[1] for row in await rows.fetchall()}


async def read_fact_edits(pool: Pool, widget_id: UUID) -> dict[UUID, FactEdit]:
    """Return the owner's edits by the facts' ids."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT fact_id, value, hidden FROM fact_edits WHERE widget_id = %s", (widget_id,)
        )
        return {row[0]: FactEdit(value=row[1], is_hidden=row[2]) for row in await rows.fetchall()}


async def save_fact_edit(pool: Pool, widget_id: UUID, id_: UUID, edit: FactEdit) -> None:
    """Store the owner's word on a fact; an edit that says nothing is removed.

    Raises:
        NotFound: the widget's active build has no such fact.
    """
    async with pool.connection() as connection, connection.transaction():
        rows = await connection.execute(
            "SELECT FROM widgets JOIN site_facts ON job_id = active_job_id WHERE widgets.id = %s AND fact_id = %s",
            (widget_id, id_),
        )
        if await rows.fetchone() is None:
            raise NotFound("fact")
        if edit == FactEdit():
            await connection.execute("DELETE FROM fact_edits WHERE widget_id = %s AND fact_id = %s", (widget_id, id_))
            return
        value = None if edit.value is None else sanitize_text(edit.value)
        await connection.execute(
            "INSERT INTO fact_edits (widget_id, fact_id, value, hidden) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (widget_id, fact_id) DO UPDATE SET value = excluded.value, hidden = excluded.hidden,"
            " updated_at = now()",
            (widget_id, id_, value, edit.is_hidden),
        )


async def read_stored_page(pool: Pool, job_id: UUID, url: str) -> ReadPage | None:
    """Return the stored page under the URL; None if the build has none."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT title, content, metadata, crawl.depth"
            " FROM scrape_jobs AS job JOIN stored_pages AS page USING (widget_id)"
            " JOIN crawl_urls AS crawl ON crawl.job_id = job.id AND content_id = page.id"
            " WHERE job.id = %s AND page.page_id = %s",
            (job_id, uuid5(NAMESPACE_URL, url)),
        )
        row = await rows.fetchone()
    if row is None:
        return None
    target = Target(url=url, depth=row[3])
    facts = tuple(map(Fact.model_validate, row[2].get("facts") or ()))
    return ReadPage(target=target, url=url, title=row[0], markdown=row[1], metadata=row[2], facts=facts)


async def read_page_facts(pool: Pool, job_id: UUID) -> Sequence[tuple[str, list[Fact]]]:
    """Return the facts of the pages that the build has stored, in the order of the crawl."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT page.url, metadata -> 'facts'"
            " FROM crawl_urls AS crawl JOIN stored_pages AS page ON page.id = content_id"
            " WHERE job_id = %s AND metadata ? 'facts' ORDER BY place, page.url",
            (job_id,),
        )
        return [(row[0], [Fact.model_validate(fact) for fact in row[1]]) for row in await rows.fetchall()]
