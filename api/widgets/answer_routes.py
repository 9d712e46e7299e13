"""The owner's own answers: list, add, change, delete, and try one before it is saved."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import read_object, validate_body
from api.http.queries import path_id, widget_id_of
from tasks.core.roles import Role
from tasks.knowledge.answering.answering_site import answering_site
from tasks.knowledge.answering.own_answer_match import MODEL, choose_own_answer, embed_questions
from tasks.records.own_answers import (
    OwnAnswer,
    OwnAnswerDraft,
    add_own_answer,
    delete_own_answer,
    list_own_answers,
    read_own_answer,
    replace_own_answer,
)
from tasks.records.widgets import read_widget

ALL = "/api/widgets/{widget_id}/answers"
ONE = ALL + "/{answer_id}"
MAX_QUESTIONS = 10
MAX_QUESTION_LENGTH = 300
MAX_ANSWER_LENGTH = 8_000
_NO_STORE = {"Cache-Control": "no-store"}


def _in_utc(at: datetime) -> datetime:
    """Return the time with its zone, UTC if it has none; ValueError for years that not every time zone can show."""
    if not MINYEAR < at.year < MAXYEAR:
        raise ValueError(f"must be in the years {MINYEAR + 1} to {MAXYEAR - 1}")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def check_link(text: str) -> str:
    """Return the address of a web page, for a model's field; ValueError for anything else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable() or " " in text:
        raise ValueError("must be an absolute http or https URL")
    return text


Question = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION_LENGTH)]
Moment = Annotated[datetime, AfterValidator(_in_utc)]


class OwnAnswerBody(BaseModel):
    """An own answer as its owner sends it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    questions: tuple[Question, ...] = Field(min_length=1, max_length=MAX_QUESTIONS)
    answer: str = Field(min_length=1, max_length=MAX_ANSWER_LENGTH)
    link: Annotated[str, Field(max_length=2_000), AfterValidator(check_link)] | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    paused: bool = False

    @field_validator("valid_until")
    @classmethod
    def _follows_its_start(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        begin = info.data.get("valid_from")
        if until is not None and begin is not None and until <= begin:
            raise ValueError("must be after `valid_from`")
        return until


class TrialBody(BaseModel):
    """A visitor's question, and the own answer that is to be tried on it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    question: str = Field(min_length=1, max_length=2_000)
    questions: tuple[Question, ...] = Field(min_length=1, max_length=MAX_QUESTIONS)
    """Of the own answer that is being written."""
    answer: str = Field("", max_length=MAX_ANSWER_LENGTH)


async def list_answers(request: Request) -> Response:
    """GET …/answers: the widget's own answers, those changed last first."""
    widget_id = widget_id_of(request)
    listed = await list_own_answers(app_state(request).pool, widget_id)
    return JSONResponse({"answers": [_describe(each) for each in listed]}, headers=_NO_STORE)


async def add_answer(request: Request) -> Response:
    """POST …/answers: a new own answer, given to visitors from now on."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    draft = _draft(validate_body(OwnAnswerBody, await read_object(request)))
    vectors = await embed_questions(draft.questions)
    answer_id = await add_own_answer(pool, widget_id, draft, MODEL, vectors)
    return JSONResponse(_describe(await read_own_answer(pool, widget_id, answer_id)), status_code=201)


async def change_answer(request: Request) -> Response:
    """PATCH …/answers/{answer_id}: change parts; null removes link, start or end."""
    widget_id, pool = widget_id_of(request), app_state(request).pool
    answer_id = _answer_id(request)
    stored = await read_own_answer(pool, widget_id, answer_id)
    former = stored.model_dump(include=set(OwnAnswerBody.model_fields))
    draft = _draft(validate_body(OwnAnswerBody, former | await read_object(request)))
    await replace_own_answer(pool, widget_id, answer_id, draft, MODEL, await embed_questions(draft.questions))
    return JSONResponse(_describe(await read_own_answer(pool, widget_id, answer_id)))


async def delete_answer(request: Request) -> Response:
    """DELETE …/answers/{answer_id}: visitors get the site's answer again."""
    widget_id = widget_id_of(request)
    await delete_own_answer(app_state(request).pool, widget_id, _answer_id(request))
    return Response(status_code=204)


async def try_answer(request: Request) -> Response:
    """POST …/answers/try: whether an unsaved own answer would be given to a question; nothing is stored."""
    widget_id, state = widget_id_of(request), app_state(request)
    asked = validate_body(TrialBody, await read_object(request))
    language = answering_site(await read_widget(state.pool, widget_id)).language
    matched = await choose_own_answer(
        state.pool,
        widget_id,
        asked.question,
        asked.questions,
        asked.answer,
        language,
        state.answerer,
    )
    return JSONResponse({"matches": matched is not None}, headers=_NO_STORE)


def _draft(sent: OwnAnswerBody) -> OwnAnswerDraft:
    return OwnAnswerDraft(**sent.model_dump())


def _describe(answer: OwnAnswer) -> dict[str, Any]:
    return answer.model_dump(mode="json")


def _answer_id(request: Request) -> UUID:
    return path_id(request, "answer_id", "answer")


routes = [
    OwnerRoute(ALL, list_answers, Role.viewer, ["GET"]),
    OwnerRoute(ALL, add_answer, Role.editor, ["POST"]),
    OwnerRoute(ALL + "/try", try_answer, Role.editor, ["POST"]),
    OwnerRoute(ONE, change_answer, Role.editor, ["PATCH"]),
    OwnerRoute(ONE, delete_answer, Role.editor, ["DELETE"]),
]
