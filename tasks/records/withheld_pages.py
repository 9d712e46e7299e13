"""Withheld pages: stored pages that the widget's rules leave out by now; no answer, search or list has them.

Rules leave out paths, and further sites that are no longer among the widget's.

Their content stays for as long as the build does: when the rules take them in again, they are back at once.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit
from uuid import UUID

from tasks.core.database import Connection, Pool
from tasks.records.widget_vocabulary import count_words
from tasks.records.widgets import rules_of

REASON = "excluded"
"""Reason of a withheld page in the crawl record."""
# The widget's own start page is always read.
_KNOWN = """
SELECT crawl.url, page.url, crawl.depth, content_id IS NULL FROM crawl_urls AS crawl
JOIN stored_pages AS page ON page.id = coalesce(content_id, withheld_id)
WHERE job_id = %(job)s AND (crawl.depth > 0 OR crawl.place > 0) AND (%(narrows)s OR withheld_id IS NOT NULL)
"""
_RULES = """
SELECT active_job_id, widgets.rules, site_url, job.rules FROM widgets
LEFT JOIN scrape_jobs AS job ON job.id = active_job_id WHERE widgets.id = %s FOR NO KEY UPDATE OF widgets
"""
_WITHHOLD = f"""
UPDATE crawl_urls SET status = 'skipped', reason = '{REASON}', withheld_id = content_id, content_id = NULL
WHERE job_id = %s AND url = ANY(%s)
"""
_RETURN = """
UPDATE crawl_urls SET status = 'stored', reason = NULL, content_id = withheld_id, withheld_id = NULL
WHERE job_id = %s AND url = ANY(%s)
"""


async def apply_rules(pool: Pool, widget_id: UUID) -> int:
    """Withhold the pages that the widget's rules leave out, and return those they admit; return how many changed."""
    async with pool.connection() as connection, connection.transaction():
        return await apply_rules_in(connection, widget_id)


async def apply_rules_in(connection: Connection, widget_id: UUID) -> int:
    """Do so in the connection's transaction, which locks the widget: two changes at once are made one by one."""
    rows = await connection.execute(_RULES, (widget_id,))
    row = await rows.fetchone()
    if row is None or row[0] is None:
        return 0
    job_id, rules, read = row[0], rules_of(row[1]), rules_of(row[3])
    former = set(read.sites or ()) - set(rules.sites or ())
    narrows = bool(rules.include or rules.exclude or former)
    known = await (await connection.execute(_KNOWN, {"job": job_id, "narrows": narrows})).fetchall()
    # A site's start page leads to its host, also where it redirects.
    moved = {url: page_url for url, page_url, depth, _ in known if depth == 0}
    kept = {row[2], *(rules.sites or ())}
    hosts = dict.fromkeys(_hosts(former, moved), False) | dict.fromkeys(_hosts(kept, moved), True)
    withheld, returned = list[str](), list[str]()
    for url, page_url, depth, is_withheld in known:
        # By its own address and by the one it was reached by, as the crawl judges it.
        has_fitting_path = depth == 0 or (rules.admits(url) and rules.admits(page_url))
        is_wanted = has_fitting_path and _is_of_kept_site(page_url, hosts)
        if is_wanted is is_withheld:
            (returned if is_wanted else withheld).append(url)
    await connection.execute(_WITHHOLD, (job_id, withheld))
    await connection.execute(_RETURN, (job_id, returned))
    if changed := len(withheld) + len(returned):
        await count_words(connection, widget_id, job_id)
        # They may have been answered by a page that is withheld now.
        await connection.execute("DELETE FROM suggested_questions WHERE widget_id = %s", (widget_id,))
    return changed


def _hosts(starts: set[str], moved: Mapping[str, str]) -> set[str]:
    return {_host(url) for start in starts for url in (start, moved.get(start, start))}


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.") + f":{urlsplit(url).port or ''}"


def _is_of_kept_site(url: str, hosts: Mapping[str, bool]) -> bool:
    """Whether the page's site is still read, by the hosts of the sites; one of an unknown host stays."""
    host = _host(url)
    while host not in hosts and "." in host:
        host = host.partition(".")[2]
    return hosts.get(host, True)
