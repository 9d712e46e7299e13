"""The sentence model, loaded once, and a shop to answer from."""

from collections.abc import AsyncIterator

import pytest

from tasks.core.database import Pool
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.reply import AnsweringSite
from tests.conftest import MakeSettings
from tests.knowledge.answer_material import EMBEDDER, READER, SHOP, build_site, model_at
from tests.sites.openai_server import OpenAIServer, serve_openai


@pytest.fixture(scope="session", autouse=True)
async def loaded_reader() -> None:
    """The reader of `answer_material`, ready."""
    await READER.load()
    assert READER.warnings() == []


@pytest.fixture(scope="module")
async def shop(pool: Pool) -> AnsweringSite:
    """A widget that answers from the shop's pages."""
    return await build_site(pool, SHOP)


@pytest.fixture(scope="module")
async def openai() -> AsyncIterator[OpenAIServer]:
    """A server with a chat model."""
    async with serve_openai() as server:
        yield server


@pytest.fixture
async def generating(pool: Pool, openai: OpenAIServer, settings: MakeSettings) -> AsyncIterator[Answerer]:
    """A generating answerer."""
    async with model_at(openai, settings) as model:
        await model.warm_up()
        yield Answerer(pool, EMBEDDER, model, READER)
