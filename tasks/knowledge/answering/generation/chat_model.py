"""The chat model interface: its messages, its error and the limits of a request."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from tasks.core.models import Frozen
from tasks.knowledge.openai_api.model_status import ModelStatus

FIRST_TOKEN_S = 60.0
"""Timeout of a stream's first token, in seconds, unless the settings say otherwise."""
NEXT_TOKEN_S = 20.0
"""Timeout of each further token, in seconds."""
MAX_ANSWER_TOKENS = 700
REWRITE_S = 4.0
"""Timeout of rewriting a follow-up question, in seconds."""
MAX_REWRITE_TOKENS = 80
TEMPERATURE = 0.1


class ModelFailed(Exception):
    """The model gave no answer, or no complete one. `reason`: an outcome that `explain_outcome` knows."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the chat model failed: {reason}")
        self.reason = reason


class PromptMessage(Frozen):
    """A message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatModel(Protocol):
    """The interface of a chat model."""

    status: ModelStatus

    async def warm_up(self) -> None:
        """Prepare for the first question.

        Raises:
            ModelFailed: there is no answer.
        """
        ...

    def with_timeout(self, seconds: float) -> "ChatModel":
        """Return the same model with this timeout for each piece."""
        ...

    def stream(self, messages: Sequence[PromptMessage]) -> AsyncIterator[str]:
        """Yield the answer's pieces as they arrive.

        Raises:
            ModelFailed: there is no answer, or it stalls, breaks off or violates the protocol.
        """
        ...

    async def complete(self, messages: Sequence[PromptMessage]) -> str:
        """Return a short text.

        Raises:
            ModelFailed: there is no answer.
        """
        ...
