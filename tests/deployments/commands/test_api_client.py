"""The client of the product's API: every event once, whatever the connection does."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deployments.commands import api_client
from deployments.commands.api_client import request_cancellation, stream_build
from deployments.stack.stack_file import find_stack
from tasks.core.errors import DependencyUnavailable, InvalidRequest, WidgetBuilderError
from tasks.core.events import BuildEvent, EventType
from tests.deployments import story
from tests.deployments.fake_api import FakeApi, serve_fake_api


async def collect(api: FakeApi, **asked: Any) -> list[BuildEvent]:
    return [event async for event in stream_build(api.url, story.SITE, **asked)]


async def test_a_build_is_followed_from_its_first_event_to_its_last() -> None:
    """The API gets url, depth and max_pages; the events arrive unchanged."""
    async with serve_fake_api(FakeApi(story.completed().events)) as api:
        events = await collect(api, depth=2, max_pages=50)
    assert events == story.completed().events
    assert api.posts == [{"url": story.SITE, "depth": 2, "max_pages": 50}]


async def test_what_is_not_asked_for_is_left_to_the_api() -> None:
    """Absent depth and max_pages are not sent."""
    async with serve_fake_api(FakeApi(story.completed().events)) as api:
        await collect(api)
    assert api.posts == [{"url": story.SITE}]


async def test_a_broken_stream_is_resumed_and_no_event_seen_twice() -> None:
    """The connection breaks twice and the API is unavailable once; each event still arrives once."""
    async with serve_fake_api(FakeApi(story.completed().events, drop_after={4, 9}, unavailable=1)) as api:
        events = await collect(api)
    assert [event.seq for event in events] == list(range(1, len(api.events) + 1))
    assert api.resumed_after == ["4", "4", "9"]
    assert len(api.posts) == 1


async def test_a_gap_in_the_stream_is_filled_from_the_record() -> None:
    """A stream that lacks an event is resumed from there."""
    async with serve_fake_api(FakeApi(story.completed().events, lose={6})) as api:
        events = await collect(api)
    assert [event.seq for event in events] == list(range(1, len(api.events) + 1))
    assert api.resumed_after == ["5"]


async def test_a_request_without_answer_is_repeated_under_the_same_key() -> None:
    """A stream that ends before its first event leads to a second POST with the first one's key."""
    events = story.completed().events
    async with serve_fake_api(FakeApi(events, lose={event.seq for event in events})) as api:
        seen = await collect(api)
    assert [event.seq for event in seen] == list(range(1, len(events) + 1))
    assert len(api.keys) == 2
    assert api.keys[0] is not None
    assert api.keys[0] == api.keys[1]


async def test_a_refused_request_names_its_field() -> None:
    """422 becomes InvalidRequest with code, message and field."""
    refusal = {"error": {"code": "depth_invalid", "message": "`depth` must be …", "field": "depth"}}
    async with serve_fake_api(FakeApi(refusal=(422, refusal))) as api:
        with pytest.raises(InvalidRequest) as caught:
            await collect(api, depth=99)
    assert (caught.value.code, caught.value.field, caught.value.status) == ("depth_invalid", "depth", 422)
    assert caught.value.message == "`depth` must be …"


@pytest.mark.parametrize("body", ["<h1>Bad gateway</h1>", "[]", '{"error": "no"}', ""])
async def test_an_error_from_a_proxy_is_reported_by_its_status(body: str) -> None:
    """A proxy may answer with anything."""
    async with serve_fake_api(FakeApi(refusal=(502, body))) as api:
        with pytest.raises(WidgetBuilderError, match="HTTP 502"):
            await collect(api)


async def test_an_unavailable_dependency_keeps_its_code() -> None:
    """503 becomes WidgetBuilderError, not InvalidRequest."""
    refusal = {"error": {"code": "dependency_unavailable", "message": "Prefect is not available."}}
    async with serve_fake_api(FakeApi(refusal=(503, refusal))) as api:
        with pytest.raises(WidgetBuilderError) as caught:
            await collect(api)
    assert not isinstance(caught.value, InvalidRequest)
    assert caught.value.code == "dependency_unavailable"


async def test_an_answer_that_is_no_stream_is_an_error() -> None:
    """Another program on that port is not taken for the API."""
    async with serve_fake_api(FakeApi(refusal=(200, "welcome"))) as api:
        with pytest.raises(WidgetBuilderError, match="does not answer as"):
            await collect(api)


async def test_an_api_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    """The error names the address and the next step."""
    monkeypatch.setattr(api_client, "START_RETRY_S", 0.05)
    with pytest.raises(DependencyUnavailable, match=str(unused_tcp_port)):
        [event async for event in stream_build(f"http://127.0.0.1:{unused_tcp_port}", story.SITE)]


async def test_a_stream_that_never_ends_properly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that keeps ending without its terminal event is not resumed for ever."""
    monkeypatch.setattr(api_client, "FOLLOW_RETRY_S", 0.05)
    async with serve_fake_api(FakeApi(story.first_half().events)) as api:
        with pytest.raises(DependencyUnavailable, match="ends its stream"):
            await collect(api)


async def test_a_cancelled_build_ends_with_builder_cancelled() -> None:
    """DELETE reaches the API with the token, and the stream goes on to the terminal event."""
    events = story.cancelled().events
    held = FakeApi(events[:-1], hold_after=events[-2].seq, ending=events[-1:])
    async with serve_fake_api(held) as api:
        seen = []
        async for event in stream_build(api.url, story.SITE):
            seen.append(event.type)
            if event.seq == api.hold_after:
                await request_cancellation(api.url, event.build_id, "a-token")
    assert seen[-1] is EventType.builder_cancelled
    assert api.tokens == {"Bearer a-token"}


async def test_cancelling_an_unknown_build_is_refused() -> None:
    """404 becomes InvalidRequest."""
    async with serve_fake_api(FakeApi()) as api:
        with pytest.raises(InvalidRequest) as caught:
            await request_cancellation(api.url + "/nowhere", uuid4(), "a-token")
    assert caught.value.status == 404


async def test_a_running_stack_is_found_by_its_file(tmp_path: Path) -> None:
    """stack.json is valid while the API in it answers."""
    async with serve_fake_api(FakeApi()) as api:
        (tmp_path / "stack.json").write_text(json.dumps({"api_url": api.url, "prefect_url": "http://p"}))
        found = await find_stack(tmp_path)
        assert found is not None
        assert found["prefect_url"] == "http://p"
    assert await find_stack(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"api_url": 7}', '{"api_url": "::"}'])
async def test_a_file_that_names_no_stack_is_ignored(tmp_path: Path, text: str) -> None:
    """A damaged stack.json does not prevent a new stack."""
    (tmp_path / "stack.json").write_text(text)
    assert await find_stack(tmp_path) is None
    assert await find_stack(tmp_path / "missing") is None
