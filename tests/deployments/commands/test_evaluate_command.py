"""The command `evaluate`: an owner's test questions, asked of a widget whose API serves them."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from deployments.commands.evaluate_command import run_evaluate
from deployments.commands.widget_commands import run_publish
from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest
from tasks.core.rates import Rate
from tasks.core.settings import Settings
from tasks.knowledge.answering.reply import AnsweringSite
from tests.api.chatting import ADMIN, Chat, serving
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import SHOP, build_site
from tests.knowledge.material import count

QUESTIONS = """question,page,text
What does shipping to Norway cost?,/shipping,€14
Who founded the roastery?,/about,Marie Curie
Do you sell tea?,none,
What is the phone number of the workshop?,/machines,
"""
KEPT = "SELECT count(*) FROM chat_messages JOIN conversations AS c ON c.id = conversation_id WHERE widget_id = %s"


@pytest.fixture
async def shop(pool: Pool) -> AnsweringSite:
    """A widget that answers from the shop's pages."""
    return await build_site(pool, SHOP)


@pytest.fixture
async def chat(pool: Pool, shop: AnsweringSite, settings: MakeSettings) -> AsyncIterator[Chat]:
    """The shop's API, which lets a visitor ask once a minute."""
    async with serving(pool, settings(admin_token=ADMIN, chat_rate=Rate(count=1, seconds=60)), shop) as served:
        yield served


@pytest.fixture
def of_api(chat: Chat, settings: MakeSettings) -> Settings:
    """The command's settings: an API elsewhere."""
    return settings(public_url=str(chat.http.base_url).rstrip("/"), admin_token=ADMIN)


async def evaluate(
    settings: Settings,
    shop: AnsweringSite,
    folder: Path,
    *,
    as_json: bool = False,
    at_least: float | None = None,
    keep: bool = False,
) -> tuple[int, str]:
    """The exit code, and what was printed."""
    file, out = folder / "questions.csv", io.StringIO()
    file.write_text(QUESTIONS)
    console = Console(file=io.StringIO() if as_json else out, width=160)
    code = await run_evaluate(
        settings, str(shop.widget_id), file, console, as_json=as_json, at_least=at_least, keep=keep, out=out
    )
    return code, out.getvalue()


async def test_failures_are_shown_with_what_was_quoted_instead(
    of_api: Settings, shop: AnsweringSite, tmp_path: Path, pool: Pool
) -> None:
    """Line, verdict, expected text, quote and page; then the totals. No question is stored or rated."""
    code, out = await evaluate(of_api, shop, tmp_path)
    assert code == 0
    wrong = next(line for line in out.splitlines() if "Who founded" in line)
    assert wrong.split()[0] == "3"
    assert "wrong" in wrong
    assert "Ines Okafor" in out
    assert "refused" in next(line for line in out.splitlines() if "phone number" in line)
    assert "shipping to Norway" not in out
    assert "2 (50%)" in out
    assert "1 of 1" in out
    assert await count(pool, KEPT, shop.widget_id) == 0


@pytest.mark.parametrize(("at_least", "code"), [(50, 0), (51, 1), (None, 0)])
async def test_the_exit_code_says_whether_enough_is_right(
    of_api: Settings, shop: AnsweringSite, tmp_path: Path, at_least: float | None, code: int
) -> None:
    """In percent; without it the command only reports."""
    assert (await evaluate(of_api, shop, tmp_path, at_least=at_least))[0] == code


async def test_json_is_a_question_a_line_and_a_summary(of_api: Settings, shop: AnsweringSite, tmp_path: Path) -> None:
    """Nothing else is printed."""
    _, out = await evaluate(of_api, shop, tmp_path, as_json=True)
    *questions, summary = [json.loads(line) for line in out.splitlines()]
    assert [each["verdict"] for each in questions] == ["right", "wrong", "right", "refused"]
    assert questions[0]["pages"][0].endswith("/shipping")
    assert questions[0]["first_s"] > 0
    assert (summary["type"], summary["share_right"]) == ("summary", 0.5)


async def test_questions_that_are_kept_are_the_widgets_test_questions(
    of_api: Settings, shop: AnsweringSite, tmp_path: Path, chat: Chat
) -> None:
    """Its owner reads and replaces them; one with an error is refused with its number."""
    await evaluate(of_api, shop, tmp_path, keep=True)
    path, owner = f"/api/widgets/{shop.widget_id}/test-questions", {"Authorization": f"Bearer {ADMIN}"}
    kept = (await chat.http.get(path, headers=owner)).json()["questions"]
    assert [each["question"] for each in kept] == [line.split(",")[0] for line in QUESTIONS.splitlines()[1:]]
    assert kept[2] == {"question": "Do you sell tea?", "page": "none"}
    wrong = await chat.http.put(path, headers=owner, json={"questions": [kept[0], {"question": "Why?"}]})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "questions")
    assert "line 2" in wrong.json()["error"]["message"]
    assert (await chat.http.put(path, headers=owner, json={"questions": []})).json() == {"questions": []}


async def test_without_a_held_build_there_is_nothing_to_publish(of_api: Settings, shop: AnsweringSite) -> None:
    """The command says so."""
    with pytest.raises(InvalidRequest, match="waits to be published"):
        await run_publish(of_api, str(shop.widget_id), Console(file=io.StringIO()))


async def test_an_unknown_widget_is_refused(of_api: Settings, shop: AnsweringSite, tmp_path: Path) -> None:
    """The id of no widget."""
    nobody = shop.model_copy(update={"widget_id": "00000000-0000-4000-8000-000000000000"})
    with pytest.raises(InvalidRequest):
        await evaluate(of_api, nobody, tmp_path)
