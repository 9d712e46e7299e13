"""Chat completions of the fake OpenAI server: a model that quotes the best sentence, streamed word by word.

It answers with the sentence of the given passages that shares most words with the question, and the passage's number;
if none fits, with the marker from its instructions. Source: OpenAI API reference, "Create chat completion", with
`stream`.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiohttp import web

from tests.sites.openai_habits import Habit

ENOUGH = 0.5
"""Least share of the question's longer words in a quoted sentence."""


_PASSAGE = r'<passage number="(\d+)" page="([^"]*)"[^\n]*>\n(.*?)\n</passage>'
_SAYING_NOTHING = {"what", "which", "where", "when", "does", "many", "much", "long", "take", "there", "someth"}


class NextChat(Enum):
    """A fault in place of the right answer to a request."""

    stalls = "nothing comes after the headers"
    stalls_midway = "nothing comes after some words"
    breaks_off = "the connection is closed after some words"
    garbage = "what is streamed is not of the protocol"
    not_a_stream = "an HTML page with status 200"
    refuses = "it says that it cannot help"
    invalid_api_key = "401"
    rate_limited = "429"
    insufficient_quota = "429, and trying again is no use"
    server_error = "500"
    unknown_model = "404"
    too_long = "400, the prompt exceeds the model's context"
    only_reasons = "all tokens go to reasoning"


_ERRORS: dict[NextChat, tuple[int, str]] = {
    NextChat.invalid_api_key: (401, "invalid_api_key"),
    NextChat.rate_limited: (429, "rate_limit_exceeded"),
    NextChat.insufficient_quota: (429, "insufficient_quota"),
    NextChat.server_error: (500, "server_error"),
    NextChat.unknown_model: (404, "model_not_found"),
    NextChat.too_long: (400, "context_length_exceeded"),
}


@dataclass
class ChatProtocol:
    """The model, with its queue of faults and a log of requests."""

    asked: list[list[dict[str, str]]] = field(default_factory=list)
    """The messages of each accepted request."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """The body of each request, refused ones included."""
    habit: Habit | None = None
    """The server's habit: the parameters it refuses, and how."""
    models: frozenset[str] | None = None
    """The models there are; None: any."""
    always: NextChat | None = None
    """A fault of every request."""
    habitual_text: str | None = None
    """The text of every answer; None: the best sentence of the passages."""
    pause_s: float = 0
    """Seconds between two words."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the end, so that stalled answers continue."""
    _next: deque[NextChat | str] = field(default_factory=deque)

    def then(self, *answers: NextChat | str) -> None:
        """Queue answers for the coming requests: faults, or texts to send as they are; then back to normal."""
        self._next.extend(answers)

    def forget(self) -> None:
        """Clear the queue: all coming requests are answered normally."""
        self._next.clear()

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        asked = json.loads(await request.text())
        self.requests.append(asked)
        if self.models is not None and asked["model"] not in self.models:
            return _no_model(asked["model"])
        if self.habit is not None and (refusal := self.habit(asked)) is not None:
            return refusal
        self.asked.append(asked["messages"])
        is_stream = bool(asked.get("stream"))
        order = self._next.popleft() if self._next and is_stream else self.always
        if not is_stream and order is None:
            return web.json_response(_whole(asked["model"], _rewrite(asked["messages"])))
        if isinstance(order, NextChat) and order in _ERRORS:
            status, code = _ERRORS[order]
            error = {"message": f"Refused: {code}.", "type": code, "param": None, "code": code}
            return web.json_response({"error": error}, status=status, headers={"Retry-After": "1"})
        if order is NextChat.not_a_stream:
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        return await self._stream(request, asked, order)

    async def _stream(
        self, request: web.Request, asked: dict[str, Any], order: NextChat | str | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if order is NextChat.stalls:
            await self.released.wait()
            return response
        if order is NextChat.garbage:
            await response.write(b'data: {"choices": [{"delta": {"content"\n\ndata: \x00\xff\n\n')
            return response
        text = order if isinstance(order, str) else self.habitual_text or _answer(asked["messages"])
        if order is NextChat.refuses:
            text = "I'm sorry, but I can't assist with that request."
        if order is NextChat.only_reasons:
            await response.write(_chunk(asked["model"], {"reasoning_content": text}))
            text = ""
        words = re.findall(r"\s*\S+|\s+$", text)
        for at, word in enumerate(words):
            if at == 2 * len(words) // 3 and order in (NextChat.stalls_midway, NextChat.breaks_off):
                if order is NextChat.stalls_midway:
                    await self.released.wait()
                elif request.transport is not None:
                    request.transport.abort()
                return response
            await response.write(_chunk(asked["model"], {"content": word}))
            await asyncio.sleep(self.pause_s)
        await response.write(_chunk(asked["model"], {}, "stop") + b"data: [DONE]\n\n")
        return response


def _no_model(model: str) -> web.Response:
    message = f"The model `{model}` does not exist or you do not have access to it."
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "model_not_found"}
    return web.json_response({"error": error}, status=404)


def _chunk(model: str, delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def _whole(model: str, text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": choices}


def _rewrite(messages: Sequence[dict[str, str]]) -> str:
    """Return the last question with the longer words of the question before it."""
    said = re.findall(r"^Visitor: (.*)$", messages[-1]["content"], re.MULTILINE)
    if len(said) < 2:
        return "ok"
    *_, before, last = said
    return f"{last} {' '.join(re.findall(r'[A-Z]?[a-z]{4,}', before))}"


def _answer(messages: Sequence[dict[str, str]]) -> str:
    """Return the sentence that fits the question best, with its passage's number; else the marker."""
    text = messages[-1]["content"]
    question = text.rpartition("\n")[2]
    wanted = _long_words(question)
    best = (0.0, "")
    for number, page, passage in re.findall(_PASSAGE, text, re.DOTALL):
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", re.sub(r"^#.*", "", passage, flags=re.MULTILINE)):
            share = len(wanted & _long_words(f"{page} {sentence}")) / max(1, len(wanted))
            best = max(best, (share, f"{sentence.strip()} [{number}]"), key=lambda found: found[0])
    if best[0] >= ENOUGH:
        return best[1]
    found = re.search(r"nothing else: (\w+)", messages[0]["content"])
    assert found is not None
    return found[1]


def _long_words(text: str) -> set[str]:
    # The first six letters stand in for a stem.
    return {word[:6] for word in re.findall(r"\w{4,}", text.lower())} - _SAYING_NOTHING
