"""Re-crawls whose pages no longer answer the widget's questions are held back."""

import pytest

from flows.workspace import Workspace
from tasks.core.errors import AnswersWorse
from tasks.core.models import BuildRequest
from tasks.records.new_builds import create_rebuild
from tasks.records.owner_questions import save_test_questions
from tasks.records.widgets import read_widget
from tests.crawling import Crawler
from tests.sites.living import living_site

QUESTIONS = [
    {"question": "When does the zeppelin depart?", "text": "noon"},
    {"question": "What does the ferry to Orkney cost?", "text": "£12"},
]


async def test_a_recrawl_that_answers_less_is_held_back(crawler: Crawler, plain_space: Workspace) -> None:
    """The old knowledge answers on, and the error names the questions; whoever builds without the checks publishes."""
    async with living_site(15, 2) as site:
        flights, ferries = site.leaves[:2]
        site.texts = {flights: "The zeppelin departs at noon.", ferries: "The ferry to Orkney costs £12."}
        first = await crawler.publish_in(plain_space, site.url)
        await save_test_questions(crawler.pool, first.widget_id, QUESTIONS)
        again = await crawler.publish_in(plain_space, site.url, first.widget_id)
        site.texts = {flights: "The zeppelin has been sold.", ferries: "Ask us."}
        with pytest.raises(AnswersWorse) as held:
            await crawler.publish_in(plain_space, site.url, first.widget_id)
        assert all(each["question"] in held.value.message for each in QUESTIONS)
        assert (await read_widget(crawler.pool, first.widget_id)).active_job_id == again.build_id
        async with crawler.pool.connection() as connection:
            await connection.execute(
                "UPDATE scrape_jobs SET status = 'failed' WHERE widget_id = %s AND status = 'running'",
                (first.widget_id,),
            )
        request = BuildRequest(url=f"{site.url}/", depth=5, max_pages=500)
        wanted = await create_rebuild(crawler.pool, first.widget_id, request, allow_fewer_pages=True)
        await crawler.publish_attempt_in(plain_space, wanted.build_id)
        assert (await read_widget(crawler.pool, first.widget_id)).active_job_id == wanted.build_id
