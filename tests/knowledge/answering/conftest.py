"""The sentence model, loaded once."""

import pytest

from tests.knowledge.answer_material import READER


@pytest.fixture(scope="session", autouse=True)
async def loaded_reader() -> None:
    """The reader of `answer_material`, ready."""
    await READER.load()
    assert READER.warnings() == []
