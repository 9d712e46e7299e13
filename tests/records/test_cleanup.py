"""Nothing grows for ever: kept builds can be returned to, and the builds beyond them go."""

from uuid import UUID

import pytest

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest
from tasks.core.events import EventType
from tasks.core.models import Job
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.records.build_events import append_event
from tasks.records.cleanup import Freed, keep_house, tidy_widget
from tasks.records.publication import activate_build
from tasks.records.rollback import roll_back
from tasks.records.widgets import read_widget
from tests.knowledge.material import cancel, count, draft, new_job, page_of


async def built(pool: Pool, texts: dict[str, str], widget_id: UUID | None = None) -> Job:
    """A complete build with these pages, from which the widget answers."""
    job = await new_job(pool, widget_id)
    await store_pages(pool, job.build_id, [page_of(path, [text]) for path, text in texts.items()])
    await activate_build(pool, job, replace=True)
    await append_event(pool, job.build_id, draft(EventType.builder_completed))
    return job


async def test_a_widget_returns_to_the_build_before(pool: Pool) -> None:
    """As far as builds are kept."""
    first = await built(pool, {"/a": "Old beans."})
    second = await built(pool, {"/a": "New leaves."}, first.widget_id)
    assert await roll_back(pool, first.widget_id) == first.build_id
    assert (await read_widget(pool, first.widget_id)).active_job_id == first.build_id
    with pytest.raises(InvalidRequest) as refused:
        await roll_back(pool, first.widget_id)
    assert (refused.value.status, refused.value.code) == (409, "no_earlier_build")
    # The newer build is one of the kept ones.
    await tidy_widget(pool, first.widget_id, 2)
    assert await count(pool, "SELECT count(*) FROM scrape_jobs WHERE id = %s", second.build_id) == 1


async def test_builds_beyond_the_kept_ones_go_with_their_pages(pool: Pool) -> None:
    """The count says what was freed; a build that ended early can be resumed for a week."""
    jobs = [await built(pool, {"/news": "News 0."})]
    for number in range(1, 4):
        jobs.append(await built(pool, {"/news": f"News {number}."}, jobs[0].widget_id))
    failed = await new_job(pool, jobs[0].widget_id)
    await store_pages(pool, failed.build_id, [page_of("/half", ["Half."])])
    await cancel(pool, failed)
    assert await tidy_widget(pool, jobs[0].widget_id, 2) == Freed(builds=2, pages=2)
    for job, pages in zip([*jobs, failed], (0, 0, 1, 1, 1), strict=True):
        stored = "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s"
        assert await count(pool, stored, job.build_id) == pages
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE scrape_jobs SET finished_at = now() - interval '8 days' WHERE id = %s", (failed.build_id,)
        )
    assert await tidy_widget(pool, jobs[0].widget_id, 2) == Freed(builds=1, pages=1)
    assert await tidy_widget(pool, jobs[0].widget_id, 2) == Freed()


async def test_a_widget_that_is_being_built_is_left_alone(pool: Pool) -> None:
    """Until its build has ended."""
    jobs = [await built(pool, {"/a": "0"})]
    for number in range(1, 4):
        jobs.append(await built(pool, {"/a": str(number)}, jobs[0].widget_id))
    running = await new_job(pool, jobs[0].widget_id)
    assert await tidy_widget(pool, jobs[0].widget_id, 1) == Freed()
    await append_event(pool, running.build_id, draft(EventType.builder_failed))
    assert (await tidy_widget(pool, jobs[0].widget_id, 1)).builds > 0


async def test_widgets_that_never_answered_and_old_vectors_go(pool: Pool) -> None:
    """After thirty and ninety days; those of today stay."""
    silent, today = await new_job(pool), await new_job(pool)
    for job in (silent, today):
        await cancel(pool, job)
    async with pool.connection() as connection:
        for table, id_ in (("widgets", silent.widget_id), ("scrape_jobs", silent.build_id)):
            await connection.execute(
                f"UPDATE {table} SET created_at = now() - interval '31 days' WHERE id = %s",  # type: ignore[arg-type]
                (id_,),
            )
        await connection.execute(
            "INSERT INTO embedding_cache (content_hash, model, embedding, created_at)"
            " VALUES ('old', 'm', '[1]', now() - interval '91 days'), ('new', 'm', '[1]', now())"
        )
    freed = await keep_house(pool, 2)
    assert (freed.widgets, freed.cached_vectors) == (1, 1)
    left = "SELECT count(*) FROM widgets WHERE id IN (%s, %s)"
    assert await count(pool, left, silent.widget_id, today.widget_id) == 1
