"""A widget's state as its visitors and its owner see it."""

from tasks.core.database import Pool
from tasks.records.widgets import WidgetRecord, read_latest_status


async def state_of(pool: Pool, widget: WidgetRecord) -> str:
    """Return `ready`, `building`, or `failed` for a widget whose latest build has left no knowledge."""
    if widget.active_job_id is not None:
        return "ready"
    status = await read_latest_status(pool, widget.id)
    return "failed" if status in ("failed", "cancelled") else "building"
