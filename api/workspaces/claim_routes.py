"""Claims: a widget moves into a workspace, with the tokens of both."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute, bearer_token, role_of
from api.http.bodies import read_object, validate_body
from api.http.queries import widget_id_of
from tasks.core.roles import Role
from tasks.records.claimed_widgets import claim_widget
from tasks.records.owner_tokens import hash_token
from tasks.records.token_roles import find_grant

MAX_TOKEN_LENGTH = 1_000


class ClaimBody(BaseModel):
    """The workspace that a widget moves to, by the token of one of its owners."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    token: str = Field(min_length=1, max_length=MAX_TOKEN_LENGTH)


async def claim_owned_widget(request: Request) -> Response:
    """POST /api/widgets/{id}/claim: move the widget into the workspace of the body's `token`, an owner's.

    The widget keeps knowledge, conversations and settings. The token that opened it until now opens it no more.
    """
    sent = validate_body(ClaimBody, await read_object(request))
    pool, widget_id = app_state(request).pool, widget_id_of(request)
    # The administrator may move any widget.
    source = None if role_of(request) is Role.admin else hash_token(bearer_token(request))
    workspace_id = await claim_widget(pool, widget_id, source, await find_grant(pool, hash_token(sent.token)))
    return JSONResponse({"id": str(widget_id), "workspace_id": str(workspace_id)})


routes = [OwnerRoute("/api/widgets/{widget_id}/claim", claim_owned_widget, Role.owner, ["POST"])]
