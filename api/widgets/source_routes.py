"""The owner's sources: files and pasted text that the widget answers from beside the site."""

from typing import Annotated, Any
from urllib.parse import urldefrag
from uuid import UUID, uuid4

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import AppState, app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import is_json, read_bytes, read_object, validate_body
from api.http.guards import enter_owner_visit
from api.http.queries import path_id, widget_id_of
from api.widgets.answer_routes import check_link
from tasks.core.errors import CallFailed, InvalidRequest, PageError
from tasks.core.roles import Role
from tasks.documents.document import MAX_CHARACTERS, Document, DocumentKind, read_document
from tasks.documents.document_process import READING
from tasks.knowledge.indexing.chunks import text_hash
from tasks.knowledge.indexing.source_writer import save_source
from tasks.records.sanitizing import sanitize_title
from tasks.records.sources import (
    Source,
    SourceText,
    check_number,
    delete_source,
    list_sources,
    read_source,
    read_source_text,
)
from tasks.records.widgets import WidgetRecord, read_widget

ALL = "/api/widgets/{widget_id}/sources"
ONE = ALL + "/{source_id}"
MAX_TITLE = 300
_NO_STORE = {"Cache-Control": "no-store"}


def _clean(title: object) -> object:
    return sanitize_title(title) if isinstance(title, str) else title


# Cleaned first: one of control characters alone is empty.
Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE), BeforeValidator(_clean)]
WebLink = Annotated[str, Field(max_length=2_000), AfterValidator(check_link)]


class SourceBody(BaseModel):
    """A pasted text as its owner sends it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    title: Title
    text: str = Field(min_length=1, max_length=MAX_CHARACTERS)
    """Markdown."""
    link: WebLink | None = None


class FileQuery(BaseModel):
    """The query of a file that is sent as the body."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Title
    """Of the file: its ending tells Markdown from plain text."""
    title: Title | None = None
    """None: the document's own, or the name of the file."""
    link: WebLink | None = None


async def list_owned_sources(request: Request) -> Response:
    """GET …/sources: the files and texts that the owner has added, those added last first."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    await read_widget(pool, widget_id)
    listed = await list_sources(pool, widget_id)
    return JSONResponse({"sources": [_describe(each) for each in listed]}, headers=_NO_STORE)


async def add_owned_source(request: Request) -> Response:
    """POST …/sources: a text as JSON, or a file as the body with its `name` in the query; in answers from now on."""
    return JSONResponse(_describe(await _save(request, uuid4(), replaces=False)), status_code=201)


async def show_owned_source(request: Request) -> Response:
    """GET …/sources/{source_id}: the source with its text, as Markdown, and the link to cite."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    source = await read_source(pool, widget_id, path_id(request, "source_id", "source"))
    cited = urldefrag(source.url)[0]
    link = None if cited == urldefrag((await read_widget(pool, widget_id)).site_url)[0] else cited
    text = await read_source_text(pool, widget_id, source.id)
    return JSONResponse({**_describe(source), "text": text, "link": link}, headers=_NO_STORE)


async def replace_owned_source(request: Request) -> Response:
    """PUT …/sources/{source_id}: another text or file in its place, sent as a new one is; in answers from now on."""
    source_id = path_id(request, "source_id", "source")
    await read_source(app_state(request).pool, widget_id_of(request), source_id)
    return JSONResponse(_describe(await _save(request, source_id, replaces=True)))


async def _save(request: Request, id_: UUID, *, replaces: bool) -> Source:
    """Read what was sent, and store it under this id."""
    widget_id, state = widget_id_of(request), app_state(request)
    widget = await read_widget(state.pool, widget_id)
    with state.source_turns.take(await enter_owner_visit(request, widget)):
        if not replaces:
            await check_number(state.pool, widget_id)
        document, link = await _read_sent(request, state)
        await _store(state, widget, document, link, id_, replaces=replaces)
    return await read_source(state.pool, widget_id, id_)


async def _store(
    state: AppState, widget: WidgetRecord, document: Document, link: str | None, id_: UUID, *, replaces: bool
) -> None:
    source = SourceText(
        id=id_,
        kind=document.kind,
        title=document.title,
        # Each source has an address of its own, as citations of one address are one citation.
        url=f"{urldefrag(link or widget.site_url)[0]}#source-{id_.hex[:8]}",
        text=document.markdown,
        text_hash=text_hash(document.markdown),
    )
    try:
        await save_source(state.pool, state.documents, state.embedder, widget.id, source, replaces=replaces)
    except CallFailed as error:
        raise _unreadable(document.title, error.message) from error


async def delete_owned_source(request: Request) -> Response:
    """DELETE …/sources/{source_id}: no answer has it from now on."""
    await delete_source(app_state(request).pool, widget_id_of(request), path_id(request, "source_id", "source"))
    return Response(status_code=204)


async def _read_sent(request: Request, state: AppState) -> tuple[Document, str | None]:
    """Return the text, or the file as it was read in a child process, and the link to cite."""
    most = state.settings.max_page_bytes
    if is_json(request):
        text = validate_body(SourceBody, await read_object(request, max_bytes=most))
        return Document(kind=DocumentKind.text, title=text.title, markdown=text.text), text.link
    sent = validate_body(FileQuery, request.query_params)
    body = await read_bytes(request, max_bytes=most)
    if not body:
        raise InvalidRequest("body_empty", "The body is empty. Send the file as the body, or a text as JSON.")
    try:
        read = await state.documents.call(READING, read_document, body, sent.name)
    except (PageError, CallFailed) as error:
        raise _unreadable(sent.name, error.message) from error
    return read.model_copy(update={"title": (sent.title or read.title)[:MAX_TITLE]}), sent.link


def _unreadable(name: str, cause: str) -> InvalidRequest:
    return InvalidRequest("source_unreadable", f"{name} was not added: {cause.rstrip('.')}.")


def _describe(source: Source) -> dict[str, Any]:
    return source.model_dump(mode="json")


routes = [
    OwnerRoute(ALL, list_owned_sources, Role.viewer, ["GET"]),
    OwnerRoute(ALL, add_owned_source, Role.editor, ["POST"]),
    OwnerRoute(ONE, show_owned_source, Role.viewer, ["GET"]),
    OwnerRoute(ONE, replace_owned_source, Role.editor, ["PUT"]),
    OwnerRoute(ONE, delete_owned_source, Role.editor, ["DELETE"]),
]
