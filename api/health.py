"""Liveness, and readiness by dependency."""

import asyncio
import time
from collections.abc import Awaitable
from urllib.parse import urlsplit

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.app_state import AppState, find_app_state
from api.http.queries import query_choice
from tasks.core.errors import DependencyUnavailable
from tasks.core.redaction import redact
from tasks.core.settings import Settings
from tasks.records.monitoring import check_database, check_waiting_builds

CHECK_TIMEOUT_S = 5.0


async def show_liveness(_request: Request) -> Response:
    """GET /healthz: the process answers."""
    return JSONResponse({"status": "ok"})


async def show_readiness(request: Request) -> Response:
    """GET /readyz: each dependency with its state, 503 unless all are well; and where Prefect's UI is, if here.

    A model that fails or will be shut down is a warning: answers go on without it. With `?of=api` it says only whether
    this process has opened its database and serves all routes, which no dependency undoes.
    """
    of = query_choice(request, "of", ("api",))
    if (state := find_app_state(request)) is None:
        return _report_opening(request)
    if of:
        return JSONResponse({"status": "ready"})
    names = ("postgresql", "prefect", "worker")
    found = await asyncio.gather(
        _outcome(check_database(state.pool, CHECK_TIMEOUT_S)),
        _outcome(state.runs.check()),
        _outcome(_check_worker(state)),
    )
    dependencies = dict(zip(names, found, strict=True))
    is_ready = all(outcome == "ok" for outcome in found)
    warnings = [redact(warning) for warning in state.warnings()]
    body = {
        "status": "ready" if is_ready else "not ready",
        "dependencies": dependencies,
        "warnings": warnings,
        **_prefect_ui(state.settings),
    }
    return JSONResponse(body, status_code=200 if is_ready else 503)


def _report_opening(request: Request) -> Response:
    """Answer before the database can be used; the others are not asked for yet."""
    waits_for = getattr(request.app.state, "waits_for", None)
    problem = redact(str(waits_for)) if waits_for else "starting"
    return JSONResponse({"status": "not ready", "dependencies": {"postgresql": problem}, "warnings": []}, 503)


def _prefect_ui(settings: Settings) -> dict[str, str]:
    """Say how to open the UI of a Prefect server on this machine; others are nothing to tell every client."""
    if settings.prefect_api_auth_string is None or urlsplit(settings.prefect_api_url or "").hostname != "127.0.0.1":
        return {}
    address = (settings.prefect_api_url or "").removesuffix("/api")
    return {
        "prefect_ui": f"{address} (password: PREFECT_API_AUTH_STRING; of the embedded server, DATA_DIR/prefect/login)"
    }


async def _check_worker(state: AppState) -> None:
    """Return when a worker is online and takes builds."""
    await state.runs.check_worker()
    await check_waiting_builds(state.pool, CHECK_TIMEOUT_S, time.monotonic() - state.started_at)


async def _outcome(check: Awaitable[None]) -> str:
    """Return "ok", or why the check failed."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check
    except TimeoutError:
        return f"no answer within {CHECK_TIMEOUT_S:g} s"
    except (DependencyUnavailable, DatabaseError, PoolTimeout) as error:
        return redact(str(error))
    return "ok"


routes = [Route("/healthz", show_liveness), Route("/readyz", show_readiness)]
