"""Odd requests to every route of a running stack: none is answered with 500, hangs, or says too much."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from tests.fuzz.mutations import ODD, mutate
from tests.product import Product

CLIENTS = 4
HANG_S = 30
ANSWER_S = 2.0
"""Seconds of an answer that are read: a stream may be without end."""
METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS")
QUERY = ("q", "limit", "page", "from", "to", "answered", "logs", "url", "depth", "max_pages", "days", "state", "x")
TEXTS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1e9",
        "99999999999999999999",
        "true",
        "null",
        "NaN",
        "\0",
        "\ud800",
        "’",
        "İ",
        "a" * 5_000,
        "%",
    ),
    *("2026-02-30", "2026-01-01T00:00:00Z", "';--", "$1", "<b>", "../../etc/passwd", "http://[", "file:///etc/passwd"),
    *("{}", "[]", "\u202e", "1" * 400, "Bearer", "Bearer \xff", "*", "https://evil.example", "text/csv", "gzip"),
    *("http://127.0.0.1/\ud800", "http://127.0.0.1:25/\0", "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+14:00"),
    "a" * 5_000,
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**63, 1e308, "", "a", [], {}, [None], {"a": {}}, "\0", "\ud800", "x" * 20_000),
    *([[]] * 50, {"id": 1}, "2026-02-30", "http://127.0.0.1/", ["a"] * 300, -0.0, 2**200),
)


class RouteFuzz:
    """One run over the routes of a product."""

    def __init__(self, product: Product, contract: dict[str, Any], ids: dict[str, list[str]], seed: int) -> None:
        self._product = product
        self._schemas = contract["components"]["schemas"]
        self._operations = [
            (path, method, each) for path, found in contract["paths"].items() for method, each in found.items()
        ]
        self._ids = ids
        self._source = random.Random(seed)
        self.requests = 0
        self.slowest_s = 0.0
        self.statuses: dict[int, int] = {}
        self.findings: dict[str, str] = {}

    async def run(self, seconds: float) -> None:
        """Send requests for that long, some at once."""
        end = time.monotonic() + seconds
        async with httpx.AsyncClient(base_url=self._product.info.api_url, timeout=HANG_S) as http:
            await asyncio.gather(*(self._send_until(http, end) for _ in range(CLIENTS)))

    async def _send_until(self, http: httpx.AsyncClient, end: float) -> None:
        while time.monotonic() < end:
            path, method, operation = self._source.choice(self._operations)
            try:
                request = self._request(http, path, method, operation)
            except (ValueError, TypeError, httpx.InvalidURL):
                continue  # the client itself refuses it
            await self._send(http, request, f"{method.upper()} {path}")

    async def _send(self, http: httpx.AsyncClient, request: httpx.Request, operation: str) -> None:
        began = time.monotonic()
        try:
            answer = await http.send(request, stream=True)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            text = await _beginning_of(answer)
        except httpx.LocalProtocolError:
            return  # the client itself refuses it
        except httpx.TransportError as error:
            self._find(operation, request, f"{type(error).__name__}: {error}")
            return
        self.requests += 1
        self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
        if problem := _problem_of(answer, text):
            self._find(operation, request, f"{answer.status_code}: {problem}")

    def _find(self, operation: str, request: httpx.Request, problem: str) -> None:
        body = request.content[:2_000]
        self.findings.setdefault(f"{operation}: {problem[:120]}", f"{request.url} {dict(request.headers)} {body!r}")

    def _request(self, http: httpx.AsyncClient, path: str, method: str, operation: dict[str, Any]) -> httpx.Request:
        source = self._source
        names = [each["name"] for each in operation["parameters"]]
        # The widget that all others need stays.
        is_last_exit = (path, method) == ("/api/widgets/{widget_id}", "delete")
        for name in names:
            path = path.replace(f"{{{name}}}", str(UUID(int=1)) if is_last_exit else self._parameter(name))
        query = {source.choice(QUERY): self._text() for _ in range(source.choice((0, 0, 1, 2, 3)))}
        if source.random() < 0.03:
            method = source.choice(METHODS)
        return http.build_request(
            method.upper(), path, params=query, headers=self._headers(), content=self._body(operation)
        )

    def _parameter(self, name: str) -> str:
        if (known := self._ids.get(name)) and self._source.random() < 0.7:
            return self._source.choice(known)
        return quote(self._text().encode("utf-8", "surrogatepass"), safe="") or "x"

    def _text(self) -> str:
        choice = self._source.random()
        if choice < 0.6:
            return self._source.choice(TEXTS)
        if choice < 0.8:
            return str(UUID(int=self._source.getrandbits(128)))
        return self._source.choice(ODD).decode("latin-1")

    def _headers(self) -> dict[str, str]:
        source = self._source
        headers = {"Content-Type": source.choice(("application/json",) * 8 + ("text/plain", "", "multipart/form-data"))}
        if source.random() < 0.7:
            headers["Authorization"] = f"Bearer {self._product.info.admin_token}"
        for name in ("Origin", "Last-Event-ID", "Idempotency-Key", "Accept", "Referer", "Range", "Accept-Encoding"):
            if source.random() < 0.15:
                headers[name] = self._text()
        return headers

    def _body(self, operation: dict[str, Any]) -> bytes | None:
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if schema is None and self._source.random() < 0.9:
            return None
        value = self._value(schema or {}, 0)
        document = json.dumps(value).encode()
        return mutate(document, [document], self._source) if self._source.random() < 0.3 else document

    def _value(self, schema: dict[str, Any], depth: int) -> Any:
        """A value of the schema, with odd ones in some places."""
        source = self._source
        if source.random() < 0.12 or depth > 6:
            return source.choice(VALUES)
        if "$ref" in schema:
            return self._value(self._schemas[schema["$ref"].rpartition("/")[2]], depth + 1)
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self._value(source.choice(choices), depth + 1)
        if "enum" in schema:
            return source.choice(schema["enum"])
        match schema.get("type"):
            case "object":
                found = {name: self._value(part, depth + 1) for name, part in self._some(schema.get("properties", {}))}
                return found | ({self._text(): source.choice(VALUES)} if source.random() < 0.1 else {})
            case "array":
                return [self._value(schema.get("items", {}), depth + 1) for _ in range(source.choice((0, 1, 2, 5)))]
            case "integer" | "number":
                return source.choice((0, 1, 2, -1, schema.get("minimum", 0), schema.get("maximum", 10), 10**9))
            case "boolean":
                return source.random() < 0.5
            case "null":
                return None
        return self._text()

    def _some(self, properties: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        return ((name, part) for name, part in properties.items() if self._source.random() < 0.8)


async def _beginning_of(answer: httpx.Response) -> str:
    """The first part of an answer; a stream's first seconds."""
    received = b""
    try:
        async with asyncio.timeout(ANSWER_S):
            async for part in answer.aiter_raw():
                received += part
                if len(received) > 100_000:
                    break
    except TimeoutError:
        pass
    await answer.aclose()
    return received.decode("utf-8", "replace")


def _problem_of(answer: httpx.Response, text: str) -> str | None:
    status = answer.status_code
    if "Traceback (most recent" in text:
        return "a traceback"
    # The database is there, and what it refuses is our fault.
    if status >= 500 and (status != 503 or "PostgreSQL" in text):
        return text[:200]
    # The Model Context Protocol has errors of its own form.
    is_of_agents = answer.request.url.path.startswith("/mcp/")
    if status in (404, 405) or status < 400 or answer.request.method in ("HEAD", "OPTIONS") or is_of_agents:
        return None
    if "Retry-After" not in answer.headers and status == 429:
        return "429 without Retry-After"
    try:
        error = json.loads(text)["error"]
        return None if error["code"] and error["message"] else f"an empty error: {text[:200]}"
    except (ValueError, KeyError, TypeError):
        return f"not an error object: {text[:200]}"


def tracebacks_in(log: Path) -> list[str]:
    """The last lines of the tracebacks in a log."""
    lines, found = log.read_text("utf-8", "replace").splitlines(), []
    for at, line in enumerate(lines):
        if line.startswith("Traceback"):
            rest = (each for each in lines[at + 1 :] if each and not each[0].isspace())
            found.append(next(rest, "?"))
    return sorted(set(found))
