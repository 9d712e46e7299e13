"""Everyday intents: what a question asks for, recognized by its likeness to examples, whatever its wording.

The examples are English; in other languages the answer types' own patterns recognize a question.
"""

import json
from functools import cache
from pathlib import Path

from tasks.core.models import Frozen
from tasks.knowledge.answering.question.answer_types import AnswerType, load_answer_types


class Intent(Frozen):
    """A thing that visitors of most sites ask for."""

    types: tuple[str, ...]
    """Names of the answer types whose values answer it; none for what is no such value, though it is asked alike."""
    examples: tuple[str, ...]
    """Questions for it."""

    @property
    def answer_types(self) -> tuple[AnswerType, ...]:
        """The answer types themselves."""
        return tuple(each for each in load_answer_types() if each.name in self.types)


@cache
def load_intents() -> tuple[Intent, ...]:
    """Return the intents; the file is read once a process."""
    listed = json.loads(Path(__file__).with_name("intents.json").read_text("utf-8"))
    return tuple(Intent.model_validate(entry) for entry in listed)
