"""The build that a search reads: a widget's active one, or one that is compared with it."""

from typing import LiteralString, NamedTuple
from uuid import UUID

from psycopg import sql

from tasks.core.database import Connection
from tasks.core.errors import NotFound
from tasks.knowledge.indexing.vector_index import IS_INDEXED
from tasks.records.chunk_tables import chunk_table


class SearchedBuild(NamedTuple):
    """A build of a widget, by default the active one."""

    widget_id: UUID
    job_id: UUID | None
    is_indexed: bool
    has_more: bool
    """Whether it has more chunks than are taken as candidates."""
    languages: list[str]
    """Those of at least a tenth of its passages."""

    @property
    def table(self) -> sql.Identifier:
        """The partition with the widget's chunks."""
        return sql.Identifier(chunk_table(self.widget_id))


_READ_BUILD: LiteralString = f"""
SELECT id, coalesce(%s, active_job_id), {IS_INDEXED},
       coalesce((SELECT passages > %s FROM widget_vocabularies WHERE widget_id = id), false),
       ARRAY(SELECT unnest(languages) FROM widget_vocabularies WHERE widget_id = id)
FROM widgets WHERE id = %s
"""


async def read_searched_build(
    connection: Connection, widget_id: UUID, candidates: int, build_id: UUID | None = None
) -> SearchedBuild:
    """Return the widget's active build, or another one of the widget.

    Raises:
        NotFound: the widget does not exist.
    """
    rows = await connection.execute(_READ_BUILD, (build_id, candidates, widget_id))
    if (row := await rows.fetchone()) is None:
        raise NotFound("widget")
    return SearchedBuild(*row)
