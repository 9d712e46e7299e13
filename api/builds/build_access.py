"""Access to a build by the id in the path: everybody who has the id may read it; to act on it needs a role.

An id is an address, not a key: a client that joins a running build is given the id to follow it, and needs a token of
the build's widget for all else.
"""

import functools
from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.app_state import app_state
from api.http.authorization import bearer_token, require_widget_role
from api.http.guards import Endpoint, Guard, PublicRoute
from tasks.core.errors import NotFound
from tasks.core.roles import Role
from tasks.records.builds import BuildRecord, read_build


async def find_build(request: Request) -> BuildRecord:
    """Return the build in the path.

    Raises:
        NotFound: there is no such build; the same for a malformed id.
    """
    try:
        build_id = UUID(request.path_params["build_id"])
    except ValueError as error:
        raise NotFound("build") from error
    return await read_build(app_state(request).pool, build_id)


async def require_build_role(request: Request, needed: Role) -> None:
    """Admit tokens with the role, or a higher one, in the widget of the build in the path.

    Raises:
        InvalidRequest: no token (401), or not the right one (403).
        NotFound: there is no such build.
    """
    bearer_token(request)  # 401 before 404: without a token, the answer is the same for every id
    build = await find_build(request)
    await require_widget_role(request, build.widget_id, needed)


class OwnBuildRoute(PublicRoute):
    """A guarded route for those who have a role in the widget of the build in its path."""

    def __init__(self, path: str, endpoint: Endpoint, role: Role, guard: Guard, methods: Sequence[str]) -> None:
        @functools.wraps(endpoint)
        async def checked(request: Request) -> Response:
            await require_build_role(request, role)
            return await endpoint(request)

        super().__init__(path, checked, guard, methods)
        self.role = role


def describe_build(build: BuildRecord) -> dict[str, object]:
    """Describe the build for its readers: state and statistics."""
    described = build.model_dump(mode="json", exclude={"id", "heartbeat_at"})
    return {"build_id": str(build.id), **described}
