"""The state of a model: an operator learns of every failure that lasts, and of a coming shutdown."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tasks.knowledge.answering.generation.chat_model import ModelFailed
from tasks.knowledge.answering.generation.openai_chat_model import OpenAIChatModel, open_openai_chat_model
from tasks.knowledge.openai_api.model_list import read_shutdown_dates
from tasks.knowledge.openai_api.model_status import ModelStatus
from tests.knowledge.openai_api.test_request_parameters import ask, settings_for
from tests.sites.openai_chat import NextChat
from tests.sites.openai_server import OpenAIServer, serve_openai


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """A server with a chat model."""
    async with serve_openai() as server:
        yield server


@pytest.fixture
async def model(server: OpenAIServer) -> AsyncIterator[OpenAIChatModel]:
    """The chat model of the server."""
    async with open_openai_chat_model(settings_for(server)) as model:
        yield model


@pytest.mark.parametrize(
    ("fault", "reason", "remedy"),
    [
        (NextChat.invalid_api_key, "key", "OPENAI_API_KEY"),
        (NextChat.insufficient_quota, "quota", "add credit"),
        (NextChat.unknown_model, "missing", "WIDGET_BUILDER_CHAT_MODEL"),
    ],
)
async def test_a_failure_that_will_not_pass_is_told_at_once(
    server: OpenAIServer,
    model: OpenAIChatModel,
    caplog: pytest.LogCaptureFixture,
    fault: NextChat,
    reason: str,
    remedy: str,
) -> None:
    """With its remedy, in the log once and in the warnings until a request succeeds."""
    caplog.set_level(logging.ERROR)
    server.chat.then(fault, fault)
    for _ in range(2):
        with pytest.raises(ModelFailed, match=reason):
            await ask(model)
    (warning,) = model.status.warnings()
    assert remedy in warning
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    await ask(model)
    assert model.status.warnings() == []
    assert model.status.outcomes == {reason: 2, "ok": 1}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (NextChat.rate_limited, "busy"),
        (NextChat.stalls, "timeout"),
        (NextChat.server_error, "broken"),
        (NextChat.breaks_off, "unreachable"),
        (NextChat.not_a_stream, "broken"),
        (NextChat.too_long, "refused"),
        (NextChat.only_reasons, "empty"),
    ],
)
async def test_a_failure_that_may_pass_is_told_when_it_repeats(
    server: OpenAIServer, model: OpenAIChatModel, fault: NextChat, reason: str
) -> None:
    """Three times in a row."""
    server.chat.then(fault, fault, fault)
    hurried = model.with_timeout(0.3) if fault is NextChat.stalls else model
    for n in range(3):
        assert (n, model.status.warnings()) == (n, [])
        with pytest.raises(ModelFailed, match=reason):
            await ask(hurried)
    assert model.status.warnings()


async def test_a_service_out_of_reach_is_told(server: OpenAIServer) -> None:
    """Nothing listens at the address."""
    server.base_url = "http://127.0.0.1:1/v1"
    async with open_openai_chat_model(settings_for(server)) as model:
        with pytest.raises(ModelFailed, match="unreachable"):
            await ask(model)


@pytest.mark.parametrize(("days", "words"), [(-1, "was shut down on"), (30, "in 30 days"), (91, None), (None, None)])
async def test_a_shutdown_is_announced_90_days_before(
    server: OpenAIServer, days: int | None, words: str | None
) -> None:
    """With the setting to change."""
    if days is not None:
        server.shutdown_dates["gpt-4.1-mini"] = str(datetime.now(UTC).date() + timedelta(days=days))
    status = ModelStatus("chat", "gpt-4.1-mini", "WIDGET_BUILDER_CHAT_MODEL")
    status.shutdown = (await read_shutdown_dates(settings_for(server))).get("gpt-4.1-mini")
    warnings = status.warnings()
    assert len(warnings) == (words is not None)
    if words is not None:
        assert words in warnings[0]
        assert "WIDGET_BUILDER_CHAT_MODEL" in warnings[0]


async def test_a_service_that_lists_no_models_announces_nothing(server: OpenAIServer) -> None:
    """A wrong key, an odd date, nothing at the address."""
    server.shutdown_dates["m"] = "soon"
    assert await read_shutdown_dates(settings_for(server)) == {}
    server.key = "another"
    assert await read_shutdown_dates(settings_for(server)) == {}
    server.base_url = "http://127.0.0.1:1/v1"
    assert await read_shutdown_dates(settings_for(server)) == {}
