"""The question: its language, small talk, follow-ups, quantities and synonyms."""

import pytest

from tasks.knowledge.answering.evidence.synonyms import find_synonyms
from tasks.knowledge.answering.phrases import Phrase, phrase
from tasks.knowledge.answering.question.follow_ups import resolve_follow_up
from tasks.knowledge.answering.question.language_detection import detect_language
from tasks.knowledge.answering.question.quantities import asks_for_number, has_number, without_measure
from tasks.knowledge.answering.question.small_talk import match_small_talk


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How long is the warranty?", "en"),
        ("Wie lange gilt die Garantie auf das Gerät?", "de"),
        ("Combien coûte la livraison ?", "fr"),
        ("¿Cuánto cuesta el envío?", "es"),
        ("كم مدة الضمان؟", "ar"),
        ("保証期間は何年ですか？", "ja"),
        ("Сколько стоит доставка?", "ru"),
        ("PRAGMA journal_mode", "it"),
        ("🌱", "it"),
    ],
)
def test_the_visitors_language_is_detected(text: str, language: str) -> None:
    """If the text is clear enough; otherwise it is the site's."""
    assert detect_language(text, "it") == language


@pytest.mark.parametrize("message", ["Hi, what does it cost?", "Thanks, and the price?", "help me with a refund", ""])
def test_a_question_after_a_greeting_is_no_small_talk(message: str) -> None:
    """Although it begins like small talk."""
    assert match_small_talk(message) is None


@pytest.mark.parametrize(
    ("question", "before", "searched"),
    [
        ("And the Tap?", "How deep does the Probe measure?", "And the Tap? deep measure"),
        ("How much does it cost?", "What is the starter kit?", "How much does it cost? starter kit"),
        ("Und in Österreich?", "Was kostet der Versand?", "Und in Österreich? Versand"),
        ("What are the opening hours?", "How deep does the Probe measure?", "What are the opening hours?"),
        ("And the Tap?", None, "And the Tap?"),
    ],
)
def test_a_follow_up_is_resolved(question: str, before: str | None, searched: str) -> None:
    """With the previous question's topic; a question that is no follow-up stays unchanged."""
    assert resolve_follow_up(question, before, detect_language(question, "en")) == searched


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How much is it?", True),
        ("Wie lange dauert das?", True),
        ("Since when?", True),
        ("What does the plan cost?", True),
        ("How do I pair it?", False),
    ],
)
def test_questions_for_a_number_are_recognized(question: str, asks: bool) -> None:
    """By their wording."""
    assert asks_for_number(question) is asks


def test_numbers_are_recognized_in_words_too() -> None:
    """And the measure asked for is not a word the answer must have."""
    assert has_number("within two working days")
    assert not has_number("as soon as we can")
    assert without_measure("How deep is the lake?").split() == ["is", "the", "lake?"]


def test_synonyms_are_near_and_others_are_not() -> None:
    """By the local model."""
    words = {word: word for word in ("price", "guarantee", "coffee", "mysql")}
    found = find_synonyms(["cost", "warranty", "tea", "postgresql"], words)
    assert [list(found[word]) for word in ("cost", "warranty", "tea", "postgresql")] == [
        ["price"],
        ["guarantee"],
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [("वारंटी कितने साल की है?", "hi"), ("Πόσο διαρκεί η εγγύηση;", "el"), ("Cât durează garanția?", "ro")],
)
def test_languages_without_phrases_are_detected_too(text: str, language: str) -> None:
    """Instead of the nearest with phrases: Norwegian for Hindi. The phrases are then the site's, or English."""
    assert detect_language(text, "de") == language
    assert phrase(Phrase.not_said, language, "Shop", "de") == phrase(Phrase.not_said, "de", "Shop")
    assert phrase(Phrase.not_said, language, "Shop", language) == phrase(Phrase.not_said, "en", "Shop")
