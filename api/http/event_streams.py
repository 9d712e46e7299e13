"""Server-Sent Event responses: headers, keep-alive comments and the send timeout shared by all streams."""

from collections.abc import AsyncIterator, Mapping

from sse_starlette import EventSourceResponse, ServerSentEvent

PING_S = 15
"""Seconds between keep-alive comments."""
SEND_TIMEOUT_S = 30
"""Seconds after which a client that reads nothing is disconnected."""


def event_stream(
    frames: AsyncIterator[ServerSentEvent], headers: Mapping[str, str] | None = None
) -> EventSourceResponse:
    """Return a response that sends the frames as they come."""
    return EventSourceResponse(
        frames,
        # Proxies must neither store nor buffer it (nginx: X-Accel-Buffering).
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", **(headers or {})},
        ping=PING_S,
        send_timeout=SEND_TIMEOUT_S,
    )
