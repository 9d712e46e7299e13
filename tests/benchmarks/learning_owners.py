"""Own answers made of the learning sites: what a line answers becomes an own answer, one of its questions the owner's.

The other questions are asked of them, each with the own answers that are nearest by sense; those that nothing on the
site answers, and some whose own answer is left out, are for none.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.knowledge.embedding.sentence_model import PACKAGED, load_sentence_model
from tasks.knowledge.language.glossary import gloss, load_glossary
from tests.benchmarks.trade_sites import LEARNING

LEAST = 6
"""Own answers of a site that is learned from."""
NEAREST, BY_CHANCE = 4, 1
"""Own answers beside the right one."""
FORMAL = 0.7
"""Share of own answers whose question is a whole sentence, if there is one."""
LEFT_OUT, ASKED, ASKED_IN_VAIN = 0.2, 0.6, 0.25
"""Shares of the questions: whose answer is left out; that are asked; of those that nothing answers, that are asked."""


@dataclass(frozen=True)
class AskedOwner:
    """A question, and the texts of own answers, each with its question before it."""

    text: str
    answers: Sequence[str]
    right: int | None


@dataclass(frozen=True)
class _Line:
    said: str
    questions: list[str]


def ask_owners() -> Iterator[AskedOwner]:
    """Yield the questions asked of own answers, in English or as glosses."""
    model = load_sentence_model(PACKAGED, Path(".bench"))
    assert model is not None
    chance = random.Random(11)
    for file in sorted(LEARNING.glob("*.md")):
        lines, vain = _read(file.read_text("utf-8"))
        if len(lines) < LEAST:
            continue
        asked = [(at, text) for at, line in enumerate(lines) for text in line.questions] + [
            (None, each) for each in vain
        ]
        vectors = dict(zip(asked, model.embed_questions([text for _, text in asked]), strict=True))
        own = [_choose(line.questions, chance) for line in lines]
        matrix = np.stack([vectors[at, text] for at, text in enumerate(own)])
        for right, text in asked:
            if right is not None and text == own[right]:
                continue
            order = [int(at) for at in np.argsort(-(matrix @ vectors[right, text])) if at != right]
            is_for_none = right is None or chance.random() < LEFT_OUT
            kept = order[:NEAREST] + chance.sample(order[NEAREST:], min(BY_CHANCE, len(order[NEAREST:])))
            if chance.random() < (ASKED_IN_VAIN if right is None else ASKED):
                shown = kept if is_for_none or right is None else [right, *kept]
                yield AskedOwner(text, [f"{own[at]} {lines[at].said}" for at in shown], None if is_for_none else 0)


def _choose(questions: Sequence[str], chance: random.Random) -> str:
    formal = [text for text in questions if text[:1].isupper() and text.endswith("?")]
    return chance.choice(formal if formal and chance.random() < FORMAL else questions)


def _read(text: str) -> tuple[list[_Line], list[str]]:
    """Return the lines that answer, without rows of tables, and the questions that nothing answers, in English."""
    head, *parts = re.split(r"(?m)^(?:~~~|===) ", text)[1:]
    language = head.split(" | ")[0].strip()
    load_glossary(language)
    lines: list[_Line] = []
    vain: list[str] = []
    said = ""
    for line in "\n".join(part.partition("\n")[2] for part in parts).splitlines():
        asked = [gloss(each.strip(), language) for each in line[2:].split(" | ")]
        if line.startswith("! "):
            vain += asked
        elif not line.startswith("? "):
            said = re.sub(r"^[-#*\s]+|\*\*", "", line) or said
        elif not said.startswith("|"):
            lines.append(_Line(gloss(said, language), asked))
    return lines, vain
