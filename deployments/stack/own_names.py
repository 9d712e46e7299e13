"""A guard for a server on loopback: it answers under its own names and to its own pages only.

A browser on the same machine carries requests of any page to any port. Two of its headers cannot be forged by a page:
`Host` has the name under which the page's script reached the server, which tells DNS rebinding, and `Origin` the page
that asks. Programs send no `Origin`.
"""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost", "[::1]")
POLICY_VIOLATION = 1008
"""Close code of a WebSocket (RFC 6455); before the handshake ends, servers turn it into HTTP 403."""


class OwnNamesOnly:
    """Answers 400 to a foreign `Host` and 403 to a foreign `Origin`; refuses such WebSockets."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it is for this server and not from a foreign page."""
        if scope["type"] == "lifespan" or (status := find_fault(scope)) is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            text = "This server answers under its loopback names and to its own pages only."
            await PlainTextResponse(text, status)(scope, receive, send)


def find_fault(scope: Scope) -> int | None:
    """Return the status that refuses the request; None if nothing is wrong with it."""
    # The socket's own port: nothing that the client says.
    port = scope["server"][1]
    own = {f"{name}:{port}" for name in NAMES}
    headers = Headers(scope=scope)
    if len(hosts := headers.getlist("host")) != 1 or hosts[0].lower() not in own:
        return 400
    if any(origin.lower().removeprefix("http://") not in own for origin in headers.getlist("origin")):
        return 403
    return None
