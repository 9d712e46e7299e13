"""Housekeeping as a run in Prefect: it deletes what nobody needs, and says what it freed."""

from prefect import flow, runtime
from prefect.artifacts import acreate_table_artifact
from prefect.logging import get_run_logger

from flows.redacted_states import redact_run
from flows.workspace import open_database
from tasks.core.settings import load_settings
from tasks.records.cleanup import keep_house


def name_housekeeping() -> str:
    """Name the flow run after its time (UTC)."""
    return f"housekeeping {runtime.flow_run.scheduled_start_time:%Y-%m-%d %H:%M}"


@flow(name="housekeeping", flow_run_name=name_housekeeping)
async def housekeeping(keep_jobs: int | None = None) -> dict[str, int]:
    """Delete builds beyond the kept ones, silent widgets and old embeddings.

    Args:
        keep_jobs: Complete builds kept of each widget; if absent, WIDGET_BUILDER_KEEP_JOBS.

    Returns:
        Counts of what was deleted.
    """
    settings = load_settings()
    redact_run(settings)
    async with open_database(settings) as pool:
        freed = (await keep_house(pool, keep_jobs or settings.keep_jobs)).model_dump()
    text = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in freed.items() if count) or "nothing"
    get_run_logger().info("Deleted: %s", text)
    await acreate_table_artifact([freed], key="housekeeping", description=f"Deleted: {text}")
    return freed
