"""Publication: a widget switches to a build's knowledge and looks at once, and never to a broken site's."""

import asyncio

import pytest

from tasks.core.database import Pool
from tasks.core.errors import SiteShrank
from tasks.core.models import Job
from tasks.core.theme_model import Theme
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.records.builds import start_build
from tasks.records.new_builds import create_rebuild
from tasks.records.pictures import PictureKind, read_picture
from tasks.records.publication import WidgetLooks, activate_build, check_page_count, save_looks
from tasks.records.widgets import read_widget
from tests.knowledge.material import cancel, new_job, page_of, set_status

THEME = Theme(
    name="Beans & Co",
    primary="#aa0000",
    on_primary="#ffffff",
    background="#ffffff",
    text="#000000",
    heading_font="serif",
    body_font="sans-serif",
    confidence=0.9,
)


def wants_all(url: str) -> bool:
    """No rule leaves out a page."""
    return True


def looks(name: str = "Beans & Co", screenshot: bytes | None = None) -> WidgetLooks:
    """Return looks with a theme of this name and a site's address after redirects."""
    theme = THEME.model_copy(update={"name": name})
    return WidgetLooks(theme=theme, site_url="https://www.example.com/", screenshot=screenshot)


async def store(pool: Pool, job: Job, pages: int) -> None:
    """Store `pages` pages of the build."""
    await store_pages(pool, job.build_id, [page_of(f"/{number}", [f"Bean {number}."]) for number in range(pages)])


async def test_a_first_build_answers_early_and_a_recrawl_at_its_end(pool: Pool) -> None:
    """Without `replace` only a widget without knowledge is switched."""
    first = await new_job(pool)
    assert await activate_build(pool, first, replace=False)
    recrawl = await new_job(pool, first.widget_id)
    assert not await activate_build(pool, recrawl, replace=False)
    assert (await read_widget(pool, first.widget_id)).active_job_id == first.build_id
    assert await activate_build(pool, recrawl, replace=True)
    assert (await read_widget(pool, first.widget_id)).active_job_id == recrawl.build_id


async def test_a_build_that_has_ended_is_not_published(pool: Pool) -> None:
    """Cancelled before, or in a transaction that commits while publication waits for it."""
    first = await new_job(pool)
    await activate_build(pool, first, replace=True)
    await cancel(pool, first)
    before = await new_job(pool, first.widget_id)
    await cancel(pool, before)
    assert not await activate_build(pool, before, replace=True)
    meanwhile = await new_job(pool, first.widget_id)
    async with pool.connection() as connection:
        async with connection.transaction():
            await connection.execute("UPDATE scrape_jobs SET status = 'cancelled' WHERE id = %s", (meanwhile.build_id,))
            publishing = asyncio.create_task(activate_build(pool, meanwhile, replace=True))
            done, _ = await asyncio.wait([publishing], timeout=0.2)
            assert not done
        assert not await publishing
    assert (await read_widget(pool, first.widget_id)).active_job_id == first.build_id


async def test_a_widget_gets_its_theme_and_the_sites_name_and_address(pool: Pool) -> None:
    """Also a name with text that PostgreSQL rejects; another widget keeps its own name."""
    job, other = await new_job(pool), await new_job(pool)
    await save_looks(pool, job.widget_id, looks("Beans\0 \ud83d"))
    widget = await read_widget(pool, job.widget_id)
    assert widget.theme is not None
    assert widget.name == widget.theme["name"] == "Beans \N{REPLACEMENT CHARACTER}"
    assert (widget.site_url, widget.theme["primary"]) == ("https://www.example.com/", THEME.primary)
    untouched = await read_widget(pool, other.widget_id)
    assert (untouched.name, untouched.theme) == ("example.com", None)


async def test_the_looks_of_a_build_are_published_with_its_knowledge(pool: Pool) -> None:
    """In one transaction; a build that may not publish changes neither. Without a new picture the old one stays."""
    first = await new_job(pool)
    await save_looks(pool, first.widget_id, looks("Old", b"old picture"))
    await activate_build(pool, first, replace=True)
    recrawl = await new_job(pool, first.widget_id)
    assert not await activate_build(pool, recrawl, replace=False, looks=looks("New"))
    assert (await read_widget(pool, first.widget_id)).name == "Old"
    assert await activate_build(pool, recrawl, replace=True, looks=looks("New"))
    widget = await read_widget(pool, first.widget_id)
    assert (widget.name, widget.active_job_id) == ("New", recrawl.build_id)
    picture = await read_picture(pool, first.widget_id, PictureKind.screenshot)
    assert picture is not None
    assert picture.data == b"old picture"


@pytest.mark.parametrize(
    ("known", "found", "is_published"),
    [(10, 7, True), (10, 6, False), (10, 0, False), (4, 2, False), (2, 1, True), (3, 30, True)],
)
async def test_far_fewer_pages_than_the_widget_has_are_not_published(
    pool: Pool, known: int, found: int, is_published: bool
) -> None:
    """Half of a site means a broken site; one page less of a small site does not."""
    first = await new_job(pool)
    await store(pool, first, known)
    await activate_build(pool, first, replace=True)
    job = await new_job(pool, first.widget_id)
    assert job.replaces == first.build_id
    await store(pool, job, found)
    if is_published:
        await check_page_count(pool, job, wants_all)
    else:
        with pytest.raises(SiteShrank, match=f"gave {found} pages, and the widget has {known}"):
            await check_page_count(pool, job, wants_all)


async def test_fewer_pages_are_published_when_that_was_said_or_asked_for(pool: Pool) -> None:
    """The owner knows that the site is smaller; or less of it was to be read."""
    first = await new_job(pool)
    await store(pool, first, 10)
    await activate_build(pool, first, replace=True)
    await set_status(pool, first.widget_id, "completed")
    new = await create_rebuild(pool, first.widget_id, first.request, allow_fewer_pages=True)
    await check_page_count(pool, await start_build(pool, new.build_id, None), wants_all)
    for less in ({"depth": 1}, {"max_pages": 1}):
        await set_status(pool, first.widget_id, "completed")
        new = await create_rebuild(pool, first.widget_id, first.request.model_copy(update=less))
        job = await start_build(pool, new.build_id, None)
        await store(pool, job, 1)
        await check_page_count(pool, job, wants_all)


async def test_a_first_build_replaces_nothing(pool: Pool) -> None:
    """Also when it is started again and the widget already answers from its pages."""
    first = await new_job(pool)
    await activate_build(pool, first, replace=False)
    again = await start_build(pool, first.build_id, None)
    assert again.replaces is None
    await check_page_count(pool, again, wants_all)
