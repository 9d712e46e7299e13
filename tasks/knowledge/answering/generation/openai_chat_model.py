"""The chat model behind OpenAI's protocol, streamed, with a timeout for each piece."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import openai
from openai import AsyncOpenAI

from tasks.core.choices import ReasoningEffort
from tasks.core.settings import PREFIX, Settings
from tasks.knowledge.answering.generation.chat_model import (
    FIRST_TOKEN_S,
    MAX_ANSWER_TOKENS,
    MAX_REWRITE_TOKENS,
    NEXT_TOKEN_S,
    REWRITE_S,
    TEMPERATURE,
    ModelFailed,
    PromptMessage,
)
from tasks.knowledge.answering.generation.visible_text import ThinkingHabit, hide_reasoning, without_reasoning
from tasks.knowledge.embedding.openai_errors import is_out_of_credit
from tasks.knowledge.openai_api.model_status import OK, ModelStatus, explain_outcome
from tasks.knowledge.openai_api.request_parameters import MAX_ATTEMPTS, UNKNOWN_EFFORT_TOKENS, RequestParameters

logger = logging.getLogger("widget_builder.chat")

MODEL_SETTING = f"{PREFIX}CHAT_MODEL"
WARM_UP_S = 60.0
"""Timeout of the first request: a local server may have to load the model."""
MAX_WARM_UP_TOKENS = 300
"""Room for the reasoning of a model that sends it with the text."""
OPENAI_HOST = "api.openai.com"
CHARACTERS_PER_TOKEN = 8
"""More than any text has."""
MAX_ANSWER_LENGTH = MAX_ANSWER_TOKENS * CHARACTERS_PER_TOKEN
"""Characters after which an answer is cut: not every server knows a limit of tokens."""


class OpenAIChatModel:
    """Requests text through the `openai` client."""

    def __init__(
        self,
        client: AsyncOpenAI,
        name: str,
        *,
        effort: ReasoningEffort = ReasoningEffort.none,
        timeout_s: float = FIRST_TOKEN_S,
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._parameters = RequestParameters(effort)
        # OpenAI's own models send their reasoning apart from the text.
        self._thinking = ThinkingHabit(closes_unopened=False if client.base_url.host == OPENAI_HOST else None)
        self.name = name
        self.status = ModelStatus("chat", name, MODEL_SETTING)

    def with_timeout(self, seconds: float) -> "OpenAIChatModel":
        """Return the same model with this timeout for each piece."""
        model = OpenAIChatModel(self._client, self.name, timeout_s=seconds)
        model._parameters, model._thinking, model.status = self._parameters, self._thinking, self.status
        return model

    async def warm_up(self) -> None:
        """Request a word, so that the server's habits are known and its model is loaded before a visitor waits.

        Raises:
            ModelFailed: there is no answer.
        """
        messages = [PromptMessage(role="user", content="Reply with the word ok.")]
        written, is_whole = await self._complete(messages, MAX_WARM_UP_TOKENS, max(WARM_UP_S, self._timeout_s))
        if is_whole:
            without_reasoning(written, self._thinking)

    async def stream(self, messages: Sequence[PromptMessage]) -> AsyncIterator[str]:
        """Yield the answer's pieces as they arrive.

        Raises:
            ModelFailed: there is no answer, or it stalls, breaks off or violates the protocol.
        """
        with self._recorded():
            async with asyncio.timeout(self._timeout_s):
                answer = await self._create(messages, MAX_ANSWER_TOKENS, TEMPERATURE, stream=True)
            length = 0
            async with answer:
                async for piece in hide_reasoning(self._pieces(answer), self._thinking):
                    yield piece[: MAX_ANSWER_LENGTH - length]
                    length += len(piece)
                    if length >= MAX_ANSWER_LENGTH:
                        break
            if not length:
                raise ModelFailed("empty")

    async def _pieces(self, answer: Any) -> AsyncIterator[str]:
        """Yield the stream's text, reasoning included; time without any piece is limited."""
        chunks = aiter(answer)
        is_begun = is_finished = False
        most = MAX_ANSWER_LENGTH + CHARACTERS_PER_TOKEN * max(self._parameters.reasoning_tokens, UNKNOWN_EFFORT_TOKENS)
        while most > 0:
            async with asyncio.timeout(min(self._timeout_s, NEXT_TOKEN_S) if is_begun else self._timeout_s):
                chunk = await anext(chunks, None)
            if chunk is None:
                break
            for choice in chunk.choices or ():
                is_begun = is_begun or bool(choice.delta and (choice.delta.model_extra or choice.delta.content))
                is_finished = is_finished or choice.finish_reason is not None
                if choice.delta and choice.delta.content:
                    most -= len(choice.delta.content)
                    yield choice.delta.content
        if not is_finished and most > 0:
            raise ModelFailed("broken")

    async def complete(self, messages: Sequence[PromptMessage]) -> str:
        """Return a short text.

        Raises:
            ModelFailed: there is no answer.
        """
        written, _ = await self._complete(messages, MAX_REWRITE_TOKENS, min(self._timeout_s, REWRITE_S))
        text = without_reasoning(written, ThinkingHabit(closes_unopened=None))
        if not text:
            raise ModelFailed("empty")
        return text

    async def _complete(self, messages: Sequence[PromptMessage], max_tokens: int, timeout_s: float) -> tuple[str, bool]:
        """Return the text, and whether it ends by itself."""
        with self._recorded():
            async with asyncio.timeout(timeout_s):
                answer = await self._create(messages, max_tokens, 0)
            if not answer.choices:
                raise ModelFailed("broken")
            choice = answer.choices[0]
            return choice.message.content or "", choice.finish_reason == "stop"

    async def _create(self, messages: Sequence[PromptMessage], max_tokens: int, temperature: float, **more: Any) -> Any:
        """Request an answer, without the parameters that the server refuses."""
        for _ in range(MAX_ATTEMPTS):
            sent = self._parameters.build(max_tokens, temperature)
            asked = _to_params(messages, merges_system=self._parameters.merges_system)
            try:
                return await self._client.chat.completions.create(model=self.name, messages=asked, **sent, **more)
            except openai.APIStatusError as error:
                if not self._parameters.learn(error, sent):
                    raise
                logger.info("the chat model refuses a parameter (HTTP %d): asking again without it", error.status_code)
        raise ModelFailed("refused")

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Record the request's outcome; raise its failure as `ModelFailed`."""
        try:
            with _mapped_errors():
                yield
        except ModelFailed as failure:
            problem, _ = explain_outcome(failure.reason, MODEL_SETTING)
            logger.warning("the chat model %s failed (%s): %s", self.name, failure.reason, problem)
            self.status.record(failure.reason)
            raise
        self.status.record(OK)


def _to_params(messages: Sequence[PromptMessage], *, merges_system: bool) -> list[Any]:
    params = [{"role": message.role, "content": message.content} for message in messages]
    if merges_system and len(params) > 1 and params[0]["role"] == "system":
        system, first, *others = params
        return [{"role": first["role"], "content": f"{system['content']}\n\n{first['content']}"}, *others]
    return params


@contextmanager
def _mapped_errors() -> Iterator[None]:
    try:
        yield
    except (openai.OpenAIError, httpx.HTTPError, TimeoutError, ValueError, TypeError, AttributeError) as error:
        # The client raises the last three for a response outside the protocol; their text may quote the response.
        raise ModelFailed(_reason_of(error)) from None


def _reason_of(error: Exception) -> str:
    code = str(getattr(error, "code", None) or getattr(error, "type", None) or "")
    match error:
        case TimeoutError() | openai.APITimeoutError():
            return "timeout"
        case openai.NotFoundError():
            return "missing"
        case openai.APIStatusError() if code in ("model_not_found", "DeploymentNotFound"):
            return "missing"
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return "key"
        case openai.APIError() if is_out_of_credit(error):
            return "quota"
        case openai.RateLimitError():
            return "busy"
        case openai.BadRequestError() | openai.UnprocessableEntityError():
            return "refused"
        case openai.APIConnectionError() | httpx.TransportError():
            return "unreachable"
    return "broken"


@asynccontextmanager
async def open_openai_chat_model(settings: Settings) -> AsyncIterator[OpenAIChatModel]:
    """Open the model CHAT_MODEL at OPENAI_BASE_URL."""
    assert settings.openai_api_key is not None
    async with AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        timeout=max(WARM_UP_S, settings.chat_timeout_s),
        # No retries: a visitor is waiting, and an extractive answer replaces a failed one.
        max_retries=0,
    ) as client:
        yield OpenAIChatModel(
            client, settings.chat_model, effort=settings.reasoning_effort, timeout_s=settings.chat_timeout_s
        )
