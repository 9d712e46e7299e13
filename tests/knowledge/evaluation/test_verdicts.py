"""Verdicts: right, wrong, refused, broken off."""

import pytest

from tasks.knowledge.evaluation.expectations import Expectation
from tasks.knowledge.evaluation.verdicts import GivenAnswer, Verdict, cites_page, judge, summarize

OPEN = Expectation(question="When?", pages=("/hours",), pattern="9 to 5")
TEA = Expectation(question="Tea?", is_answerable=False)


def given(text: str = "", *pages: str, answered: bool = True, failure: str = "", first_s: float = 0.1) -> GivenAnswer:
    """An answer."""
    return GivenAnswer(text=text, answered=answered, pages=pages, failure=failure, first_s=first_s)


@pytest.mark.parametrize(
    ("expected", "answer", "verdict"),
    [
        (OPEN, given("We open **9 to 5**. [1]", "https://a.example/hours/"), Verdict.right),
        (OPEN, given("We open 8 to 5. [1]", "https://a.example/hours/"), Verdict.wrong),
        (OPEN, given("We open 9 to 5. [1]", "https://a.example/blog"), Verdict.wrong),
        (OPEN, given("This site does not say.", "https://a.example/hours", answered=False), Verdict.refused),
        (OPEN, given("We open 9", failure="broke off"), Verdict.failed),
        (TEA, given("This site does not say.", answered=False), Verdict.right),
        (TEA, given("Yes. [1]", "https://a.example/hours"), Verdict.wrong),
    ],
)
def test_an_answer_is_judged_by_page_and_text(expected: Expectation, answer: GivenAnswer, verdict: Verdict) -> None:
    """Both must be as expected; a refusal is right only where it is expected."""
    assert judge(expected, answer).verdict is verdict


@pytest.mark.parametrize(
    ("page", "holds"),
    [
        ("/a/b", True),
        ("a/b/", True),
        ("/a/b/index.html", True),
        ("https://shop.example/a/b#prices", True),
        ("https://www.shop.example/a/b", True),
        ("https://other.example/a/b", False),
        ("/a", False),
        ("/", False),
    ],
)
def test_a_page_is_a_url_or_a_path(page: str, holds: bool) -> None:
    """Slashes at the end, fragments, `www.` and index.html do not matter; another host does."""
    assert cites_page(["https://shop.example/a/b"], [page]) is holds


def test_totals_count_each_verdict() -> None:
    """Right refusals count as right; the times of answers that broke off do not count."""
    judged = [
        judge(OPEN, given("9 to 5", "https://a.example/hours", first_s=0.2)),
        judge(OPEN, given(answered=False, first_s=0.4)),
        judge(TEA, given(answered=False, first_s=0.3)),
        judge(TEA, given("Yes.")),
        judge(TEA, given(failure="broke off", first_s=60)),
    ]
    totals = summarize(judged)
    assert (totals.right, totals.wrong, totals.refused, totals.failed) == (2, 1, 1, 1)
    assert (totals.rightly_refused, totals.unanswerable, totals.share_right) == (1, 3, 0.4)
    assert totals.first_s_p95 == 0.4
    assert summarize([]).share_right == 0
