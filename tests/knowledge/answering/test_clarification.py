"""Clarification: questions that fit several things are asked back."""

import pytest

from tasks.core.database import Pool
from tasks.core.models import Passage
from tasks.knowledge.answering.answerer import Answerer
from tasks.knowledge.answering.clarification import find_choices
from tasks.knowledge.answering.evidence.evidence_score import Evidence
from tasks.knowledge.answering.reply import AnswerKind
from tests.knowledge.answer_material import EMBEDDER, SHOP, ask, build_site

TABLE = "| Machine | Price |\n|---|---|\n| Piccola | €420 |\n| Grande | €1,150 |"
ITEMS = "- Locker: £6.50 a week\n- Garage: £33 a week"
CARDS = "### Locker\n\n£6.50 a week\n\n### Garage\n\n£33 a week"
ZIMMER = "| Zimmer | Preis pro Nacht |\n|---|---|\n| Einzelzimmer | 62 € |\n| Doppelzimmer | 89 € |"


def evidence(text: str, best: int = 0) -> Evidence:
    """Evidence with this text."""
    passage = Passage(url="https://example.com/", title="", heading="", text=text, similarity=1, deep_link="")
    return Evidence(passage=passage, strength=0.6, best=best)


@pytest.mark.parametrize(
    ("text", "question", "language", "choices"),
    [
        (TABLE, "How much is it?", "en", ("How much is it: Piccola?", "How much is it: Grande?")),
        (ITEMS, "what does it cost", "en", ("what does it cost: Locker?", "what does it cost: Garage?")),
        (CARDS, "How much?", "en", ("How much: Locker?", "How much: Garage?")),
        (ZIMMER, "Was kostet das?", "de", ("Was kostet das: Einzelzimmer?", "Was kostet das: Doppelzimmer?")),
    ],
)
def test_a_question_that_fits_several_things_has_a_choice_for_each(
    text: str, question: str, language: str, choices: tuple[str, ...]
) -> None:
    """Rows of a table, items with a label, and cards below a heading."""
    assert find_choices(question, language, language, [evidence(text)]) == choices


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (TABLE, "How much is the Grande?"),
        (TABLE, "How much is a bicycle?"),
        (TABLE, "When are you open?"),
        ("- Locker: £6.50 a week\n- Garage: ask us", "How much is it?"),
        ("### What does it cost?\n\nIt depends on the size.\n\n- Locker: £6.50\n- Garage: £33", "What does it cost?"),
    ],
)
def test_a_question_that_names_a_thing_or_fits_one_is_not_asked_back(text: str, question: str) -> None:
    """Nor one that the site answers by itself."""
    assert find_choices(question, "en", "en", [evidence(text)]) == ()


async def test_a_choice_is_answered_and_the_question_back_cites_nothing(pool: Pool) -> None:
    """Without a key; the visitor's click sends the choice."""
    site = await build_site(pool, SHOP)
    answerer = Answerer(pool, EMBEDDER, None)
    asked_back = await ask(answerer, site, "How much is it?")
    assert asked_back.text == "That fits several things. Which one do you mean?"
    assert asked_back.citations == ()
    assert asked_back.reply.kind is AnswerKind.small_talk
    (choice,) = (each for each in asked_back.reply.choices if "Grande" in each)
    assert "€1,150" in (await ask(answerer, site, choice)).text
