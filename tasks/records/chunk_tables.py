"""The partitions of chunks: a widget's chunks are all in one, and statements name it.

Through the parent table a statement is planned with the indexes of all partitions: with an index pair for each of 3,000
large widgets, planning takes some hundred milliseconds.
"""

from typing import LiteralString
from uuid import UUID

_BITS = 5
"""Leading bits of a widget's id that choose its partition (migration 0012)."""

JOB_CONTENT: LiteralString = (
    "SELECT content_id FROM crawl_urls WHERE job_id = %(job)s AND content_id IS NOT NULL"
    " UNION ALL SELECT content_id FROM sources WHERE content_id IS NOT NULL"
    " AND widget_id = (SELECT widget_id FROM scrape_jobs WHERE id = %(job)s)"
)
"""SQL: the pages that a build refers to, and the widget's own sources."""


def chunk_table(widget_id: UUID) -> LiteralString:
    """Return the name of the partition that holds the widget's chunks."""
    return f"stored_chunks_{widget_id.int >> (128 - _BITS):02}"
