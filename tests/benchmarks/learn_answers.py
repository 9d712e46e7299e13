"""`python -m tests.benchmarks.learn_answers`: learn `evidence/answer_model.json` with scikit-learn.

Learned from the sites of `everyday_sites` and `trade_sites`, and from XQuAD's even articles in English and German:
questions as they are, without their page, and with a name that no page has. Each part is a logistic regression of the
statements. Its threshold lets through 12 % of the questions that a small site does not answer and 22 % of those
that a trade's site nearly answers, each site weighed by a model that has not seen it, and 15 % of those with another
name. Beside the cross-encoder it lets through 6 % of the questions that the English sites of `business_sites` for
development do not answer, and by glosses at most as many of all; 12 % of them get a statement that comes near. Where
the cross-encoder should have read, and has not, 6 % are answered by sense and 8 % by words, and 17 and 15 % get one
that comes near. The part by words alone is learned without the trades, and lets through 8 %: words do not tell a near
answer from an answer, so that their questions took weight from what words do tell.
"""

import argparse
import asyncio
import json
import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tasks.core.database import Pool
from tasks.core.models import Passage
from tasks.knowledge.answering.evidence import answer_model
from tasks.knowledge.answering.evidence.answer_model import Part
from tasks.knowledge.answering.evidence.evidence_score import ReadPassages
from tasks.knowledge.answering.evidence.sense import Check
from tasks.knowledge.answering.evidence.statement_features import WITH_SENSE, Features
from tasks.knowledge.answering.question.question_analysis import Question, analyse_question
from tasks.knowledge.answering.sentence_reader import SentenceReader
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.language.words import stemmer
from tasks.knowledge.search.passage_search import find_passages
from tasks.knowledge.search.rankings import RECALL_WEIGHTS
from tests.benchmarks.business_sites import load_businesses
from tests.benchmarks.everyday_sites import AskedQuestion, EverydaySite, load_small, load_xquad
from tests.benchmarks.knowledge import embed_pages, open_database, store_widget
from tests.benchmarks.trade_sites import load_trades

STRENGTH = 0.03
"""Inverse of the regularization."""
XQUAD = {"en": 150, "de": 75}
PASSED = {Part.sense: 0.12, Part.foreign: 0.12, Part.words: 0.08}
PASSED_TRADES, PASSED_NAMES = 0.22, 0.15
PASSED_JUDGED = 0.06
"""With the cross-encoder, of the sites that nothing was learned from, and of all by glosses."""
NEAR_JUDGED = 0.12
"""Of those, the share that a statement comes near, those that are answered included."""
PASSED_MISSING = {Part.sense: (0.06, 0.17), Part.words: (0.08, 0.15)}
"""Without its check, of the sites that nothing was learned from: those that are answered, and with what comes near."""
MIN_REFUSED = 20
"""Unanswerable questions from which a language has a threshold of its own."""
FOLDS = 6
"""Parts of the sites; each is weighed by a model that was learned on the others."""
NAME_COPIES = {Part.sense: 5, Part.foreign: 3, Part.words: 3}
NAMES = ("Japan", "Zurich", "Brighton", "Toyota", "Octavia", "Kowalski", "Montreal", "Adidas", "Prague", "Nikon")
FILE = Path(answer_model.__file__).with_name("answer_model.json")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """The candidates of a question: their features, and which of them answer."""

    site: str
    language: str
    rows: Floats
    labels: Floats
    fits: Floats
    """Additions of the cross-encoder to the candidates' log-odds; −∞ for those that it has not read."""
    has_answer: bool


@dataclass(frozen=True)
class Examples:
    """The examples of the small sites, of trades, of XQuAD, of questions with another name, and of glosses."""

    small: list[Example]
    trades: list[Example]
    large: list[Example]
    names: list[Example]
    glossed: list[Example]
    """Those in other languages once more, read by their glosses."""
    apart: list[Example]
    """Of sites that nothing is learned from."""


async def collect(reader: SentenceReader) -> Examples:
    """Build the sites and read the candidates of all questions."""
    found = Examples([], [], [], [], [], [])
    chance = random.Random(4)
    large = [load_xquad(language, most) for language, most in XQUAD.items()]
    async with open_database() as pool:
        for sites, examples in (
            (load_small(), found.small),
            (load_trades(), found.trades),
            (large, found.large),
            (load_businesses("businesses"), found.apart),
        ):
            for site in sites:
                job = await store_widget(pool, list(embed_pages(site.pages)))
                for number, asked in enumerate(site.questions):
                    question, passages = await search(pool, job.widget_id, site, asked)
                    examples.append(await _read(reader, site, question, passages, asked))
                    if site.language != "en":
                        found.glossed.append(await _read(reader, site, question, passages, asked, is_glossed=True))
                    if examples is found.apart:
                        continue
                    if asked.answer and (renamed := _rename(question, passages, chance)):
                        found.names.append(await _read(reader, site, renamed, passages, None))
                    if site in large and number % 2:
                        others = [each for each in passages if not each.url.endswith(asked.path)]
                        examples.append(await _read(reader, site, question, others, None))
    return found


async def search(
    pool: Pool, widget: object, site: EverydaySite, asked: AskedQuestion
) -> tuple[Question, list[Passage]]:
    passages = await find_passages(
        pool,
        LocalEmbedder(None),
        widget,
        asked.text,
        16,
        per_page=3,
        weights=RECALL_WEIGHTS,  # type: ignore[arg-type]
    )
    question = await analyse_question(pool, widget, asked.text, site.language)  # type: ignore[arg-type]
    return question, list(passages)


def _rename(question: Question, passages: Sequence[Passage], chance: random.Random) -> Question | None:
    """Return the question with a name that no passage has in the place of one of its own."""
    names = [term for term in question.terms if term.is_name and term.word.isalpha()]
    if not names:
        return None
    old, new = chance.choice(names), chance.choice(NAMES)
    text = re.sub(rf"\b{re.escape(old.word)}\b", new, question.text)
    if text == question.text or any(new in passage.text for passage in passages):
        return None
    stem = stemmer(question.language)(new)
    other = old.model_copy(update={"word": new, "stem": stem, "weight": 1.0, "is_known": False})
    return question.model_copy(
        update={"text": text, "terms": tuple(other if term is old else term for term in question.terms)}
    )


async def _read(
    reader: SentenceReader,
    site: EverydaySite,
    question: Question,
    passages: Sequence[Passage],
    asked: AskedQuestion | None,
    *,
    is_glossed: bool = False,
) -> Example:
    read = ReadPassages(question, passages)
    languages = dict.fromkeys(("asked_in", "written_in"), site.language if is_glossed else "en")
    reading = await reader.read(question.text, read.contexts, **languages)
    rows = np.array(read.measure(reading)).reshape(-1, len(Features._fields))
    is_judged = is_glossed or site.language == "en"
    fits = await reader.judge(question.text, read.shortlist(reading), **languages) if is_judged else {}
    labels = label_candidates(read, asked).astype(float)
    read_fits = np.array([fits.get(context, -math.inf) for context in read.contexts])
    return Example(site.name, site.language, rows, labels, read_fits, bool(asked and asked.answer))


def label_candidates(read: ReadPassages, asked: AskedQuestion | None) -> NDArray[np.bool_]:
    """Return whether each candidate answers."""
    answer = asked.answer if asked else None
    found = [
        bool(answer and re.search(answer, each.statement.text))
        and read.passages[each.passage].url.endswith(asked.path if asked else "")
        for each in read.candidates
    ]
    return np.array(found, bool)


def fit(examples: Sequence[Example], columns: Sequence[int]) -> tuple[Floats, float]:
    """Return weights and bias; several statements with the answer share their weight."""
    rows = np.concatenate([each.rows[:, columns] for each in examples])
    labels = np.concatenate([each.labels for each in examples])
    weights = np.concatenate(
        [np.where(each.labels > 0, 1 / math.sqrt(max(1.0, each.labels.sum())), 1.0) for each in examples]
    )
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(C=STRENGTH, max_iter=5_000).fit(scaler.transform(rows), labels, sample_weight=weights)
    learned = model.coef_[0] / scaler.scale_
    return learned, float(model.intercept_[0] - (learned * scaler.mean_).sum())


def learn(found: Examples, part: Part) -> dict[str, object]:
    """Return a part of the model for the file."""
    columns = [at for at, name in enumerate(Features._fields) if part is not Part.words or name not in WITH_SENSE]
    small, trades, large = (
        [each for each in group if part is not Part.sense or each.language == "en"]
        for group in (found.small, [] if part is Part.words else found.trades, found.large)
    )
    names = found.names[::2] * NAME_COPIES[part]
    weights, bias = fit([*small, *trades, *large, *names], columns)
    tops = _cross_validate([*small, *trades], [*large, *names], columns)
    renamed = [_top(each, columns, (weights, bias)) for each in found.names[1::2]]
    alone = _choose_thresholds(_Refused(small, tops), _Refused(trades, tops), renamed, PASSED[part])
    return {
        "weights": {Features._fields[at]: round(float(w), 4) for at, w in zip(columns, weights, strict=True)},
        "bias": round(bias, 4),
        "thresholds": {
            Check.unasked: {"answers": alone, "near": alone},
            Check.missing: _choose_missing(found, part, columns, (weights, bias), alone),
            Check.read: _choose_judged(found, part, columns, (weights, bias), alone),
        },
    }


def _choose_missing(
    found: Examples, part: Part, columns: Sequence[int], model: tuple[Floats, float], alone: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Return the thresholds when the cross-encoder should have read the statements and has not."""
    if part is Part.foreign:
        return {"answers": alone, "near": alone}
    refused = [each for each in found.apart if each.language == "en" and not each.has_answer]
    tops = [_top(each, columns, model) for each in refused]
    answers, near = (round(_quantile(tops, passed), 3) for passed in PASSED_MISSING[part])
    return {"answers": {"*": answers}, "near": {"*": near}}


def _choose_judged(
    found: Examples, part: Part, columns: Sequence[int], model: tuple[Floats, float], alone: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Return the thresholds beside the cross-encoder: in English, and by glosses, which never suffice for less.

    Few statements are read whose sense is unknown: theirs stay above those of the others.
    """
    if part is Part.foreign:
        return {"answers": alone, "near": alone}
    tops = [_judged(examples, columns, model) for examples in (found.apart, found.glossed)]
    (english, glossed), near = (
        [round(_quantile(each, passed), 3) for each in tops] for passed in (PASSED_JUDGED, NEAR_JUDGED)
    )
    answers = {"en": english, "*": max(english, glossed)} if part is Part.sense else {"*": 0.0}
    return {"answers": answers, "near": {"*": max(near)}}


def _judged(examples: Sequence[Example], columns: Sequence[int], model: tuple[Floats, float]) -> list[float]:
    """Return the best log-odds of the unanswerable questions."""
    return [
        float((each.rows[:, columns] @ model[0] + model[1] + each.fits).max())
        for each in examples
        if np.isfinite(each.fits).any() and not each.has_answer and not each.site.startswith("xquad")
    ]


class _Refused:
    """The unanswerable questions of some sites: the best log-odds, by language."""

    def __init__(self, examples: Sequence[Example], tops: dict[int, float]) -> None:
        self._found = [(each.language, tops[id(each)]) for each in examples if not each.labels.any()]
        self.counts = Counter(language for language, _ in self._found)

    def tops(self, language: str) -> list[float]:
        """Return the log-odds in a language; in all for `*`."""
        return [top for each, top in self._found if language in ("*", each)]


def _choose_thresholds(
    small: _Refused, trades: _Refused, renamed: Sequence[float], passed_small: float
) -> dict[str, float]:
    counts = small.counts + trades.counts
    apart = [language for language in sorted(counts) if counts[language] >= MIN_REFUSED] if len(counts) > 1 else []
    return {
        language: round(
            max(
                _quantile(tops, passed)
                for tops, passed in (
                    (small.tops(language), passed_small),
                    (trades.tops(language), PASSED_TRADES),
                    (renamed, PASSED_NAMES),
                )
                if tops
            ),
            3,
        )
        for language in ("*", *apart)
    }


def _cross_validate(examples: Sequence[Example], always: Sequence[Example], columns: Sequence[int]) -> dict[int, float]:
    """Return the best log-odds of each example (by its id), by a model that has not seen its site."""
    sites = sorted({each.site for each in examples})
    tops: dict[int, float] = {}
    for fold in range(FOLDS):
        apart = sites[fold::FOLDS]
        model = fit([*(each for each in examples if each.site not in apart), *always], columns)
        tops.update((id(each), _top(each, columns, model)) for each in examples if each.site in apart)
    return tops


def _top(example: Example, columns: Sequence[int], model: tuple[Floats, float]) -> float:
    return float((example.rows[:, columns] @ model[0]).max() + model[1])


def _quantile(tops: Sequence[float], passed: float) -> float:
    return sorted(tops, reverse=True)[int(passed * len(tops))]


async def main() -> None:
    """Learn the three parts and write the file."""
    argparse.ArgumentParser(prog="python -m tests.benchmarks.learn_answers", description=main.__doc__).parse_args()
    reader = SentenceReader("all-MiniLM-L6-v2", Path(".bench"), deadline_s=600)
    await reader.load()
    found = await collect(reader)
    reader.close()
    usable = Examples(*([each for each in group if len(each.labels)] for group in vars(found).values()))
    FILE.write_text(json.dumps({part: learn(usable, part) for part in Part}, indent=1) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
