"""Whether the service lives, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import AppState, service_of
from tasks.core.errors import DependencyUnavailable

CHECK_TIMEOUT_S = 5.0


async def live(_request: Request) -> Response:
    """GET /healthz: the process answers."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """GET /readyz: each dependency with its state; 503 unless all are well."""
    service = service_of(request)
    names = ("postgresql", "prefect", "worker")
    found = await asyncio.gather(
        _state(_check_database(service)), _state(service.runs.check()), _state(service.runs.check_worker())
    )
    dependencies = dict(zip(names, found, strict=True))
    is_ready = all(state == "ok" for state in found)
    return JSONResponse(
        {"status": "ready" if is_ready else "not ready", "dependencies": dependencies},
        status_code=200 if is_ready else 503,
    )


async def _state(check: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_S:g} s"
    except (DependencyUnavailable, DatabaseError, PoolTimeout) as error:
        return str(error)
    return "ok"


async def _check_database(service: AppState) -> None:
    async with service.pool.connection(timeout=CHECK_TIMEOUT_S) as connection:
        await connection.execute("SELECT 1 FROM widgets LIMIT 1")


routes = [Route("/healthz", live), Route("/readyz", ready)]
