"""uvicorn's HTTP protocol with limits: a client that sends half a request, or does not read, is disconnected, and one
that has too many connections gets no more.

uvicorn itself waits for the end of a request without limit (0.54.0, `h11_impl.py`), and counts no connections.
"""

import asyncio
from weakref import WeakKeyDictionary

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api.http.connection_counts import RESPONSE, ConnectionCounts
from tasks.core.settings import load_settings

HEADERS_S = 10.0
"""Seconds from a connection, or a request's first byte, to the end of the headers."""
BODY_S = 15.0
"""Seconds from the end of the headers to the end of the body."""
UNREAD_S = 20.0
"""Seconds for which a full buffer may wait for its reader. Less than the send timeout of event streams, which would log
a traceback for each."""

_counts: "WeakKeyDictionary[ServerState, ConnectionCounts]" = WeakKeyDictionary()
"""Of each server in this process."""


class DeadlineProtocol(H11Protocol):
    """One connection, with a deadline for each part of a request and for unread responses."""

    _counted: str | None = None
    """Address that the connection counts for."""

    _part: object = None
    _request_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse the connection if its client has too many, or start the deadline of the first request's headers."""
        super().connection_made(transport)
        self._counted = self.client[0] if self.client else ""
        if _counts_of(self.server_state).admit(self._counted):
            self._watch_request()
            return
        transport.write(RESPONSE)
        transport.close()

    def data_received(self, data: bytes) -> None:
        """Handle the data; more bytes of the same part do not move its deadline."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._watch_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadlines."""
        super().connection_lost(exc)
        if self._counted is not None:
            _counts_of(self.server_state).release(self._counted)
            self._counted = None
        for timer in (self._request_timer, self._unread_timer):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        """Start the deadline of the reader: the buffer is full."""
        super().pause_writing()
        self._unread_timer = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the reader's deadline, unless the connection is closing: then the rest is to be read by it as well."""
        super().resume_writing()
        if self._unread_timer is not None and not self.transport.is_closing():
            self._unread_timer.cancel()

    def _should_upgrade(self) -> bool:
        # There are no WebSockets here; their protocol would have no deadlines.
        return False

    def _watch_request(self) -> None:
        # Between requests, uvicorn's keep-alive timer runs.
        part = self.conn.their_state if self.timeout_keep_alive_task is None else None
        if part is self._part:
            return
        self._part = part
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None
        seconds = {h11.IDLE: HEADERS_S, h11.SEND_BODY: BODY_S}.get(part) if part else None
        if seconds is not None:
            self._request_timer = self.loop.call_later(seconds, self.transport.abort)


def _counts_of(server: ServerState) -> ConnectionCounts:
    if server not in _counts:
        _counts[server] = ConnectionCounts(load_settings().client_connections)
    return _counts[server]
