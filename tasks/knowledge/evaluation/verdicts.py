"""Verdicts on answers: each answer beside what was expected, and the totals of an evaluation."""

import re
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from tasks.core.models import Frozen
from tasks.knowledge.evaluation.expectations import Expectation

_REFERENCE = re.compile(r"\s*(?<!\\)\[\d{1,2}\]")
_MARKUP = re.compile(r"\\(?=[!-/:-@\[-`{-~])|[*`]+|(?m:^>\s?)")


class Verdict(StrEnum):
    """The result of a question."""

    right = "right"
    wrong = "wrong"
    refused = "refused"
    """The site answers the question, and the widget did not."""
    failed = "failed"
    """The answer broke off."""


class GivenAnswer(Frozen):
    """An answer as a visitor got it."""

    text: str
    answered: bool
    """False: a refusal."""
    pages: tuple[str, ...] = ()
    """URLs of the pages cited, in order."""
    first_s: float = 0.0
    """Seconds until its first words."""
    total_s: float = 0.0
    """Seconds until its end."""
    failure: str = ""
    """The reason why it is not complete."""


class Judged(Frozen):
    """A question with its answer and verdict."""

    expected: Expectation
    given: GivenAnswer
    verdict: Verdict


def judge(expected: Expectation, given: GivenAnswer) -> Judged:
    """Return the verdict: right if refused as expected, or with an expected page cited and the expected text said."""
    return Judged(expected=expected, given=given, verdict=_verdict(expected, given))


def _verdict(expected: Expectation, given: GivenAnswer) -> Verdict:
    if given.failure:
        return Verdict.failed
    if not expected.is_answerable:
        return Verdict.wrong if given.answered else Verdict.right
    if not given.answered:
        return Verdict.refused
    is_right = cites_page(given.pages, expected.pages) and says(given.text, expected.pattern)
    return Verdict.right if is_right else Verdict.wrong


def cites_page(cited: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether one of the cited URLs is an expected page, given as a URL or as a path; true if none is expected."""
    return not expected or any(_is_page(url, page) for url in cited for page in expected)


def _is_page(url: str, page: str) -> bool:
    wanted, found = urlsplit(page), urlsplit(url)
    if wanted.netloc and wanted.netloc.removeprefix("www.") != found.netloc.removeprefix("www."):
        return False
    return _path(wanted.path) == _path(found.path) and (not wanted.query or wanted.query == found.query)


def _path(path: str) -> str:
    return unquote(path).strip("/").removesuffix("index.html").strip("/")


def says(text: str, pattern: str) -> bool:
    """Whether the answer's text, without references and markup, matches the pattern in any case."""
    return re.search(pattern, plain_text(text), re.IGNORECASE) is not None


def plain_text(markdown: str) -> str:
    """Return the answer as one line without references, escapes and emphasis."""
    return " ".join(_MARKUP.sub("", _REFERENCE.sub("", markdown)).split())


class Totals(Frozen):
    """The totals of an evaluation."""

    questions: int
    right: int
    wrong: int
    refused: int
    failed: int
    unanswerable: int
    """Questions whose refusal is expected …"""
    rightly_refused: int
    """… and was given."""
    first_s_median: float
    first_s_p95: float

    @property
    def share_right(self) -> float:
        """Share of right answers and right refusals."""
        return self.right / self.questions if self.questions else 0.0


def summarize(judged: Sequence[Judged]) -> Totals:
    """Return the totals."""
    counts = {verdict: sum(each.verdict is verdict for each in judged) for verdict in Verdict}
    unanswerable = [each for each in judged if not each.expected.is_answerable]
    times = [each.given.first_s for each in judged if not each.given.failure]
    return Totals(
        questions=len(judged),
        **{verdict.value: count for verdict, count in counts.items()},
        unanswerable=len(unanswerable),
        rightly_refused=sum(each.verdict is Verdict.right for each in unanswerable),
        first_s_median=quantile(times, 0.5),
        first_s_p95=quantile(times, 0.95),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))] if ordered else 0.0
