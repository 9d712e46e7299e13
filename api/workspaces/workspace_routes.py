"""Workspaces: create, list, show, rename and delete them; their limits, which the administrator sets."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from api.app_state import app_state
from api.builds.deleted_widgets import end_runs_of_deleted
from api.http.authorization import OwnerRoute, granted, role_of
from api.http.bodies import read_object, validate_body
from api.http.guards import Guard, PublicRoute
from api.http.origins import OriginRule
from api.http.queries import path_id, query_integer
from api.http.visits import current_visit
from tasks.core.roles import Role
from tasks.records.budgets import RatedAction
from tasks.records.owner_tokens import hash_token, new_token
from tasks.records.workspaces import (
    WorkspaceRecord,
    create_workspace,
    delete_workspace,
    limit_workspace,
    list_workspaces,
    read_workspace,
    rename_workspace,
)

ALL = "/api/workspaces"
ONE = ALL + "/{workspace_id}"
MAX_NAME_LENGTH = 100
MAX_LIMIT = 10**9
DEFAULT_LISTED = 100
MAX_LISTED = 1_000
NO_STORE = {"Cache-Control": "no-store"}

Limit = Annotated[int, Field(ge=0, le=MAX_LIMIT)] | None


class WorkspaceBody(BaseModel):
    """A workspace as its owner sends it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)


class LimitsBody(BaseModel):
    """Limits of a workspace; an absent one stays as it is, null removes it."""

    model_config = ConfigDict(extra="forbid")

    widgets: Limit = None
    pages: Limit = None
    """Pages of all widgets together."""
    answers_a_month: Limit = None
    """Answers to visitors in a calendar month (UTC)."""


async def open_workspace(request: Request) -> Response:
    """POST /api/workspaces: a new workspace; `token`, its first owner's, is shown this once."""
    sent = validate_body(WorkspaceBody, await read_object(request))
    pool, token = app_state(request).pool, new_token()
    await app_state(request).budgets.count_workspace(current_visit().client)
    made = await read_workspace(pool, await create_workspace(pool, sent.name, hash_token(token)))
    body = describe_workspace(made, Role.owner) | {"token": token}
    return JSONResponse(body, status_code=201, headers=NO_STORE | {"Location": f"{ALL}/{made.id}"})


async def show_workspaces(request: Request) -> Response:
    """GET /api/workspaces: the workspace of a member's token; all for the administrator, the newest first."""
    grant, pool = granted(request), app_state(request).pool
    limit = query_integer(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED)
    offset = query_integer(request, "offset", 0, 0, MAX_LIMIT)
    found: list[WorkspaceRecord] = []
    if grant.role is Role.admin:
        found = await list_workspaces(pool, limit, offset)
    elif grant.workspace_id is not None:
        found = [await read_workspace(pool, grant.workspace_id)]
    listed = [describe_workspace(each, grant.role) for each in found]
    return JSONResponse({"workspaces": listed}, headers=NO_STORE)


async def show_workspace(request: Request) -> Response:
    """GET: name, limits, and what is used of them; `role` is the token's."""
    return await _answer(request)


async def change_workspace(request: Request) -> Response:
    """PATCH: another name."""
    sent = validate_body(WorkspaceBody, await read_object(request))
    await rename_workspace(app_state(request).pool, path_id(request, "workspace_id", "workspace"), sent.name)
    return await _answer(request)


async def change_limits(request: Request) -> Response:
    """PATCH …/limits: the most widgets, pages, and answers to visitors a month; null: no limit."""
    sent = await read_object(request)
    wanted = validate_body(LimitsBody, sent)
    pool, workspace_id = app_state(request).pool, path_id(request, "workspace_id", "workspace")
    before = await read_workspace(pool, workspace_id)
    await limit_workspace(
        pool,
        workspace_id,
        max_widgets=wanted.widgets if "widgets" in sent else before.max_widgets,
        max_pages=wanted.pages if "pages" in sent else before.max_pages,
        max_answers=wanted.answers_a_month if "answers_a_month" in sent else before.max_answers,
    )
    return await _answer(request)


async def remove_workspace(request: Request) -> Response:
    """DELETE: with its members and widgets; the body repeats its `name`. Pages that have a snippet show no chat."""
    state = app_state(request)
    named = validate_body(WorkspaceBody, await read_object(request))
    workspace_id = path_id(request, "workspace_id", "workspace")
    gone = await delete_workspace(state.pool, workspace_id, named.name)
    await end_runs_of_deleted(state, gone.widgets, gone.flow_runs)
    return Response(status_code=204)


async def _answer(request: Request) -> Response:
    workspace = await read_workspace(app_state(request).pool, path_id(request, "workspace_id", "workspace"))
    return JSONResponse(describe_workspace(workspace, role_of(request)), headers=NO_STORE)


def describe_workspace(workspace: WorkspaceRecord, role: Role) -> dict[str, Any]:
    """Describe the workspace for those who have this role in it."""
    return {
        "id": str(workspace.id),
        "name": workspace.name,
        "created_at": workspace.created_at.isoformat(),
        "limits": {
            "widgets": workspace.max_widgets,
            "pages": workspace.max_pages,
            "answers_a_month": workspace.max_answers,
        },
        "usage": {
            "widgets": workspace.widgets,
            "pages": workspace.pages,
            "answers_this_month": workspace.answers,
        },
        "role": role,
    }


routes: list[BaseRoute] = [
    PublicRoute(ALL, open_workspace, Guard(OriginRule.ours, RatedAction.requests), ["POST"]),
    OwnerRoute(ALL, show_workspaces, Role.viewer, ["GET"]),
    OwnerRoute(ONE, show_workspace, Role.viewer, ["GET"]),
    OwnerRoute(ONE, change_workspace, Role.owner, ["PATCH"]),
    OwnerRoute(ONE, remove_workspace, Role.owner, ["DELETE"]),
    OwnerRoute(ONE + "/limits", change_limits, Role.admin, ["PATCH"]),
]
