"""Follow-up questions: words carried over from the previous question, so that search finds them without the model."""

import re

from tasks.knowledge.language.function_words import function_words
from tasks.knowledge.language.words import primary_subtag, read_words

MAX_ELLIPTIC_WORDS = 9
"""Words of a follow-up at most: a longer question names its topic."""
MAX_CARRIED_WORDS = 12
NOUN_CAPITALIZING = ("de",)
"""Languages that capitalize every noun: capitals do not mark names there."""


def resolve_follow_up(question: str, previous: str | None, language: str = "en") -> str:
    """Return the question with the topic words of the previous one; unchanged if it is not a follow-up."""
    if not previous or not is_elliptic(question, language):
        return question
    own = {word.casefold() for word in read_words(question)}
    carried = [word for word in _topic_words(previous, language) if word.casefold() not in own]
    if language not in NOUN_CAPITALIZING and any(word[0].isupper() for word in list(read_words(question))[1:]):
        # "And the Tap?" asks the same of another thing: its name replaces the previous name.
        carried = [word for word in carried if not _is_name(word, previous)]
    return f"{question} {' '.join(carried[:MAX_CARRIED_WORDS])}".strip()


def is_elliptic(question: str, language: str = "en") -> bool:
    """Whether the question is short, and has the opening or a pronoun of a follow-up, or no topic word."""
    words = [word.casefold() for word in read_words(question)]
    if not words or len(words) > MAX_ELLIPTIC_WORDS:
        return False
    plain = " ".join(words)
    known = function_words(primary_subtag(language))
    opens = any(plain == opener or plain.startswith(opener + " ") for opener in known.openers)
    return opens or not known.pointers.isdisjoint(words) or not _topic_words(question, language)


def _topic_words(question: str, language: str) -> list[str]:
    """Return the words that may name a question's topic."""
    left_out = function_words(primary_subtag(language)).all
    return [word for word in read_words(question) if len(word) > 1 and word.casefold() not in left_out]


def _is_name(word: str, text: str) -> bool:
    return word[0].isupper() and not re.match(rf"\W*{re.escape(word)}\b", text)
