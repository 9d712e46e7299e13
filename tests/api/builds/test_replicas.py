"""Several processes of the API: a build is followed at any of them."""

import asyncio
from itertools import cycle

from httpx_sse import aconnect_sse

from tasks.core.database import Pool
from tests.api.builds.test_slow_clients import Followed, serve_build
from tests.conftest import MakeSettings
from tests.knowledge.material import new_job
from tests.product import PATH


async def follow_in_turn(servers: tuple[Followed, ...], leave_after: int) -> list[int]:
    """Numbers of the events that a client sees that leaves after so many, and goes on at the next server."""
    seen: list[int] = []
    for server in cycle(servers):
        headers = {"Last-Event-ID": str(seen[-1])} if seen else {}
        path = f"{PATH}/{server.job.build_id}/events"
        async with aconnect_sse(server.http, "GET", path, headers=headers) as source:
            left = leave_after
            async for frame in source.aiter_sse():
                if frame.data:
                    event = frame.json()
                    seen.append(event["seq"])
                    if event["type"] == "builder_cancelled":
                        return seen
                    left -= 1
                if not left:
                    break
    raise AssertionError("there are no servers")


async def test_a_stream_goes_on_at_another_process(pool: Pool, settings: MakeSettings) -> None:
    """Dropped after any event, again and again: each event once, in order."""
    job = await new_job(pool)
    async with serve_build(pool, settings, job) as first, serve_build(pool, settings, job) as second:
        following = [asyncio.create_task(follow_in_turn((first, second), number)) for number in range(1, 9)]
        await first.happen(20)
        assert await asyncio.gather(*following) == [list(range(1, 23))] * 8
