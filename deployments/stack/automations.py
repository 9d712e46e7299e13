"""Automations of automations.yaml at a Prefect server; an operator's changes to them stay."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.events.schemas.automations import Automation, AutomationCore

AUTOMATIONS = Path(__file__).parent.parent / "automations.yaml"
REGISTERED = "widget_builder_automations"
"""Prefect's variable that keeps the automations as last registered, by name. It tells a change of the file from an
operator's, and a new automation from a deleted one."""


def read_automations() -> list[dict[str, Any]]:
    """Return the automations that the file declares."""
    declared: list[dict[str, Any]] = yaml.safe_load(AUTOMATIONS.read_text())
    return declared


async def register_automations(client: PrefectClient, declared: Sequence[dict[str, Any]]) -> None:
    """Create new automations, and update those whose declaration has changed since the last registration.

    A field that an operator has changed stays, and an automation that an operator has deleted is not created again.
    """
    variable = await client.read_variable_by_name(REGISTERED)
    registered: Any = variable.value if variable else {}
    wanted = {each["name"]: each for each in declared}
    for name, automation in wanted.items():
        if automation != (before := registered.get(name)):
            await _register(client, AutomationCore.model_validate(automation), before)
    if variable is None:
        await client.create_variable(VariableCreate(name=REGISTERED, value=wanted))
    elif registered != wanted:
        await client.update_variable(VariableUpdate(name=REGISTERED, value=wanted))


async def _register(client: PrefectClient, wanted: AutomationCore, before: dict[str, Any] | None) -> None:
    """Create an automation, or give an existing one the fields that no operator has changed since `before`."""
    known = next(iter(await client.read_automations_by_name(wanted.name)), None)
    if known is not None:
        last = AutomationCore.model_validate(before or wanted)
        await client.update_automation(known.id, wanted.model_copy(update=_changed(last, known)))
    elif before is None:
        await client.create_automation(wanted)


def _changed(last: AutomationCore, known: Automation) -> dict[str, Any]:
    """Return the fields of an automation that differ from those last registered."""
    fields = AutomationCore.model_fields
    return {name: getattr(known, name) for name in fields if getattr(known, name) != getattr(last, name)}
