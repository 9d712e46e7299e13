"""The chat model interface: its messages, its error and the limits of a request."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from tasks.core.models import Frozen

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
