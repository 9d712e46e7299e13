"""The flows that this worker runs, whatever a deployment on the Prefect server says.

Anyone who may write to that server can create a deployment in our work pool. Prefect would import the entrypoint it
names, after its pull steps: shell commands. The process of a run takes its flow from this table instead.
"""

import importlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    # Imported where it is used: child processes of a run import this module again, and it is light.
    from prefect.client.schemas.objects import FlowRun
    from prefect.flows import Flow

ENTRYPOINTS = ("flows.build.build_widget", "flows.recrawl.recrawl_widgets", "flows.housekeeping.housekeeping")
"""The same as in `prefect.yaml`."""
RECRAWL = "recrawl-widgets"
"""Name of the flow whose runs wait for other runs (`flows.recrawl`)."""


class ForeignDeployment(Exception):
    """The run's deployment names no flow of ours; the message is for the run's state."""

    def __init__(self, entrypoint: str | None) -> None:
        super().__init__(
            f"This worker runs only {' and '.join(ENTRYPOINTS)}; the deployment's entrypoint is {entrypoint!r}. "
            "Run `widget-builder register` to restore the deployments, and delete those that are not yours."
        )


def find_flow(entrypoint: str | None) -> "Flow[..., Any]":
    """Return our flow with that entrypoint.

    Raises:
        ForeignDeployment: there is none.
    """
    if entrypoint not in ENTRYPOINTS:
        raise ForeignDeployment(entrypoint)
    module, _, name = entrypoint.rpartition(".")
    flow: Flow[..., Any] = getattr(importlib.import_module(module), name)
    return flow


def load_own_flow(run_id: UUID) -> "tuple[FlowRun, Flow[..., Any]] | None":
    """Read the run from the server and find its flow; None for a foreign one, whose run is failed with the reason."""
    from prefect.client.orchestration import get_client
    from prefect.states import Failed

    with get_client(sync_client=True) as client:
        run = client.read_flow_run(run_id)
        deployment = client.read_deployment(run.deployment_id) if run.deployment_id else None
        try:
            return run, find_flow(deployment.entrypoint if deployment else None)
        except ForeignDeployment as refusal:
            client.set_flow_run_state(run_id, Failed(message=str(refusal)), force=True)
            return None
