"""Suggested questions of a widget, each asked of the answerer itself: all have a right, short answer.

Questions of the site (from a list of questions and answers) come first, in the site's wording; then those made from its
headings. They are made at the first request after a build and cached until the next one.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import LiteralString
from uuid import UUID

from tasks.core.database import Pool
from tasks.core.errors import EmbeddingFailed, EmbeddingUnavailable, TryLater
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.evidence.evidence_score import Evidence
from tasks.knowledge.answering.evidence.statements import plain_text, read_statements
from tasks.knowledge.answering.prompt_injection import is_instruction
from tasks.knowledge.answering.question.follow_ups import NOUN_CAPITALIZING
from tasks.knowledge.answering.reply import AnsweringSite, AnswerKind
from tasks.knowledge.answering.suggestions.heading_questions import (
    HeadingQuestion,
    QuestionOrigin,
    make_questions,
    refers_back,
)
from tasks.knowledge.language.words import primary_subtag, read_words, stems
from tasks.records.chunk_tables import chunk_table

SUGGESTIONS = 4
MAX_CHECKED = 20
"""Candidates that are checked at most."""
MIN_LISTED = 3
"""Questions from which a page counts as a list of questions and answers."""
MIN_OVERLAP = 0.6
"""Share of common stems from which two questions count as duplicates."""
GROWTH_FACTOR = 2
"""Growth of the page count after which the questions are made again."""
MIN_LENGTH, MAX_LENGTH = 4, 90
MAX_LISTED = 6
"""Statements of the quoted list or paragraph at most."""
MAX_ANSWER_LENGTH = 600
"""Characters of an answer; a longer one does not show what the widget can do."""
MIN_ANSWER_WORDS = 3

_QUESTION = r"(?:^|\n\n|\n(?=\d+[.)][ \t]|[-*+][ \t]))(?:\d+[.)]|[-*+])?[ \t]*([^\n|#]+[?？؟])[*_]*[ \t]*(?=\n|$)"
"""Pattern of a paragraph or list item that is a question."""

_CANDIDATES: LiteralString = r"""
SELECT heading, url FROM (
    SELECT DISTINCT ON (lower(heading)) heading, url, is_question, depth, position FROM (
        SELECT unnest(heading_path || inner_headings || questions) AS heading, page.url, chunk.position,
               depth
        FROM crawl_urls AS crawl JOIN stored_pages AS page ON page.id = content_id
        JOIN {table} AS chunk ON scraped_page_id = page.id, LATERAL (
            -- Short sections share a passage; questions in a list are not always headings.
            SELECT ARRAY(
                SELECT found[1] FROM regexp_matches(text, '^#{1,6}[ \t]+([^\n]+)$', 'gn') AS found
                WHERE text !~ '```'
            ) AS inner_headings, ARRAY(
                SELECT found[1] FROM regexp_matches(text, %(line)s, 'g') AS found
            ) AS questions
        ) AS lines
        WHERE crawl.job_id = (SELECT active_job_id FROM widgets WHERE id = %(widget)s)
            AND language = (
                -- The site's language; if none of its pages is in it, the one of most pages.
                SELECT language FROM crawl_urls JOIN {table} ON scraped_page_id = content_id
                WHERE job_id = (SELECT active_job_id FROM widgets WHERE id = %(widget)s)
                GROUP BY language ORDER BY language = %(language)s DESC, count(*) DESC LIMIT 1
            )
    ) AS headings, LATERAL (SELECT heading ~ '[?？؟]\s*$' AS is_question) AS kind
    WHERE length(heading) BETWEEN %(least)s AND %(most)s AND (is_question OR depth <= 2)
    ORDER BY lower(heading), depth, position
) AS candidates ORDER BY is_question DESC, depth, position, url LIMIT 200
"""


async def read_suggestions(pool: Pool, answerer: Answerer, site: AnsweringSite) -> list[str]:
    """Return the widget's suggested questions, at most four; made again if its knowledge has changed."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            "SELECT active_job_id, (SELECT count(content_id) FROM crawl_urls WHERE crawl_urls.job_id = active_job_id),"
            " job_id, page_count, questions FROM widgets LEFT JOIN suggested_questions ON widget_id = widgets.id"
            " WHERE widgets.id = %s",
            (site.widget_id,),
        )
        row = await rows.fetchone()
    if row is None or row[0] is None:
        return []
    job_id, pages, made_for, made_with, questions = row
    # A first build adds topics with every page: the questions are made again when the pages have doubled.
    if made_for == job_id and pages < GROWTH_FACTOR * made_with:
        return list(questions)
    try:
        return await answerer.single_flight(
            f"suggestions {job_id} {pages}", lambda: _make_and_store(pool, answerer, site, job_id, pages)
        )
    except TryLater:
        # The budget to check them with is spent: the widget works without.
        return []


async def _make_and_store(pool: Pool, answerer: Answerer, site: AnsweringSite, job_id: UUID, pages: int) -> list[str]:
    made = [question async for question in _make(pool, answerer, site)]
    await _store(pool, site.widget_id, job_id, pages, made)
    return made


async def _make(pool: Pool, answerer: Answerer, site: AnsweringSite) -> AsyncIterator[str]:
    made, pages = list[str](), set[str]()
    candidates = await _read_candidates(pool, site)
    for candidate, url in candidates[:MAX_CHECKED]:
        # One question a page, except for a page that lists questions and answers.
        if url in pages and candidate.origin is not QuestionOrigin.listed:
            continue
        evidence = await _answer(answerer, site, candidate.text(set()), candidate.topic, url)
        question = candidate.text(_names(site, evidence))
        if not evidence or any(_are_duplicates(question, other, site.language) for other in made):
            continue
        yield question
        made.append(question)
        pages.add(url)
        if len(made) == SUGGESTIONS:
            return


async def _read_candidates(pool: Pool, site: AnsweringSite) -> list[tuple[HeadingQuestion, str]]:
    """Return the candidates, best first, each with the URL of its page."""
    async with pool.connection() as connection:
        language = primary_subtag(site.language)
        values = {"widget": site.widget_id, "language": language, "least": MIN_LENGTH, "most": MAX_LENGTH}
        rows = await connection.execute(
            _CANDIDATES.replace("{table}", chunk_table(site.widget_id)), values | {"line": _QUESTION}
        )
        found = await rows.fetchall()
    candidates = [
        (candidate, url)
        for heading, url in found
        if (text := _plain_heading(heading))
        for candidate in make_questions(text, site.name, site.language)
    ]
    own = Counter(url for candidate, url in candidates if candidate.origin is QuestionOrigin.own)
    ranked = [
        (
            candidate._replace(origin=QuestionOrigin.listed)
            if candidate.origin is QuestionOrigin.own and own[url] >= MIN_LISTED
            else candidate,
            url,
        )
        for candidate, url in candidates
    ]
    # In a list of questions "it" is the site's subject; elsewhere its referent is unknown.
    clear = [pair for pair in ranked if pair[0].origin is not QuestionOrigin.own or not refers_back(pair[0].topic)]
    return sorted(clear, key=lambda pair: (pair[0].origin, refers_back(pair[0].topic), -own[pair[1]]))


def _are_duplicates(first: str, second: str, language: str) -> bool:
    """Whether two questions share most of their stems."""
    a, b = set(stems(first, language)), set(stems(second, language))
    return len(a & b) >= MIN_OVERLAP * len(a | b)


def _plain_heading(heading: str) -> str:
    """Return the heading without number and markup; empty if it is too short or a prompt injection."""
    text = re.sub(r"^\W*(?:\d+(?:\.\d+)*[.)]?|\(\d+\))\s+", "", plain_text(heading).replace("`", "")).strip("*•–—> ")
    return "" if len(text) < MIN_LENGTH or is_instruction(text) else text


async def _answer(answerer: Answerer, site: AnsweringSite, question: str, heading: str, url: str) -> list[Evidence]:
    """Return the evidence from the page, if the widget answers the question from there, rightly and shortly."""
    try:
        reply = await answerer.quote(site, question)
    except TryLater:
        raise
    except (EmbeddingFailed, EmbeddingUnavailable):
        return []
    if not reply.answered or reply.kind is AnswerKind.small_talk or len(reply.text) > MAX_ANSWER_LENGTH:
        return []
    if reply.kind is AnswerKind.own or not reply.citations:
        return []
    cited = reply.citations[0]
    first = next(
        (one for one in reply.evidence if one.passage.text == cited.text and one.passage.url == cited.url), None
    )
    if first is None or cited.url != url or not _is_under(first, heading):
        return []
    return [one for one in reply.evidence if one.passage.url == url]


def _is_under(evidence: Evidence, heading: str) -> bool:
    """Whether the quoted statement is no question, and stands under the heading if the passage has it."""
    if evidence.best is None:
        return False
    statements = read_statements(evidence.passage.text)
    quoted = statements[evidence.best]
    if quoted.is_question or len(quoted.text.split()) < MIN_ANSWER_WORDS:
        return False
    if sum(statement.block == quoted.block for statement in statements) > MAX_LISTED:
        # The quote breaks off within the list.
        return False
    under = [
        statement for statement in statements if statement.heading and _plain_heading(statement.heading) == heading
    ]
    return not under or quoted in under


def _names(site: AnsweringSite, evidence: Sequence[Evidence]) -> set[str] | None:
    """Return the words capitalized within sentences, in lower case; None where all nouns are."""
    if primary_subtag(site.language) in NOUN_CAPITALIZING:
        return None
    statements = [statement.text for one in evidence for statement in read_statements(one.passage.text)]
    words = Counter(word for text in statements for word in list(read_words(text))[1:])
    names = {word.lower() for word, times in words.items() if word[0].isupper() and times > words[word.lower()]}
    return names.union(word.lower() for word in read_words(site.name))


async def _store(pool: Pool, widget_id: UUID, job_id: UUID, pages: int, questions: list[str]) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO suggested_questions (widget_id, job_id, page_count, questions)"
            " SELECT id, %(job)s, %(pages)s, %(questions)s FROM widgets"
            " WHERE id = %(widget)s AND active_job_id = %(job)s"
            " ON CONFLICT (widget_id) DO UPDATE SET job_id = excluded.job_id, page_count = excluded.page_count,"
            " questions = excluded.questions",
            {"widget": widget_id, "job": job_id, "pages": pages, "questions": questions},
        )
