"""Members of a workspace: list them, add one with a token of its own, revoke a token."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import read_object, validate_body
from api.http.queries import path_id
from api.workspaces.workspace_routes import MAX_NAME_LENGTH, NO_STORE, ONE
from tasks.core.roles import Role
from tasks.records.members import add_member, list_members, revoke_member
from tasks.records.owner_tokens import hash_token, new_token

ALL = ONE + "/members"


class MemberBody(BaseModel):
    """A new member as an owner of the workspace sends it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)
    role: Literal["viewer", "editor", "owner"]


async def show_members(request: Request) -> Response:
    """GET …/members: name, role and last use of each, without the tokens; those with a revoked token last."""
    listed = await list_members(app_state(request).pool, path_id(request, "workspace_id", "workspace"))
    return JSONResponse({"members": [each.model_dump(mode="json") for each in listed]}, headers=NO_STORE)


async def create_member(request: Request) -> Response:
    """POST …/members: a new member; `token` is shown this once."""
    sent, token = validate_body(MemberBody, await read_object(request)), new_token()
    pool, workspace_id = app_state(request).pool, path_id(request, "workspace_id", "workspace")
    member = await add_member(pool, workspace_id, sent.name, Role(sent.role), hash_token(token))
    return JSONResponse(member.model_dump(mode="json") | {"token": token}, status_code=201, headers=NO_STORE)


async def revoke_token(request: Request) -> Response:
    """DELETE …/members/{member_id}: revoke the member's token, at once; 409 for the only owner's."""
    workspace_id = path_id(request, "workspace_id", "workspace")
    await revoke_member(app_state(request).pool, workspace_id, path_id(request, "member_id", "member"))
    return Response(status_code=204)


routes = [
    OwnerRoute(ALL, show_members, Role.owner, ["GET"]),
    OwnerRoute(ALL, create_member, Role.owner, ["POST"]),
    OwnerRoute(ALL + "/{member_id}", revoke_token, Role.owner, ["DELETE"]),
]
