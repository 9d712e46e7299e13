"""The contract for machines: OpenAPI 3.1, made from the routes, their docstrings and their bodies' models."""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.builds.build_access import OwnBuildRoute
from api.builds.build_routes import rebuild_widget, start_build, stream_events
from api.builds.owner_actions import resume_ended_build
from api.chat.chat_routes import ChatRequest, FeedbackRequest, answer_message, receive_feedback
from api.chat.lead_routes import LeadBody, receive_lead
from api.chat.owner_chat_routes import OwnerQuestion, answer_owner
from api.http.authorization import OwnerRoute
from api.webhooks.webhook_routes import WebhookBody, change_webhook, create_webhook
from api.widgets.answer_routes import OwnAnswerBody, TrialBody, add_answer, change_answer, try_answer
from api.widgets.fact_routes import FactChange, change_fact
from api.widgets.logo_routes import replace_logo
from api.widgets.owner_routes import change_owned_widget
from api.widgets.publication_routes import QuestionsBody, replace_test_questions
from api.widgets.source_routes import FileQuery, SourceBody, add_owned_source, replace_owned_source
from api.widgets.widget_changes import WidgetChanges
from api.workspaces.claim_routes import ClaimBody, claim_owned_widget
from api.workspaces.member_routes import MemberBody, create_member
from api.workspaces.workspace_routes import LimitsBody, WorkspaceBody, change_limits, change_workspace, open_workspace

REFERENCE = "#/components/schemas/{model}"
STREAMS = (start_build, rebuild_widget, stream_events, resume_ended_build, answer_message, answer_owner)
"""Endpoints whose answer is a stream of Server-Sent Events."""
BODIES: dict[Callable[..., Any], type[BaseModel]] = {
    answer_message: ChatRequest,
    receive_feedback: FeedbackRequest,
    answer_owner: OwnerQuestion,
    change_owned_widget: WidgetChanges,
    add_answer: OwnAnswerBody,
    try_answer: TrialBody,
    receive_lead: LeadBody,
    create_webhook: WebhookBody,
    change_fact: FactChange,
    open_workspace: WorkspaceBody,
    change_workspace: WorkspaceBody,
    change_limits: LimitsBody,
    create_member: MemberBody,
    claim_owned_widget: ClaimBody,
    replace_test_questions: QuestionsBody,
    add_owned_source: SourceBody,
    replace_owned_source: SourceBody,
}
FILES: dict[Callable[..., Any], type[BaseModel]] = {add_owned_source: FileQuery, replace_owned_source: FileQuery}
"""Endpoints that also take a file as the body, with its query."""
LOGO_TYPES = ("image/png", "image/jpeg", "image/webp", "image/svg+xml")
LOOSE_BODIES: dict[Callable[..., Any], dict[str, Any]] = {
    start_build: {
        "type": "object",
        "required": ["url"],
        "properties": {
            "url": {"type": "string"},
            "depth": {"type": "integer", "minimum": 0},
            "max_pages": {"type": "integer", "minimum": 1},
        },
    },
    rebuild_widget: {"type": "object", "properties": {"allow_fewer_pages": {"type": "boolean"}}},
    change_answer: {"type": "object", "description": "Some of the parts of an own answer, see `OwnAnswerBody`."},
    change_webhook: {"type": "object", "description": "Some of the parts of a webhook, see `WebhookBody`."},
}
"""Bodies that no model checks as a whole."""
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {name: {"type": "string"} for name in ("code", "message", "field")},
        }
    },
}


async def show_contract(request: Request) -> Response:
    """GET /openapi.json: all routes of this service, for generators of clients and tests."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    return JSONResponse(make_contract(routes), headers={"Cache-Control": "no-cache"})


def make_contract(routes: list[Route]) -> dict[str, Any]:
    """Return the OpenAPI document of the routes."""
    _, schemas = models_json_schema([(model, "validation") for model in BODIES.values()], ref_template=REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = paths.setdefault(route.path, {})
        for method in sorted((route.methods or set()) - {"HEAD"}):
            path[method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "AI Widget Builder", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    endpoint = inspect.unwrap(route.endpoint)
    summary, _, description = inspect.cleandoc(endpoint.__doc__ or "").partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": endpoint.__name__,
        # Docstrings begin with method and path, which stand above already.
        "summary": re.sub(r"^[A-Z]+(?: \S+)?: ", "", " ".join(summary.split())),
        "parameters": list(_parameters(route.path)),
        "responses": {
            "2XX": {"description": "Done", "content": {_media_type(endpoint, route.path): {}}},
            "default": {"description": "An error", "content": {"application/json": {"schema": _reference("Error")}}},
        },
    }
    if description:
        operation["description"] = description
    if isinstance(route, OwnerRoute | OwnBuildRoute):
        operation["security"] = [{"token": []}]
        operation["x-role"] = route.role
    if (body := _body(endpoint)) is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    if (query := FILES.get(endpoint)) is not None:
        operation["requestBody"]["content"]["application/octet-stream"] = {}
        operation["parameters"] += _query(query)
    if endpoint is replace_logo:
        operation["requestBody"] = {"required": True, "content": {kind: {} for kind in LOGO_TYPES}}
    return operation


def _parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        schema = {"type": "string", "format": "uuid"} if name.endswith("_id") else {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(model: type[BaseModel]) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a query; none is required, as a body of JSON takes none."""
    for name, schema in model.model_json_schema()["properties"].items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _body(endpoint: Callable[..., Any]) -> dict[str, Any] | None:
    model = BODIES.get(endpoint)
    return LOOSE_BODIES.get(endpoint) if model is None else _reference(model.__name__)


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": REFERENCE.format(model=name)}


def _media_type(endpoint: Callable[..., Any], path: str) -> str:
    if endpoint in STREAMS:
        return "text/event-stream"
    return "application/json" if path.startswith("/api/") or path == "/openapi.json" else "*/*"


routes = [Route("/openapi.json", show_contract, methods=["GET"])]
