"""A client of the chat routes: the events of an answer, and the whole answer with its times."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import httpx
from httpx_sse import SSEError, aconnect_sse

from deployments.commands.api_client import open_http_client, parse_error
from tasks.core.errors import DependencyUnavailable
from tasks.knowledge.evaluation.verdicts import GivenAnswer

BROKEN_OFF = "The answer ended before it was complete."
NO_HEADERS: Mapping[str, str] = {}


async def stream_answer(
    api_url: str, path: str, question: str, headers: Mapping[str, str] = NO_HEADERS
) -> AsyncGenerator[tuple[str, dict[str, Any]], None]:
    """Yield each event of the answer, as text and as an object.

    Raises:
        InvalidRequest: there is no such widget, or the question is refused.
        DependencyUnavailable: the API does not answer.
    """
    async with open_http_client(api_url) as http:
        try:
            async with aconnect_sse(http, "POST", path, json={"message": question}, headers=dict(headers)) as source:
                if source.response.is_error:
                    raise parse_error(source.response.status_code, await source.response.aread())
                async for frame in source.aiter_sse():
                    if frame.data:  # httpx-sse yields an empty frame for the blank line after a comment
                        yield frame.data, frame.json()
        except (httpx.TransportError, SSEError) as error:
            raise DependencyUnavailable(f"API at {api_url}", str(error) or type(error).__name__) from error


async def fetch_answer(
    api_url: str, path: str, question: str, headers: Mapping[str, str] = NO_HEADERS
) -> tuple[GivenAnswer, list[dict[str, Any]]]:
    """Return the whole answer, and its citations as the API gives them.

    Raises:
        InvalidRequest, DependencyUnavailable: as `stream_answer`.
    """
    began, first_s = time.monotonic(), None
    text, failure, answered = "", BROKEN_OFF, False
    citations: list[dict[str, Any]] = []
    async with aclosing(stream_answer(api_url, path, question, headers)) as events:
        async for _, event in events:
            match event["type"]:
                case "token":
                    first_s = time.monotonic() - began if first_s is None else first_s
                    text += event["text"]
                case "citations":
                    citations = event["citations"]
                case "done":
                    answered, failure = event["answered"], ""
                case "error":
                    failure = event["message"]
    total_s = time.monotonic() - began
    given = GivenAnswer(
        text=text,
        answered=answered,
        pages=tuple(citation["url"] for citation in citations),
        first_s=total_s if first_s is None else first_s,
        total_s=total_s,
        failure=failure,
    )
    return given, citations
