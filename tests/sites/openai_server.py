"""A fake OpenAI server: embeddings of hashed words, OpenAI's limits, and its errors on demand.

Texts that share words have similar vectors. Sources: OpenAI API reference, "Create embeddings", "List models" and
"Error codes". Inputs are counted, not kept.
"""

import asyncio
import base64
import json
import re
import warnings
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from tests.sites.openai_chat import ChatProtocol
from tests.sites.server import serve_handler

DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
MAX_INPUTS = 2_048
MAX_REQUEST_TOKENS = 300_000
MAX_INPUT_TOKENS = 8_192
TRACES = 16
"""Dimensions of a vector that one word changes."""

Vector = NDArray[np.float32]


class Next(Enum):
    """A fault in place of the right answer to a request."""

    invalid_api_key = "401"
    rate_limited = "429, a second later all is well"
    insufficient_quota = "429, and trying again is no use"
    server_error = "500"
    too_few = "one vector is missing"
    wrong_dimensions = "each vector is one number short"
    not_finite = "a vector has NaN in it"
    reversed = "vectors in reverse order, each with its right index"
    hang_up = "the connection is closed without an answer"
    zero = "a vector has no length"
    twice = "an index stands twice, another is missing"
    too_large = "413"
    unprocessable = "422"


@dataclass
class OpenAIServer:
    """The server, with its queue of faults and counters of requests."""

    delay_s: float = 0
    """Delay of every answer to `/v1/embeddings`, in seconds."""
    key: str | None = None
    """The only accepted key; None: any key."""
    refused_words: set[str] = field(default_factory=set)
    """Words whose presence in an input makes the answer 400."""
    spoiled_words: dict[str, Next] = field(default_factory=dict)
    """Words whose presence in an input makes the fault."""
    most_inputs: int | None = None
    """Inputs of one request beyond which the answer is `too_many`."""
    too_many: Next = Next.too_large
    retry_after: str = "1"
    """`Retry-After` of the next 429."""
    shutdown_dates: dict[str, str] = field(default_factory=dict)
    """Announced dates by model; these models are listed beside those that embed."""
    base_url: str = ""
    """URL of the API, ending in `/v1`."""
    calls: int = 0
    """Requests for embeddings, refused ones included."""
    embedded: int = 0
    """Inputs that got a vector."""
    tokens: int = 0
    """Tokens of the embedded inputs."""
    largest_batch: int = 0
    """Most inputs in one request."""
    open_calls: int = 0
    max_open_calls: int = 0
    """Most concurrent requests so far."""
    refused_sizes: list[int] = field(default_factory=list)
    """Inputs of each request that had too many."""
    chat: ChatProtocol = field(default_factory=ChatProtocol)
    _next: deque[Next] = field(default_factory=deque)

    def then(self, *answers: Next) -> None:
        """Queue faults for the coming requests; after them, requests are answered normally."""
        self._next.extend(answers)

    def forget(self) -> None:
        """Drop the queued faults."""
        self._next.clear()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        match request.method, request.path:
            case "POST", "/v1/embeddings":
                return await self.embeddings(request)
            case "POST", "/v1/chat/completions":
                try:
                    self.check_key(request)
                except Refusal as refusal:
                    return refusal.response()
                return await self.chat.complete(request)
            case "GET", "/v1/models":
                return _models(self, request)
        message = f"Invalid URL ({request.method} {request.path})"
        return Refusal(404, message, "invalid_request_error").response()

    async def embeddings(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/embeddings."""
        self.calls += 1
        self.open_calls += 1
        self.max_open_calls = max(self.max_open_calls, self.open_calls)
        try:
            await asyncio.sleep(self.delay_s)
            return self._answer(request, await request.text())
        except Refusal as refusal:
            return refusal.response()
        finally:
            self.open_calls -= 1

    def _answer(self, request: web.Request, text: str) -> web.StreamResponse:
        self.check_key(request)
        order = self._next.popleft() if self._next else self._fault_of(text)
        if order is Next.hang_up:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if order in _REFUSALS:
            raise _REFUSALS[order](self)
        asked = parse_request(text)
        inputs = asked["input"]
        self.largest_batch = max(self.largest_batch, len(inputs))
        tokens = check_inputs(inputs)
        if any(word in text for word in self.refused_words for text in inputs):
            raise Refusal(400, "Invalid 'input'.", "invalid_request_error", param="input")
        vectors = [embed(text, asked["dimensions"]) for text in inputs]
        self.embedded += len(vectors)
        self.tokens += tokens
        return web.json_response(
            {
                "object": "list",
                "data": _spoil(order, vectors, asked["encoding_format"]),
                "model": asked["model"],
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            }
        )

    def _fault_of(self, text: str) -> Next | None:
        """The fault that the inputs themselves provoke."""
        if self.most_inputs and len(parse_request(text)["input"]) > self.most_inputs:
            self.refused_sizes.append(len(parse_request(text)["input"]))
            return self.too_many
        return next((fault for word, fault in self.spoiled_words.items() if word in text), None)

    def check_key(self, request: web.Request) -> None:
        """Raise the answer 401 unless the request has the right key."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not key or (self.key is not None and key != self.key):
            raise _invalid_key(self)


class Refusal(Exception):
    """An error in OpenAI's form."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self._status = status
        self._error = {"message": message, "type": kind, "param": param, "code": code}
        self._headers = dict(headers or {})

    def response(self) -> web.Response:
        """Return the HTTP answer."""
        return web.json_response({"error": self._error}, status=self._status, headers=self._headers)


def _invalid_key(_server: OpenAIServer) -> Refusal:
    return Refusal(401, "Incorrect API key provided.", "invalid_request_error", code="invalid_api_key")


def _rate_limited(server: OpenAIServer) -> Refusal:
    return Refusal(
        429,
        "Rate limit reached for requests per minute.",
        "requests",
        code="rate_limit_exceeded",
        headers={"Retry-After": server.retry_after},
    )


def _no_quota(_server: OpenAIServer) -> Refusal:
    message = "You exceeded your current quota, please check your plan and billing details."
    return Refusal(429, message, "insufficient_quota", code="insufficient_quota")


def _server_error(_server: OpenAIServer) -> Refusal:
    return Refusal(500, "The server had an error while processing your request.", "server_error")


def _too_large(_server: OpenAIServer) -> Refusal:
    return Refusal(413, "input batch size is too large", "Validation")


def _unprocessable(_server: OpenAIServer) -> Refusal:
    return Refusal(422, "inputs must have fewer items", "validation_error")


_REFUSALS = {
    Next.invalid_api_key: _invalid_key,
    Next.rate_limited: _rate_limited,
    Next.insufficient_quota: _no_quota,
    Next.server_error: _server_error,
    Next.too_large: _too_large,
    Next.unprocessable: _unprocessable,
}


def parse_request(text: str) -> dict[str, Any]:
    """Parse a request: `input` as a list of strings, `model`, `dimensions`, `encoding_format`.

    Raises:
        Refusal: the API would reject the request.
    """

    def invalid(message: str, param: str | None = None, code: str | None = None) -> Refusal:
        return Refusal(400, message, "invalid_request_error", param=param, code=code)

    try:
        asked = json.loads(text)
    except ValueError as error:
        raise invalid("We could not parse the JSON body of your request.") from error
    if not isinstance(asked, dict):
        raise invalid("We could not parse the JSON body of your request.")
    model = asked.get("model")
    if model not in DIMENSIONS:
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise Refusal(404, message, "invalid_request_error", code="model_not_found")
    inputs = [asked["input"]] if isinstance(asked.get("input"), str) else asked.get("input")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(text, str) for text in inputs):
        raise invalid("'input' must be a string or a list of strings.", "input")
    dimensions = asked.get("dimensions", DIMENSIONS[model])
    if model == "text-embedding-ada-002" and "dimensions" in asked:
        raise invalid("This model does not support specifying dimensions.", "dimensions")
    if not isinstance(dimensions, int) or not 1 <= dimensions <= DIMENSIONS[model]:
        raise invalid(f"'dimensions' must be from 1 to {DIMENSIONS[model]}.", "dimensions")
    encoding = asked.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        raise invalid("'encoding_format' must be 'float' or 'base64'.", "encoding_format")
    return {"input": inputs, "model": model, "dimensions": dimensions, "encoding_format": encoding}


def check_inputs(inputs: list[str]) -> int:
    """Count the tokens of all inputs.

    Raises:
        Refusal: an input is empty, or a limit is exceeded.
    """

    def invalid(message: str, code: str | None = None) -> Refusal:
        return Refusal(400, message, "invalid_request_error", param="input", code=code)

    if len(inputs) > MAX_INPUTS:
        raise invalid(f"'input' has {len(inputs)} items, the maximum is {MAX_INPUTS}.")
    if any(text == "" for text in inputs):
        raise invalid("'input' cannot be an empty string.")
    counts = [count_tokens(text) for text in inputs]
    if max(counts) > MAX_INPUT_TOKENS:
        raise invalid(f"This model's maximum context length is {MAX_INPUT_TOKENS} tokens, you asked for {max(counts)}.")
    if sum(counts) > MAX_REQUEST_TOKENS:
        message = f"Requested {sum(counts)} tokens, max {MAX_REQUEST_TOKENS} tokens per request."
        raise Refusal(400, message, "max_tokens_per_request", param="input", code="max_tokens_per_request")
    return sum(counts)


def count_tokens(text: str) -> int:
    """Count tokens as OpenAI's embedding models do."""
    return len(_open_vocabulary().encode_ordinary(text))


@cache
def _open_vocabulary() -> Any:
    with warnings.catch_warnings():
        # bpe-openai 0.1.4 opens its data on import in a way that Python 3.11 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai  # type: ignore[import-untyped]
    return bpe_openai.get_encoding("cl100k_base")


def embed(text: str, dimensions: int) -> Vector:
    """Hash the text's words into a unit vector: the more words two texts share, the closer their vectors."""
    vector = np.zeros(dimensions, dtype=np.float32)
    for word in re.findall(r"\w+", text.lower()) or [text]:
        places, signs = _traces(word, dimensions)
        vector[places] += signs
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else np.full(dimensions, dimensions**-0.5, dtype=np.float32)


@cache
def _traces(word: str, dimensions: int) -> tuple[NDArray[np.int64], Vector]:
    source = np.random.default_rng(crc32(word.encode()))
    places = source.choice(dimensions, size=min(TRACES, dimensions), replace=False)
    return places, source.choice(np.array([-1, 1], dtype=np.float32), size=len(places))


def _spoil(order: Next | None, vectors: list[Vector], encoding: str) -> list[dict[str, Any]]:
    """Return the answer's items, with the fault in them."""
    if order is Next.wrong_dimensions:
        vectors = [vector[:-1] for vector in vectors]
    if order is Next.not_finite:
        vectors[0] = np.full_like(vectors[0], np.nan)
    if order is Next.zero:
        vectors[0] = np.zeros_like(vectors[0])
    items = [
        {"object": "embedding", "index": index, "embedding": _encode(vector, encoding)}
        for index, vector in enumerate(vectors)
    ]
    if order is Next.too_few:
        items.pop()
    if order is Next.twice:
        items[-1] = {**items[-1], "index": len(items) - 2}
    return items[::-1] if order is Next.reversed else items


def _encode(vector: Vector, encoding: str) -> str | list[float]:
    if encoding == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return [float(number) for number in vector]


@asynccontextmanager
async def serve_openai(
    *, delay_s: float = 0, key: str | None = None, retry_after: str = "1"
) -> AsyncIterator[OpenAIServer]:
    """Serve on a free port of loopback."""
    server = OpenAIServer(delay_s=delay_s, key=key, retry_after=retry_after)

    async with serve_handler(server.answer) as url:
        server.base_url = f"{url}/v1"
        try:
            yield server
        finally:
            server.chat.released.set()


def _models(server: OpenAIServer, request: web.Request) -> web.Response:
    try:
        server.check_key(request)
    except Refusal as refusal:
        return refusal.response()
    models = [
        {
            "id": name,
            "object": "model",
            "created": 1_705_948_997,
            "owned_by": "system",
            "shutdown_date": server.shutdown_dates.get(name),
        }
        for name in sorted({*DIMENSIONS, *server.shutdown_dates})
    ]
    return web.json_response({"object": "list", "data": models})
