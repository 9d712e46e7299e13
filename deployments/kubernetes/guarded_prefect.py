"""Prefect's server in containers, answering under its own names only; run with Prefect's image, by file.

`prefect server start` answers under any name, so that a page with a name of its own for 127.0.0.1 (DNS rebinding) would
reach the forwarded port. It cannot log in; here it is not even heard. Otherwise this is `--no-services` of 3.8.8.
"""

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings
from starlette.middleware.trustedhost import TrustedHostMiddleware

PORT = 4200
NAMES = ("127.0.0.1", "localhost", "prefect-server")
"""Those of forwarded ports, health checks, and the service's name, which workers and the API use."""


def main() -> None:
    """Serve until stopped."""
    server = get_current_settings().server
    app = create_app(final=True, webserver_only=True)
    uvicorn.run(
        TrustedHostMiddleware(app, allowed_hosts=NAMES, www_redirect=False),
        host="0.0.0.0",
        port=PORT,
        timeout_keep_alive=server.api.keepalive_timeout,
        ws_ping_interval=server.api.websocket_ping_interval,
        ws_ping_timeout=server.api.websocket_ping_timeout,
        log_level=server.logging_level.lower(),
    )


if __name__ == "__main__":
    main()
