"""The doctor on the models that embed and answer."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from deployments.checks import model_checks
from tasks.core.choices import EmbeddingProvider
from tests.conftest import MakeSettings
from tests.deployments.checks.examining import find, problem_and_remedy, serve_silence
from tests.sites.openai_chat import NextChat
from tests.sites.openai_server import Next, serve_openai


async def test_an_openai_key_that_works_is_well(settings: MakeSettings) -> None:
    """One word is embedded, at the address of the settings."""
    async with serve_openai(key="sk-right") as server:
        right = settings(openai_api_key=SecretStr("sk-right"), openai_base_url=server.base_url)
        finding = await find("Embeddings", right)
    assert finding.ok
    assert finding.detail == f"text-embedding-3-small at {server.base_url}, 1536 dimensions"
    assert server.embedded == 1


async def test_a_rejected_openai_key_is_tried_once(settings: MakeSettings) -> None:
    """The remedy is the key; it is not shown, and no request is repeated."""
    async with serve_openai(key="sk-right") as server:
        wrong = settings(openai_api_key=SecretStr("sk-wrong-one"), openai_base_url=server.base_url)
        finding = await find("Embeddings", wrong)
    assert problem_and_remedy(finding) == (f"{server.base_url} refuses the key", "correct OPENAI_API_KEY")
    assert "sk-wrong-one" not in repr(finding)
    assert server.calls == 1


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (Next.insufficient_quota, "insufficient_quota"),
        (Next.server_error, "HTTP 500"),
        (Next.hang_up, "does not answer"),
        (Next.not_finite, "not a finite vector"),
    ],
)
async def test_failures_of_an_embedding_service_are_distinguished(
    settings: MakeSettings, answer: Next, named: str
) -> None:
    """Each failure has its own message."""
    async with serve_openai() as server:
        server.then(answer)
        problem, remedy = problem_and_remedy(
            await find("Embeddings", settings(openai_api_key=SecretStr("sk-x"), openai_base_url=server.base_url))
        )
    assert named in problem
    assert remedy


@pytest.mark.parametrize(
    ("model", "named"), [("no-such-model", "does not know the model no-such-model"), ("text-embedding-3-huge", "know")]
)
async def test_an_unknown_model_is_named(settings: MakeSettings, model: str, named: str) -> None:
    """The model's setting is the remedy."""
    async with serve_openai() as server:
        wrong = settings(openai_api_key=SecretStr("sk-x"), openai_base_url=server.base_url, embedding_model=model)
        problem, remedy = problem_and_remedy(await find("Embeddings", wrong))
    assert named in problem
    assert "WIDGET_BUILDER_EMBEDDING_MODEL" in remedy


@pytest.mark.parametrize(
    ("fault", "named", "setting"),
    [
        (NextChat.unknown_model, "does not have the model", "WIDGET_BUILDER_CHAT_MODEL"),
        (NextChat.invalid_api_key, "refuses the key", "OPENAI_API_KEY"),
        (NextChat.insufficient_quota, "no credit", "add credit"),
        (NextChat.too_long, "refuses the requests", "WIDGET_BUILDER_CHAT_MODEL"),
        (NextChat.server_error, "break off", "OPENAI_BASE_URL"),
    ],
)
async def test_a_chat_model_that_fails_is_a_finding(
    settings: MakeSettings, fault: NextChat, named: str, setting: str
) -> None:
    """With the setting to correct, and without the key."""
    async with serve_openai() as server:
        server.chat.always = fault
        made = settings(openai_api_key=SecretStr("sk-geheim"), openai_base_url=server.base_url)
        finding = await find("Chat", made)
    problem, remedy = problem_and_remedy(finding)
    assert named in problem
    assert setting in remedy
    assert "sk-geheim" not in repr(finding)


async def test_a_slow_chat_model_is_a_warning(settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local model may be loading: the check passes, and says what visitors will see."""
    monkeypatch.setattr(model_checks, "SLOW_S", 0.3)
    async with serve_silence() as url:
        finding = await find("Chat", settings(openai_api_key=SecretStr("sk-x"), openai_base_url=f"{url}/v1"))
    assert finding.ok
    assert "no word after 0.3 s" in finding.warning


@pytest.mark.parametrize("name", ["Chat", "Embeddings"])
async def test_a_model_that_will_be_shut_down_is_a_warning(settings: MakeSettings, name: str) -> None:
    """The check passes, and says what to do soon."""
    soon = datetime.now(UTC).date() + timedelta(days=46)
    async with serve_openai() as server:
        server.shutdown_dates = {"gpt-4.1-mini": str(soon), "text-embedding-3-small": str(soon)}
        made = settings(openai_api_key=SecretStr("sk-x"), openai_base_url=server.base_url, chat_model="gpt-4.1-mini")
        finding = await find(name, made)
    assert finding.ok
    assert f"will be shut down on {soon}, in 46 days: set WIDGET_BUILDER_" in finding.warning


async def test_openai_by_name_without_a_key_is_a_finding(settings: MakeSettings) -> None:
    """Settings that do not come from `load_settings` may lack the key."""
    problem, remedy = problem_and_remedy(
        await find("Embeddings", settings(embedding_provider=EmbeddingProvider.openai))
    )
    assert (problem, remedy) == ("OPENAI_API_KEY is not set", "set OPENAI_API_KEY")
