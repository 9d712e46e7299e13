"""The optional parameters of chat requests: those that a server refuses are left out from then on.

OpenAI's models since 5.6 refuse a temperature, those before 5 a reasoning effort; compatible servers know fewer still.
A refusal names its parameter in `param` (OpenAI) or in the message alone (vLLM, SGLang, Ollama, Azure).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import openai

from tasks.core.choices import ReasoningEffort

MAX_ATTEMPTS = 6
"""Requests until every optional parameter has been refused once."""
UNKNOWN_EFFORT_TOKENS = 4_000
REASONING_TOKENS = {
    ReasoningEffort.none: 0,
    ReasoningEffort.minimal: 500,
    ReasoningEffort.low: 2_000,
    ReasoningEffort.medium: 4_000,
    ReasoningEffort.high: 8_000,
    ReasoningEffort.xhigh: 16_000,
    ReasoningEffort.max: 32_000,
    ReasoningEffort.default: UNKNOWN_EFFORT_TOKENS,
}
"""Tokens of reasoning beside those of the answer: `max_completion_tokens` limits their sum."""

_REJECTIONS = (400, 422)
_MESSAGE_LENGTH = 600
"""Characters of an error's message that are searched; some servers append the whole request."""
_NAMES = {
    "temperature": re.compile(r"\btemperature\b"),
    "max_completion_tokens": re.compile(r"\bmax_completion_tokens\b"),
    "max_tokens": re.compile(r"\bmax_tokens\b"),
    # Ollama names the field of its own protocol.
    "reasoning_effort": re.compile(r"\breasoning(?:[_ .]effort)?\b|\bthink(?:ing)?\b"),
    "system": re.compile(
        r"\bsystem (?:role|messages?)\b|'role'[^.]{0,40}\bsystem\b|\brole:? ['\"]?system\b", re.IGNORECASE
    ),
}
_CONTEXT = re.compile(r"context[ _](?:length|window|size)|context_length_exceeded|too large|longer than")
_EFFORTS: list[ReasoningEffort] = [effort for effort in ReasoningEffort if effort is not ReasoningEffort.default]


class RequestParameters:
    """The parameters that one server accepts for one model."""

    def __init__(self, effort: ReasoningEffort) -> None:
        self._effort = effort
        self._refused: set[str] = set()
        self._has_room_for_reasoning = True

    @property
    def merges_system(self) -> bool:
        """Whether the rules must stand in the user's message, for want of a system role."""
        return "system" in self._refused

    @property
    def reasoning_tokens(self) -> int:
        """Tokens that the model may use for reasoning."""
        if not self._has_room_for_reasoning:
            return 0
        return UNKNOWN_EFFORT_TOKENS if "reasoning_effort" in self._refused else REASONING_TOKENS[self._effort]

    def build(self, max_tokens: int, temperature: float) -> dict[str, Any]:
        """Return the optional parameters of a request for an answer of `max_tokens`."""
        limit = max_tokens + self.reasoning_tokens
        wanted: dict[str, Any] = {"temperature": temperature, "max_completion_tokens": limit}
        if "max_completion_tokens" in self._refused:
            wanted["max_tokens"] = limit
        if self._effort is not ReasoningEffort.default:
            wanted["reasoning_effort"] = self._effort.value
        return {name: value for name, value in wanted.items() if name not in self._refused}

    def learn(self, error: openai.APIStatusError, sent: Mapping[str, Any]) -> bool:
        """Note the parameter that the error refuses; return whether the next request will differ from `sent`."""
        if error.status_code not in _REJECTIONS:
            return False
        text = f"{error.message} {error.body}"[:_MESSAGE_LENGTH]
        if _CONTEXT.search(text) or error.code == "context_length_exceeded":
            # The prompt and the tokens to generate exceed the model's context: the parameters are fine.
            has_shrunk = self.reasoning_tokens > 0
            self._has_room_for_reasoning = False
            return has_shrunk
        name = self._refused_name(error.param, text, sent)
        if name is None:
            return False
        if name == "reasoning_effort" and (nearest := _nearest_effort(text, self._effort)):
            self._effort = nearest
        else:
            self._refused.add(name)
        return True

    def _refused_name(self, param: str | None, text: str, sent: Mapping[str, Any]) -> str | None:
        if param in sent and param in _NAMES:
            return param
        places = {name: found.start() for name, found in self._mentions(text, sent)}
        return min(places, key=places.__getitem__, default=None)

    def _mentions(self, text: str, sent: Mapping[str, Any]) -> Iterator[tuple[str, re.Match[str]]]:
        for name, pattern in _NAMES.items():
            can_be_left_out = name in sent or (name == "system" and not self.merges_system)
            if can_be_left_out and (found := pattern.search(text)):
                yield name, found


def _nearest_effort(text: str, wanted: ReasoningEffort) -> ReasoningEffort | None:
    """Return the supported effort nearest to the wanted one, if the message lists those that are supported."""
    quoted = set(re.findall(r"['\"`](\w+)['\"`]", text.partition("upported values")[2] or text.partition("be ")[2]))
    listed = [effort for effort in _EFFORTS if effort.value in quoted and effort is not wanted]
    place = _EFFORTS.index(wanted)
    return min(listed, key=lambda effort: abs(_EFFORTS.index(effort) - place), default=None)
