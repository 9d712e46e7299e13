"""Chat: a visitor's message, answered by a stream of events; and feedback on answers.

The visitor chooses the message and the conversation only: neither model nor prompt nor site.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ConfigDict, Field, field_validator
from sse_starlette import ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from api.app_state import AppState, app_state
from api.chat.chat_metrics import AnswerClock
from api.http.bodies import read_object, validate_body
from api.http.event_streams import event_stream
from api.http.guards import Guard, PublicRoute
from api.http.origins import OriginRule
from api.http.visits import current_visit
from api.widgets.appearance import adjustments_of
from api.widgets.public_routes import PATH
from tasks.core.adjustments import Adjustments
from tasks.core.errors import NotFound, TryLater
from tasks.knowledge.answering.answer_events import AnswerEvent, DoneEvent, ErrorEvent
from tasks.knowledge.answering.answering_site import answering_site
from tasks.knowledge.answering.generation.generated_answer import tokens_to_answer, tokens_to_rewrite, tokens_unused
from tasks.knowledge.answering.question.person_requests import wants_person
from tasks.knowledge.answering.reply import Reply
from tasks.knowledge.answering.suggestions.suggested_questions import read_suggestions
from tasks.records.budgets import Account, RatedAction
from tasks.records.conversations import open_conversation, store_feedback, store_message
from tasks.records.widgets import read_latest_status
from tasks.records.workspace_limits import count_answer

_NOT_STORED = "The answer could not be stored because the database is not available. Please ask again."

logger = logging.getLogger("widget_builder.api")

MAX_MESSAGE_LENGTH = 2_000
MAX_COMMENT_LENGTH = 2_000
RETRY_AFTER_S = 5
"""Seconds until a retry may succeed."""


class ChatRequest(BaseModel):
    """The body of a chat request; other fields are refused."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(max_length=MAX_MESSAGE_LENGTH)
    conversation_id: UUID | None = None

    @field_validator("message")
    @classmethod
    def _has_words(cls, message: str) -> str:
        plain = " ".join(message.replace("\0", " ").split())
        if not plain:
            raise ValueError("is empty")
        return plain


class FeedbackRequest(BaseModel):
    """The body of a feedback request: the rating of an answer, with an optional comment."""

    model_config = ConfigDict(extra="forbid")

    message_id: UUID
    rating: Literal["up", "down"]
    comment: str = Field("", max_length=MAX_COMMENT_LENGTH)


@dataclass(frozen=True)
class _Exchange:
    """A prepared reply, its conversation and its token reservation."""

    reply: Reply
    conversation_id: UUID
    chosen: Adjustments
    """The owner's settings of the widget."""
    accounts: Sequence[Account]
    """Budgets in which tokens are reserved for the reply."""

    async def settle(self, state: AppState) -> None:
        """Return unused tokens to the budgets."""
        if self.accounts:
            await state.budgets.refund(self.accounts, tokens_unused(self.reply))


async def answer_message(request: Request) -> Response:
    """POST …/chat: the answer as a stream; errors known before it starts are JSON responses."""
    state, visit = app_state(request), current_visit()
    widget = visit.widget
    asked = validate_body(ChatRequest, await read_object(request))
    conversation_id, history = await open_conversation(state.pool, widget.id, asked.conversation_id)
    if widget.active_job_id is None:
        raise await not_ready_error(state, widget.id)
    if widget.workspace_id is not None:
        await count_answer(state.pool, widget.workspace_id)
    if state.answerer.generates:
        await state.budgets.reserve_tokens(visit.client, widget.id, tokens_to_rewrite(asked.message, history))
    reply = await state.answerer.prepare(answering_site(widget), asked.message, history)
    accounts: Sequence[Account] = ()
    if state.answerer.generates:
        accounts = await state.budgets.reserve_tokens(visit.client, widget.id, tokens_to_answer(reply))
    exchange = _Exchange(reply, conversation_id, adjustments_of(widget), accounts)
    return event_stream(_answer_frames(state, exchange))


async def not_ready_error(state: AppState, widget_id: UUID) -> TryLater:
    """Return why the widget has no knowledge, and when a retry may succeed."""
    status = await read_latest_status(state.pool, widget_id)
    if status in ("pending", "running"):
        message = "The widget is still being built. Ask again in a moment."
        return TryLater("widget_building", message, retry_after=RETRY_AFTER_S, status=503)
    message = "The widget has no knowledge because its build failed. Its owner can build it again."
    return TryLater("widget_not_built", message, retry_after=None, status=503)


async def _answer_frames(state: AppState, exchange: _Exchange) -> AsyncIterator[ServerSentEvent]:
    """Yield the answer's events; the answer is stored before its `done` event is sent."""
    reply, clock = exchange.reply, AnswerClock(state.chat_metrics)
    try:
        async for event in state.answerer.answer(reply):
            clock.tick()
            yield answer_frame(event)
        last = await _conclude(state, exchange)
        clock.finish("failed" if isinstance(last, ErrorEvent) else reply.kind)
        yield answer_frame(last)
    except NotFound:
        clock.finish("failed")
        yield answer_frame(ErrorEvent(code="not_found", message="The widget has been deleted."))
    except (DatabaseError, PoolTimeout) as error:
        clock.finish("failed")
        logger.warning("storing an answer failed: %s", error)
        yield answer_frame(ErrorEvent(code="dependency_unavailable", message=_NOT_STORED, retry_after=RETRY_AFTER_S))
    finally:
        clock.close()
        # Shielded, so that tokens are also settled when the visitor has disconnected.
        await asyncio.shield(exchange.settle(state))


async def _conclude(state: AppState, exchange: _Exchange) -> DoneEvent | ErrorEvent:
    reply = exchange.reply
    message_id = await store_message(state.pool, reply.site.widget_id, exchange.conversation_id, reply.as_message())
    if reply.failure is not None:
        return reply.failure
    suggestions = reply.choices
    if not reply.answered and exchange.chosen.follow_ups is not False:
        suggestions = await read_suggestions(state.pool, state.answerer, reply.site)
    return DoneEvent(
        conversation_id=exchange.conversation_id,
        message_id=message_id,
        answered=reply.answered,
        near=reply.is_near,
        suggestions=tuple(suggestions),
        contact=None if exchange.chosen.contact() is None else _contact(reply),
    )


def _contact(reply: Reply) -> Literal["offered", "wanted"] | None:
    if wants_person(reply.message):
        return "wanted"
    return None if reply.answered else "offered"


def answer_frame(event: AnswerEvent) -> ServerSentEvent:
    """Return the event as a frame of the stream."""
    return ServerSentEvent(data=event.model_dump_json(exclude_defaults=False, exclude_none=True), event=event.type)


async def receive_feedback(request: Request) -> Response:
    """POST …/feedback: rate an answer; a second rating replaces the first."""
    rated = validate_body(FeedbackRequest, await read_object(request))
    widget_id = current_visit().widget.id
    await store_feedback(app_state(request).pool, widget_id, rated.message_id, rated.rating, rated.comment)
    return Response(status_code=204)


routes = [
    PublicRoute(
        PATH + "/chat", answer_message, Guard(OriginRule.widget, RatedAction.questions, may_spend=True), ["POST"]
    ),
    PublicRoute(PATH + "/feedback", receive_feedback, Guard(OriginRule.widget, RatedAction.questions), ["POST"]),
]
