"""Questions a widget offers its visitors, each checked to be answered by the widget's own knowledge.

Questions that stand on the site (in a list of questions and answers) come first, as the site words them; then those
that its headings make. They are made at the first request after a build and kept until the next one.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed, InvalidRequest
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.evidence.evidence_score import Evidence
from tasks.knowledge.answering.evidence.statements import plain_text, read_statements
from tasks.knowledge.answering.extractive_answer import quote
from tasks.knowledge.answering.phrases import base
from tasks.knowledge.answering.prompt_injection import is_instruction
from tasks.knowledge.answering.question.follow_ups import NOUN_CAPITALIZING
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.knowledge.answering.suggestions.heading_questions import Fit, Offer, leans, read_offers
from tasks.knowledge.language.text_search import text_search_configuration
from tasks.knowledge.language.words import read_words, stems

SUGGESTIONS = 4
MAX_CHECKED = 20
"""Candidates tried at most."""
LIST = 3
"""Questions from which on a page is a list of questions and answers."""
ALIKE = 0.6
"""Share of words from which on two questions are as good as one."""
GROWN = 2
MIN_LENGTH, MAX_LENGTH = 4, 90

_QUESTION = r"(?:^|\n\n|\n(?=\d+[.)][ \t]|[-*+][ \t]))(?:\d+[.)]|[-*+])?[ \t]*([^\n|#]+[?？؟])[*_]*[ \t]*(?=\n|$)"
"""A paragraph or an item of a list that is a question."""

_CANDIDATES = r"""
SELECT heading, url FROM (
    SELECT DISTINCT ON (lower(heading)) heading, url, is_question, depth, position FROM (
        SELECT unnest(heading_path || inner_headings || questions) AS heading, url, position,
               coalesce((metadata->>'depth')::int, 0) AS depth
        FROM knowledge_chunks JOIN knowledge_scraped_pages AS page ON page.id = scraped_page_id, LATERAL (
            -- Short sections share a passage; lists of questions are not always made of headings.
            SELECT ARRAY(
                SELECT found[1] FROM regexp_matches(text, '^#{1,6}[ \t]+([^\n]+)$', 'gn') AS found
                WHERE text !~ '```'
            ) AS inner_headings, ARRAY(
                SELECT found[1] FROM regexp_matches(text, %(line)s, 'g') AS found
            ) AS questions
        ) AS lines
        WHERE knowledge_chunks.job_id = (SELECT active_job_id FROM widgets WHERE id = %(widget)s)
            AND language = %(language)s
    ) AS headings, LATERAL (SELECT heading ~ '[?？؟]\s*$' AS is_question) AS kind
    WHERE length(heading) BETWEEN %(least)s AND %(most)s AND (is_question OR depth <= 2)
    ORDER BY lower(heading), depth, position
) AS candidates ORDER BY is_question DESC, depth, position, url LIMIT 200
"""


async def read_suggestions(pool: Pool, answerer: Answerer, site: AnsweringSite) -> list[str]:
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


async def _make_and_keep(pool: Pool, answerer: Answerer, site: AnsweringSite, job_id: UUID, pages: int) -> list[str]:
    made = [question async for question in _make(pool, answerer, site)]
    await _keep(pool, site.widget_id, job_id, pages, made)
    return made


async def _make(pool: Pool, answerer: Answerer, site: AnsweringSite) -> AsyncIterator[str]:
    made, pages = list[str](), set[str]()
    offers = await _read_offers(pool, site)
    for offer, url in offers[:MAX_CHECKED]:
        # Topics are of different pages; of the site's own questions, one page may have many.
        if url in pages and offer.fit is not Fit.listed:
            continue
        evidence = await _answer(answerer, site, offer.asked(), url)
        question = offer.asked(_names(site, evidence))
        if not evidence or any(_are_alike(question, other, site.language) for other in made):
            continue
        yield question
        made.append(question)
        pages.add(url)
        if len(made) == SUGGESTIONS:
            return


async def _read_offers(pool: Pool, site: AnsweringSite) -> list[tuple[Offer, str]]:
    """Questions that may be offered, the best first, and the page that each is on."""
    async with pool.connection() as connection:
        language = text_search_configuration(site.language)
        values = {"widget": site.widget_id, "language": language, "least": MIN_LENGTH, "most": MAX_LENGTH}
        rows = await connection.execute(_CANDIDATES, values | {"line": _QUESTION})
        found = await rows.fetchall()
    offers = [
        (offer, url)
        for number, (heading, url) in enumerate(found)
        if (text := _without_marks(heading))
        for offer in read_offers(text, site.name, site.language, number)
    ]
    own = Counter(url for offer, url in offers if offer.fit is Fit.own)
    ranked = [
        (offer._replace(fit=Fit.listed) if offer.fit is Fit.own and own[url] >= LIST else offer, url)
        for offer, url in offers
    ]
    # In a list of questions "it" is what the site is about; elsewhere it may be anything.
    standing = [pair for pair in ranked if pair[0].fit is not Fit.own or not leans(pair[0].topic)]
    return sorted(standing, key=lambda pair: (pair[0].fit, leans(pair[0].topic), -own[pair[1]]))


def _are_alike(first: str, second: str, language: str) -> bool:
    """Whether they ask nearly the same."""
    a, b = set(stems(first, language)), set(stems(second, language))
    return len(a & b) >= ALIKE * len(a | b)


def _without_marks(heading: str) -> str:
    """The heading without number and markup; nothing if it is an order to whoever reads it."""
    text = re.sub(r"^\W*(?:\d+(?:\.\d+)*[.)]?|\(\d+\))\s+", "", plain_text(heading).replace("`", "")).strip("*•–—> ")
    return "" if len(text) < MIN_LENGTH or is_instruction(text) else text


async def _answer(answerer: Answerer, site: AnsweringSite, question: str, url: str) -> list[Evidence]:
    """The page's passages, if the site answers the question from them."""
    try:
        evidence = await answerer.weigh(site, question)
    except (InvalidRequest, EmbeddingFailed):
        return []
    quotes = await asyncio.to_thread(quote, evidence)
    is_answered = any(quoted.evidence.passage.url == url for quoted in quotes)
    return [one for one in evidence if one.passage.url == url] if is_answered else []


def _names(site: AnsweringSite, evidence: Sequence[Evidence]) -> set[str] | None:
    """Words that the passages capitalise inside sentences, in small letters; none where all nouns are."""
    if base(site.language) in NOUN_CAPITALIZING:
        return None
    statements = [statement.text for one in evidence for statement in read_statements(one.passage.text)]
    words = Counter(word for text in statements for word in list(read_words(text))[1:])
    names = {word.lower() for word, times in words.items() if word[0].isupper() and times > words[word.lower()]}
    return names.union(word.lower() for word in read_words(site.name))


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
