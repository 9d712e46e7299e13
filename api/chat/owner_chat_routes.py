"""The owner's questions: answered as a visitor's, but not stored, not rated, and in no insight."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from pydantic import BaseModel, ConfigDict, Field
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from api.app_state import AppState, app_state
from api.chat.chat_routes import MAX_MESSAGE_LENGTH, answer_frame, not_ready_error
from api.http.authorization import OwnerRoute, role_of
from api.http.bodies import read_object, validate_body
from api.http.event_streams import event_stream
from api.http.guards import enter_owner_visit
from api.http.queries import widget_id_of
from tasks.core.errors import NotFound
from tasks.core.roles import Role
from tasks.knowledge.answering.answer_events import DoneEvent, ErrorEvent
from tasks.knowledge.answering.answering_site import answering_site
from tasks.knowledge.answering.generation.generated_answer import tokens_to_answer, tokens_unused
from tasks.knowledge.answering.reply import Reply
from tasks.records.budgets import Account
from tasks.records.widgets import read_widget


class OwnerQuestion(BaseModel):
    """The body of an owner's question; other fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    message: str = Field(min_length=1, max_length=MAX_MESSAGE_LENGTH)


async def answer_owner(request: Request) -> Response:
    """POST /api/widgets/{id}/chat: the answer that a visitor would get, as a stream; nothing is stored."""
    state, widget_id = app_state(request), widget_id_of(request)
    widget = await read_widget(state.pool, widget_id)
    asked = validate_body(OwnerQuestion, await read_object(request))
    if widget.active_job_id is None:
        raise await not_ready_error(state, widget.id)
    client = await enter_owner_visit(request, widget)
    reply = await state.answerer.prepare(answering_site(widget), asked.message)
    accounts: Sequence[Account] = ()
    if state.answerer.generates:
        # Hundreds of test questions are no abuse if the administrator asks them; the other budgets hold for all.
        payer = None if role_of(request) is Role.admin else client
        accounts = await state.budgets.reserve_tokens(payer, widget.id, tokens_to_answer(reply))
    return event_stream(_frames(state, reply, accounts))


async def _frames(state: AppState, reply: Reply, accounts: Sequence[Account]) -> AsyncIterator[ServerSentEvent]:
    try:
        async for event in state.answerer.answer(reply):
            yield answer_frame(event)
        yield answer_frame(reply.failure or DoneEvent(answered=reply.answered, near=reply.is_near))
    except NotFound:
        yield answer_frame(ErrorEvent(code="not_found", message="The widget has been deleted."))
    finally:
        if accounts:
            # Shielded, so that tokens are also settled when the client has disconnected.
            await asyncio.shield(state.budgets.refund(accounts, tokens_unused(reply)))


routes = [OwnerRoute("/api/widgets/{widget_id}/chat", answer_owner, Role.editor, ["POST"])]
