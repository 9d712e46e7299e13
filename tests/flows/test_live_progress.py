"""The progress of a build as Prefect's UI shows it."""

from flows.live_progress import describe, share_done
from flows.progress import Progress
from tasks.core.database import Pool
from tasks.core.errors import HttpStatus
from tasks.core.events import Stage
from tasks.core.models import Target
from tasks.records.crawl_record import CrawlRecord
from tests.knowledge.material import SITE, new_job


async def test_the_share_done_is_that_of_all_urls_known_so_far(pool: Pool) -> None:
    """Stored or failed in any stage; nothing before the first URL is known, and never more than all."""
    job = await new_job(pool)
    progress = Progress(pool, job, None)
    assert share_done(progress) == 0
    target = Target(url=f"{SITE}/", depth=0)
    await CrawlRecord(pool, job.build_id).add_urls([target])
    progress.known_urls = 8
    await progress.count_passed(Stage.scraping, 4)
    await progress.count_passed(Stage.embedding, 3)
    assert share_done(progress) == 0
    await progress.count_passed(Stage.storage, 2)
    await progress.record_failure(Stage.scraping, target, HttpStatus(404))
    assert share_done(progress) == 37.5
    assert describe(progress) == "2 of 8 pages stored; 4 read, 3 embedded, 1 failed, 0 left out"
    progress.known_urls = 2
    assert share_done(progress) == 100
