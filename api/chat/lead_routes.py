"""A visitor's e-mail address, left with the conversation; and the owner's list of them, with export and erasure."""

import re
from collections.abc import AsyncIterator
from datetime import UTC
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import read_object, validate_body
from api.http.guards import Guard, PublicRoute
from api.http.origins import OriginRule
from api.http.queries import path_id, query_integer, widget_id_of
from api.http.spreadsheets import BYTE_ORDER_MARK, csv_rows
from api.http.visits import current_visit
from api.widgets.appearance import adjustments_of
from api.widgets.public_routes import PATH
from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest
from tasks.core.roles import Role
from tasks.records.budgets import RatedAction
from tasks.records.leads import Lead, LeadDraft, erase_lead, erase_leads, export_leads, list_leads, store_lead

ALL = "/api/widgets/{widget_id}/leads"
DEFAULT_LISTED = 50
MAX_LISTED = 500
MAX_OFFSET = 10**9
COLUMNS = ("time", "email", "name", "message", "consent", "conversation")
_NO_STORE = {"Cache-Control": "no-store", "Vary": "Accept"}
# As browsers check it (HTML, "valid e-mail address"), with a dot in the domain.
_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)+")


def check_email(text: str) -> str:
    """Return the text if it is an e-mail address; raise ValueError otherwise."""
    if not _EMAIL.fullmatch(text):
        raise ValueError("must be an e-mail address like name@example.com")
    return text


class LeadBody(BaseModel):
    """The body of a lead; other fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    email: Annotated[str, Field(max_length=254), AfterValidator(check_email)]
    name: str = Field("", max_length=100)
    message: str = Field("", max_length=2_000)
    conversation_id: UUID | None = None
    consent: bool = False
    """Whether the visitor agreed to the owner's text; needed if there is one."""


async def receive_lead(request: Request) -> Response:
    """POST …/{id}/leads: a visitor's e-mail address, if the owner has switched the form on."""
    widget = current_visit().widget
    sent = validate_body(LeadBody, await read_object(request))
    contact = adjustments_of(widget).contact()
    if contact is None:
        message = "This widget takes no e-mail addresses. Its owner can switch `contact_form` on."
        raise InvalidRequest("contact_form_off", message, status=403)
    if contact["consent"] is not None and not sent.consent:
        raise InvalidRequest("consent_missing", "`consent`: the visitor has to agree to the text.", field="consent")
    await app_state(request).budgets.count_lead(widget.id)
    draft = LeadDraft(email=sent.email, name=sent.name, message=sent.message, consent=contact["consent"])
    conversation_id = await store_lead(app_state(request).pool, widget.id, sent.conversation_id, draft)
    return JSONResponse({"conversation_id": str(conversation_id)}, status_code=201)


async def show_leads(request: Request) -> Response:
    """GET …/leads: the latest first; as JSON, or with `Accept: text/csv` all of them as CSV."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    if "text/csv" in request.headers.get("accept", ""):
        headers = _NO_STORE | {"Content-Disposition": 'attachment; filename="leads.csv"'}
        return StreamingResponse(_csv(pool, widget_id), media_type="text/csv", headers=headers)
    limit = query_integer(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED)
    offset = query_integer(request, "offset", 0, 0, MAX_OFFSET)
    found, total = await list_leads(pool, widget_id, limit, offset)
    listed = [each.model_dump(mode="json") for each in found]
    return JSONResponse({"leads": listed, "total": total}, headers=_NO_STORE)


async def _csv(pool: Pool, widget_id: UUID) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + csv_rows([COLUMNS])
    async for batch in export_leads(pool, widget_id):
        yield csv_rows([_cells(lead) for lead in batch])


def _cells(lead: Lead) -> tuple[object, ...]:
    at = lead.created_at.astimezone(UTC).isoformat(timespec="seconds")
    return at, lead.email, lead.name, lead.message, lead.consent, lead.conversation_id


async def delete_lead(request: Request) -> Response:
    """DELETE …/leads/{lead_id}: with the webhook deliveries that have the address."""
    widget_id = widget_id_of(request)
    await erase_lead(app_state(request).pool, widget_id, path_id(request, "lead_id", "lead"))
    return Response(status_code=204)


async def delete_leads(request: Request) -> Response:
    """DELETE …/leads: all of the widget's."""
    widget_id = widget_id_of(request)
    return JSONResponse({"deleted": await erase_leads(app_state(request).pool, widget_id)})


routes: list[BaseRoute] = [
    PublicRoute(PATH + "/leads", receive_lead, Guard(OriginRule.widget, RatedAction.questions), ["POST"]),
    OwnerRoute(ALL, show_leads, Role.viewer, ["GET"]),
    OwnerRoute(ALL, delete_leads, Role.owner, ["DELETE"]),
    OwnerRoute(ALL + "/{lead_id}", delete_lead, Role.owner, ["DELETE"]),
]
