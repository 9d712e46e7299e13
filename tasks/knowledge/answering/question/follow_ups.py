"""A question that leans on the one before it, written out so that it can be searched for by itself."""

import re

from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import read_words

MAX_ELLIPTIC_WORDS = 9
"""Longer questions say what they are about."""
MAX_CARRIED = 12
CAPITALISING = ("de",)
"""Languages that write every noun with a capital: names cannot be told there."""


def write_out(question: str, before: str | None, language: str = "en") -> str:
    """The question with the words it leans on from the one before it; as it is when it stands by itself."""
    if not before or not is_elliptic(question):
        return question
    own = {word.casefold() for word in read_words(question)}
    carried = [word for word in _content(before) if word.casefold() not in own]
    if language not in CAPITALISING and any(word[0].isupper() for word in list(read_words(question))[1:]):
        # "And the Tap?" asks the same of something else: its name takes the other's place.
        carried = [word for word in carried if not _is_name(word, before)]
    return f"{question} {' '.join(carried[:MAX_CARRIED])}".strip()


def is_elliptic(question: str) -> bool:
    """Whether the question is short, and opens or points as one that goes on from another."""
    words = [word.casefold() for word in read_words(question)]
    if not words or len(words) > MAX_ELLIPTIC_WORDS:
        return False
    plain = " ".join(words)
    known = function_words()
    opens = any(plain == opener or plain.startswith(opener + " ") for opener in known.openers)
    return opens or not known.pointers.isdisjoint(words) or not _content(question)


def _content(question: str) -> list[str]:
    """The words that may say what a question is about."""
    return [word for word in read_words(question) if len(word) > 1 and word.casefold() not in function_words().all]


def _is_name(word: str, text: str) -> bool:
    return word[0].isupper() and not re.match(rf"\W*{re.escape(word)}\b", text)
