"""Function words: the stop words of question analysis, in all languages together."""

import json
from functools import cache
from pathlib import Path

from tasks.core.models import Frozen


class FunctionWords(Frozen):
    """The words, in lower case, of all languages together."""

    framing: frozenset[str]
    """Words that frame a question: "tell", "explain", "how many"."""
    pointers: frozenset[str]
    """Pronouns that refer to an earlier message: "it", "those"."""
    function: frozenset[str]
    """Articles, prepositions, auxiliaries: the usual stop words."""
    openers: tuple[str, ...]
    """Openings of a follow-up question: "and", "what about"."""

    @property
    def all(self) -> frozenset[str]:
        """All words but the openers: none of them names the topic of a question."""
        return self.framing | self.pointers | self.function


@cache
def function_words() -> FunctionWords:
    """Return the words; the file is read once a process."""
    return FunctionWords.model_validate(json.loads(Path(__file__).with_name("function_words.json").read_text("utf-8")))
