"""Listeners on loopback that a page or a browser must not reach, for TCP and UDP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Canary:
    """A port of both protocols, with what has reached it."""

    host: str
    port: int
    sung: list[str] = field(default_factory=list)
    """`tcp` for each connection, `udp` for each packet."""


class _Packets(asyncio.DatagramProtocol):
    def __init__(self, sung: list[str]) -> None:
        self._sung = sung

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._sung.append("udp")


@asynccontextmanager
async def open_listener(host: str = "127.0.0.2", port: int = 0) -> AsyncIterator[Canary]:
    """Listen on the same port for connections and packets; on a free one unless one is given."""
    sung: list[str] = []

    def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sung.append("tcp")
        writer.close()

    async with await asyncio.start_server(note, host, port) as server:
        port = server.sockets[0].getsockname()[1]
        packets, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Packets(sung), local_addr=(host, port)
        )
        try:
            yield Canary(host, port, sung)
        finally:
            packets.close()
