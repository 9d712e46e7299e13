"""Rebuilds of a widget: a new job, the old knowledge until the new is complete, one build at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tasks.records.builds import find_run_build
from tests.api.builds.test_builds import named, numbers
from tests.flow_runs import BUILD, find_run, run_deployment
from tests.placing import Placed, Placer
from tests.product import PATH, Event, Product
from tests.sites.generated import generated_site


async def active_job(product: Product, widget: str) -> str:
    """The id of the build the widget answers from."""
    async with product.pool.connection() as connection:
        row = await (await connection.execute("SELECT active_job_id FROM widgets WHERE id = %s", (widget,))).fetchone()
    assert row is not None
    return str(row[0])


@dataclass(frozen=True)
class Rebuilt:
    """A rebuild that three clients asked for at once, one of them with a key."""

    first: Placed
    streams: list[list[Event]]
    answered_from: str
    """The build that the widget answered from meanwhile."""
    found: list[dict[str, Any]]
    """The results of the searches made meanwhile."""


@pytest.fixture(scope="module")
async def rebuilt(product: Product, place: Placer) -> AsyncIterator[Rebuilt]:
    """A rebuilt widget; its site stays up."""
    async with generated_site(20, 3, 0.2) as site:
        first = await place(site.url, depth=2, max_pages=8)
        path = f"/api/widgets/{first.widget_id}/recrawl"

        async def post(headers: dict[str, str]) -> list[Event]:
            return [event async for event in product.stream("POST", path, headers=first.owner | headers)]

        async def look() -> tuple[list[Event], str, list[dict[str, Any]]]:
            """Post, and look at the widget while pages are read."""
            events: list[Event] = []
            async for event in product.stream("POST", path, headers=first.owner):
                events.append(event)
                if event["type"] == "parallel_processing_started":
                    active = await active_job(product, first.widget_id)
                    search = f"/api/public/widgets/{first.widget_id}/search"
                    found = (await product.http.get(search, params={"q": "page"})).json()["results"]
            return events, active, found

        (watched, active, found), *others = await asyncio.gather(
            look(), post({"Idempotency-Key": str(uuid4())}), post({})
        )
        yield Rebuilt(first, [watched, *others], active, found)


async def test_the_old_knowledge_answers_until_the_new_is_complete(product: Product, rebuilt: Rebuilt) -> None:
    """A rebuild has the first build's limits and the same kind of stream, without a token; then the widget switches."""
    first, events = rebuilt.first, rebuilt.streams[0]
    assert rebuilt.answered_from == first.build_id
    assert rebuilt.found
    assert numbers(events) == list(range(1, len(events) + 1))
    started = events[0]["data"]
    assert (started["widget_id"], started["depth"], started["max_pages"]) == (first.widget_id, 2, 8)
    assert "owner_token" not in started
    assert events[0]["build_id"] != first.build_id
    assert events[-1]["type"] == "builder_completed"
    assert await active_job(product, first.widget_id) == events[0]["build_id"]


async def test_a_second_request_joins_the_running_rebuild(product: Product, rebuilt: Rebuilt) -> None:
    """Also a simultaneous one, and one with a key; one after the end starts a new build."""
    assert all(events[-1]["type"] == "builder_completed" for events in rebuilt.streams)
    builds = {events[0]["build_id"] for events in rebuilt.streams}
    assert len(builds) == 1
    path, owner = f"/api/widgets/{rebuilt.first.widget_id}/recrawl", rebuilt.first.owner
    new = [event async for event in product.stream("POST", path, headers=owner)]
    assert new[-1]["type"] == "builder_completed"
    assert new[0]["build_id"] not in builds


async def test_a_re_crawl_obeys_the_widgets_rules(product: Product, place: Placer) -> None:
    """Its run in Prefect has them as parameters, and one that repeats it with others builds the widget by those."""
    async with generated_site(8, 3, 0) as site:
        first = await place(site.url, depth=2, max_pages=8)
        widget, owner = first.widget_id, first.owner
        *_, left_out, other = site.links
        changed = await product.http.patch(f"/api/widgets/{widget}", json={"exclude": [left_out]}, headers=owner)
        assert changed.json()["chosen"] == {}
        expected = {"depth": 2, "max_pages": 8, "include": [], "exclude": [left_out], "languages": [], "render": "auto"}
        assert changed.json()["rules"] == expected | {"read_noindex_paths": [], "sites": [], "instructions": None}
        events = [event async for event in product.stream("POST", f"/api/widgets/{widget}/recrawl", headers=owner)]
        # The page left the answers with the change of the rules, not with the build.
        assert events[-1]["data"]["diff"]["removed"] == 0
        run = await find_run(product, events[0]["build_id"])
        assert run.parameters["exclude"] == [left_out]
        again = await run_deployment(product, BUILD, run.parameters | {"exclude": [other]})
    paths = "SELECT count(*) FROM crawl_urls WHERE content_id IS NOT NULL AND job_id = %s AND url LIKE '%%' || %s"
    build = str(await find_run_build(product.pool, again.id))
    assert await active_job(product, widget) == build != events[0]["build_id"]
    assert [await product.count(paths, build, path) for path in (left_out, other)] == [0, 0]


async def test_a_re_crawl_that_fails_changes_nothing(product: Product, place: Placer) -> None:
    """The site is down: the build fails with the cause, the widget answers as before."""
    async with generated_site(20, 3, 0) as site:
        first = await place(site.url, depth=2, max_pages=8)
        widget, owner = first.widget_id, first.owner
    events = [event async for event in product.stream("POST", f"/api/widgets/{widget}/recrawl", headers=owner)]
    assert events[-1]["type"] == "builder_failed"
    assert await active_job(product, widget) == first.build_id


async def test_a_site_that_has_lost_half_its_pages_does_not_empty_the_widget(product: Product, place: Placer) -> None:
    """The error names both counts, and old knowledge and theme stay; `allow_fewer_pages` accepts the new site."""
    async with generated_site(20, 3, 0) as site:
        first = await place(site.url, depth=2, max_pages=8)
        widget, owner = first.widget_id, first.owner
        for path in list(site.links)[4:]:
            del site.links[path]
        path = f"/api/widgets/{widget}/recrawl"
        *_, refused = [event async for event in product.stream("POST", path, headers=owner)]
        assert (refused["type"], refused["data"]["code"]) == ("builder_failed", "site_shrank")
        known = "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s"
        assert f"and the widget has {await product.count(known, first.build_id)}" in refused["detail"]
        assert await active_job(product, widget) == first.build_id
        asked = {"allow_fewer_pages": True}
        *_, last = [event async for event in product.stream("POST", path, headers=owner, json=asked)]
        assert last["type"] == "builder_completed", last
        assert await active_job(product, widget) == last["build_id"]
        wrong = await product.http.post(path, headers=owner, json={"allow_fewer_pages": "perhaps"})
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "allow_fewer_pages")


async def test_only_the_owner_and_the_administrator_may_rebuild(product: Product, built: list[Event]) -> None:
    """Without a token, with a wrong one, or for an unknown widget, no build is recorded."""
    widget = built[0]["data"]["widget_id"]
    before = await product.count("SELECT count(*) FROM scrape_jobs")
    admin = {"Authorization": f"Bearer {product.info.admin_token}"}
    cases: list[tuple[str, dict[str, str], int]] = [
        (widget, {}, 401),
        (widget, {"Authorization": "Bearer x"}, 403),
        (str(uuid4()), admin, 404),
        ("nonsense", admin, 404),
    ]
    for name, headers, status in cases:
        answer = await product.http.post(f"/api/widgets/{name}/recrawl", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert await product.count("SELECT count(*) FROM scrape_jobs") == before


@pytest.mark.parametrize("logs", ["0", "1"])
async def test_deleting_a_widget_ends_the_stream_of_its_build(product: Product, logs: str) -> None:
    """The stream ends with `builder_cancelled`, requests to the site stop, and the build is gone."""
    async with generated_site(120, 3, 0.5) as site:
        posting = product.stream("POST", PATH, json={"url": site.url, "depth": 3}, params={"logs": logs})
        events = [await anext(posting)]
        while events[-1]["type"] != "parallel_processing_started":
            events.append(await anext(posting))
        owner = {"Authorization": f"Bearer {events[0]['data']['owner_token']}"}
        widget, build_id = events[0]["data"]["widget_id"], events[0]["build_id"]
        assert (await product.http.delete(f"/api/widgets/{widget}", headers=owner)).status_code == 204
        async with asyncio.timeout(10):
            events += [event async for event in posting]
        told = [event for event in events if event["type"] != "log"]
        assert named(told, "builder_cancelled") == told[-1]
        assert numbers(told) == list(range(1, len(told) + 1))
        await asyncio.sleep(3)
        asked = site.requests.total()
        await asyncio.sleep(1.5)
        assert site.requests.total() == asked < 120
    assert (await product.http.get(f"{PATH}/{build_id}/events")).status_code == 404


async def test_the_administrator_lists_all_widgets_an_owner_only_its_own(product: Product, built: list[Event]) -> None:
    """Newest first, with each widget's state; in pages with limit and offset."""
    widget, token = built[0]["data"]["widget_id"], built[0]["data"]["owner_token"]
    mine = (await product.http.get("/api/widgets", headers={"Authorization": f"Bearer {token}"})).json()
    assert (mine["total"], [it["id"] for it in mine["widgets"]]) == (1, [widget])
    (shown,) = mine["widgets"]
    stored = built[-1]["data"]["statistics"]["stored_pages"]
    assert (shown["state"], shown["pages"], shown["build_status"]) == ("ready", stored, "completed")
    assert not any("token" in name for name in shown)
    admin = {"Authorization": f"Bearer {product.info.admin_token}"}
    everything = (await product.http.get("/api/widgets", headers=admin)).json()
    assert everything["total"] == len(everything["widgets"]) == await product.count("SELECT count(*) FROM widgets")
    assert [it["created_at"] for it in everything["widgets"]] == sorted(
        (it["created_at"] for it in everything["widgets"]), reverse=True
    )
    second = (await product.http.get("/api/widgets?limit=1&offset=1", headers=admin)).json()
    assert second["widgets"] == everything["widgets"][1:2]


async def test_listing_needs_a_valid_token(product: Product) -> None:
    """401 without a token, 403 with a wrong one; an invalid limit is refused."""
    assert (await product.http.get("/api/widgets")).status_code == 401
    assert (await product.http.get("/api/widgets", headers={"Authorization": "Bearer x"})).status_code == 403
    admin = {"Authorization": f"Bearer {product.info.admin_token}"}
    refused = await product.http.get("/api/widgets?limit=0", headers=admin)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "limit")
