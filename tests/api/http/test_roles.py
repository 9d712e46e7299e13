"""Roles and routes: every route that declares a role is closed to those without it, and open to those with it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from starlette.routing import Route

from api.app import create_app
from tasks.core.database import Pool
from tasks.core.models import BuildRequest
from tasks.core.roles import Role
from tasks.core.settings import Settings
from tasks.knowledge.answering.reply import AnsweringSite
from tasks.records.members import add_member, list_members, revoke_member
from tasks.records.new_builds import NewBuild, create_build
from tasks.records.owner_tokens import hash_token
from tasks.records.workspaces import create_workspace, read_workspace
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.material import set_status

REQUEST = BuildRequest(url="http://127.0.0.1:1/", depth=1, max_pages=5)
RANKS = {name: Role(name) for name in ("viewer", "editor", "owner", "admin")} | {"own token": Role.owner}
STRANGERS = ("revoked", "owner of another workspace", "owner of another widget", "nonsense")


def protected_routes() -> list[tuple[str, str, Role]]:
    """Method, path and declared role of the application's routes for owners."""
    routes = [route for route in create_app(Settings(_env_file=None)).routes if isinstance(route, Route)]  # type: ignore[call-arg]
    return [
        (method, route.path, route.role)
        for route in routes
        if hasattr(route, "role")
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


@dataclass
class Grounds:
    """A workspace with a member of each role, one of another, a widget of its own, and all their tokens."""

    chat: Chat
    pool: Pool
    workspace: UUID
    tokens: dict[str, str]

    async def new_widget(self, owner: str = "") -> NewBuild:
        """A new widget of the workspace, or one that the token opens; its build is running."""
        new = await create_build(self.pool, REQUEST, workspace_id=None if owner else self.workspace)
        await set_status(self.pool, new.widget_id, "running")
        if owner:
            async with self.pool.connection() as connection:
                values = (hash_token(owner), new.widget_id)
                await connection.execute("UPDATE widgets SET owner_token_hash = %s WHERE id = %s", values)
        return new

    async def ask(self, method: str, path: str, holder: str, ids: dict[str, UUID]) -> tuple[int, str]:
        """Status and text of the response; the body is refused by every route that reads one."""
        for part in [part.split("}")[0] for part in path.split("{")[1:]]:
            path = path.replace(f"{{{part}}}", str(ids.get(part) or uuid4()))
        headers = {"Authorization": f"Bearer {self.tokens[holder]}"} if holder else {}
        body: dict[str, list[int]] = {"json": []} if method in ("POST", "PATCH") else {}
        async with self.chat.http.stream(method, path, headers=headers, **body) as answer:
            # A refusal is short; other responses may be streams without an end.
            text = (await answer.aread()).decode() if answer.status_code >= 400 or "/api/w" in path else ""
            return answer.status_code, text


@pytest.fixture
async def grounds(pool: Pool, settings: MakeSettings) -> AsyncIterator[Grounds]:
    """All routes on a server, and those who ask."""
    tokens = {name: f"{name} {uuid4()}" for name in (*RANKS, *STRANGERS)} | {"admin": ADMIN}
    workspace = await create_workspace(pool, "Ours", hash_token(tokens["owner"]))
    await create_workspace(pool, "Theirs", hash_token(tokens["owner of another workspace"]))
    for name in ("viewer", "editor"):
        await add_member(pool, workspace, name, Role(name), hash_token(tokens[name]))
    revoked = await add_member(pool, workspace, "Gone", Role.owner, hash_token(tokens["revoked"]))
    await revoke_member(pool, workspace, revoked.id)
    made = settings(admin_token=ADMIN, request_rate=MANY, egress_allow=["127.0.0.0/8"])
    nothing = AnsweringSite(widget_id=uuid4(), name="", url=REQUEST.url, language="en")
    async with serving(pool, made, nothing, routes=create_app(made).routes) as chat:
        found = Grounds(chat, pool, workspace, tokens)
        await found.new_widget(owner=tokens["owner of another widget"])
        yield found
    # Unfinished builds count towards the quotas of other tests.
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM widgets WHERE site_url = %s", (REQUEST.url,))


def test_every_role_is_declared_by_some_route() -> None:
    """Reading is the viewer's, changing the editor's, deleting the owner's."""
    declared = {(method, path): role for method, path, role in protected_routes()}
    assert set(declared.values()) == set(Role)
    assert declared["DELETE", "/api/widgets/{widget_id}"] is Role.owner
    assert declared["POST", "/api/widgets/{widget_id}/claim"] is Role.owner
    assert declared["PATCH", "/api/workspaces/{workspace_id}/limits"] is Role.admin
    members = {role for (_, path), role in declared.items() if "/members" in path}
    assert members == {Role.owner}
    for (method, path), role in declared.items():
        reads = method == "GET" or path.endswith("/installed")
        assert (role is Role.viewer) == (reads and "/members" not in path), (method, path)


async def test_no_cache_keeps_what_an_owner_reads(grounds: Grounds) -> None:
    """Not the browser's own either: the next person at the machine has no token."""
    widget = await grounds.new_widget()
    read = []
    for method, path, _ in protected_routes():
        if method == "GET" and "{build_id}" not in path:
            path = path.replace("{widget_id}", str(widget.widget_id)).replace("{workspace_id}", str(grounds.workspace))
            answer = await grounds.chat.http.get(path, headers={"Authorization": f"Bearer {ADMIN}"})
            if answer.status_code == 200:
                read.append(path)
                assert answer.headers.get("cache-control") == "no-store", path
    assert len(read) > 15


async def test_nobody_without_the_role_gets_through(grounds: Grounds) -> None:
    """Every route, asked without a token, by strangers, and by members whose role is too low; nothing is changed."""
    widget = await grounds.new_widget()
    ids = {"widget_id": widget.widget_id, "build_id": widget.build_id, "workspace_id": grounds.workspace}
    members = await list_members(grounds.pool, grounds.workspace)
    routes = protected_routes()
    assert len(routes) > 40
    for method, path, needed in routes:
        assert (await grounds.ask(method, path, "", ids))[0] == 401, (method, path)
        for holder in STRANGERS:
            status, text = await grounds.ask(method, path, holder, ids)
            if "{" not in path and holder.startswith("owner"):
                # It lists the stranger's own.
                assert (status, str(widget.widget_id) in text, str(grounds.workspace) in text) == (200, False, False)
                continue
            assert status == 403, (method, path, holder)
            if "{build_id}" not in path:
                # An unknown id looks the same as somebody else's.
                assert await grounds.ask(method, path, holder, {}) == (status, text), (method, path, holder)
        for holder in ("viewer", "editor", "owner"):
            if not RANKS[holder].includes(needed):
                status, text = await grounds.ask(method, path, holder, ids)
                assert (status, "role_too_low" in text) == (403, True), (method, path, holder)
    assert (await read_workspace(grounds.pool, grounds.workspace)).widgets == 1
    assert [each.id for each in await list_members(grounds.pool, grounds.workspace)] == [each.id for each in members]


async def test_everybody_with_the_role_gets_through(grounds: Grounds) -> None:
    """To what the route says of the request itself; each asks about a widget that nobody has deleted yet."""
    for method, path, needed in protected_routes():
        for holder, role in RANKS.items():
            if not role.includes(needed) or (holder == "own token" and "{workspace_id}" in path):
                continue
            widget = await grounds.new_widget(grounds.tokens[holder] if holder == "own token" else "")
            ids = {"widget_id": widget.widget_id, "build_id": widget.build_id, "workspace_id": grounds.workspace}
            status, text = await grounds.ask(method, path, holder, ids)
            assert status not in (401, 403, 500), (method, path, holder, text)
