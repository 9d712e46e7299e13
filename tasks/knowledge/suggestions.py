"""Questions a widget offers its visitors, each checked to be answered by the widget's own knowledge.

Questions that stand on the site (in a list of questions and answers) come first, as the site words them; then what its
pages are about, by their headings; a sentence is no topic. They are made at the first request after a build and kept
until the next one.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed, InvalidRequest
from tasks.knowledge.answering.extractive import quote
from tasks.knowledge.answering.injection import is_instruction
from tasks.knowledge.answering.reply import Site
from tasks.knowledge.answering.sentences import plain_text
from tasks.knowledge.answers import Answerer

SUGGESTIONS = 4
MAX_CHECKED = 12
"""Candidates tried at most."""
GROWN = 2
MIN_LENGTH, MAX_LENGTH = 8, 90
MAX_TOPIC_WORDS = 6
_SENTENCE = re.compile(r"[.!…:;。！]")

_CANDIDATES = """
SELECT heading, url, is_question FROM (
    SELECT DISTINCT ON (lower(heading)) heading, url, is_question, depth, position FROM (
        SELECT unnest(heading_path) AS heading, url, position, coalesce((metadata->>'depth')::int, 0) AS depth
        FROM knowledge_chunks JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id
        WHERE knowledge_chunks.job_id = (SELECT active_job_id FROM widgets WHERE id = %(widget)s)
    ) AS headings, LATERAL (SELECT heading ~ '[?？؟]\\s*$' AS is_question) AS kind
    WHERE length(heading) BETWEEN %(least)s AND %(most)s AND (is_question OR depth <= 2)
    ORDER BY lower(heading), depth, position
) AS candidates ORDER BY is_question DESC, depth, position, url LIMIT 200
"""


async def read_suggestions(pool: Pool, answerer: Answerer, site: Site) -> list[str]:
    """The widget's suggested questions, at most four; made now if its knowledge has changed."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT active_job_id, (SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = active_job_id),"
            " job_id, page_count, questions FROM widgets LEFT JOIN suggested_questions ON widget_id = widgets.id"
            " WHERE widgets.id = %s",
            (site.widget_id,),
        )
        row = await rows.fetchone()
    if row is None or row[0] is None:
        return []
    job_id, pages, made_for, made_with, questions = row
    # While a first build goes on there is more to ask about with every page: made anew when there is twice as much.
    if made_for == job_id and pages < GROWN * made_with:
        return list(questions)
    return await answerer.once(
        f"suggestions {job_id} {pages}", lambda: _make_and_keep(pool, answerer, site, job_id, pages)
    )


async def _make_and_keep(pool: Pool, answerer: Answerer, site: Site, job_id: UUID, pages: int) -> list[str]:
    made = [question async for question in _make(pool, answerer, site)]
    await _keep(pool, site.widget_id, job_id, pages, made)
    return made


async def _make(pool: Pool, answerer: Answerer, site: Site) -> AsyncIterator[str]:
    count, pages = 0, set[str]()
    for question, url, asks in (await _read_candidates(pool, site.widget_id))[:MAX_CHECKED]:
        # Topics are of different pages; of questions, one page may have many.
        if (url in pages and not asks) or not await _is_answered(answerer, site, question, url):
            continue
        yield question
        pages.add(url)
        count += 1
        if count == SUGGESTIONS:
            return


async def _read_candidates(pool: Pool, widget_id: UUID) -> list[tuple[str, str, bool]]:
    """Questions and topics, the page each is on, and whether it is worded as a question."""
    async with pool.connection() as connection:
        rows = await connection.execute(_CANDIDATES, {"widget": widget_id, "least": MIN_LENGTH, "most": MAX_LENGTH})
        found = await rows.fetchall()
    return [(text, url, asks) for heading, url, asks in found if (text := _as_offered(heading, asks)) is not None]


def _as_offered(heading: str, asks: bool) -> str | None:
    """The heading without number and markup; nothing if it is neither a question nor a topic."""
    text = re.sub(r"^\W*(?:\d+(?:\.\d+)*[.)]?|\(\d+\))\s+", "", plain_text(heading).replace("`", "")).strip()
    if len(text) < MIN_LENGTH or is_instruction(text) or len(text.split()) < 2:
        return None
    is_topic = len(text.split()) <= MAX_TOPIC_WORDS and not _SENTENCE.search(text)
    return text if asks or is_topic else None


async def _is_answered(answerer: Answerer, site: Site, question: str, url: str) -> bool:
    """Whether the site answers it, and from the page that it was found on."""
    try:
        evidence = await answerer.weigh(site, question)
    except (InvalidRequest, EmbeddingFailed):
        return False
    quotes = await asyncio.to_thread(quote, evidence)
    return any(quoted.evidence.passage.url == url for quoted in quotes)


async def _keep(pool: Pool, widget_id: UUID, job_id: UUID, pages: int, questions: list[str]) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO suggested_questions (widget_id, job_id, page_count, questions)"
            " SELECT id, %(job)s, %(pages)s, %(questions)s FROM widgets"
            " WHERE id = %(widget)s AND active_job_id = %(job)s"
            " ON CONFLICT (widget_id) DO UPDATE SET job_id = excluded.job_id, page_count = excluded.page_count,"
            " questions = excluded.questions",
            {"widget": widget_id, "job": job_id, "pages": pages, "questions": questions},
        )
