"""Recording of new builds, for a new widget or an existing one, each with its first event.

A request for a build that is already running joins it: two clients, or one client that sends a lost request again,
cause one run. Only the request that created the widget gets the owner's token. Builds of a workspace are joined by its
members alone, and its widgets have no owner token: the members' tokens open them.
"""

from typing import LiteralString
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from tasks.core.database import Connection, Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.events import EventDraft, EventType
from tasks.core.models import BuildRequest, Frozen
from tasks.records.build_events import insert_event
from tasks.records.build_quotas import Caller, enforce_quotas, lock_new_builds, site_key
from tasks.records.owner_tokens import hash_token, new_token
from tasks.records.recorded_request import REQUEST_COLUMNS, request_of, rules_to_store
from tasks.records.workspace_limits import reserve_widget

HAS_KEY: LiteralString = "(idempotency_key = %(key)s OR joined_keys @> ARRAY[%(key)s::text])"
"""SQL over `scrape_jobs`: whether a request with the key led to the build."""
MOST_JOINED = 100
"""Most keys kept of requests that joined a build; the latest."""


class NewBuild(Frozen):
    """A newly recorded build, or a running one that the request joins."""

    build_id: UUID
    widget_id: UUID
    owner_token: str | None
    """Token of a new widget's owner, handed out once; only its hash is stored.

    None for an existing widget, and for a workspace's.
    """
    created: bool
    """Whether the build is new, not joined."""


async def create_build(
    pool: Pool,
    request: BuildRequest,
    *,
    workspace_id: UUID | None = None,
    caller: Caller | None = None,
    idempotency_key: str | None = None,
    build_id: UUID | None = None,
) -> NewBuild:
    """Record a build of a new widget, or join the build of the same key or of the same request.

    `workspace_id`: the workspace that the widget belongs to; None: it is one of its own, with an owner token.

    Raises:
        InvalidRequest: the key was used for another request (409), or the workspace is full (409).
        TryLater: one of the caller's quotas is reached.
    """
    async with pool.connection() as connection, connection.transaction():
        await lock_new_builds(connection)
        if idempotency_key is not None and (
            known := await _find_by_key(connection, idempotency_key, request, workspace_id)
        ):
            return known
        # A new key marks the request as a new one: it joins nothing.
        if (
            caller is not None
            and idempotency_key is None
            and (running := await _find_running(connection, request, workspace_id))
        ):
            return running
        if workspace_id is not None:
            await reserve_widget(connection, workspace_id)
        if caller is not None:
            await enforce_quotas(connection, caller, site_key(request.url))
        widget_id, token = uuid4(), new_token() if workspace_id is None else None
        rules = request.model_dump(mode="json", exclude={"url"}, exclude_none=True)
        await connection.execute(
            "INSERT INTO widgets (id, site_url, name, workspace_id, owner_token_hash, rules)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (
                *(widget_id, request.url, urlsplit(request.url).hostname or "", workspace_id),
                *(hash_token(token) if token is not None else None, Jsonb(rules)),
            ),
        )
        new = await _insert(connection, request, idempotency_key, widget_id, build_id or uuid4(), caller)
        return new.model_copy(update={"owner_token": token})


async def create_rebuild(
    pool: Pool,
    widget_id: UUID,
    request: BuildRequest,
    *,
    caller: Caller | None = None,
    idempotency_key: str | None = None,
    build_id: UUID | None = None,
    allow_fewer_pages: bool = False,
) -> NewBuild:
    """Record a new build of the widget, or join its unfinished build or the build of the same key.

    Raises:
        NotFound: there is no such widget.
        InvalidRequest: the key was used for another widget (409).
        TryLater: one of the caller's quotas is reached.
    """
    # `allow_fewer_pages` applies to a new build only: a joined one keeps the choice of its own request.
    async with pool.connection() as connection, connection.transaction():
        await lock_new_builds(connection)
        if known := await _find_rebuild(connection, widget_id, idempotency_key):
            return known
        if caller is not None:
            await enforce_quotas(connection, caller, site_key(request.url))
        new = await _insert(connection, request, idempotency_key, widget_id, build_id or uuid4(), caller)
        await connection.execute(
            "UPDATE scrape_jobs SET allow_fewer_pages = %s WHERE id = %s", (allow_fewer_pages, new.build_id)
        )
        return new


async def _insert(
    connection: Connection,
    request: BuildRequest,
    key: str | None,
    widget_id: UUID,
    build_id: UUID,
    caller: Caller | None,
) -> NewBuild:
    await connection.execute(
        "INSERT INTO scrape_jobs (id, widget_id, idempotency_key, url, depth, max_pages, rules, site, client)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(build_id, widget_id, key, request.url, request.depth, request.max_pages, rules_to_store(request)),
            *(site_key(request.url), caller.client if caller else None),
        ),
    )
    # Without the widget's rules: everybody who has the build's id may read its events.
    asked = request.model_dump(include={"url", "depth", "max_pages"})
    data = {"build_id": str(build_id), "widget_id": str(widget_id), **asked}
    started = EventDraft(type=EventType.builder_started, message=f"Building a widget from {request.url}", data=data)
    await insert_event(connection, build_id, started)
    return NewBuild(build_id=build_id, widget_id=widget_id, owner_token=None, created=True)


async def _find_by_key(
    connection: Connection, key: str, request: BuildRequest, workspace_id: UUID | None
) -> NewBuild | None:
    rows = await connection.execute(
        "SELECT id, widget_id, (SELECT workspace_id FROM widgets WHERE widgets.id = widget_id),"
        f" {REQUEST_COLUMNS} FROM scrape_jobs WHERE {HAS_KEY}",
        {"key": key},
    )
    row = await rows.fetchone()
    if row is None:
        return None
    if row[2] != workspace_id or request_of(row[3:]) != request:
        raise _conflict()
    return NewBuild(build_id=row[0], widget_id=row[1], owner_token=None, created=False)


async def _find_running(connection: Connection, request: BuildRequest, workspace_id: UUID | None) -> NewBuild | None:
    """Find an unfinished build of the same request, re-crawls excepted: those belong to a widget's owner."""
    rows = await connection.execute(
        "SELECT job.id, widget_id FROM scrape_jobs AS job JOIN widgets ON widgets.id = widget_id"
        " WHERE status IN ('pending', 'running') AND url = %s AND depth = %s AND max_pages = %s"
        " AND workspace_id IS NOT DISTINCT FROM %s"
        " AND NOT EXISTS (SELECT FROM scrape_jobs WHERE widget_id = job.widget_id AND id <> job.id)"
        " ORDER BY job.created_at LIMIT 1",
        (request.url, request.depth, request.max_pages, workspace_id),
    )
    row = await rows.fetchone()
    return None if row is None else NewBuild(build_id=row[0], widget_id=row[1], owner_token=None, created=False)


async def _find_rebuild(connection: Connection, widget_id: UUID, key: str | None) -> NewBuild | None:
    # FOR UPDATE keeps the widget from being deleted before its build is recorded.
    found = await connection.execute("SELECT 1 FROM widgets WHERE id = %s FOR UPDATE", (widget_id,))
    if await found.fetchone() is None:
        raise NotFound("widget")
    rows = await connection.execute(
        f"SELECT id, widget_id, coalesce({HAS_KEY}, false) AS has_key FROM scrape_jobs"
        f" WHERE {HAS_KEY} OR widget_id = %(widget)s AND status IN ('pending', 'running')"
        " ORDER BY has_key DESC LIMIT 1",
        {"key": key, "widget": widget_id},
    )
    if (row := await rows.fetchone()) is None:
        return None
    if row[1] != widget_id:
        raise _conflict()
    if key is not None and not row[2]:
        await _join(connection, row[0], key)
    return NewBuild(build_id=row[0], widget_id=widget_id, owner_token=None, created=False)


async def _join(connection: Connection, build_id: UUID, key: str) -> None:
    """Record the key with the build: the same request, sent again after the build's end, leads to it too."""
    await connection.execute(
        "UPDATE scrape_jobs SET joined_keys = (array_prepend(%s, joined_keys))[:%s] WHERE id = %s",
        (key, MOST_JOINED, build_id),
    )


def _conflict() -> InvalidRequest:
    message = "This Idempotency-Key was used for a different request. Send this one with a new key."
    return InvalidRequest("idempotency_conflict", message, status=409)
