"""Workspaces over HTTP: members, builds into a workspace, claims and limits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from httpx_sse import aconnect_sse

from api.app import create_app
from tasks.core.database import Pool
from tasks.core.errors import TryLater
from tasks.records import budgets
from tasks.records.builds import start_build
from tasks.records.owner_tokens import hash_token, new_token
from tasks.records.workspace_limits import count_answer
from tasks.records.workspaces import create_workspace, limit_workspace, read_workspace
from tests.api.chatting import ADMIN, MANY, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site
from tests.knowledge.material import count
from tests.product import PATH


@dataclass
class Api:
    """The routes of a service with one widget, and an own workspace."""

    chat: Chat
    token: str
    """Of the widget's owner."""
    workspace: dict[str, Any]

    @property
    def path(self) -> str:
        """The workspace's address."""
        return f"/api/workspaces/{self.workspace['id']}"

    @property
    def widget(self) -> str:
        """The id of the widget, which is no workspace's at first."""
        return str(self.chat.site.widget_id)

    async def send(self, method: str, path: str, token: str, body: object = None) -> httpx.Response:
        """The response to a request with a token."""
        return await self.chat.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, json=body)

    async def claim(self, source: str, target: str) -> httpx.Response:
        """The response to a claim of the widget with two tokens."""
        return await self.send("POST", f"/api/widgets/{self.widget}/claim", source, {"token": target})

    async def add_member(self, role: str) -> dict[str, Any]:
        """A new member of the workspace, with its token."""
        body = {"name": f"An {role}", "role": role}
        answer = await self.send("POST", f"{self.path}/members", self.workspace["token"], body)
        assert answer.status_code == 201
        made: dict[str, Any] = answer.json()
        return made

    async def build(self, token: str, url: str, *, key: str = "") -> tuple[int, dict[str, Any]]:
        """The status of a new build's request, and the data of its first event or its error."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        body = {"url": url, "depth": 0}
        async with aconnect_sse(self.chat.http, "POST", PATH, json=body, headers=headers) as source:
            if source.response.status_code != 200:
                await source.response.aread()
                return source.response.status_code, source.response.json()["error"]
            return 200, (await anext(aiter(source.aiter_sse()))).json()["data"]

    async def list_widgets(self, token: str) -> dict[str, Any]:
        """The list of widgets that the token opens."""
        listed: dict[str, Any] = (await self.send("GET", "/api/widgets", token)).json()
        return listed


@pytest.fixture
async def api(pool: Pool, settings: MakeSettings) -> AsyncIterator[Api]:
    """All routes on a server."""
    site, token = await build_site(pool, SHOP), new_token()
    async with pool.connection() as connection:
        values = (hash_token(token), site.widget_id)
        await connection.execute("UPDATE widgets SET owner_token_hash = %s WHERE id = %s", values)
    rates = {"request_rate": MANY, "chat_rate": MANY, "build_rate": MANY, "client_builds": 100, "site_builds": 100}
    made = settings(admin_token=ADMIN, egress_allow=["127.0.0.0/8"], open_builds=10_000, **rates)
    async with serving(pool, made, site, routes=create_app(made).routes) as chat:
        opened = await chat.http.post("/api/workspaces", json={"name": " Agency "})
        assert opened.status_code == 201
        yield Api(chat, token, opened.json())
    # Unfinished builds count towards the quotas of other tests.
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM widgets WHERE site_url LIKE 'http://127.0.0.1:1/%'")


async def test_tokens_of_a_workspace_are_shown_once(api: Api) -> None:
    """The owner's with the workspace, a member's with the member; each opens it until it is revoked."""
    editor = await api.add_member("editor")
    shown = await api.send("GET", f"{api.path}/members", api.workspace["token"])
    assert [each["role"] for each in shown.json()["members"]] == ["owner", "editor"]
    assert "awb_" not in shown.text
    assert editor["token"].startswith("awb_")
    seen = (await api.send("GET", api.path, editor["token"])).json()
    assert (seen["name"], seen["role"], seen["usage"]["widgets"]) == ("Agency", "editor", 0)
    gone = await api.send("DELETE", f"{api.path}/members/{editor['id']}", api.workspace["token"])
    assert gone.status_code == 204
    assert (await api.send("GET", api.path, editor["token"])).status_code == 403
    listed = (await api.send("GET", f"{api.path}/members", api.workspace["token"])).json()["members"]
    assert listed[1]["revoked_at"] is not None
    assert listed[1]["last_used_at"] is not None


async def test_the_only_owner_stays(api: Api) -> None:
    """409 until there is another one; the administrator may add it as well."""
    (owner,) = (await api.send("GET", f"{api.path}/members", ADMIN)).json()["members"]
    refused = await api.send("DELETE", f"{api.path}/members/{owner['id']}", ADMIN)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "last_owner")
    await api.send("POST", f"{api.path}/members", ADMIN, {"name": "Ada", "role": "owner"})
    assert (await api.send("DELETE", f"{api.path}/members/{owner['id']}", ADMIN)).status_code == 204


async def test_a_members_build_is_the_workspaces(api: Api) -> None:
    """Without an owner token; nobody else joins it, and the other way round."""
    editor, viewer = [(await api.add_member(role))["token"] for role in ("editor", "viewer")]
    status, theirs = await api.build("", "http://127.0.0.1:1/")
    assert (status, "owner_token" in theirs) == (200, True)
    status, ours = await api.build(editor, "http://127.0.0.1:1/")
    assert (status, "owner_token" in ours) == (200, False)
    assert ours["build_id"] != theirs["build_id"]
    assert (await api.build(api.workspace["token"], "http://127.0.0.1:1/"))[1]["build_id"] == ours["build_id"]
    assert (await api.build("", "http://127.0.0.1:1/"))[1]["build_id"] == theirs["build_id"]
    listed = await api.list_widgets(viewer)
    assert [each["id"] for each in listed["widgets"]] == [ours["widget_id"]]
    assert (listed["role"], listed["workspace"]) == ("viewer", {"id": api.workspace["id"], "name": "Agency"})
    for token, code in ((viewer, "role_too_low"), ("nonsense", "forbidden")):
        status, error = await api.build(token, "http://127.0.0.1:1/")
        assert (status, error["code"]) == (403, code)


async def test_a_client_opens_so_many_workspaces_an_hour(api: Api, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody may open one, and it stays."""
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM chat_usage WHERE scope = 'workspaces'")
    monkeypatch.setattr(budgets, "WORKSPACES_AN_HOUR", 2)
    answers = [await api.chat.http.post("/api/workspaces", json={"name": "More"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM chat_usage WHERE scope = 'workspaces'")


async def test_a_workspace_has_idempotency_keys_of_its_own(api: Api) -> None:
    """Others may choose the same key, and are neither refused nor led to its build."""
    key, url = f"nightly {uuid4()}", "http://127.0.0.1:1/"
    other = (await api.chat.http.post("/api/workspaces", json={"name": "Another"})).json()["token"]
    tokens = (api.workspace["token"], other, "")
    built = [await api.build(token, url, key=key) for token in tokens]
    assert [status for status, _ in built] == [200, 200, 200]
    ids = [each["build_id"] for _, each in built]
    assert len({*ids}) == 3
    assert [(await api.build(token, url, key=key))[1]["build_id"] for token in tokens] == ids
    status, error = await api.build(other, f"{url}other", key=key)
    assert (status, error["code"]) == (409, "idempotency_conflict")


async def test_a_full_workspace_takes_no_widget(api: Api) -> None:
    """Neither a new one nor a claimed one; the administrator raises the limit."""
    owner = api.workspace["token"]
    await api.send("PATCH", f"{api.path}/limits", ADMIN, {"widgets": 0})
    status, error = await api.build(owner, "http://127.0.0.1:1/full")
    assert (status, error["code"]) == (409, "widgets_limit")
    assert "limit of 0 widgets" in error["message"]
    assert (await api.claim(api.token, owner)).status_code == 409
    raised = (await api.send("PATCH", f"{api.path}/limits", ADMIN, {"answers_a_month": 7})).json()
    assert raised["limits"] == {"widgets": 0, "pages": None, "answers_a_month": 7}
    await api.send("PATCH", f"{api.path}/limits", ADMIN, {"widgets": None})
    assert (await api.build(owner, "http://127.0.0.1:1/full"))[0] == 200


async def test_a_workspace_has_no_more_pages_than_its_limit(api: Api, pool: Pool) -> None:
    """No widget is added when none is left, and a build reads at most what the other widgets leave."""
    owner = api.workspace["token"]
    _, first = await api.build(owner, "http://127.0.0.1:1/first")
    _, second = await api.build(owner, "http://127.0.0.1:1/second")
    async with pool.connection() as connection:
        stored = "UPDATE scrape_jobs SET statistics = '{\"stored_pages\": 70}' WHERE id = %s"
        await connection.execute(stored, (first["build_id"],))
        active = "UPDATE widgets SET active_job_id = %s WHERE id = %s"
        await connection.execute(active, (first["build_id"], first["widget_id"]))
    shown = (await api.send("PATCH", f"{api.path}/limits", ADMIN, {"pages": 100})).json()
    assert (shown["limits"]["pages"], shown["usage"]["pages"]) == (100, 70)
    assert (await start_build(pool, UUID(second["build_id"]), None)).request.max_pages == 30
    # Its own pages are not counted: a re-crawl may read as many again.
    assert (await start_build(pool, UUID(first["build_id"]), None)).request.max_pages == 100
    await api.send("PATCH", f"{api.path}/limits", ADMIN, {"pages": 70})
    status, error = await api.build(owner, "http://127.0.0.1:1/third")
    assert (status, error["code"]) == (409, "pages_limit")
    assert (await start_build(pool, UUID(second["build_id"]), None)).request.max_pages == 1


async def test_a_deleted_workspace_takes_all_that_is_its(api: Api, pool: Pool) -> None:
    """After its name has been repeated: widgets with their pages, and members; other workspaces stay."""
    owner, other = api.workspace["token"], (await api.chat.http.post("/api/workspaces", json={"name": "Other"})).json()
    await api.claim(api.token, owner)
    _, built = await api.build(owner, "http://127.0.0.1:1/")
    for body in ({"name": "agency"}, {}, None):
        refused = await api.send("DELETE", api.path, owner, body)
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "name"), body
    assert (await api.list_widgets(owner))["total"] == 2
    assert (await api.send("DELETE", api.path, owner, {"name": "Agency"})).status_code == 204
    assert (await api.send("GET", "/api/widgets", owner)).status_code == 403
    assert (await api.send("GET", api.path, ADMIN)).status_code == 404
    for widget in (api.widget, built["widget_id"]):
        assert (await api.chat.http.get(f"/api/public/widgets/{widget}")).status_code == 404
        for table in ("stored_pages", "conversations", "scrape_jobs"):
            assert await count(pool, f"SELECT count(*) FROM {table} WHERE widget_id = %s", UUID(widget)) == 0
    assert await count(pool, "SELECT count(*) FROM members WHERE workspace_id = %s", UUID(api.workspace["id"])) == 0
    assert (await api.send("GET", f"/api/workspaces/{other['id']}", other["token"])).status_code == 200


async def test_a_claimed_widget_moves_with_all_that_is_its(api: Api) -> None:
    """Its owner token opens it no more, the workspace's members do."""
    editor = (await api.add_member("editor"))["token"]
    path = f"/api/widgets/{api.widget}"
    await api.send("PATCH", path, api.token, {"greeting": "Hello"})
    for source, target in ((api.token, editor), (api.token, "nonsense"), (api.token, ADMIN), (editor, api.token)):
        assert (await api.claim(source, target)).status_code == 403
    moved = await api.claim(api.token, api.workspace["token"])
    assert moved.json() == {"id": api.widget, "workspace_id": api.workspace["id"]}
    assert (await api.send("GET", path, api.token)).status_code == 403
    assert (await api.send("GET", "/api/widgets", api.token)).status_code == 403
    assert (await api.send("GET", path, editor)).json()["chosen"]["greeting"] == "Hello"
    assert (await api.list_widgets(editor))["total"] == 1
    for token, status in ((ADMIN, 200), (editor, 200), (api.workspace["token"], 200)):
        for query, total in ((f"workspace={api.workspace['id']}", 1), (f"id={api.widget}", 1), (f"id={uuid4()}", 0)):
            listed = await api.send("GET", f"/api/widgets?{query}", token)
            assert (listed.status_code, listed.json()["total"]) == (status, total), (token, query)
    assert (await api.send("GET", f"/api/widgets?workspace={uuid4()}", editor)).status_code == 403
    assert (await api.send("GET", "/api/widgets?id=nonsense", editor)).json()["error"]["field"] == "id"


async def test_of_two_claims_at_once_one_wins(api: Api) -> None:
    """The owner token moves the widget once; it then belongs to the winner."""
    other = (await api.chat.http.post("/api/workspaces", json={"name": "Other"})).json()
    targets = [api.workspace, other]
    answers = await asyncio.gather(*(api.claim(api.token, target["token"]) for target in targets))
    assert sorted(answer.status_code for answer in answers) == [200, 403]
    widgets = [(await api.list_widgets(target["token"]))["total"] for target in targets]
    assert widgets == [int(answer.status_code == 200) for answer in answers]


async def test_visitors_get_no_more_answers_than_the_workspace_has(api: Api) -> None:
    """429 until the month is over; the members' own tests go on."""
    owner = api.workspace["token"]
    await api.claim(api.token, owner)
    await api.send("PATCH", f"{api.path}/limits", ADMIN, {"answers_a_month": 1})
    assert (await api.chat.ask("Where is the shop?")).end["type"] == "done"
    refused = await api.chat.post({"message": "Where is the shop?"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "answers_limit")
    assert 0 < int(refused.headers["retry-after"]) <= 31 * 86_400 + 1
    assert (await api.send("GET", api.path, owner)).json()["usage"]["answers_this_month"] == 1
    tested = await api.chat.owner("POST", "chat", token=owner, json={"message": "Where is the shop?"})
    assert tested.status_code == 200


async def test_answers_at_once_stay_within_the_limit(pool: Pool) -> None:
    """Of 20 at once 5 are counted; without a limit, all."""
    workspace = await create_workspace(pool, "W", hash_token(new_token()))
    await limit_workspace(pool, workspace, max_widgets=None, max_pages=None, max_answers=5)
    counted = await asyncio.gather(*(count_answer(pool, workspace) for _ in range(20)), return_exceptions=True)
    assert [type(each) for each in counted].count(TryLater) == 15
    await limit_workspace(pool, workspace, max_widgets=None, max_pages=None, max_answers=None)
    await count_answer(pool, workspace)
    assert (await read_workspace(pool, workspace)).answers == 6
