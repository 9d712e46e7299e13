"""The owner's view of conversations: list, export, erase, and the questions without an answer in groups."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.queries import path_id, query_choice, query_integer, widget_id_of
from api.http.spreadsheets import BYTE_ORDER_MARK, csv_rows
from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest
from tasks.core.roles import Role
from tasks.knowledge.answering.question_groups import group_questions
from tasks.records.transcripts import (
    MessageFilter,
    TranscriptMessage,
    erase_conversation,
    erase_conversations,
    export_messages,
    list_transcripts,
    list_unanswered,
)

ALL = "/api/widgets/{widget_id}/conversations"
DEFAULT_LISTED = 25
MAX_LISTED = 200
MAX_OFFSET = 10**9
MAX_TEXT = 300
MAX_UNANSWERED = 400
"""Different questions that are grouped."""
COLUMNS = ("conversation", "time", "question", "answer", "answered", "kind", "rating", "comment", "sources")
_NO_STORE = {"Cache-Control": "no-store"}


async def list_conversations(request: Request) -> Response:
    """GET …/conversations: by time, filtered; as CSV with a row for each matching message, or as JSON."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    wanted = _read_filter(request)
    if "text/csv" in request.headers.get("accept", ""):
        headers = _NO_STORE | {"Content-Disposition": 'attachment; filename="conversations.csv"', "Vary": "Accept"}
        return StreamingResponse(_csv(pool, widget_id, wanted), media_type="text/csv", headers=headers)
    limit = query_integer(request, "limit", DEFAULT_LISTED, 1, MAX_LISTED)
    offset = query_integer(request, "offset", 0, 0, MAX_OFFSET)
    found, total = await list_transcripts(pool, widget_id, wanted, limit, offset)
    listed = [each.model_dump(mode="json") for each in found]
    return JSONResponse({"conversations": listed, "total": total}, headers=_NO_STORE | {"Vary": "Accept"})


async def _csv(pool: Pool, widget_id: UUID, wanted: MessageFilter) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + csv_rows([COLUMNS])
    async for batch in export_messages(pool, widget_id, wanted):
        yield csv_rows([_cells(message) for message in batch])


def _cells(message: TranscriptMessage) -> tuple[object, ...]:
    return (
        message.conversation_id,
        message.at.astimezone(UTC).isoformat(timespec="seconds"),
        message.question,
        message.answer,
        "yes" if message.answered else "no",
        message.kind,
        message.rating,
        message.comment,
        " ".join(cited.url for cited in message.citations),
    )


def _read_filter(request: Request) -> MessageFilter:
    answered = query_choice(request, "answered", ("true", "false"))
    return MessageFilter(
        answered=None if answered is None else answered == "true",
        rating=query_choice(request, "rating", ("up", "down")),
        page=request.query_params.get("page", "").replace("\0", "") or None,
        text=request.query_params.get("q", "").replace("\0", "").strip()[:MAX_TEXT] or None,
        since=_query_time(request, "from"),
        before=_query_time(request, "to", whole_day=True),
    )


def _query_time(request: Request, name: str, *, whole_day: bool = False) -> datetime | None:
    """Return a time of the query; a date alone is its start in UTC, or with `whole_day` its end."""
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        if whole_day and len(text) <= len("2026-12-31"):
            at += timedelta(days=1)
    except (ValueError, OverflowError) as error:
        message = f"`{name}` must be a date or time like 2026-12-31 or 2026-12-31T18:00:00Z."
        raise InvalidRequest(f"{name}_invalid", message, field=name) from error
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


async def delete_conversation(request: Request) -> Response:
    """DELETE …/conversations/{conversation_id}: with its messages and ratings."""
    widget_id = widget_id_of(request)
    conversation_id = path_id(request, "conversation_id", "conversation")
    await erase_conversation(app_state(request).pool, widget_id, conversation_id)
    return Response(status_code=204)


async def delete_conversations(request: Request) -> Response:
    """DELETE …/conversations: all of the widget's."""
    widget_id = widget_id_of(request)
    return JSONResponse({"deleted": await erase_conversations(app_state(request).pool, widget_id)})


async def list_unanswered_groups(request: Request) -> Response:
    """GET …/unanswered: questions without an answer in groups of the same meaning, the most asked first."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    asked = await list_unanswered(pool, widget_id, MAX_UNANSWERED)
    by_count = sorted(asked, key=lambda each: -each.count)
    groups = [
        {
            "count": sum(by_count[at].count for at in group),
            "last_at": max(by_count[at].last_at for at in group).isoformat(),
            "questions": [by_count[at].question for at in group],
        }
        for group in await group_questions([each.question for each in by_count])
    ]
    return JSONResponse({"groups": sorted(groups, key=lambda each: -each["count"])}, headers=_NO_STORE)


routes = [
    OwnerRoute(ALL, list_conversations, Role.viewer, ["GET"]),
    OwnerRoute(ALL, delete_conversations, Role.owner, ["DELETE"]),
    OwnerRoute(ALL + "/{conversation_id}", delete_conversation, Role.owner, ["DELETE"]),
    OwnerRoute("/api/widgets/{widget_id}/unanswered", list_unanswered_groups, Role.viewer, ["GET"]),
]
