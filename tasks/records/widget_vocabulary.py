"""A widget's vocabulary: the words of the build that it answers from, each with the number of its passages."""

from uuid import UUID

from tasks.core.database import Connection
from tasks.records.chunk_tables import JOB_CONTENT, chunk_table

_LOCK = 730_211_502
_LANGUAGES = """
INSERT INTO widget_vocabularies (widget_id, passages, languages)
SELECT %(widget)s, coalesce(sum(own), 0), coalesce(array_agg(language) FILTER (WHERE own >= 0.1 * passages), '{{}}')
FROM (
    SELECT language, count(*) AS own, sum(count(*)) OVER () AS passages
    FROM {table} WHERE scraped_page_id = ANY(ARRAY({content})) GROUP BY language ORDER BY language
) AS spoken
ON CONFLICT (widget_id) DO UPDATE SET passages = excluded.passages, languages = excluded.languages
WHERE (widget_vocabularies.passages, widget_vocabularies.languages) IS DISTINCT FROM
    (excluded.passages, excluded.languages)
"""
# Only what differs is written: most words of a re-crawl are as before.
_WORDS = """
WITH counted AS MATERIALIZED (
    SELECT number, count(*)::int AS passages
    FROM {table}, unnest(knowledge_numbers(terms)) AS number WHERE scraped_page_id = ANY(ARRAY({content})) GROUP BY 1
), gone AS (
    DELETE FROM widget_words WHERE widget_id = %(widget)s AND number NOT IN (SELECT number FROM counted)
)
INSERT INTO widget_words AS known (widget_id, number, passages)
SELECT %(widget)s, number, passages FROM counted
ON CONFLICT (widget_id, number) DO UPDATE SET passages = excluded.passages WHERE known.passages <> excluded.passages
"""


async def count_words(connection: Connection, widget_id: UUID, build_id: UUID) -> None:
    """Count the words of the widget's passages in this build anew."""
    names = {"table": chunk_table(widget_id), "content": JOB_CONTENT}
    parameters = {"widget": widget_id, "job": build_id}
    async with connection.transaction():
        # A build and an edit of its owner must not write the same words at once.
        await connection.execute(
            "SELECT pg_advisory_xact_lock(%(lock)s, hashtext(%(widget)s::text))", {"lock": _LOCK, **parameters}
        )
        await connection.execute(_LANGUAGES.format(**names), parameters)
        await connection.execute(_WORDS.format(**names), parameters)
