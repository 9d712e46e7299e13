"""Checks of the models that embed and answer, each by a small request."""

import asyncio

import openai
from openai import AsyncOpenAI
from safetensors import SafetensorError

from deployments.checks.dependencies import ANSWER_TIMEOUT_S, Warned, check_address
from deployments.stack.stack_file import StackData
from tasks.core.database import VECTOR_DIMENSIONS
from tasks.core.errors import DependencyUnavailable, EmbeddingFailed
from tasks.core.settings import PREFIX, Settings
from tasks.knowledge.answering.generation.chat_model import ModelFailed
from tasks.knowledge.answering.generation.openai_chat_model import MODEL_SETTING, open_openai_chat_model
from tasks.knowledge.embedding.embedder import to_vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tasks.knowledge.openai_api.model_list import read_shutdown_dates
from tasks.knowledge.openai_api.model_status import explain_outcome, shutdown_notice

EMBEDDINGS, CHAT = "Embeddings", "Chat"
SLOW_S = 8.0
"""Seconds after which a chat model counts as slow; less than a check's timeout."""


async def check_chat_model(settings: Settings, _stack: StackData | None) -> str | Warned:
    """Check the chat model by asking for one word.

    Raises:
        DependencyUnavailable: the model does not answer; with the cause.
    """
    if settings.openai_api_key is None:
        return "none: without OPENAI_API_KEY, answers quote the site"
    check_address(CHAT, settings.openai_base_url, "OPENAI_BASE_URL")
    detail = f"{settings.chat_model}, reasoning effort {settings.reasoning_effort}"
    async with open_openai_chat_model(settings) as model:
        try:
            async with asyncio.timeout(SLOW_S):
                await model.warm_up()
        except TimeoutError:
            return Warned(
                detail, f"no word after {SLOW_S:g} s, and visitors wait as long: {explain_outcome('timeout', '')[1]}"
            )
        except ModelFailed as failure:
            problem, remedy = explain_outcome(failure.reason, MODEL_SETTING)
            raise DependencyUnavailable(CHAT, f"{model.name}: {problem}", remedy) from None
    return await _with_notice(settings, model.name, "CHAT_MODEL", detail)


async def _with_notice(settings: Settings, model: str, setting: str, detail: str) -> str | Warned:
    """Return the detail, with a warning if the model's shutdown is near."""
    notice = shutdown_notice((await read_shutdown_dates(settings)).get(model))
    return Warned(detail, f"{model} {notice}: set {PREFIX}{setting} to its replacement") if notice else detail


async def check_embeddings(settings: Settings, _stack: StackData | None) -> str | Warned:
    """Check the embedding model by embedding one word.

    Raises:
        DependencyUnavailable: the model cannot be used; with the cause.
    """
    if settings.uses_openai:
        return await _with_notice(settings, settings.embedding_model, "EMBEDDING_MODEL", await _check_openai(settings))
    try:
        (vector,) = await LocalEmbedder(None).embed(["word"])
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        remedy = "run `make install` again"
        raise DependencyUnavailable(EMBEDDINGS, f"the local model cannot be loaded: {error}", remedy) from error
    if isinstance(vector, EmbeddingFailed):
        raise DependencyUnavailable(EMBEDDINGS, f"the local model fails: {vector}", "run `make install` again")
    return f"local model {LOCAL_MODEL}"


async def _check_openai(settings: Settings) -> str:
    key, model = settings.openai_api_key, settings.embedding_model
    if key is None:
        raise DependencyUnavailable(EMBEDDINGS, "OPENAI_API_KEY is not set", "set OPENAI_API_KEY")
    check_address(EMBEDDINGS, settings.openai_base_url, "OPENAI_BASE_URL")
    async with AsyncOpenAI(
        api_key=key.get_secret_value(), base_url=settings.openai_base_url, timeout=ANSWER_TIMEOUT_S, max_retries=0
    ) as client:
        base_url = str(client.base_url).rstrip("/")
        # As in builds: only this model family accepts `dimensions`.
        dimensions = VECTOR_DIMENSIONS if model.startswith("text-embedding-3") else openai.omit
        try:
            answer = await client.embeddings.create(model=model, input=["word"], dimensions=dimensions)
            numbers = answer.data[0].embedding
            to_vector(numbers)
        except openai.APIError as error:
            problem, remedy = _explain(error, model)
            raise DependencyUnavailable(EMBEDDINGS, f"{base_url} {problem}", remedy) from None
        except (EmbeddingFailed, IndexError, TypeError, ValueError) as error:
            remedy = "set WIDGET_BUILDER_EMBEDDING_MODEL to a model of at most 1536 dimensions"
            raise DependencyUnavailable(EMBEDDINGS, f"{model} at {base_url}: {error}", remedy) from error
    return f"{model} at {base_url}, {len(numbers)} dimensions"


def _explain(error: openai.APIError, model: str) -> tuple[str, str]:
    """Return problem and remedy, without the service's message: it may repeat the key."""
    code = str(error.code or error.type or "")
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return "refuses the key", "correct OPENAI_API_KEY"
        case openai.NotFoundError():
            return f"does not know the model {model}", "correct WIDGET_BUILDER_EMBEDDING_MODEL or OPENAI_BASE_URL"
        case openai.RateLimitError():
            return (
                f"accepts no requests now ({code})",
                "add credit to the account, or wait for the rate limit",
            )
        case openai.APIConnectionError():
            why = (
                f"does not answer within {ANSWER_TIMEOUT_S} s"
                if isinstance(error, openai.APITimeoutError)
                else "does not answer"
            )
            return why, "check OPENAI_BASE_URL and this machine's internet connection"
        case openai.APIStatusError():
            return (
                f"answers with HTTP {error.status_code} ({code})",
                "check OPENAI_BASE_URL and WIDGET_BUILDER_EMBEDDING_MODEL",
            )
    return "does not answer as OpenAI does", "check OPENAI_BASE_URL"
