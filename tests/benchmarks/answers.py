"""Quality and latency of answers: ninety questions on two real sites, some of which must be refused."""

import re
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from deployments.commands.answer_client import fetch_answer
from deployments.display.evaluation import render_failures
from tasks.knowledge.evaluation.expectations import Expectation
from tasks.knowledge.evaluation.verdicts import Judged, Verdict, cites_page, judge, quantile
from tasks.knowledge.language.words import stems
from tests.benchmarks.client import run_build
from tests.benchmarks.real_sites import NoSites, find_site
from tests.benchmarks.scores import Scores
from tests.benchmarks.site_questions import SETS, QuestionSet, SiteQuestion
from tests.benchmarks.stack import open_product
from tests.sites.server import serve_site

DEPTH = 4
MAX_PAGES = 800
RIGHT = 0.85
REFUSED = 0.90
FIRST_TOKEN_S = 0.3
MANY = "1000000/minute"
CARRIED = 0.6
"""Least share of a statement's words that its passage has: table rows are quoted with their columns' names."""


@dataclass(frozen=True)
class Answer:
    """The answer to one question."""

    judged: Judged
    citations: list[dict[str, Any]]
    half: int
    """0: the half used for tuning; 1: the half only measured."""

    @property
    def answered(self) -> bool:
        """Whether it is no refusal."""
        return self.judged.given.answered

    @property
    def is_right(self) -> bool:
        """Whether the question was answered citing a right page, or rightly refused."""
        return self.judged.verdict is Verdict.right

    @property
    def is_right_first(self) -> bool:
        """Whether the first citation alone is right too."""
        return self.is_right and cites_page(self.judged.given.pages[:1], self.judged.expected.pages)

    def references(self) -> list[bool]:
        """Check each [n] of an answer: whether its passage has the statement's words."""
        passages = {citation["n"]: set(stems(citation["text"], "en")) for citation in self.citations}
        held, start = [], 0
        text = re.sub(r"`{3,}", "", self.judged.given.text)
        for match in re.finditer(r"(?<!\\)\[(\d+)\]", text):
            said = set(stems(re.sub(r"[\\`*_-]", " ", text[start : match.start()]), "en"))
            held.append(len(said & passages.get(int(match[1]), set())) >= CARRIED * len(said))
            start = match.end()
        return held if self.answered else []


async def run(scores: Scores) -> None:
    """Build both sites, ask all questions, print the wrong answers and the shares of right ones."""
    answers: list[Answer] = []
    for questions in SETS:
        try:
            answers += await _measure(scores, questions)
        except NoSites as error:
            scores.holds(f"answers on {questions.site}", False, str(error))
            return
    _report(scores, answers)


async def _measure(scores: Scores, questions: QuestionSet) -> list[Answer]:
    folder = find_site(questions.site)
    async with serve_site(folder) as site, open_product(chat_rate=MANY) as product:
        run = await run_build(product.api_url, f"{site.url}/", depth=DEPTH, max_pages=MAX_PAGES)
        if not run.is_complete:
            raise NoSites(f"{questions.site}: {run.end.type}, {run.end.detail}")
        scores.console.print(f"{questions.site}: {run.statistics['stored_pages']} pages", style="dim")
        path = f"/api/public/widgets/{run.end.data['widget_id']}/chat"
        await fetch_answer(product.api_url, path, "Is it warm?")
        answers = [
            await _ask(product.api_url, path, asked, place % 2)
            for group in (questions.answered, questions.not_answered)
            for place, asked in enumerate(group)
        ]
    wrong = [answer.judged for answer in answers if not answer.is_right]
    scores.console.print(render_failures(wrong), f"Wrong on {questions.site}: {len(wrong)}")
    return answers


async def _ask(api_url: str, path: str, asked: SiteQuestion, half: int) -> Answer:
    given, citations = await fetch_answer(api_url, path, asked.text)
    expected = Expectation(question=asked.text, pages=asked.pages, is_answerable=bool(asked.pages))
    return Answer(judge(expected, given), citations, half)


def _report(scores: Scores, answers: list[Answer]) -> None:
    answerable = [answer for answer in answers if answer.judged.expected.is_answerable]
    unanswerable = [answer for answer in answers if not answer.judged.expected.is_answerable]
    table = Table("", "tuned half", "other half", "all", title="Answers, quoted (no model)")
    for name, group, attribute in (
        ("answered, the right page cited", answerable, "is_right"),
        ("answered, the right page cited first", answerable, "is_right_first"),
        ("answered at all", answerable, "answered"),
        ("rightly refused", unanswerable, "is_right"),
    ):
        halves = [[answer for answer in group if answer.half == half] for half in (0, 1)]
        table.add_row(name, *(f"{_share(part, attribute):.0%} of {len(part)}" for part in (*halves, group)))
    scores.console.print(table)
    held = [holds for answer in answers for holds in answer.references()]
    times = [answer.judged.given.first_s for answer in answers]
    scores.at_least("answered from the right page", 100 * _share(answerable, "is_right"), 100 * RIGHT, "%")
    other = [answer for answer in answerable if answer.half]
    scores.at_least("the same, the half not fitted to", 100 * _share(other, "is_right"), 100 * RIGHT, "%")
    scores.at_least("refused what the site does not say", 100 * _share(unanswerable, "is_right"), 100 * REFUSED, "%")
    scores.holds("each [n] has its statement's words", all(held), f"{sum(held)} of {len(held)}")
    scores.at_most("first token, p95", quantile(times, 0.95), FIRST_TOKEN_S)


def _share(answers: list[Answer], attribute: str) -> float:
    return sum(bool(getattr(answer, attribute)) for answer in answers) / max(1, len(answers))
