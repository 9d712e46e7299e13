"""Who words answers: a chat model behind OpenAI's protocol, or nobody."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Literal, Protocol

from tasks.core.models import Frozen
from tasks.core.settings import Settings

FIRST_TOKEN_S = 10.0
NEXT_TOKEN_S = 10.0
MAX_ANSWER_TOKENS = 700
REWRITE_S = 4.0
MAX_REWRITE_TOKENS = 80
TEMPERATURE = 0.1


class ModelFailed(Exception):
    """The model gives no answer, or none to its end. `reason`: key, quota, busy, timeout, broken or refused."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the chat model failed: {reason}")
        self.reason = reason


class Message(Frozen):
    """A message to the model."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel(Protocol):
    """Asks one model for text."""

    def with_patience(self, seconds: float) -> "ChatModel":
        """The same model, waited for so long for each piece."""
        ...

    def stream(self, messages: Sequence[Message]) -> AsyncIterator[str]:
        """The answer in pieces, as they come.

        Raises:
            ModelFailed: there is no answer, it stalls, breaks off, or is not of the protocol.
        """
        ...

    async def complete(self, messages: Sequence[Message]) -> str:
        """A short text, at once.

        Raises:
            ModelFailed: there is none.
        """
        ...


@asynccontextmanager
async def open_model(settings: Settings) -> AsyncIterator[ChatModel | None]:
    """The model the settings ask for; none without a key."""
    if settings.openai_api_key is None:
        yield None
        return
    # Imported by whom it serves: it takes the better part of a second.
    from tasks.knowledge.answering.openai_model import open_openai_model

    async with open_openai_model(settings) as model:
        yield model
