"""The Starlette application: routes, errors, lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from api import health, metrics, openapi_routes
from api.agents import llms_text, mcp_routes
from api.builds import build_routes, owner_actions
from api.chat import chat_routes, lead_routes, owner_chat_routes
from api.http.cross_origin import CrossOrigin
from api.http.problems import HANDLERS
from api.installation import installation_routes
from api.opening import keep_state_open
from api.pages import page_routes, script_routes
from api.webhooks import webhook_routes
from api.widgets import (
    answer_routes,
    conversation_routes,
    fact_routes,
    insight_routes,
    logo_routes,
    owner_routes,
    page_list_routes,
    past_build_routes,
    picture_routes,
    public_routes,
    publication_routes,
    source_routes,
)
from api.workspaces import claim_routes, member_routes, workspace_routes
from tasks.core.json_logs import set_up_logs
from tasks.core.settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> Starlette:
    """Return the application; settings default to the environment's."""
    settings = settings or load_settings()
    set_up_logs(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with keep_state_open(app, settings):
            yield

    routes = [
        *build_routes.routes,
        *owner_actions.routes,
        *public_routes.routes,
        *publication_routes.routes,
        *chat_routes.routes,
        *owner_chat_routes.routes,
        *lead_routes.routes,
        *webhook_routes.routes,
        *insight_routes.routes,
        *answer_routes.routes,
        *conversation_routes.routes,
        *logo_routes.routes,
        *page_list_routes.routes,
        *past_build_routes.routes,
        *source_routes.routes,
        *owner_routes.routes,
        *fact_routes.routes,
        *workspace_routes.routes,
        *member_routes.routes,
        *claim_routes.routes,
        *llms_text.routes,
        *mcp_routes.routes,
        *installation_routes.routes,
        *script_routes.routes,
        *page_routes.routes,
        *picture_routes.routes,
        *health.routes,
        *metrics.routes,
        *openapi_routes.routes,
    ]
    registered = metrics.Metrics()
    app = Starlette(
        routes=routes,
        middleware=[Middleware(metrics.RequestMetrics, metrics=registered, routes=routes), Middleware(CrossOrigin)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.metrics = registered
    return app
