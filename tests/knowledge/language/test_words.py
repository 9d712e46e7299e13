"""Words: tokenization and stems, as visitors and pages write them."""

import pytest

from tasks.knowledge.language.function_words import function_words, likely_language
from tasks.knowledge.language.page_language import page_language
from tasks.knowledge.language.words import index_terms, read_words, stems


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "The Probe's 3.11 snake_case and CamelCase",
            ["The", "Probe's", "3.11", "snake", "case", "and", "Camel", "Case"],
        ),
        ("sqlite3_open(1,150)", ["sqlite3", "open", "1,150"]),
        ("保証期間", ["保証", "証期", "期間"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("l’hôtel", ["l", "hôtel"]),
        ("€4.90 — 20 %", ["4.90", "20"]),
        ("", []),
    ],
)
def test_words_are_read_as_visitors_mean_them(text: str, words: list[str]) -> None:
    """Identifiers are split, numbers and marked letters stay whole, scripts without spaces become pairs."""
    assert list(read_words(text)) == words


def test_inflected_words_share_a_stem() -> None:
    """In the given language; in an unknown one only the case is folded."""
    assert stems("Batteries battery", "en")[0] == stems("battery", "en")[0]
    assert stems("Preise", "de") == stems("Preisen", "de")
    assert stems("लड़कियों", "hi") == stems("लड़की", "hi")
    assert stems("Szépség", "xx") == ["szépség"]


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("E-Mail os.path 5.5", "de", ["e", "mail", "os", "path", "5.5", "email"]),
        ("SharedMemory", "en", ["sharedmemori", "share", "memori"]),
        ("保証期", "ja", ["保証", "証期", "保", "証", "期"]),
        ("ประกัน", "th", ["ปร", "ระ", "ะกั", "กัน", "ประ", "ระกั", "ะกัน"]),
        ("What's the warranty?", "en", ["warranti"]),
        ("ـــ خبز", "ar", ["ـــ", "خبز"]),
    ],
)
def test_the_index_has_variants_of_words(text: str, language: str, terms: list[str]) -> None:
    """Parts of names, compounds as one word, characters; no function words, and no empty term."""
    assert index_terms(text, language) == terms


def test_a_function_word_is_one_in_its_own_language_alone() -> None:
    """A garden shop sells a hoe; in Dutch that asks how."""
    assert "hoe" in function_words("nl").all
    assert "hoe" not in function_words("en", "de").all
    assert index_terms("Do you have a hoe?", "en") == ["hoe"]


@pytest.mark.parametrize(
    ("words", "expected", "language"),
    [
        ("Haben Sie eine Hacke", ["en"], "de"),
        ("Do you have a hoe", ["en"], ""),
        ("Do you have a hoe", ["de"], "en"),
        ("hoe", ["en"], ""),
    ],
)
def test_a_questions_language_shows_in_its_function_words(words: str, expected: list[str], language: str) -> None:
    """One alone decides nothing."""
    assert likely_language(words.split(), expected) == language


@pytest.mark.parametrize(
    ("declared", "text", "language"),
    [
        ("de-AT", "Preise", "de"),
        (None, "We open at nine and close at six.", "en"),
        ("en-US", "Wir haben von neun bis sechs Uhr für Sie geöffnet, und das auch am Samstag.", "de"),
        ("en", "Мы открыты с девяти до шести.", "ru"),
        ("uk", "Ми відчинені з дев'ятої до шостої.", "uk"),
        (None, "営業時間は九時から六時までです。", "ja"),
        (None, "हम सुबह नौ बजे खुलते हैं।", "hi"),
        ("", "", "en"),
    ],
)
def test_a_pages_language_is_the_one_it_is_written_in(declared: str | None, text: str, language: str) -> None:
    """Templates declare English for any page."""
    assert page_language(declared, text) == language
