"""Words that say how something is asked rather than what."""

import json
from functools import cache
from pathlib import Path

from tasks.core.models import Frozen


class FunctionWords(Frozen):
    """The words, in small letters, of all languages together."""

    framing: frozenset[str]
    """Frame a question: "tell", "explain", "how many"."""
    pointers: frozenset[str]
    """Stand for something said before: "it", "those"."""
    function: frozenset[str]
    """Articles, prepositions, auxiliaries: what stop words are."""
    openers: tuple[str, ...]
    """Open a question that goes on from another: "and", "what about"."""

    @property
    def all(self) -> frozenset[str]:
        """Words that do not say what a question is about."""
        return self.framing | self.pointers | self.function


@cache
def function_words() -> FunctionWords:
    """The words, read once."""
    return FunctionWords.model_validate(json.loads(Path(__file__).with_name("function_words.json").read_text("utf-8")))
