"""Chat: a visitor's message in, the answer as a stream of events out; and thumbs for it.

The visitor chooses the words and the conversation, nothing else: neither model nor prompt nor site.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from psycopg import Error as DatabaseError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.bodies import read_object
from api.service import Service, service_of
from api.widgets import PATH, widget_id_of
from tasks.core.errors import InvalidRequest, NotFound
from tasks.knowledge.answering.events import AnswerEvent, DoneEvent, ErrorEvent
from tasks.knowledge.answering.generated import estimate_tokens
from tasks.knowledge.answering.phrases import Phrase, phrase
from tasks.knowledge.answering.reply import AnswerKind, Reply, Site
from tasks.knowledge.budgets import Account
from tasks.knowledge.builds import WidgetRecord, read_latest_status, read_widget
from tasks.knowledge.conversations import open_conversation, store_feedback, store_message
from tasks.knowledge.suggestions import read_suggestions

logger = logging.getLogger("widget_builder.api")

MAX_MESSAGE_LENGTH = 2_000
MAX_COMMENT_LENGTH = 2_000
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
    reserved: Sequence[Account]
    tokens: int
    """Set aside on each of the accounts."""


async def chat(request: Request) -> Response:
    """POST …/chat: what can be known to be wrong is told before the stream begins."""
    service, widget_id = service_of(request), widget_id_of(request)
    asked = _read(Ask, await read_object(request))
    widget = await read_widget(service.pool, widget_id)
    client = await service.budgets.identify(request.client.host if request.client else "")
    await service.budgets.take_question(client)
    conversation_id, history = await open_conversation(service.pool, widget_id, asked.conversation_id)
    if widget.active_job_id is None:
        raise await _why_not_ready(service, widget_id)
    reply = await service.answerer.prepare(site_of(widget), asked.message, history)
    reserved, tokens = await _reserve(service, client, reply)
    exchange = _Exchange(reply, conversation_id, reserved, tokens)
    return EventSourceResponse(
        _frames(service, exchange),
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        ping=PING_S,
        send_timeout=SEND_TIMEOUT_S,
    )


def _read[Body: BaseModel](kind: type[Body], sent: dict[str, object]) -> Body:
    try:
        return kind.model_validate(sent)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else None
        problem = first["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"{field}_invalid", f"`{field}`: {problem}.", field=field) from error


def site_of(widget: WidgetRecord) -> Site:
    """The widget's site, as answers name it."""
    theme = widget.theme or {}
    language = theme.get("language")
    return Site(
        widget_id=widget.id,
        name=widget.name,
        url=widget.site_url,
        language=language if isinstance(language, str) and language else "en",
    )


async def _why_not_ready(service: Service, widget_id: UUID) -> Exception:
    status = await read_latest_status(service.pool, widget_id)
    if status in ("pending", "running"):
        return NotReady("widget_building", "The widget is still being built: ask again in a moment.", retry_after=5)
    return NotReady("widget_not_built", "The widget has no knowledge: its build did not come to an end.")


async def _reserve(service: Service, client: str, reply: Reply) -> tuple[Sequence[Account], int]:
    if not service.answerer.generates or reply.talk is not None or not reply.evidence:
        return (), 0
    tokens = estimate_tokens(reply)
    return await service.budgets.reserve_tokens(client, reply.site.widget_id, tokens), tokens
