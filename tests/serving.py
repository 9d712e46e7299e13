"""A Starlette application served on loopback: only a real connection streams, httpx's ASGI transport buffers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette


@asynccontextmanager
async def serve_app(app: Starlette, protocol: type[asyncio.Protocol] | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the application, with uvicorn's protocol or another, and yield a client of it."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
        proxy_headers=False,
        http=protocol or "auto",
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http:
            yield http
    finally:
        server.should_exit = True
        await running
