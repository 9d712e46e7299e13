"""Glosses: other languages word for word in English."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.knowledge.language import glossary
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.glossary import Glossary, gloss, has_glossary

FILES = sorted(Path(glossary.__file__).with_name("glossaries").glob("*.txt"))
SMALL = Glossary("de", "Hund = dog\nFutter = food\nwie viel = how much\nwie = how\nkostet = costs\nCafé = café\n")


def test_questions_are_glossed_in_the_languages_of_shops() -> None:
    """A model that reads English understands what is asked for."""
    for language, question, said in (
        ("fr", "Puis-je amener mon chien ?", "dog"),
        ("es", "¿Dónde puedo aparcar?", "park"),
        ("it", "Quanto costa la colazione?", "breakfast"),
        ("nl", "Mag mijn hond mee?", "dog"),
        ("pt", "Posso levar o meu cão?", "dog"),
        ("pl", "Czy mogę przyjść z psem?", "dog"),
        ("ru", "Можно ли прийти с собакой?", "dog"),
        ("sv", "Får jag ta med min hund?", "dog"),
        ("cs", "Mohu přijít se psem?", "dog"),
        ("tr", "Köpeğimi getirebilir miyim?", "dog"),
        ("ar", "هل يمكنني إحضار كلبي؟", "dog"),
        ("da", "Må jeg tage min hund med?", "dog"),
        ("nb", "Kan jeg ta med hunden min?", "dog"),
        ("ro", "Pot veni cu câinele?", "dog"),
        ("el", "Μπορώ να φέρω τον σκύλο μου;", "dog"),
        ("hu", "Hozhatom a kutyámat?", "dog"),
        ("fi", "Saako koiran ottaa mukaan?", "dog"),
        ("uk", "Чи можна прийти з собакою?", "dog"),
        ("hi", "क्या मैं अपना कुत्ता ला सकता हूँ?", "dog"),
        ("de-CH", "Wie viel kostet das Frühstück?", "breakfast"),
    ):
        assert said in gloss(question, language), language


def test_a_word_is_found_as_written_by_its_stem_and_without_accents() -> None:
    """Visitors write without accents, and texts in all forms."""
    assert SMALL.gloss("Hund Hunde HUNDES Cafe") == "dog dog dog café"


def test_an_expression_goes_before_its_words() -> None:
    """But not across a comma."""
    assert SMALL.gloss("Wie viel kostet das? Wie, viel?") == "how much costs das? how, viel?"


def test_a_compound_is_glossed_by_its_parts() -> None:
    """With the letters that join them."""
    assert SMALL.gloss("Hundefutter") == "dog food"


def test_names_and_numbers_stay() -> None:
    """So do prices, addresses and e-mail addresses."""
    assert SMALL.gloss("Miele W1, 12,50 €, post@laden.example") == "Miele W1, 12,50 €, post@laden.example"


def test_a_text_in_another_language_than_the_sites_is_glossed_in_its_own() -> None:
    """An English page of a German site stays as it is."""
    said = "This is what you will die for: the best war film that was ever made"
    assert gloss(said, "de") == said
    assert "dog" in gloss("Est-ce que je peux venir avec mon chien dans la boutique ?", "de")


def test_a_language_without_a_glossary_is_left_as_it_is() -> None:
    """The answer model has a part for those."""
    assert not has_glossary("sw")
    assert gloss("Je, naweza kuleta mbwa wangu?", "sw") == "Je, naweza kuleta mbwa wangu?"


@given(st.text(max_size=200), st.sampled_from([file.stem for file in FILES]))
def test_any_text_is_glossed(text: str, language: str) -> None:
    """Whatever visitors paste."""
    assert isinstance(gloss(text, language), str)


HOSTILE = "abendbrot"
"""One entry, and two: a word of so many of them can be cut in two to the power of that many ways."""


def test_a_word_made_to_take_long_is_glossed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 of them took 5 s, and four times that for two more: a visitor's question stopped all answers."""
    cuts: list[str] = []
    first_part = Glossary._first_part
    monkeypatch.setattr(Glossary, "_first_part", lambda self, part: cuts.append(part) or first_part(self, part))
    word = HOSTILE * 8 + "qxq"
    assert gloss(word, "de") == word
    assert 0 < len(cuts) <= len(word) ** 2 / 2
    cuts.clear()
    assert gloss(HOSTILE * 220, "de") == HOSTILE * 220
    assert not cuts


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_entries_are_well_formed(file: Path) -> None:
    """Forms, an equals sign, an English gloss; no form has two."""
    forms: list[str] = []
    for line in file.read_text("utf-8").splitlines():
        found = re.fullmatch(r"(\S.*?\S|\S) = ([A-Za-z'.\- 0-9]+)", line)
        assert found, line
        assert not re.search(r"\d", found[1]), line
        forms += [form.strip().casefold() for form in found[1].split(",")]
    assert len(forms) == len(set(forms))
    missing = [word for word in function_words(file.stem).pointers if word not in forms]
    assert len(missing) <= len(function_words(file.stem).pointers) / 2, missing
