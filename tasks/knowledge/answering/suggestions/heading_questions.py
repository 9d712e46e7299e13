"""Headings turned into questions that a visitor would ask, in the site's language.

A question keeps the site's wording, unless it addresses the visitor ("Ready to start?"). Usual headings get the usual
question ("Prices": "What does it cost?"), imperative headings become "How do I …?", and a topic is asked about.
Slogans, sentences, code and words such as "Overview" are no topics.
"""

import json
import re
from collections.abc import Iterator, Set
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tasks.core.models import Frozen
from tasks.knowledge.answering.phrases import DEFAULT_LANGUAGE
from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import primary_subtag, read_words

MAX_WORDS = 6
"""Words of a topic; a longer heading is mostly a sentence."""
MIN_SINGLE_LENGTH = 12
"""Length of a topic of one word: shorter ones are often names of menus ("Learn", "Community")."""
MIN_WORDS = 3
"""Words of a question; "Why blueprints?" is only a heading."""
ARTICLES = frozenset(
    {"a", "an", "the", "der", "die", "das", "le", "la", "les", "l", "el", "los", "il", "o", "de", "het"}
)
"""Function words that a topic may begin with."""
CONNECTIVES = frozenset(
    re.findall(r"\w+", "so but and or then also well now und aber oder doch et mais ou pero ma maar и а но")
)
"""First words of a sentence that continues another."""
_NOT_A_TOPIC = re.compile(r"[.!…:;,。！、–—/|()\[\]{}<>=_\\*#@\"“”„«»]|\s-\s|\d{4}")
_HOW_TO = re.compile(r"how to (?=\w)", re.IGNORECASE)


class QuestionOrigin(IntEnum):
    """The origin of a question, best first."""

    listed = 0
    """A question from a list of questions and answers."""
    usual = 1
    """The usual question for a usual heading."""
    own = 2
    """A single question of the site."""
    task = 3
    """The question how to do something, from an imperative heading."""
    topic = 4
    """A question about a topic."""


class HeadingQuestion(NamedTuple):
    """A question made from a heading."""

    origin: QuestionOrigin
    template: str
    """The question, with `{topic}` in the place of the topic."""
    topic: str = ""

    def text(self, names: Set[str] | None = None) -> str:
        """Return the question; with the site's `names` (in lower case), other words lose their title case."""
        is_task = self.origin is QuestionOrigin.task
        topic = self.topic if names is None else _without_title_case(self.topic, names, is_task=is_task)
        question = self.template.replace("{topic}", topic)
        return question[:1].upper() + question[1:]


def _without_title_case(heading: str, names: Set[str], *, is_task: bool = False) -> str:
    words = heading.split()
    if heading.isupper():
        return " ".join(word.capitalize() if _bare_word(word) in names | {"i"} else word.lower() for word in words)
    long = [word for word in words if len(word) > 3 and word[0].isalpha()]
    in_capitals = len(long) > 1 and all(word[0].isupper() for word in long)
    if is_task:
        # Its verb has lost the capital; a single one after it may be that of a name: "install Docker".
        rest = [word for word in words[1:] if word[0].isalpha() and word.lower() not in ARTICLES | {"my"}]
        has_article = len(rest) < len(words) - 1
        in_capitals = (len(rest) > 1 or has_article) and all(word[0].isupper() for word in rest if len(word) > 2)
    return " ".join(
        word.lower() if _is_capitalised(word) and (in_capitals or not at) and _bare_word(word) not in names else word
        for at, word in enumerate(words)
    )


def _is_capitalised(word: str) -> bool:
    """Whether only the first letter, or that of each hyphenated part, is upper case; false for `I`."""
    return word[0].isupper() and word != "I" and all(part[1:] == part[1:].lower() for part in word.split("-"))


def _bare_word(word: str) -> str:
    return word.strip("?,.'’\"“”").lower()


class _QuestionPatterns(Frozen):
    """Patterns and templates of one language; words in lower case."""

    topic_question: str
    """Template of the question about a topic."""
    no_questions: str
    """Pattern of statements with a question mark: "What we offer?"."""
    generic_headings: frozenset[str]
    """Headings without a topic."""
    to_visitor: str
    """Pattern of questions that a site asks its visitors."""
    topic_function_words: frozenset[str]
    """Function words that a topic may contain."""
    verbs: frozenset[str]
    """First words of an imperative heading …"""
    ambiguous_verbs: frozenset[str]
    """… and those that are verbs only before one of the `determiners`."""
    determiners: frozenset[str]
    task_question: str
    """Template of the question how to do something."""
    usual_questions: dict[str, str]
    """The usual question, by the pattern of headings."""


@cache
def _languages() -> dict[str, _QuestionPatterns]:
    listed = json.loads(Path(__file__).with_name("heading_questions.json").read_text("utf-8"))
    return {language: _QuestionPatterns.model_validate(patterns) for language, patterns in listed.items()}


def make_questions(heading: str, name: str, language: str) -> Iterator[HeadingQuestion]:
    """Yield the questions from a heading, best first."""
    patterns = _languages().get(primary_subtag(language)) or _languages()[DEFAULT_LANGUAGE]
    folded = heading.casefold()
    if re.search(r"[?？؟]\s*$", heading):
        is_asked = not re.search(patterns.to_visitor, folded) and not re.search(patterns.no_questions, folded)
        if is_asked and _is_whole_question(heading, language):
            yield HeadingQuestion(QuestionOrigin.own, "{topic}", heading)
        return
    for pattern, question in patterns.usual_questions.items():
        if re.fullmatch(pattern, folded):
            yield HeadingQuestion(QuestionOrigin.usual, question.replace("{name}", name))
    if primary_subtag(language) not in _languages():
        return
    if task := _task(heading, patterns):
        yield HeadingQuestion(QuestionOrigin.task, patterns.task_question, task)
    elif folded != name.casefold() and _is_topic(heading, patterns, language):
        yield HeadingQuestion(QuestionOrigin.topic, patterns.topic_question, heading)


def asks_about_topic(question: str, language: str) -> bool:
    """Whether it is a suggested question about a topic, which asks for no statement in particular."""
    patterns = _languages().get(primary_subtag(language)) or _languages()[DEFAULT_LANGUAGE]
    before, _, after = patterns.topic_question.partition("{topic}")
    return question.startswith(before) and question.endswith(after)


def refers_back(question: str) -> bool:
    """Whether the question begins with a pronoun for something named earlier: "Is it enough?"."""
    return not function_words().pointers.isdisjoint(word.casefold() for word in list(read_words(question))[:2])


def _is_whole_question(heading: str, language: str) -> bool:
    """Whether the heading is a whole question: it begins with a function word, and not with a connective."""
    words = [word.casefold() for word in read_words(heading)]
    if primary_subtag(language) not in _languages():
        return True
    return len(words) >= MIN_WORDS and words[0] in function_words(primary_subtag(language)).all - CONNECTIVES


def _task(heading: str, patterns: _QuestionPatterns) -> str | None:
    """Return the task of an imperative heading: "install my tap" for "Install your tap"."""
    text, removed = _HOW_TO.subn("", heading, count=1) if patterns.verbs else (heading, 0)
    first, _, rest = text.partition(" ")
    if not rest or _NOT_A_TOPIC.search(text) or len(text.split()) > MAX_WORDS:
        return None
    is_imperative = removed or first.casefold() in patterns.verbs
    if not is_imperative and (
        first.casefold() not in patterns.ambiguous_verbs or rest.split()[0].casefold() not in patterns.determiners
    ):
        return None
    return re.sub(r"\byour\b", "my", f"{first.lower()} {rest}", flags=re.IGNORECASE)


def _is_topic(heading: str, patterns: _QuestionPatterns, language: str) -> bool:
    words = [word.casefold() for word in read_words(heading)]
    if heading.isupper() or _NOT_A_TOPIC.search(heading) or heading.casefold() in patterns.generic_headings:
        return False
    if not 0 < len(heading.split()) <= MAX_WORDS or not any(len(word) > 3 for word in words):
        return False
    if len(words) == 1 and len(heading) < MIN_SINGLE_LENGTH:
        return False
    excluded = function_words(primary_subtag(language)).all - patterns.topic_function_words
    is_plain = words[0].isalpha() and words[0] not in patterns.generic_headings
    ends = {words[0], words[-1]} & patterns.topic_function_words - ARTICLES
    return is_plain and not ends and not any(word in excluded for word in words)
