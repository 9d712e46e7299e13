"""CORS: pages of other origins may call the widgets' public routes and agents' tools, and no others."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIXES = ("/api/public/widgets/", "/mcp/")
PREFLIGHT_AGE_S = 24 * 3600
_OF_AGENTS = ("Mcp-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name", "Last-Event-ID")
"""Headers of the Model Context Protocol."""


class CrossOrigin:
    """Middleware that applies CORS to the widgets' public routes, without credentials."""

    def __init__(self, app: ASGIApp) -> None:
        self._same_origin = app
        self._any_origin = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", *_OF_AGENTS],
            expose_headers=["Retry-After"],
            max_age=PREFLIGHT_AGE_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, with CORS headers on a public widget route."""
        is_public = scope["type"] == "http" and scope["path"].startswith(PREFIXES)
        await (self._any_origin if is_public else self._same_origin)(scope, receive, send)
