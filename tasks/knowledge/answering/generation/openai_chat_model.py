"""The chat model behind OpenAI's protocol, asked for a stream, with patience that ends."""

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
    Message,
    ModelFailed,
)

logger = logging.getLogger("widget_builder.chat")


class OpenAIChatModel:
    """Asks one model for text."""

    def __init__(self, client: AsyncOpenAI, name: str, *, patience_s: float = FIRST_TOKEN_S) -> None:
        self._client = client
        self._patience_s = patience_s
        self.name = name

    def with_patience(self, seconds: float) -> "OpenAIChatModel":
        """The same model, waited for so long for each piece."""
        return OpenAIChatModel(self._client, self.name, patience_s=seconds)

    async def stream(self, messages: Sequence[Message]) -> AsyncIterator[str]:
        """The answer in pieces, as they come.

        Raises:
            ModelFailed: there is no answer, it stalls, breaks off, or is not of the protocol.
        """
        with _telling_why():
            async with asyncio.timeout(self._patience_s):
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
                    async with asyncio.timeout(min(self._patience_s, NEXT_TOKEN_S)):
                        chunk = await anext(chunks, None)
                    if chunk is None:
                        break
                    for choice in chunk.choices or ():
                        finished = finished or choice.finish_reason is not None
                        if choice.delta and choice.delta.content:
                            yield choice.delta.content
            if not finished:
                raise ModelFailed("broken")

    async def complete(self, messages: Sequence[Message]) -> str:
        """A short text, at once.

        Raises:
            ModelFailed: there is none.
        """
        with _telling_why():
            async with asyncio.timeout(min(self._patience_s, REWRITE_S)):
                answer = await self._client.chat.completions.create(
                    model=self.name,
                    messages=_params(messages),
                    max_completion_tokens=MAX_REWRITE_TOKENS,
                    temperature=0,
                )
            if not answer.choices or not answer.choices[0].message.content:
                raise ModelFailed("broken")
            return answer.choices[0].message.content


def _params(messages: Sequence[Message]) -> list[ChatCompletionMessageParam]:
    return [{"role": message.role, "content": message.content} for message in messages]  # type: ignore[misc]


@contextmanager
def _telling_why() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise _failed("timeout", error) from error
    except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
        raise _failed("key", error) from error
    except openai.RateLimitError as error:
        raise _failed("quota" if "quota" in str(error.code or error.type) else "busy", error) from error
    except openai.BadRequestError as error:
        raise _failed("refused", error) from error
    except openai.APITimeoutError as error:
        raise _failed("timeout", error) from error
    except (openai.OpenAIError, httpx.HTTPError) as error:
        raise _failed("broken", error) from error
    except (ValueError, TypeError, AttributeError) as error:
        # What the client makes of an answer that is not of the protocol; its text may quote the answer.
        raise _failed("broken", error) from error


def _failed(reason: str, error: Exception) -> ModelFailed:
    logger.warning("the chat model failed: %s (%s)", reason, type(error).__name__)
    return ModelFailed(reason)


@asynccontextmanager
async def open_openai_chat_model(settings: Settings) -> AsyncIterator[OpenAIChatModel]:
    """The model CHAT_MODEL at OPENAI_BASE_URL; closed on leaving."""
    assert settings.openai_api_key is not None
    async with AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        timeout=FIRST_TOKEN_S,
        # A visitor waits: what does not answer at once is replaced by quotes.
        max_retries=0,
    ) as client:
        yield OpenAIChatModel(client, settings.chat_model)
