"""Grounding: sentences and the passages that support them."""

from tasks.core.models import Passage
from tasks.knowledge.answering.generation.grounding import Grounding


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
