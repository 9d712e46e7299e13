"""Habits of the servers that speak OpenAI's protocol: the parameters each refuses, in its own words.

Sources: OpenAI API reference; issues of vLLM, SGLang, Ollama, LiteLLM, openai-python and others that quote the answers.
"""

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

Habit = Callable[[Mapping[str, Any]], web.Response | None]
"""From a request's body to the refusal; None: the request is accepted."""
SMALL_CONTEXT = 2_000


def _error(
    message: str, *, param: str | None = None, code: str | int | None = None, kind: str = "invalid_request_error"
) -> web.Response:
    error = {"message": message, "type": kind, "param": param, "code": code}
    return web.json_response({"error": error}, status=400)


def _flat(message: str, *, status: int = 400) -> web.Response:
    """An error without a frame, as vLLM and SGLang send it."""
    error = {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": status}
    return web.json_response(error, status=status)


def _openai_6(asked: Mapping[str, Any]) -> web.Response | None:
    if "max_tokens" in asked:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        return _error(message, param="max_tokens", code="unsupported_parameter")
    if asked.get("temperature", 1) != 1:
        message = "Unsupported value: 'temperature' does not support 0.1 with this model."
        message += " Only the default (1) value is supported."
        return _error(message, param="temperature", code="unsupported_value")
    return None


def _openai_5(asked: Mapping[str, Any]) -> web.Response | None:
    if asked.get("reasoning_effort") in ("none", "xhigh", "max"):
        message = (
            f"Unsupported value: '{asked['reasoning_effort']}' is not supported with the 'gpt-5-mini' model."
            " Supported values are: 'minimal', 'low', 'medium', and 'high'."
        )
        return _error(message, param="reasoning_effort", code="unsupported_value")
    return _openai_6(asked)


def _openai_4(asked: Mapping[str, Any]) -> web.Response | None:
    if "reasoning_effort" in asked:
        return _error("Unrecognized request argument supplied: reasoning_effort")
    return None


def _azure(asked: Mapping[str, Any]) -> web.Response | None:
    if "max_completion_tokens" in asked:
        return _error("Unrecognized request argument supplied: max_completion_tokens")
    return _openai_4(asked)


def _vllm(asked: Mapping[str, Any]) -> web.Response | None:
    for name in ("max_completion_tokens", "reasoning_effort"):
        if name in asked:
            found = {"type": "extra_forbidden", "loc": ("body", name), "msg": "Extra inputs are not permitted"}
            return _flat(f"[{found | {'input': asked[name]}}]")
    return None


def _sglang(asked: Mapping[str, Any]) -> web.Response | None:
    if asked.get("reasoning_effort", "low") not in ("low", "medium", "high"):
        return _flat(
            "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'reasoning_effort'),"
            f" 'msg': \"Input should be 'low', 'medium' or 'high'\", 'input': '{asked['reasoning_effort']}'}}"
        )
    return None


def _ollama(asked: Mapping[str, Any]) -> web.Response | None:
    if "reasoning_effort" in asked:
        return _error('"llama3.1:8b" does not support thinking')
    return None


def _mistral(asked: Mapping[str, Any]) -> web.Response | None:
    for name in ("reasoning_effort", "max_completion_tokens"):
        if name in asked:
            detail = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]
            body = {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "code": None}
            return web.json_response(body, status=422)
    return None


def _gemma(asked: Mapping[str, Any]) -> web.Response | None:
    if asked["messages"][0]["role"] == "system":
        return _flat("System role not supported")
    return None


def _small_context(asked: Mapping[str, Any]) -> web.Response | None:
    if "reasoning_effort" in asked:
        return _error("Unknown parameter: 'reasoning_effort'.", param="reasoning_effort", code="unknown_parameter")
    if (wanted := asked["max_completion_tokens"]) > SMALL_CONTEXT:
        return _flat(
            f"'max_tokens' or 'max_completion_tokens' is too large: {wanted}. This model's maximum context length is"
            f" {SMALL_CONTEXT} tokens."
        )
    return None


def _nothing_optional(asked: Mapping[str, Any]) -> web.Response | None:
    for name in ("temperature", "max_completion_tokens", "max_tokens", "reasoning_effort"):
        if name in asked:
            return _error(f"Unknown field: {name}")
    return None


HABITS: Mapping[str, Habit] = {
    "OpenAI since 5.6": _openai_6,
    "OpenAI 5": _openai_5,
    "OpenAI 4": _openai_4,
    "Azure": _azure,
    "vLLM": _vllm,
    "SGLang": _sglang,
    "Ollama": _ollama,
    "Mistral": _mistral,
    "no system role": _gemma,
    "small context": _small_context,
    "nothing optional": _nothing_optional,
}
