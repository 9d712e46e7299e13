"""Builds have owners: who starts a build may cancel it and read its log; who joins it may only watch."""

import asyncio
from uuid import uuid4

from prefect.settings import PREFECT_API_URL, temporary_settings

from api.app import create_app
from tasks.core.database import Pool
from tasks.core.models import BuildRequest
from tasks.records.builds import link_flow_run
from tasks.records.new_builds import create_build
from tests.api.builds.test_builds import named, numbers
from tests.conftest import MakeSettings
from tests.product import PATH, Event, Product
from tests.serving import serve_app
from tests.sites.generated import generated_site


def owner_of(events: list[Event]) -> dict[str, str]:
    """The header of the build's owner."""
    return {"Authorization": f"Bearer {events[0]['data']['owner_token']}"}


async def test_a_cancelled_build_ends_at_once_and_stops_fetching(product: Product) -> None:
    """The terminal event is sent, requests stop within moments, and cancelling again changes nothing."""
    async with generated_site(120, 3, 0.5) as site:
        posting = product.stream("POST", PATH, json={"url": site.url, "depth": 3})
        events = [await anext(posting)]
        build_id, owner = events[0]["build_id"], owner_of(events)
        while events[-1]["type"] != "parallel_processing_started":
            events.append(await anext(posting))
        answer = await product.http.delete(f"{PATH}/{build_id}", headers=owner)
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        events += [event async for event in posting]
        assert events[-1]["type"] == "builder_cancelled"
        await asyncio.sleep(3)
        asked = site.requests.total()
        await asyncio.sleep(1.5)
        assert site.requests.total() == asked < 120
    assert (await product.http.delete(f"{PATH}/{build_id}", headers=owner)).status_code == 200


async def test_a_build_that_is_over_cannot_be_cancelled(built: list[Event], product: Product) -> None:
    """409 with the build's status; also for the administrator."""
    admin = {"Authorization": f"Bearer {product.info.admin_token}"}
    for headers in (owner_of(built), admin):
        answer = await product.http.delete(f"{PATH}/{built[0]['build_id']}", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "build_ended")


async def test_a_client_that_joins_follows_the_build_and_cannot_act_on_it(product: Product) -> None:
    """The id it gets reads state and events, also after a reconnection; the build goes on to its end."""
    body = {"depth": 2}
    async with generated_site(20, 3, 0.2) as site:
        posting = product.stream("POST", PATH, json={**body, "url": site.url})
        mine = [await anext(posting)]
        joining = product.stream("POST", PATH, json={**body, "url": site.url})
        joined = [await anext(joining)]
        assert "owner_token" not in joined[0]["data"]
        build_id = joined[0]["build_id"]
        async with product.http.stream("POST", PATH, json={**body, "url": site.url}) as answer:
            assert answer.headers["x-build-id"] == build_id
            location = answer.headers["location"]
        for headers, status in (({}, 401), ({"Authorization": f"Bearer {build_id}"}, 403)):
            assert (await product.http.delete(location, headers=headers)).status_code == status
            for method, path in (("GET", f"{location}/events"), ("POST", PATH)):
                asked = {"json": {**body, "url": site.url}} if method == "POST" else {}
                async with product.http.stream(method, f"{path}?logs=1", headers=headers, **asked) as answer:
                    assert answer.status_code == status
        assert (await product.http.get(location)).json()["status"] in ("pending", "running")
        await joining.aclose()  # type: ignore[attr-defined]
        joined += await product.replay(build_id, after=joined[-1]["seq"])
        mine += [event async for event in posting]
    assert named(mine, "builder_completed") == mine[-1] == joined[-1]
    assert numbers(joined) == numbers(mine)


async def test_the_owner_and_the_administrator_read_the_log(product: Product, built: list[Event]) -> None:
    """Of a build that is over, too; and of one that they join with their token."""
    path = f"{PATH}/{built[0]['build_id']}/events"
    for token in (built[0]["data"]["owner_token"], product.info.admin_token):
        headers = {"Authorization": f"Bearer {token}"}
        events = [event async for event in product.stream("GET", path, params={"logs": "1"}, headers=headers)]
        assert numbers([event for event in events if event["type"] != "log"]) == numbers(built)
    async with generated_site(6, 2, 0.2) as site:
        posting = product.stream("POST", PATH, json={"url": site.url, "depth": 1})
        first = await anext(posting)
        asked = {"json": {"url": site.url, "depth": 1}, "params": {"logs": "1"}}
        joined = [event async for event in product.stream("POST", PATH, headers=owner_of([first]), **asked)]
        assert joined[0]["build_id"] == first["build_id"]
        assert (await anext(posting))["seq"] == 2


async def test_cancelling_does_not_wait_for_prefect(pool: Pool, settings: MakeSettings) -> None:
    """With a Prefect server that accepts connections and never answers, the answer comes before we give up on it."""
    reached, given_up = asyncio.Event(), asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        given_up.set()
        writer.close()

    silent = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    new = await create_build(pool, BuildRequest(url="https://a.example/", depth=0, max_pages=1), build_id=uuid4())
    await link_flow_run(pool, new.build_id, uuid4(), attempt=0)
    app = create_app(settings(embedding_provider="local"))
    try:
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
            async with app.router.lifespan_context(app), serve_app(app) as http, asyncio.timeout(20):
                headers = {"Authorization": f"Bearer {new.owner_token}"}
                given_up.clear()
                answer = await http.delete(f"{PATH}/{new.build_id}", headers=headers)
                assert not given_up.is_set()
                assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
                await reached.wait()
    finally:
        silent.close()
        await silent.wait_closed()


async def test_a_cancelled_build_is_resumed_where_it_stopped(product: Product) -> None:
    """Stored pages are not fetched again, numbers have no gap, and one terminal event comes last."""
    async with generated_site(60, 3, 0.3) as site:
        posting = product.stream("POST", PATH, json={"url": site.url, "depth": 3})
        seen = [await anext(posting)]
        build_id, owner = seen[0]["build_id"], owner_of(seen)
        while seen[-1]["type"] != "storage_progress":
            seen.append(await anext(posting))
        await product.http.delete(f"{PATH}/{build_id}", headers=owner)
        seen += [event async for event in posting]
        assert seen[-1]["type"] == "builder_cancelled"
        async with product.pool.connection() as connection:
            query = "SELECT url FROM crawl_urls WHERE status = 'stored' AND job_id = %s"
            stored = [str(row[0]) for row in await (await connection.execute(query, (build_id,))).fetchall()]
        answer = await product.http.post(f"{PATH}/{build_id}/resume", headers=owner)
        assert (answer.status_code, answer.json()["status"]) == (200, "pending")
        assert answer.headers["x-build-id"] == build_id
        again = await product.http.post(f"{PATH}/{build_id}/resume", headers=owner)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "build_running")
        rest = await product.replay(build_id, after=seen[-1]["seq"])
        assert numbers(seen + rest) == list(range(1, len(seen) + len(rest) + 1))
        everything = await product.replay(build_id)
        assert numbers(everything) == numbers(seen + rest)
        ends = [event["type"] for event in everything if event["type"] in ("builder_cancelled", "builder_completed")]
        assert ends == ["builder_completed"] == [everything[-1]["type"]]
        assert everything[-1]["data"]["statistics"]["stored_pages"] == 60
        assert stored
        assert {site.requests[url.removeprefix(site.url)] for url in stored} == {1}
        over = await product.http.post(f"{PATH}/{build_id}/resume", headers=owner)
        assert (over.status_code, over.json()["error"]["code"]) == (409, "build_ended")
