"""Words: tokenization and stems, as visitors and pages write them."""

import pytest

from tasks.knowledge.language.words import read_words, stems


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "The Probe's 3.11 snake_case and CamelCase",
            ["The", "Probe's", "3.11", "snake", "case", "and", "Camel", "Case"],
        ),
        ("sqlite3_open(1,150)", ["sqlite3", "open", "1,150"]),
        ("保証期間", ["保証", "証期", "期間"]),
        ("€4.90 — 20 %", ["4.90", "20"]),
        ("", []),
    ],
)
def test_words_are_read_as_visitors_mean_them(text: str, words: list[str]) -> None:
    """Identifiers are split, numbers stay whole, scripts without spaces become bigrams."""
    assert list(read_words(text)) == words


def test_inflected_words_share_a_stem() -> None:
    """In the given language; in an unknown one only the case is folded."""
    assert stems("Batteries battery", "en")[0] == stems("battery", "en")[0]
    assert stems("Preise", "de") == stems("Preisen", "de")
    assert stems("Szépség", "xx") == ["szépség"]
