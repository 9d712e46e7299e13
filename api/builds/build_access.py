"""Access to a build by the id in the path: everybody who has the id may read it, only its widget's owner may act on it.

An id is an address, not a key: a client that joins a running build is given the id to follow it, and needs the owner's
token for all else.
"""

from uuid import UUID

from starlette.requests import Request

from api.app_state import app_state
from api.http.authorization import bearer_token, require_owner
from tasks.core.errors import NotFound
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


async def find_own_build(request: Request) -> BuildRecord:
    """Return the build in the path for the owner of its widget, or for the administrator.

    Raises:
        InvalidRequest: no token (401), or not the right one (403).
        NotFound: there is no such build.
    """
    bearer_token(request)  # 401 before 404: without a token, the answer is the same for every id
    build = await find_build(request)
    await require_owner(request, build.widget_id)
    return build


def describe_build(build: BuildRecord) -> dict[str, object]:
    """Describe the build for its readers: state and statistics."""
    described = build.model_dump(mode="json", exclude={"id", "heartbeat_at"})
    return {"build_id": str(build.id), **described}
