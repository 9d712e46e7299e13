"""Deadlines of connections: half requests are closed while others are served."""

import asyncio

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.http import deadlines

HALVES = {
    "nothing": b"",
    "headers": b"GET / HTTP/1.1\r\nHost: a\r\nX-Half: ",
    "body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
}
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def answer(request: Request) -> Response:
    """Read the body and answer."""
    await request.body()
    return PlainTextResponse("whole")


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
async def test_half_requests_are_closed_and_others_served(half: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 of them beside whole ones; in the end no connection is open."""
    monkeypatch.setattr(deadlines, "HEADERS_S", 2.0)
    monkeypatch.setattr(deadlines, "BODY_S", 2.0)
    app = Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])
    http = "api.http.deadlines:DeadlineProtocol"
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", http=http)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    async def send(sent: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    try:
        async with asyncio.timeout(60):
            halves = [asyncio.create_task(send(half)) for _ in range(500)]
            for _ in range(20):
                assert (await send(WHOLE)).endswith(b"whole")
            await asyncio.gather(*halves)
            while server.server_state.connections:
                await asyncio.sleep(0.01)
    finally:
        server.force_exit = server.should_exit = True
        await running
