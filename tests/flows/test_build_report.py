"""The summary of a build in Prefect's UI: what it says, and that a site's text is never read as Markdown."""

import pytest

from flows.build_report import summarize_build
from flows.progress import Progress
from tasks.core.database import Pool
from tasks.core.errors import HttpStatus, PageSkipped
from tasks.core.events import Stage
from tasks.core.models import Target
from tasks.core.settings import Settings
from tasks.knowledge.evaluation.answer_comparison import AnswerComparison, ComparedQuestion
from tasks.knowledge.evaluation.verdicts import Verdict
from tasks.records.build_diff import BuildDiff
from tasks.records.crawl_record import CrawlRecord
from tasks.records.failed_pages import read_causes
from tests.knowledge.material import SITE, new_job

EVIL = "> <img src=x onerror=alert(1)> [a](javascript:alert(1)) | `b"


async def test_a_summary_has_the_stages_the_diff_and_the_causes(pool: Pool) -> None:
    """Failures first, the most frequent first, each with its pages."""
    job = await new_job(pool)
    progress = Progress(pool, job, None)
    progress.diff = BuildDiff(added=1, changed=2, removed=3, unchanged=4)
    targets = [Target(url=f"{SITE}/{n}", depth=1) for n in range(3)]
    await CrawlRecord(pool, job.build_id).add_urls(targets)
    for target in targets[:2]:
        await progress.record_failure(Stage.scraping, target, HttpStatus(404))
    await progress.record_skip(targets[2], PageSkipped("robots", "robots.txt disallows it"))
    await progress.count_passed(Stage.storage)
    text = summarize_build(Settings(_env_file=None), job, progress, await read_causes(pool, job.build_id))
    assert "| scraping | 0 | 2 |" in text
    assert "| storage | 1 | 0 |" in text
    assert "| 1 | 2 | 3 | 4 |" in text
    failed, skipped = text.splitlines()[-2:]
    assert failed == f"| 2 failed | `HTTP 404` | <{SITE}/0> <{SITE}/1> |"
    assert skipped == f"| 1 skipped | `robots` | <{SITE}/2> |"


async def test_a_summary_names_the_questions_that_are_no_longer_answered(pool: Pool) -> None:
    """As text: a suggested question may be the site's own heading."""
    job = await new_job(pool)
    progress = Progress(pool, job, None)
    asked = [(EVIL, Verdict.refused), ("When are you open?", Verdict.right)]
    progress.answers = AnswerComparison(
        questions=tuple(ComparedQuestion(question=text, before=Verdict.right, after=after) for text, after in asked)
    )
    lines = summarize_build(Settings(_env_file=None), job, progress, []).splitlines()
    assert "2 questions asked: 1 answered right, 2 by the build before." in lines
    (lost,) = [line for line in lines if line.startswith("- no longer")]
    assert lost.index("`") < lost.index("<img") < lost.rindex("`")


@pytest.mark.parametrize("where", ["url", "cause"])
async def test_no_text_of_a_site_is_markup(pool: Pool, where: str) -> None:
    """An operator's browser must not run what a page is called."""
    job = await new_job(pool)
    target = Target(url=f"{SITE}/{EVIL if where == 'url' else 'a'}", depth=1)
    await CrawlRecord(pool, job.build_id).add_urls([target])
    progress = Progress(pool, job, None)
    error = PageSkipped(EVIL if where == "cause" else "robots", "left out")
    await progress.record_skip(target, error)
    text = summarize_build(Settings(_env_file=None), job, progress, await read_causes(pool, job.build_id))
    row = text.splitlines()[-1]
    assert row.count("|") == 4
    if where == "url":
        assert row.count("<") == row.count(">") == 1
        assert "%3Cimg%20src" in row
    else:
        assert row.count("`") == 2
        assert row.index("`") < row.index("<img") < row.rindex("`")
