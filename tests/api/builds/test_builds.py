"""A build from POST to its end, on the real stack."""

import asyncio
import json
import random
from collections import Counter
from uuid import UUID, uuid4

from tests.product import PATH, Event, Product
from tests.sites import company_facts as facts
from tests.sites.generated import generated_site
from tests.sites.server import Site


def named(events: list[Event], type_: str) -> Event:
    """The one event of a type."""
    (event,) = (event for event in events if event["type"] == type_)
    return event


def numbers(events: list[Event]) -> list[int]:
    """Their sequence numbers, in order of arrival."""
    return [event["seq"] for event in events]


async def test_a_build_completes_and_its_events_tell_the_story_in_order(built: list[Event]) -> None:
    """Every stage has events, numbered 1, 2, 3 … without gaps, and one terminal event comes last."""
    assert numbers(built) == list(range(1, len(built) + 1))
    order = list(dict.fromkeys(event["type"] for event in built))
    story = [
        "builder_started",
        "theme_generation_started",
        "theme_generation_completed",
        "parallel_processing_started",
        "widget_ready",
        "parallel_processing_completed",
        "builder_completed",
    ]
    assert [type_ for type_ in order if type_ in story] == story
    assert {"url_extraction_started", "url_extraction_completed", "scraping_progress"} <= set(order)
    assert {"embedding_progress", "storage_progress", "scraping_failed"} <= set(order)
    assert all({"type", "stage", "message", "data", "seq", "at", "build_id"} <= set(event) for event in built)


async def test_name_and_icon_of_the_site_are_known_before_its_theme(built: list[Event], company: Site) -> None:
    """From the HTML, while the page is still settling in the browser."""
    types = [event["type"] for event in built]
    (told,) = (event for event in built if "site" in event["data"])
    assert told["data"]["site"] == {"name": facts.NAME, "favicon_url": f"{company.url}/favicon.svg"}
    assert told["seq"] < built[types.index("theme_generation_completed")]["seq"]


async def test_the_statistics_add_up_and_equal_the_rows_in_the_tables(built: list[Event], product: Product) -> None:
    """Each page is counted exactly once, and every page counted as stored is in the table."""
    statistics = named(built, "parallel_processing_completed")["data"]
    assert statistics["scraped_pages"] + statistics["failed_scrapes"] == statistics["total_urls"]
    assert statistics["embedded_pages"] + statistics["failed_embeddings"] == statistics["scraped_pages"]
    assert statistics["stored_pages"] + statistics["failed_stores"] == statistics["embedded_pages"]
    assert statistics["stored_pages"] == len(facts.STORED) + 1
    assert statistics["skipped"] == {"duplicate": 1, "robots": 1}
    build_id = built[0]["build_id"]
    rows = "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s"
    assert await product.count(rows, build_id) == statistics["stored_pages"]
    orphans = "SELECT count(*) FROM knowledge_scraped_pages WHERE job_id = %s AND id NOT IN"
    assert await product.count(f"{orphans} (SELECT scraped_page_id FROM knowledge_chunks)", build_id) == 0


async def test_every_page_of_the_site_is_stored_and_nothing_else(
    built: list[Event], product: Product, company: Site
) -> None:
    """Including the page that only JavaScript renders and the slow page; the duplicate once."""
    async with product.pool.connection() as connection:
        rows = await connection.execute(
            "SELECT url, content FROM knowledge_scraped_pages WHERE job_id = %s", (built[0]["build_id"],)
        )
        contents = {url.removeprefix(company.url): content for url, content in await rows.fetchall()}
    duplicates = set(contents) & set(facts.DUPLICATES)
    assert len(duplicates) == 1
    assert set(contents) - duplicates == set(facts.STORED)
    assert len(contents[facts.SCRIPTED].split()) > 30


def test_a_page_is_requested_once_and_a_forbidden_one_never(
    recorded_build: tuple[list[Event], Counter[str]],
) -> None:
    """Scraping reads the pages extraction fetched; only an empty shell is loaded again, by the browser."""
    requests = recorded_build[1]
    assert {path for path, count in requests.items() if count > 1} <= {facts.SCRIPTED}
    assert facts.DISALLOWED not in requests


async def test_a_missing_page_is_reported_with_its_cause_and_kept(
    built: list[Event], product: Product, company: Site
) -> None:
    """The build goes on; the failure is an event, a count and a row."""
    failure = named(built, "scraping_failed")
    assert failure["detail"] == "HTTP 404"
    assert failure["data"]["url"] == company.url + facts.MISSING
    kept = "SELECT count(*) FROM crawl_urls WHERE job_id = %s AND status = 'failed' AND error = 'HTTP 404'"
    assert await product.count(kept, built[0]["build_id"]) == 1


async def test_the_theme_is_that_of_the_site(built: list[Event], company: Site) -> None:
    """Name, colour and fonts come from the home page."""
    theme = named(built, "theme_generation_completed")["data"]["theme"]
    assert (theme["name"], theme["primary"]) == (facts.NAME, facts.PRIMARY)
    assert theme["logo_url"] == company.url + facts.LOGO
    assert "Trebuchet" in theme["body_font"]


async def test_two_simultaneous_requests_for_the_same_build_are_one_run(product: Product) -> None:
    """Both clients see all events; there is one owner token, and one request per page."""
    async with generated_site(6, 2, 0.1) as site:
        streams = await asyncio.gather(*(product.build(site.url, depth=2) for _ in range(3)))
        assert set(site.requests.values()) == {1}
    assert len({events[0]["build_id"] for events in streams}) == 1
    assert all(numbers(events) == numbers(streams[0]) for events in streams)
    assert sum("owner_token" in events[0]["data"] for events in streams) == 1


async def test_the_owner_token_is_in_the_post_stream_only(built: list[Event], product: Product) -> None:
    """A replay does not have it, and the database holds only its hash."""
    token = built[0]["data"]["owner_token"]
    assert len(token) >= 32
    replayed = await product.replay(built[0]["build_id"])
    assert "owner_token" not in replayed[0]["data"]
    assert await product.count("SELECT count(*) FROM widgets WHERE owner_token_hash = %s", token) == 0


async def test_the_stream_can_be_replayed_from_the_start_or_after_any_event(
    built: list[Event], product: Product
) -> None:
    """Also after it has ended; an invalid Last-Event-ID means from the start; 204 after the last event."""
    build_id, last = built[0]["build_id"], len(built)
    assert numbers(await product.replay(build_id)) == numbers(built)
    assert numbers(await product.replay(build_id, after=5)) == list(range(6, last + 1))
    for nonsense in ("nonsense", "-1", str(last + 7), "1.5"):
        headers = {"Last-Event-ID": nonsense}
        events = [event async for event in product.stream("GET", f"{PATH}/{build_id}/events", headers=headers)]
        assert numbers(events) == numbers(built)
    answer = await product.http.get(f"{PATH}/{build_id}/events", headers={"Last-Event-ID": str(last)})
    assert answer.status_code == 204


async def test_clients_that_join_and_rejoin_at_random_see_every_event_once(product: Product, company: Site) -> None:
    """Each disconnects once in the middle and reconnects with Last-Event-ID."""
    posting = product.stream("POST", PATH, params={"url": company.url, "depth": "1"})
    first = await anext(posting)

    async def watch(chance: random.Random) -> list[int]:
        await asyncio.sleep(chance.uniform(0, 4))
        leave_after, seen = chance.randint(1, 12), list[int]()
        async for event in product.stream("GET", f"{PATH}/{first['build_id']}/events"):
            seen.append(event["seq"])
            if len(seen) == leave_after:
                break
        await asyncio.sleep(chance.uniform(0, 1))
        answer = await product.replay(first["build_id"], after=seen[-1]) if seen[-1] < 10_000 else []
        return seen + numbers(answer)

    watchers = [asyncio.create_task(watch(random.Random(seed))) for seed in range(12)]
    everything = [1] + [event["seq"] async for event in posting]
    assert everything == list(range(1, len(everything) + 1))
    for seen in await asyncio.gather(*watchers):
        assert seen == everything


async def test_the_state_of_a_build_can_be_read(built: list[Event], product: Product, company: Site) -> None:
    """Status, request and statistics as JSON."""
    state = (await product.http.get(f"{PATH}/{built[0]['build_id']}")).json()
    assert (state["status"], state["url"], state["depth"]) == ("completed", company.url + "/", 3)
    assert state["statistics"] == named(built, "builder_completed")["data"]["statistics"]
    assert state["last_seq"] == len(built)


async def test_one_idempotency_key_starts_one_build(product: Product, company: Site) -> None:
    """Also when both requests come at once; with a different request the key is refused."""
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"url": company.url, "depth": 0}

    async def post() -> str:
        events = [event async for event in product.stream("POST", PATH, json=body, headers=headers)]
        assert events[-1]["type"] == "builder_completed"
        return str(events[0]["build_id"])

    assert len(set(await asyncio.gather(post(), post()))) == 1
    other = await product.http.post(PATH, json={"url": company.url, "depth": 1}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")


async def test_a_build_goes_on_when_its_client_leaves(product: Product, company: Site) -> None:
    """The stream is a view, not the build."""
    async for event in product.stream("POST", PATH, json={"url": company.url, "depth": 0}):
        build_id = event["build_id"]
        break
    assert (await product.replay(build_id))[-1]["type"] == "builder_completed"


async def test_log_records_come_only_when_asked_for_and_have_no_number(product: Product, company: Site) -> None:
    """`?logs=1` puts the run's log between the events, on the stream of the client that starts the build."""
    body = {"url": company.url, "depth": 0}
    events = [event async for event in product.stream("POST", PATH, json=body, params={"logs": "1"})]
    logs = [event for event in events if event["type"] == "log"]
    assert logs
    assert all("seq" not in event for event in logs)
    rest = [event for event in events if event["type"] != "log"]
    assert numbers(rest) == list(range(1, len(rest) + 1))
    # Again after the end, for the owner: the log is there, and clients leave after the terminal event.
    owner = {"Authorization": f"Bearer {rest[0]['data']['owner_token']}"}
    path = f"{PATH}/{rest[0]['build_id']}/events"
    again = [event async for event in product.stream("GET", path, params={"logs": "1"}, headers=owner)]
    assert [event for event in again if event["type"] == "log"][: len(logs)] == logs
    assert again[-1]["type"] == "builder_completed"


async def test_unknown_builds_and_routes_are_not_found(product: Product) -> None:
    """Unknown and malformed build ids get the same answer; so do unknown routes."""
    for path in (f"{PATH}/{uuid4()}", f"{PATH}/nonsense", f"{PATH}/{UUID(int=0)}/events", "/nowhere"):
        answer = await product.http.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_the_service_reports_liveness_and_readiness(product: Product) -> None:
    """Readiness by dependency."""
    assert (await product.http.get("/healthz")).json() == {"status": "ok"}
    ready = await product.http.get("/readyz")
    assert ready.status_code == 200
    assert set(ready.json()["dependencies"].values()) == {"ok"}
    assert set(ready.json()["dependencies"]) == {"postgresql", "prefect", "worker"}


async def test_a_replayed_event_has_the_same_text(built: list[Event], product: Product) -> None:
    """Except for the first one: the owner token is sent only once."""
    again = await product.replay(built[0]["build_id"])
    assert [json.dumps(event) for event in again[1:]] == [json.dumps(event) for event in built[1:]]
