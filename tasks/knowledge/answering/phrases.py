"""The product's fixed phrases for visitors, in their language."""

import json
from enum import StrEnum
from functools import cache
from pathlib import Path

from tasks.knowledge.language.words import primary_subtag

DEFAULT_LANGUAGE = "en"


class Phrase(StrEnum):
    """The names of the phrases."""

    greeting = "greeting"
    """The widget's first sentence."""
    hello = "hello"
    thanks = "thanks"
    bye = "bye"
    who = "who"
    not_said = "not_said"
    """The refusal; the nearest pages follow."""
    near_said = "near_said"
    """The reservation before a statement that comes near; it follows."""
    which_one = "which_one"
    """The question back, where several things fit; they follow as choices."""
    site_says = "site_says"
    """Introduction of quotes in another language than the visitor's."""


def phrase(which: Phrase, language: str, name: str, site_language: str = DEFAULT_LANGUAGE) -> str:
    """Return the phrase with the site's name; without a translation in the site's language, or in English."""
    translations = _load()
    listed = (translations.get(primary_subtag(each)) for each in (language, site_language, DEFAULT_LANGUAGE))
    return next(phrases for phrases in listed if phrases)[which].replace("{name}", name)


def languages() -> tuple[str, ...]:
    """Return the languages with translations, as BCP 47 primary subtags."""
    return tuple(_load())


@cache
def _load() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("phrases.json").read_text("utf-8"))
    return loaded
