"""Chat requests to servers that refuse parameters: each is left out once and remembered."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from tasks.core.choices import ReasoningEffort
from tasks.core.settings import Settings
from tasks.knowledge.answering.generation.chat_model import MAX_ANSWER_TOKENS, ModelFailed, PromptMessage
from tasks.knowledge.answering.generation.openai_chat_model import OpenAIChatModel, open_openai_chat_model
from tests.sites.openai_chat import NextChat
from tests.sites.openai_habits import HABITS
from tests.sites.openai_server import OpenAIServer, serve_openai

ASKED = [
    PromptMessage(role="system", content="Be kind. If unsure, nothing else: UNSURE"),
    PromptMessage(role="user", content="Is the temperature of the system role's max_tokens thinking?"),
]


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


def settings_for(server: OpenAIServer, **more: object) -> Settings:
    """Settings of the server's chat model."""
    key = SecretStr("sk-test")
    return Settings(_env_file=None, openai_api_key=key, openai_base_url=server.base_url, **more)  # type: ignore[arg-type]


async def ask(model: OpenAIChatModel) -> str:
    """The whole text of an answer."""
    return "".join([piece async for piece in model.stream(ASKED)])


def optional(request: dict[str, object]) -> dict[str, object]:
    """The optional parameters of a request."""
    return {name: value for name, value in request.items() if name not in ("model", "messages", "stream")}


@pytest.mark.parametrize("habit", HABITS)
async def test_every_server_answers_and_refuses_no_second_request(
    server: OpenAIServer, model: OpenAIChatModel, habit: str
) -> None:
    """Parameters are learned from refusals during the first request, for streams and for other requests alike."""
    server.chat.habit = HABITS[habit]
    server.chat.then("It is fine.", "It is fine.")
    assert await ask(model) == "It is fine."
    refused = len(server.chat.requests) - 1
    assert refused <= 4
    assert await ask(model) == "It is fine."
    assert await model.complete([PromptMessage(role="user", content="Visitor: a\nVisitor: b")])
    assert len(server.chat.requests) == refused + 3
    assert model.status.outcomes == {"ok": 3}


@pytest.mark.parametrize(
    ("habit", "kept"),
    [
        ("OpenAI since 5.6", {"reasoning_effort": "none", "max_completion_tokens": MAX_ANSWER_TOKENS}),
        ("OpenAI 5", {"reasoning_effort": "minimal", "max_completion_tokens": MAX_ANSWER_TOKENS + 500}),
        ("OpenAI 4", {"temperature": 0.1, "max_completion_tokens": MAX_ANSWER_TOKENS + 4_000}),
        ("Azure", {"temperature": 0.1, "max_tokens": MAX_ANSWER_TOKENS + 4_000}),
        ("SGLang", {"temperature": 0.1, "reasoning_effort": "low", "max_completion_tokens": MAX_ANSWER_TOKENS + 2_000}),
        ("small context", {"temperature": 0.1, "max_completion_tokens": MAX_ANSWER_TOKENS}),
        ("nothing optional", {}),
    ],
)
async def test_what_a_server_accepts_is_kept(
    server: OpenAIServer, model: OpenAIChatModel, habit: str, kept: dict[str, object]
) -> None:
    """The limit of tokens leaves room for reasoning where the effort is not none, or not known."""
    server.chat.habit = HABITS[habit]
    await ask(model)
    assert optional(server.chat.requests[-1]) == kept


async def test_the_rules_stand_in_the_question_where_there_is_no_system_role(
    server: OpenAIServer, model: OpenAIChatModel
) -> None:
    """The first message holds both."""
    server.chat.habit = HABITS["no system role"]
    await ask(model)
    (message,) = server.chat.requests[-1]["messages"]
    assert (message["role"], message["content"].endswith("UNSURE\n\n" + ASKED[1].content)) == ("user", True)


async def test_the_models_own_effort_is_not_asked_for(server: OpenAIServer) -> None:
    """`default` leaves the parameter out."""
    async with open_openai_chat_model(settings_for(server, reasoning_effort=ReasoningEffort.default)) as model:
        await ask(model)
    assert "reasoning_effort" not in server.chat.requests[-1]


async def test_a_prompt_that_is_too_long_is_refused_without_forgetting_parameters(
    server: OpenAIServer, model: OpenAIChatModel
) -> None:
    """It is the request that is refused, not its parameters."""
    server.chat.then(NextChat.too_long)
    with pytest.raises(ModelFailed, match="refused"):
        await ask(model)
    await ask(model)
    assert optional(server.chat.requests[-1]) == optional(server.chat.requests[0])


async def test_an_answer_without_end_is_cut(server: OpenAIServer, model: OpenAIChatModel) -> None:
    """Servers that ignore the limit of tokens would go on for minutes."""
    server.chat.then("on and on " * 5_000)
    assert len(await ask(model)) < 8 * MAX_ANSWER_TOKENS + 100


async def test_a_server_that_answers_slowly_is_waited_for_at_first(
    server: OpenAIServer, model: OpenAIChatModel
) -> None:
    """The warm-up has a timeout of its own: a local server may have to load the model."""
    await model.with_timeout(0.01).warm_up()
    assert server.chat.requests[-1]["messages"][0]["role"] == "user"
