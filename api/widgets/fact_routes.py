"""Facts of a widget's site for its owner: listed, corrected, hidden."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.app_state import app_state
from api.http.authorization import OwnerRoute
from api.http.bodies import read_object, validate_body
from api.http.guards import enter_owner_visit
from api.http.queries import path_id, widget_id_of
from tasks.core.facts import FactEdit
from tasks.core.roles import Role
from tasks.knowledge.facts.fact_edits import edit_fact
from tasks.knowledge.facts.site_facts import find_conflicts
from tasks.records.fact_records import FactRecord, read_site_facts
from tasks.records.widgets import read_widget

ALL = "/api/widgets/{widget_id}/facts"
ONE = ALL + "/{fact_id}"
MAX_VALUE = 1_000
_NO_STORE = {"Cache-Control": "no-store"}


class FactChange(BaseModel):
    """An owner's change of a fact; an absent field stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_VALUE)] | None = None
    """Another value; null: as found."""
    hidden: bool = Field(default=False)


async def list_facts(request: Request) -> Response:
    """GET …/{id}/facts: what is known of the whole site, each once, with the pages that state it."""
    widget_id = widget_id_of(request)
    pool = app_state(request).pool
    await read_widget(pool, widget_id)
    facts = await read_site_facts(pool, widget_id)
    conflicts = find_conflicts(facts)
    return JSONResponse({"facts": [_describe(fact, conflicts) for fact in facts]}, headers=_NO_STORE)


async def change_fact(request: Request) -> Response:
    """PATCH …/{id}/facts/{fact_id}: another value, or `hidden`; later builds keep it."""
    widget_id, fact_id = widget_id_of(request), path_id(request, "fact_id", "fact")
    state = app_state(request)
    sent = await read_object(request)
    change = validate_body(FactChange, sent)
    await enter_owner_visit(request, await read_widget(state.pool, widget_id))
    before = next((fact for fact in await read_site_facts(state.pool, widget_id) if fact.id == fact_id), None)
    former = before.edit if before is not None and before.edit is not None else FactEdit()
    edit = FactEdit(
        value=change.value if "value" in sent else former.value,
        is_hidden=change.hidden if "hidden" in sent else former.is_hidden,
    )
    await edit_fact(state.pool, state.embedder, widget_id, fact_id, edit)
    facts = await read_site_facts(state.pool, widget_id)
    conflicts = find_conflicts(facts)
    return JSONResponse(next(_describe(fact, conflicts) for fact in facts if fact.id == fact_id), headers=_NO_STORE)


def _describe(fact: FactRecord, conflicts: Mapping[UUID, Sequence[UUID]]) -> dict[str, Any]:
    edit = fact.edit or FactEdit()
    return {
        "id": str(fact.id),
        "kind": str(fact.kind),
        "value": edit.value or fact.value,
        "found": fact.value,
        "normal": fact.normal,
        "label": fact.label,
        "place": fact.place,
        "pages": list(fact.pages),
        "page_count": fact.page_count,
        "hidden": edit.is_hidden,
        "edited": edit.value is not None,
        "conflicts_with": [str(other) for other in conflicts.get(fact.id, ())],
    }


routes = [
    OwnerRoute(ALL, list_facts, Role.viewer, ["GET"]),
    OwnerRoute(ONE, change_fact, Role.editor, ["PATCH"]),
]
