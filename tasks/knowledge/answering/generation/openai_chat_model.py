"""The chat model behind OpenAI's protocol, streamed, with a timeout for each piece."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import httpx
import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from tasks.core.settings import Settings
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

logger = logging.getLogger("widget_builder.chat")


class OpenAIChatModel:
    """Requests text through the `openai` client."""

    def __init__(self, client: AsyncOpenAI, name: str, *, timeout_s: float = FIRST_TOKEN_S) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self.name = name

    def with_timeout(self, seconds: float) -> "OpenAIChatModel":
        """Return the same model with this timeout for each piece."""
        return OpenAIChatModel(self._client, self.name, timeout_s=seconds)

    async def stream(self, messages: Sequence[PromptMessage]) -> AsyncIterator[str]:
        """Yield the answer's pieces as they arrive.

        Raises:
            ModelFailed: there is no answer, or it stalls, breaks off or violates the protocol.
        """
        with _mapped_errors():
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.chat.completions.create(
                    model=self.name,
                    messages=_params(messages),
                    max_completion_tokens=MAX_ANSWER_TOKENS,
                    temperature=TEMPERATURE,
                    stream=True,
                )
            finished = False
            async with answer:
                chunks = aiter(answer)
                while True:
                    async with asyncio.timeout(min(self._timeout_s, NEXT_TOKEN_S)):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    for choice in chunk.choices or ():
                        finished = finished or choice.finish_reason is not None
                        if choice.delta and choice.delta.content:
                            yield choice.delta.content
            if not finished:
                raise ModelFailed("broken")

    async def complete(self, messages: Sequence[PromptMessage]) -> str:
        """Return a short text.

        Raises:
            ModelFailed: there is no answer.
        """
        with _mapped_errors():
            async with asyncio.timeout(min(self._timeout_s, REWRITE_S)):
                answer = await self._client.chat.completions.create(
                    model=self.name,
                    messages=_params(messages),
                    max_completion_tokens=MAX_REWRITE_TOKENS,
                    temperature=0,
                )
            if not answer.choices or not answer.choices[0].message.content:
                raise ModelFailed("broken")
            return answer.choices[0].message.content


def _params(messages: Sequence[PromptMessage]) -> list[ChatCompletionMessageParam]:
    return [{"role": message.role, "content": message.content} for message in messages]  # type: ignore[misc]


@contextmanager
def _mapped_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise _failed("timeout", error) from None
    except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
        raise _failed("key", error) from None
    except openai.RateLimitError as error:
        raise _failed("quota" if "quota" in str(error.code or error.type) else "busy", error) from None
    except openai.BadRequestError as error:
        raise _failed("refused", error) from None
    except openai.APITimeoutError as error:
        raise _failed("timeout", error) from None
    except (openai.OpenAIError, httpx.HTTPError) as error:
        raise _failed("broken", error) from None
    except (ValueError, TypeError, AttributeError) as error:
        # The client raises these for a response outside the protocol; their text may quote the response.
        raise _failed("broken", error) from None


def _failed(reason: str, error: Exception) -> ModelFailed:
    logger.warning("the chat model failed: %s (%s)", reason, type(error).__name__)
    return ModelFailed(reason)


@asynccontextmanager
async def open_openai_chat_model(settings: Settings) -> AsyncIterator[OpenAIChatModel]:
    """Open the model CHAT_MODEL at OPENAI_BASE_URL."""
    assert settings.openai_api_key is not None
    async with AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        timeout=FIRST_TOKEN_S,
        # No retries: a visitor is waiting, and an extractive answer replaces a failed one.
        max_retries=0,
    ) as client:
        yield OpenAIChatModel(client, settings.chat_model)
