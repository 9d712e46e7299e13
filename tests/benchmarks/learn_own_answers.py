"""`python -m tests.benchmarks.learn_own_answers`: learn `answering/own_answer_model.json` with SciPy.

Learned from the owners of `small_sites/own_answers_development.txt` and from the cases at even places of
`tests/knowledge/own_answer_cases.py`. The former's visitors avoid the owner's words, and those who ask for something
else use them: no feature may speak against an answer, or shared words would. The threshold lets through 15 % of the
former's questions for something else, each weighed by a model that has not seen its owner. Learn it again after the
cross-encoder or the sentence model.
"""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tasks.knowledge.answering import own_answer_model
from tasks.knowledge.answering.own_answer_match import READ, measure_own_answers, rank_by_sense, text_of
from tasks.knowledge.answering.own_answer_model import OwnFeatures
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.records.own_answers import OwnQuestion
from tests.benchmarks.own_answers import DEVELOPMENT, OwnAnswer, OwnedSite, load_cases
from tests.knowledge.own_answer_cases import SITES

FILE = Path(own_answer_model.__file__).with_name("own_answer_model.json")
PENALTY = 3.0
"""Weight of the squared coefficients beside the loss of all rows."""
PASSED = 0.15
FOLDS = 6
"""Parts of the owners; each is weighed by a model that was learned on the others."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """The own answers that were read for a question, and the one that is meant."""

    owner: int
    rows: Floats
    right: int | None
    """None: none of them."""
    is_answered: bool
    """Whether the owner has an answer to it, read or not."""


async def collect(reader: SentenceReader, owners: Sequence[OwnedSite]) -> list[Example]:
    """Return the questions of all owners."""
    examples = []
    for number, site in enumerate(owners):
        own = [
            OwnQuestion(answer_id=uuid4(), text=each.question, answer=each.answer, link=None, similarity=0)
            for each in site.answers
        ]
        asked = [(text, at) for at, each in enumerate(site.answers) for text in each.wordings]
        for text, right in [*asked, *((other, None) for other in site.others)]:
            texts = [said for each in own for said in (each.text, each.answer)]
            senses = (await reader.read(text, texts)).senses
            read = rank_by_sense(own, senses)[:READ]
            fits = await reader.judge(text, [text_of(each) for each in read])
            rows = np.array(measure_own_answers(read, senses, fits))
            places = [own.index(each) for each in read]
            meant = places.index(right) if right in places else None
            examples.append(Example(number, rows, meant, right is not None))
    return examples


def fit(examples: Sequence[Example]) -> tuple[Floats, float]:
    """Return weights, none below zero, and bias, of a logistic model."""
    rows = np.concatenate([each.rows for each in examples])
    labels = np.concatenate(
        [np.arange(len(each.rows)) == (-1 if each.right is None else each.right) for each in examples]
    )
    spread = rows.std(axis=0) + 1e-9
    signs = np.where(labels, 1.0, -1.0)

    def loss(given: Floats) -> tuple[float, Floats]:
        margins = signs * (rows / spread @ given[:-1] + given[-1])
        slopes = -signs / (1 + np.exp(margins))
        change = np.append(rows.T / spread[:, None] @ slopes + PENALTY * given[:-1], slopes.sum())
        return float(np.logaddexp(0, -margins).sum() + PENALTY / 2 * (given[:-1] ** 2).sum()), change

    count = rows.shape[1]
    found = minimize(loss, np.zeros(count + 1), jac=True, bounds=[(0, None)] * count + [(None, None)]).x
    return found[:-1] / spread, float(found[-1])


def cross_validate(examples: Sequence[Example], cases: Sequence[Example]) -> list[tuple[float, bool]]:
    """Return for each question the best log-odds, by a model that has not seen its owner, and whether it is right."""
    found: dict[int, tuple[float, bool]] = {}
    for fold in range(FOLDS):
        weights, bias = fit([*(each for each in examples if each.owner % FOLDS != fold), *cases])
        for at, each in enumerate(examples):
            if each.owner % FOLDS == fold:
                log_odds = each.rows @ weights + bias
                found[at] = float(log_odds.max()), int(log_odds.argmax()) == each.right
    return [found[at] for at in range(len(examples))]


def learn(examples: Sequence[Example], cases: Sequence[Example]) -> dict[str, object]:
    """Return the model for the file; its threshold is chosen on the first."""
    rated = cross_validate(examples, cases)
    others = sorted((top for (top, _), each in zip(rated, examples, strict=True) if not each.is_answered), reverse=True)
    answered = [each for each, example in zip(rated, examples, strict=True) if example.is_answered]
    for passed in (0.01, 0.02, 0.05, 0.1, PASSED):
        threshold = others[int(passed * len(others))]
        right = np.mean([top > threshold and is_right for top, is_right in answered])
        wrong = np.mean([top > threshold and not is_right for top, is_right in answered])
        print(f"{passed:.1%} of the others passed: {right:.1%} right, {wrong:.1%} another's, above {threshold:.2f}")
    weights, bias = fit([*examples, *cases])
    named = zip(OwnFeatures._fields, weights, strict=True)
    threshold = others[int(PASSED * len(others))]
    return {
        "weights": {name: round(float(weight), 4) for name, weight in named},
        "bias": round(bias, 4),
        "threshold": round(threshold, 3),
    }


def _even_cases() -> list[OwnedSite]:
    return [
        OwnedSite(
            site.name,
            [
                OwnAnswer(case.question, case.answer, () if place % 2 else case.paraphrases)
                for place, case in enumerate(site.cases)
            ],
            site.others[::2],
        )
        for site in SITES
    ]


async def main() -> None:
    """Learn the model and write the file."""
    argparse.ArgumentParser(prog="python -m tests.benchmarks.learn_own_answers", description=main.__doc__).parse_args()
    reader = SentenceReader("all-MiniLM-L6-v2", Path(".bench"), deadline_s=600)
    await reader.load()
    examples = await collect(reader, list(load_cases(DEVELOPMENT)))
    cases = await collect(reader, _even_cases())
    reader.close()
    FILE.write_text(json.dumps(learn(examples, cases), indent=1) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
