"""Grounding: sentences and the passages that support them."""

import pytest

from tasks.core.models import Passage
from tasks.knowledge.answering.generation.figures import read_figures
from tasks.knowledge.answering.generation.grounding import Grounding
from tasks.knowledge.language.words import read_words
from tests.knowledge.answering.support_cases import CHOSEN_ON, REPORTED_ON, Case


def passage(text: str) -> Passage:
    """A passage with this text."""
    return Passage(url="https://example.com/", title="", heading="", text=text, similarity=1, deep_link="")


def test_a_sentence_is_supported_by_the_passage_that_says_it() -> None:
    """By most of its words and all of its numbers; the best passage first."""
    grounding = Grounding(
        [passage("Parcels arrive within 2 days."), passage("Returns are free for 30 days.")],
        "",
        "en",
        same_language=True,
    )
    assert grounding.supporting_passages("Parcels arrive in 2 days.") == [1]
    assert grounding.supporting_passages("Returns are free for 30 days.") == [2]
    assert grounding.supporting_passages("Returns are free for 60 days.") == []
    assert grounding.supporting_passages("Elephants never forget anything.") == []


def test_across_languages_the_numbers_must_hold() -> None:
    """Words of different languages cannot be compared."""
    grounding = Grounding([passage("Parcels arrive within 2 days.")], "", "en", same_language=False)
    assert grounding.supporting_passages("Pakete kommen nach 2 Tagen an.") == [1]
    assert grounding.supporting_passages("Pakete kommen nach 3 Tagen an.") == []


def agrees(case: Case) -> bool:
    """Whether the check finds what the case says."""
    grounding = Grounding([passage(case.says)], case.asked, case.language, same_language=True)
    return bool(grounding.supporting_passages(case.sentence)) is case.holds


@pytest.mark.parametrize("case", CHOSEN_ON, ids=lambda case: case.sentence)
def test_paraphrases_pass_and_other_figures_and_denials_do_not(case: Case) -> None:
    """Numbers in words, other words for the same; no other number, no other row, no negation."""
    assert agrees(case)


def test_sentences_that_no_threshold_was_chosen_on_are_told_apart() -> None:
    """33 of 36 when this was written."""
    assert sum(map(agrees, REPORTED_ON)) >= 33


def test_a_denial_across_languages_needs_one_in_the_passage() -> None:
    """An English answer from a German passage."""
    texts = ["Die Lieferung dauert 2–4 Werktage.", "Wir liefern nicht nach Norwegen."]
    grounding = Grounding([passage(text) for text in texts], "", "de", same_language=False, answer_language="en")
    assert grounding.supporting_passages("Delivery takes two to four days.") == [1]
    assert grounding.supporting_passages("Delivery takes three to four days.") == []
    assert grounding.supporting_passages("We do not deliver to Norway.") == [2]


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("2–4", "between two and four", "en"),
        ("1,150", "1150", "en"),
        ("1.150", "1150", "de"),
        ("4,90", "4.9", "de"),
        ("17:00", "5 pm", "en"),
        ("9.30", "9:30", "en"),
        ("25", "twenty-five", "en"),
        ("35", "treinta y cinco", "es"),
        ("21", "einundzwanzig", "de"),
    ],
)
def test_figures_are_compared_by_value(one: str, other: str, language: str) -> None:
    """In digits or in words, however they are grouped."""
    first, second = (read_figures(list(read_words(text)), [language]) for text in (one, other))
    assert len(first) == len(second) > 0
    assert all(not a.forms.isdisjoint(b.forms) for a, b in zip(first, second, strict=True))
