"""Chat: a visitor's message in, the answer as a stream of events out; and thumbs for it.

The visitor chooses the words and the conversation, nothing else: neither model nor prompt nor site.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar
from uuid import UUID

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.app_state import AppState, service_of
from api.chat.chat_config import site_of
from api.http.bodies import read_object
from api.http.origins import require_origin
from api.widgets.public_routes import PATH, widget_id_of
from tasks.core.errors import InvalidRequest, NotFound, TryLater
from tasks.knowledge.answering.answer_events import AnswerEvent, DoneEvent, ErrorEvent
from tasks.knowledge.answering.generation.generated_answer import tokens_to_answer, tokens_to_rewrite, tokens_unused
from tasks.knowledge.answering.reply import Reply
from tasks.knowledge.answering.suggestions.suggested_questions import read_suggestions
from tasks.records.budgets import Account
from tasks.records.conversations import open_conversation, store_feedback, store_message
from tasks.records.widgets import read_latest_status, read_widget

_UNAVAILABLE = "The answer could not be kept: please ask again."

Body = TypeVar("Body", bound=BaseModel)

logger = logging.getLogger("widget_builder.api")

MAX_MESSAGE_LENGTH = 2_000
MAX_COMMENT_LENGTH = 2_000
WAIT_S = 5
"""Seconds after which it is worth asking again."""
PING_S = 15
SEND_TIMEOUT_S = 30
"""A visitor who takes nothing for so long is let go."""


class Ask(BaseModel):
    """What a visitor may send; anything else is refused."""

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


class Thumb(BaseModel):
    """A verdict on an answer."""

    model_config = ConfigDict(extra="forbid")

    message_id: UUID
    rating: Literal["up", "down"]
    comment: str = Field("", max_length=MAX_COMMENT_LENGTH)


@dataclass(frozen=True)
class _Exchange:
    """A question that is about to be answered."""

    reply: Reply
    conversation_id: UUID
    accounts: Sequence[Account]
    """Where tokens are set aside for it."""

    async def settle(self, service: AppState) -> None:
        """Give back the tokens that were not used."""
        if self.accounts:
            await service.budgets.refund(self.accounts, tokens_unused(self.reply))


async def chat(request: Request) -> Response:
    """POST …/chat: what can be known to be wrong is told before the stream begins."""
    service, widget_id = service_of(request), widget_id_of(request)
    asked = _read(Ask, await read_object(request))
    widget = await read_widget(service.pool, widget_id)
    require_origin(request, widget)
    client = await service.budgets.pseudonymize(request.client.host if request.client else "")
    await service.budgets.charge_question(client)
    conversation_id, history = await open_conversation(service.pool, widget_id, asked.conversation_id)
    if widget.active_job_id is None:
        raise await _why_not_ready(service, widget_id)
    if service.answerer.generates:
        await service.budgets.reserve_tokens(client, widget_id, tokens_to_rewrite(asked.message, history))
    reply = await service.answerer.prepare(site_of(widget), asked.message, history)
    accounts: Sequence[Account] = ()
    if service.answerer.generates:
        accounts = await service.budgets.reserve_tokens(client, widget_id, tokens_to_answer(reply))
    return EventSourceResponse(
        _frames(service, _Exchange(reply, conversation_id, accounts)),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        ping=PING_S,
        send_timeout=SEND_TIMEOUT_S,
    )


def _read(kind: type[Body], sent: dict[str, object]) -> Body:
    try:
        return kind.model_validate(sent)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else None
        problem = first["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"{field}_invalid", f"`{field}`: {problem}.", field=field) from error


async def _why_not_ready(service: AppState, widget_id: UUID) -> TryLater:
    status = await read_latest_status(service.pool, widget_id)
    if status in ("pending", "running"):
        message = "The widget is still being built: ask again in a moment."
        return TryLater("widget_building", message, retry_after=WAIT_S, status=503)
    message = "The widget has no knowledge: its build did not come to its end."
    return TryLater("widget_not_built", message, retry_after=None, status=503)


async def _frames(service: AppState, exchange: _Exchange) -> AsyncIterator[ServerSentEvent]:
    """The answer's events, the end included; it is kept before the end is told."""
    reply = exchange.reply
    try:
        async for event in service.answerer.answer(reply):
            yield _frame(event)
        yield _frame(await _conclude(service, exchange))
    except NotFound:
        yield _frame(ErrorEvent(code="not_found", message="The widget has been deleted."))
    except (DatabaseError, PoolTimeout) as error:
        logger.warning("an answer cannot be kept: %s", error)
        yield _frame(ErrorEvent(code="dependency_unavailable", message=_UNAVAILABLE, retry_after=WAIT_S))
    finally:
        # Also for the visitor who left: whatever was said is paid for, the rest is not.
        await asyncio.shield(exchange.settle(service))


async def _conclude(service: AppState, exchange: _Exchange) -> DoneEvent | ErrorEvent:
    reply = exchange.reply
    message_id = await store_message(service.pool, reply.site.widget_id, exchange.conversation_id, reply.as_message())
    if reply.failure is not None:
        return reply.failure
    suggestions = () if reply.answered else await read_suggestions(service.pool, service.answerer, reply.site)
    return DoneEvent(
        conversation_id=exchange.conversation_id,
        message_id=message_id,
        answered=reply.answered,
        suggestions=tuple(suggestions),
    )


def _frame(event: AnswerEvent) -> ServerSentEvent:
    return ServerSentEvent(data=event.model_dump_json(exclude_defaults=False, exclude_none=True), event=event.type)


async def feedback(request: Request) -> Response:
    """POST …/feedback: a thumb for an answer; a second one replaces the first."""
    service, widget_id = service_of(request), widget_id_of(request)
    thumb = _read(Thumb, await read_object(request))
    require_origin(request, await read_widget(service.pool, widget_id))
    client = await service.budgets.pseudonymize(request.client.host if request.client else "")
    await service.budgets.charge_question(client)
    await store_feedback(service.pool, widget_id, thumb.message_id, thumb.rating, thumb.comment)
    return Response(status_code=204)


routes = [
    Route(PATH + "/chat", chat, methods=["POST"]),
    Route(PATH + "/feedback", feedback, methods=["POST"]),
]
