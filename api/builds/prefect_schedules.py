"""Schedules of widgets at Prefect: those of the build deployment whose runs have the widget's id as a parameter.

Prefect is the only place that knows them: a change in its UI is what an owner sees.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from prefect._vendor.croniter.croniter import CroniterError, croniter
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import (
    SCHEDULE_TYPES,
    CronSchedule,
    IntervalSchedule,
    RRuleSchedule,
    is_valid_timezone,
)
from pydantic import ValidationError

from api.builds.prefect_runs import BUILD_DEPLOYMENT, PREFECT_ERRORS, unavailable
from tasks.core.errors import InvalidRequest
from tasks.core.schedules import WidgetSchedule, slug_of, widget_of

NIGHTLY_DEPLOYMENT = "recrawl-widgets/nightly"
TIMEOUT_S = 8.0
COMPARED = 200
"""Times of a cron line whose distances are checked."""


class PrefectSchedules:
    """Schedules of the build deployment.

    Each method raises DependencyUnavailable when Prefect does not answer.
    """

    def __init__(self, client: PrefectClient) -> None:
        self._client = client

    async def read(self, widget_id: UUID) -> tuple[dict[str, Any] | None, datetime | None]:
        """Return the widget's schedule as it was asked for, and the time of its next run; None if it has none."""
        async with _answering():
            found = next(_of_widget(await self._read_deployment(), widget_id), None)
        return (None, None) if found is None else (_describe(found), _next_time(found))

    async def read_all(self) -> tuple[dict[UUID, datetime | None], datetime | None]:
        """Return the next times of all widgets with a schedule, and that of the nightly run for all others."""
        async with _answering():
            deployment = await self._read_deployment()
            nightly = await self._client.read_deployment_by_name(NIGHTLY_DEPLOYMENT)
        own: dict[UUID, datetime | None] = {}
        # In the order of `_of_widget`: the schedule with the widget's name decides.
        for each in sorted(deployment.schedules, key=lambda each: each.slug is not None):
            if (widget_id := widget_of(each.slug, each.parameters)) is not None:
                own[widget_id] = _next_time(each)
        times = [at for each in nightly.schedules if (at := _next_time(each)) is not None]
        return own, None if nightly.paused or not times else min(times)

    async def save(self, widget_id: UUID, wanted: WidgetSchedule) -> None:
        """Create or change the widget's schedule; of several, one is left."""
        async with _answering():
            deployment = await self._read_deployment()
            known = list(_of_widget(deployment, widget_id))
            await self._delete(deployment, known[1:])
            if not known:
                await self._client.create_deployment_schedules(
                    deployment.id,
                    [(_to_prefect(wanted), wanted.active)],
                    slug=slug_of(widget_id),
                    parameters={"widget_id": str(widget_id), "jitter_s": wanted.jitter_s},
                )
                return
            existing = known[0]
            # What an operator has added to the parameters stays.
            parameters = existing.parameters | {"widget_id": str(widget_id), "jitter_s": wanted.jitter_s}
            await self._client.update_deployment_schedule(
                *(deployment.id, existing.id, wanted.active, _to_prefect(wanted, existing)), parameters=parameters
            )

    async def remove(self, *widget_ids: UUID) -> None:
        """Delete the widgets' schedules, if there are any, with the runs they have planned."""
        async with _answering():
            deployment = await self._read_deployment()
            for widget_id in widget_ids:
                await self._delete(deployment, [*_of_widget(deployment, widget_id)])

    async def _read_deployment(self) -> DeploymentResponse:
        return await self._client.read_deployment_by_name(BUILD_DEPLOYMENT)

    async def _delete(self, deployment: DeploymentResponse, schedules: Sequence[DeploymentSchedule]) -> None:
        for each in schedules:
            await self._client.delete_deployment_schedule(deployment.id, each.id)


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """Translate the errors of Prefect's client, which tries again and again, and give up after `TIMEOUT_S`."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            yield
    except (*PREFECT_ERRORS, TimeoutError) as error:
        raise unavailable(error) from error


def check_schedule(wanted: WidgetSchedule, least_s: float) -> None:
    """Return if Prefect understands the schedule, and its runs are at least so many seconds apart.

    Raises:
        InvalidRequest: with the field.
    """
    if not is_valid_timezone(wanted.timezone):
        raise _invalid("timezone", "must be the name of a time zone, like Europe/Berlin")
    if wanted.cron is not None and not _is_cron(wanted.cron):
        raise _invalid("cron", "must be five fields (minute, hour, day, month, weekday), like 0 3 * * 1")
    field = "interval_s" if wanted.cron is None else "cron"
    distance_s = float(wanted.interval_s or 0) if wanted.cron is None else _least_distance_s(wanted.cron)
    if distance_s < least_s:
        raise _invalid(field, f"must leave at least {least_s:g} s between two readings")
    if wanted.jitter_s > distance_s:
        raise _invalid("jitter_s", f"must be at most the {distance_s:g} s between two readings")


def _invalid(field: str, problem: str) -> InvalidRequest:
    return InvalidRequest("schedule_invalid", f"`schedule.{field}`: {problem}.", field=f"schedule.{field}")


def _is_cron(line: str) -> bool:
    try:
        CronSchedule(cron=line)
    except ValidationError:
        return False
    return len(line.split()) == 5


def _least_distance_s(cron: str) -> float:
    try:
        # In UTC: a change of the clock is no distance between readings.
        times = _cron_times(cron, datetime.now(UTC))
        reached = [next(times).timestamp() for _ in range(COMPARED)]
    except CroniterError as error:
        raise _invalid("cron", "never comes due") from error
    return min(later - earlier for earlier, later in pairwise(reached))


def _cron_times(cron: str, start: datetime, *, day_or: bool = True) -> Iterator[datetime]:
    """Yield the times of a cron line after the start, in its time zone."""
    times = croniter(cron, start, day_or=day_or)  # type: ignore[no-untyped-call]
    while True:
        yield times.get_next(datetime)  # type: ignore[no-untyped-call]


def _of_widget(deployment: DeploymentResponse, widget_id: UUID) -> Iterator[DeploymentSchedule]:
    """Yield the widget's schedules, the one with its name first."""
    found = [each for each in deployment.schedules if widget_of(each.slug, each.parameters) == widget_id]
    yield from sorted(found, key=lambda each: each.slug != slug_of(widget_id))


def _to_prefect(wanted: WidgetSchedule, existing: DeploymentSchedule | None = None) -> SCHEDULE_TYPES:
    if wanted.cron is not None:
        return CronSchedule(cron=wanted.cron, timezone=wanted.timezone)
    interval = timedelta(seconds=wanted.interval_s or 0)
    former = existing.schedule if existing is not None else None
    # The times stay if the interval does.
    is_same = isinstance(former, IntervalSchedule) and former.interval == interval
    anchor = former.anchor_date if isinstance(former, IntervalSchedule) and is_same else datetime.now(UTC)
    return IntervalSchedule(interval=interval, anchor_date=anchor, timezone=wanted.timezone)


def _describe(known: DeploymentSchedule) -> dict[str, Any]:
    schedule = known.schedule
    described: dict[str, Any] = {}
    if isinstance(schedule, CronSchedule):
        described["cron"] = schedule.cron
    elif isinstance(schedule, IntervalSchedule):
        described["interval_s"] = int(schedule.interval.total_seconds())
    elif isinstance(schedule, RRuleSchedule):
        # Made in Prefect by an operator: shown, though it cannot be sent.
        described["rrule"] = schedule.rrule
    jitter_s = known.parameters.get("jitter_s", 0)
    zone = getattr(schedule, "timezone", None) or "UTC"
    return described | {"timezone": zone, "jitter_s": jitter_s, "active": known.active}


def _next_time(known: DeploymentSchedule) -> datetime | None:
    """Return when the schedule is due next, before its jitter; None if it is paused or by a recurrence rule."""
    schedule = known.schedule
    if not known.active:
        return None
    if isinstance(schedule, IntervalSchedule):
        first_s, every_s = schedule.anchor_date.timestamp(), schedule.interval.total_seconds()
        passed = (datetime.now(UTC).timestamp() - first_s) // every_s
        return datetime.fromtimestamp(first_s + (passed + 1) * every_s, UTC)
    if isinstance(schedule, CronSchedule):
        now = datetime.now(ZoneInfo(schedule.timezone or "UTC"))
        return next(_cron_times(schedule.cron, now, day_or=schedule.day_or))
    return None
