"""The Starlette application: routes, errors, lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from api import (
    builds,
    chat,
    health,
    insights,
    installation,
    metrics,
    onboarding,
    ownership,
    pictures,
    script,
    widgets,
)
from api.cross_origin import CrossOrigin
from api.problems import HANDLERS
from api.service import open_service
from tasks.core.settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> Starlette:
    """The application; without settings it reads the environment's."""
    settings = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_service(settings) as service:
            app.state.service = service
            yield

    routes = [
        *builds.routes,
        *widgets.routes,
        *chat.routes,
        *insights.routes,
        *ownership.routes,
        *installation.routes,
        *script.routes,
        *onboarding.routes,
        *pictures.routes,
        *health.routes,
        *metrics.routes,
    ]
    figures = metrics.Metrics()
    app = Starlette(
        routes=routes,
        middleware=[Middleware(metrics.Measured, metrics=figures, routes=routes), Middleware(CrossOrigin)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.metrics = figures
    return app
