"""Phrases: complete in every language."""

from tasks.knowledge.answering.phrases import Phrase, languages, phrase


def test_every_phrase_is_there_in_every_language() -> None:
    """With the site's name, nothing left to fill in."""
    for language in languages():
        for which in Phrase:
            assert "{" not in phrase(which, language, "Acme")
        assert "Acme" in phrase(Phrase.hello, language, "Acme")
    assert phrase(Phrase.thanks, "de-AT", "Acme").startswith("Gern")
