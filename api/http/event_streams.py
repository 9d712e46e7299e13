"""Server-Sent Event responses: headers, keep-alive comments, send timeout, and the farewell of a process that stops."""

import random
from collections.abc import AsyncIterator, Mapping

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent

PING_S = 15
"""Seconds between keep-alive comments."""
SEND_TIMEOUT_S = 30
"""Seconds after which a client that reads nothing is disconnected."""
GRACE_S = 1.0
"""Seconds that streams get to end by themselves when the process stops; less than uvicorn's graceful shutdown."""
RETRY_MS = 1_000, 3_000
"""Milliseconds after which a client comes back, spread so that not all come at once."""


def event_stream(
    frames: AsyncIterator[ServerSentEvent],
    headers: Mapping[str, str] | None = None,
    *,
    leaving: anyio.Event | None = None,
) -> EventSourceResponse:
    """Return a response that sends the frames as they come; `leaving` is set when the process stops."""
    return EventSourceResponse(
        frames,
        # Proxies must neither store nor buffer it (nginx: X-Accel-Buffering).
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})},
        ping=PING_S,
        send_timeout=SEND_TIMEOUT_S,
        shutdown_event=leaving,
        shutdown_grace_period=GRACE_S,
    )


def farewell() -> ServerSentEvent:
    """Return the last frame of a stream that goes on at another process, or at this one once it is started again."""
    return ServerSentEvent(comment="the service restarts; reconnect", retry=random.randint(*RETRY_MS))
