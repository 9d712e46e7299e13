"""The difference between a re-crawl and the build that it replaces, by the pages' URLs."""

from tasks.core.database import Pool
from tasks.core.models import Frozen, Job

_COUNT = """
WITH pages AS (
    SELECT job_id, page.url, title, content_hash
    FROM crawl_urls AS crawl JOIN stored_pages AS page ON page.id = content_id WHERE job_id IN (%(new)s, %(old)s)
), compared AS (
    SELECT old.url AS old_url, new.url AS new_url,
        (old.title, old.content_hash) = (new.title, new.content_hash) AS is_same
    FROM (SELECT * FROM pages WHERE job_id = %(new)s) AS new
    FULL JOIN (SELECT * FROM pages WHERE job_id = %(old)s) AS old USING (url)
)
SELECT count(*) FILTER (WHERE old_url IS NULL), count(*) FILTER (WHERE NOT is_same),
    count(*) FILTER (WHERE new_url IS NULL), count(*) FILTER (WHERE is_same)
FROM compared
"""


class BuildDiff(Frozen):
    """Numbers of pages."""

    added: int
    changed: int
    """Pages with another title or text."""
    removed: int
    unchanged: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.changed or self.removed)


async def read_diff(pool: Pool, job: Job) -> BuildDiff | None:
    """Return what the build changes in its widget's knowledge; None for a first build."""
    if job.replaces is None:
        return None
    async with pool.connection() as connection:
        rows = await connection.execute(_COUNT, {"new": job.build_id, "old": job.replaces})
        row = await rows.fetchone()
    assert row is not None
    return BuildDiff(added=row[0], changed=row[1], removed=row[2], unchanged=row[3])
