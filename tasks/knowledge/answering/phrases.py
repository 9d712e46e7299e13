"""The product's own sentences to visitors, in their language."""

import json
from enum import StrEnum
from functools import cache
from pathlib import Path

DEFAULT = "en"


class Phrase(StrEnum):
    """What there is to say."""

    greeting = "greeting"
    """The widget's first sentence."""
    hello = "hello"
    thanks = "thanks"
    bye = "bye"
    who = "who"
    not_said = "not_said"
    """The site does not answer the question; the nearest pages follow."""
    site_says = "site_says"
    """Before quotes in another language than the visitor's."""


def phrase(which: Phrase, language: str, name: str) -> str:
    """The sentence in a language (English where we do not speak it), with the site's name."""
    spoken = _load()
    known = spoken.get(base(language)) or spoken[DEFAULT]
    return known[which].replace("{name}", name)


def languages() -> tuple[str, ...]:
    """The languages we speak, as BCP 47 primary subtags."""
    return tuple(_load())


def base(language: str) -> str:
    """The primary subtag of a BCP 47 tag, Norwegian in one."""
    subtag = language.casefold().replace("_", "-").split("-")[0]
    return "no" if subtag in ("nb", "nn") else subtag


@cache
def _load() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads(Path(__file__).with_name("phrases.json").read_text("utf-8"))
    return loaded
