"""Headings as questions that a visitor would ask, in the site's language.

A question stays as the site words it, unless it is one to the visitor ("Ready to start?"). What every site has gets the
usual question ("Prices": "What does it cost?"), what is told to do becomes "How do I …?", and what names a thing is
asked about. Slogans, sentences, code and words such as "Overview" name none.
"""

import json
import re
from collections.abc import Collection, Iterator
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tasks.core.models import Frozen
from tasks.knowledge.answering.phrases import DEFAULT, base
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import read_words

MAX_WORDS = 6
"""Of a topic; with more it is a sentence, or as good as one."""
LEAST_WORDS = 3
"""Of a question: "Why blueprints?" is a heading."""
ARTICLES = frozenset(
    {"a", "an", "the", "der", "die", "das", "le", "la", "les", "l", "el", "los", "il", "o", "de", "het"}
)
"""May begin a name."""
CONNECTIVES = frozenset(
    re.findall(r"\w+", "so but and or then also well now und aber oder doch et mais ou pero ma maar и а но")
)
"""Begin a sentence that goes on from another."""
_NO_NAME = re.compile(r"[.!…:;,。！、–—/|()\[\]{}<>=_\\*#@\"“”„«»]|\s-\s|\d{4}")
_HOW_TO = re.compile(r"how to (?=\w)", re.IGNORECASE)


class Fit(IntEnum):
    """How a question came about, the best first."""

    listed = 0
    """The site's own, in a list of questions and answers."""
    usual = 1
    """What is asked of every such site."""
    own = 2
    """The site's own."""
    task = 3
    """How something is done."""
    topic = 4
    """What there is to know of something."""


class Offer(NamedTuple):
    """A question that may be offered."""

    fit: Fit
    question: str
    """With `{topic}` where the topic belongs."""
    topic: str = ""

    def asked(self, names: Collection[str] | None = None) -> str:
        """The question; given the site's `names` (in small letters), other words lose a heading's capitals."""
        topic = self.topic if names is None else _recased(self.topic, names)
        question = self.question.replace("{topic}", topic)
        return question[:1].upper() + question[1:]


def _recased(heading: str, names: Collection[str]) -> str:
    words = heading.split()
    long = [word for word in words if len(word) > 3 and word[0].isalpha()]
    in_capitals = len(long) > 1 and all(word[0].isupper() for word in long)
    return " ".join(
        word.lower() if _is_capitalised(word) and (in_capitals or not at) and _bare(word) not in names else word
        for at, word in enumerate(words)
    )


def _is_capitalised(word: str) -> bool:
    """By its first letter alone, or those of its parts; not `I`."""
    return word[0].isupper() and word != "I" and all(part[1:] == part[1:].lower() for part in word.split("-"))


def _bare(word: str) -> str:
    return word.strip("?,.'’\"“”").lower()


class _Topics(Frozen):
    """How a language asks; words in small letters."""

    about: tuple[str, ...]
    """Questions about any topic, with `{topic}` and `{name}`, the site's."""
    boring: frozenset[str]
    """Headings that name nothing."""
    to_visitor: str
    """Pattern of questions that a site asks its visitors."""
    inner: frozenset[str]
    """Function words that a name may have."""
    verbs: frozenset[str]
    """Begin headings that tell to do something …"""
    maybe_verbs: frozenset[str]
    """… and these do when one of the `determiners` follows."""
    determiners: frozenset[str]
    how: str
    ask: dict[str, str]
    """The usual question, by the pattern of headings."""


@cache
def _languages() -> dict[str, _Topics]:
    listed = json.loads(Path(__file__).with_name("heading_questions.json").read_text("utf-8"))
    return {language: _Topics.model_validate(topics) for language, topics in listed.items()}


def read_offers(heading: str, name: str, language: str, number: int = 0) -> Iterator[Offer]:
    """Questions made of a heading, the best first; `number` tells which of the wordings a topic gets."""
    topics = _languages().get(base(language)) or _languages()[DEFAULT]
    folded = heading.casefold()
    if re.search(r"[?？؟]\s*$", heading):
        if not re.search(topics.to_visitor, folded) and _asks(heading, language):
            yield Offer(Fit.own, "{topic}", heading)
        return
    for pattern, question in topics.ask.items():
        if re.fullmatch(pattern, folded):
            yield Offer(Fit.usual, question.replace("{name}", name))
    if base(language) not in _languages():
        return
    if task := _task(heading, topics):
        yield Offer(Fit.task, topics.how, task)
    elif folded != name.casefold() and _names_a_thing(heading, topics):
        about = topics.about[number % len(topics.about)]
        yield Offer(Fit.topic, about.replace("{name}", name), heading)


def leans(question: str) -> bool:
    """Whether it is about something that was named before it: "Is it enough?"."""
    return not function_words().pointers.isdisjoint(word.casefold() for word in list(read_words(question))[:2])


def _asks(heading: str, language: str) -> bool:
    """Whether it is a whole question: it begins as one, and goes on from nothing."""
    words = [word.casefold() for word in read_words(heading)]
    if base(language) not in _languages():
        return True
    return len(words) >= LEAST_WORDS and words[0] in function_words().all - CONNECTIVES


def _task(heading: str, topics: _Topics) -> str | None:
    """What is to be done: "install my tap" of "Install your tap"."""
    text, told = _HOW_TO.subn("", heading, count=1) if topics.verbs else (heading, 0)
    first, _, rest = text.partition(" ")
    if not rest or _NO_NAME.search(text) or len(text.split()) > MAX_WORDS:
        return None
    is_told = told or first.casefold() in topics.verbs
    if not is_told and (
        first.casefold() not in topics.maybe_verbs or rest.split()[0].casefold() not in topics.determiners
    ):
        return None
    return re.sub(r"\byour\b", "my", f"{first.lower()} {rest}", flags=re.IGNORECASE)


def _names_a_thing(heading: str, topics: _Topics) -> bool:
    words = [word.casefold() for word in read_words(heading)]
    if heading.isupper() or _NO_NAME.search(heading) or heading.casefold() in topics.boring:
        return False
    if not 0 < len(heading.split()) <= MAX_WORDS or not any(len(word) > 3 for word in words):
        return False
    unusual = function_words().all - topics.inner
    is_plain = words[0].isalpha() and words[0] not in topics.boring
    ends = {words[0], words[-1]} & topics.inner - ARTICLES
    return is_plain and not ends and not any(word in unusual for word in words)
