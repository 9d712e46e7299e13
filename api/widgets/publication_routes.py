"""Publication of new knowledge: the owner's test questions that it is asked before, and publication by hand."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import read_object, validate_body
from api.http.queries import widget_id_of
from tasks.core.errors import InvalidRequest
from tasks.core.roles import Role
from tasks.knowledge.evaluation.expectations import expectations_of
from tasks.records.held_builds import publish_held
from tasks.records.owner_questions import read_test_questions, save_test_questions

PATH = "/api/widgets/{widget_id}"
MAX_QUESTIONS = 100


class QuestionsBody(BaseModel):
    """Test questions with their right answers: `question`, and `page`, `text` or both, as the command `evaluate` reads
    them."""

    model_config = ConfigDict(extra="forbid")

    questions: list[dict[str, Any]] = Field(max_length=MAX_QUESTIONS)


async def list_test_questions(request: Request) -> Response:
    """GET …/test-questions: the owner's test questions."""
    questions = await read_test_questions(app_state(request).pool, widget_id_of(request))
    return JSONResponse({"questions": questions}, headers={"Cache-Control": "no-store"})


async def replace_test_questions(request: Request) -> Response:
    """PUT …/test-questions: others in their place; an empty list removes them."""
    body = validate_body(QuestionsBody, await read_object(request))
    try:
        expectations_of(body.questions)
    except InvalidRequest as error:
        raise InvalidRequest("questions_invalid", error.message, field="questions") from error
    await save_test_questions(app_state(request).pool, widget_id_of(request), body.questions)
    return JSONResponse({"questions": body.questions}, headers={"Cache-Control": "no-store"})


async def publish_held_build(request: Request) -> Response:
    """POST …/publish: answer from the latest build that was held because it has fewer pages or worse answers."""
    build_id = await publish_held(app_state(request).pool, widget_id_of(request))
    return JSONResponse({"build_id": str(build_id)})


routes = [
    OwnerRoute(PATH + "/test-questions", list_test_questions, Role.viewer, ["GET"]),
    OwnerRoute(PATH + "/test-questions", replace_test_questions, Role.editor, ["PUT"]),
    OwnerRoute(PATH + "/publish", publish_held_build, Role.editor, ["POST"]),
]
