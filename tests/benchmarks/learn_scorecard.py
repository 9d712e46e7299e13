"""`python -m tests.benchmarks.learn_scorecard`: learn `scorecard.json` and `forest.json` from WCXB's sample.

The scorecard's weights come from two logistic regressions with an L2 penalty; the forest's inputs are the scorecard's
results on pages that it was not learned from. Both are fitted by scikit-learn. The same sample gives the same tables.
The label of a run of text is the share of its words in sequences of five words (or of the run's length, if shorter)
that the marked content has too.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from selectolax.lexbor import LexborHTMLParser
from sklearn.linear_model import LogisticRegression

from tasks.web.content import forest, scorecard
from tasks.web.content import main_content as content
from tasks.web.content.boxes import Outline
from tasks.web.content.content_classifier import ContentClassifier, first_stage
from tasks.web.content.context_features import context_features
from tasks.web.content.page_metadata import read_metas
from tasks.web.content.page_titles import declared_title
from tasks.web.content.page_type import PageType
from tasks.web.content.run_features import find_run_features
from tasks.web.content.source import make_safe
from tasks.web.content.source_marks import SourceMarks
from tasks.web.content.structured import read_structured
from tests.benchmarks.learn_forest import grow_forest, split_shares
from tests.benchmarks.wcxb import MarkedPage, load_pages, words_of

TYPES = [str(name) for name in PageType]
FOLDS = 5
"""Folds of the benchmark's cross-validation: each is read with tables learned from the others."""
INNER_FOLDS = 10
"""Folds of the learning pages: the forest must see first-stage results as good as on unseen pages."""
SEQUENCE = 5
PAGE_RIDGE = 10.0
RUN_RIDGE, TYPE_RIDGE = 5.0, 15.0
"""L2 penalty on the weights for all pages, and on those for one type."""
MAX_STEPS = 1_000
MIN_PAGES = 6
"""Least number of pages with a feature; rarer features are left out."""
WORDS_POWER = 0.7
"""A run counts by its words to this power: the score is over words, but a long run is still one decision."""
TREE_WEIGHT = 20.0
"""Weight of a page with one run for the trees, in proportion to their L2 penalty."""
SOURCE = (
    "Learned from WCXB, the Web Content eXtraction Benchmark, by Murrough Foley (2026), CC-BY-4.0;"
    " by python -m tests.benchmarks.learn_scorecard"
)
Floats = NDArray[np.float32]
Table = dict[str, list[float]]


@dataclass(frozen=True)
class Example:
    """A page as the product sees it, with its labels."""

    page: MarkedPage
    title: str
    outline: Outline
    """Outline without the document's nodes, which cannot leave their process."""
    page_features: list[str]
    run_features: list[list[str]]
    words: list[int]
    labels: list[float]


def examine(page: MarkedPage) -> Example:
    """Return the page's features and its runs' labels."""
    html, _ = make_safe(page.html)
    tree = LexborHTMLParser(html)
    metas = read_metas(tree)
    title = declared_title(tree, metas)
    structured = read_structured(tree, metas)
    _, outline, page_features = content.inspect(
        tree, SourceMarks(html), url=page.url, metas=metas, structured=structured
    )
    labels = label([run.text for run in outline.runs], page.content)
    words = [run.words for run in outline.runs]
    return Example(
        page, title, _without_nodes(outline), page_features, find_run_features(outline, title), words, labels
    )


def _without_nodes(outline: Outline) -> Outline:
    for box in outline.boxes:
        box.node = None  # type: ignore[assignment]
    for run in outline.runs:
        run.nodes = []
    return outline


def label(runs: Sequence[str], marked: str) -> list[float]:
    """Return the share of each run's words in sequences that the marked text has; a short run must be a line of it."""
    words = words_of(marked)
    sequences = [{tuple(words[i : i + n]) for i in range(len(words) - n + 1)} for n in range(SEQUENCE + 1)]
    lines = {" ".join(words_of(line)) for line in marked.splitlines()}
    return [_share(words_of(run), sequences, lines) for run in runs]


def _share(words: list[str], sequences: list[set[tuple[str, ...]]], lines: set[str]) -> float:
    n = min(SEQUENCE, len(words))
    if len(words) <= 3:
        return 1.0 if " ".join(words) in lines else 0.5 if words and tuple(words) in sequences[n] else 0.0
    covered = [False] * len(words)
    for start in range(len(words) - n + 1):
        if tuple(words[start : start + n]) in sequences[n]:
            covered[start : start + n] = [True] * n
    return sum(covered) / len(words)


@dataclass(frozen=True)
class Learned:
    """Both tables, as they are written to the files."""

    scorecard: dict[str, Any]
    forest: dict[str, Any]

    def classifier(self) -> ContentClassifier:
        """The classifier with these tables."""
        return ContentClassifier(scorecard.make_scorecard(self.scorecard), forest.make_forest(self.forest))


def vocabulary(bags: Sequence[set[str]]) -> list[str]:
    """Return the bias, then the features of at least `MIN_PAGES` pages."""
    counts = Counter(name for bag in bags for name in bag)
    return [scorecard.BIAS, *sorted(name for name, count in counts.items() if count >= MIN_PAGES)]


def matrix(bags: Sequence[Sequence[str]], names: list[str]) -> csr_matrix:
    """Return a sparse matrix with a row for each bag of features and a column for each name."""
    columns = {name: index for index, name in enumerate(names)}
    rows = [[0, *sorted({columns[name] for name in bag if name in columns})] for bag in bags]
    starts = np.cumsum([0, *map(len, rows)])
    return csr_matrix((np.ones(starts[-1]), np.concatenate(rows), starts), shape=(len(bags), len(names)))


def learn_page_types(examples: Sequence[Example]) -> Table:
    """Return a weight for each page feature and type."""
    names = vocabulary([set(example.page_features) for example in examples])
    model = LogisticRegression(C=1 / PAGE_RIDGE, fit_intercept=False, max_iter=MAX_STEPS)
    model.fit(
        matrix([example.page_features for example in examples], names), [example.page.type for example in examples]
    )
    found = list(model.classes_)
    return _table(names, model.coef_[[found.index(name) for name in TYPES]].T)


def learn_runs(examples: Sequence[Example], types: dict[str, NDArray[np.float64]]) -> Table:
    """Return a weight for each run feature on all pages, then for each type; `types` are the pages' probabilities."""
    names = vocabulary([{name for bag in example.run_features for name in bag} for example in examples])
    features = matrix([bag for example in examples for bag in example.run_features], names)
    labels = np.concatenate([np.array(example.labels) for example in examples])
    importance = np.concatenate([_importance(example) for example in examples]).astype(np.float64)
    mixture = np.concatenate([np.tile([1.0, *types[example.page.id]], (len(example.words), 1)) for example in examples])
    # scikit-learn knows one penalty: a column that is scaled down has a larger one.
    scales = np.array([RUN_RIDGE, *[TYPE_RIDGE] * len(TYPES)]) ** -0.5
    columns = hstack([features.multiply(shares[:, None]) for shares in (mixture * scales).T], format="csr")
    rows, classes, weights = split_shares(labels, importance * len(labels) / importance.sum())
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=MAX_STEPS, tol=1e-3)
    model.fit(columns[rows], classes, weights)
    return _table(names, model.coef_.reshape(len(scales), len(names)).T * scales)


def _importance(example: Example) -> Floats:
    weight = np.array(example.words, np.float32) ** WORDS_POWER
    return weight / weight.sum() * np.float32(len(weight) ** 0.5)


def _table(names: list[str], weights: NDArray[np.float64]) -> Table:
    return {name: [round(float(value), 2) for value in row] for name, row in zip(names, weights, strict=True)}


def predict_types(page_table: Table, examples: Sequence[Example]) -> dict[str, NDArray[np.float64]]:
    """Return the probabilities of each page's types, by the table."""
    card = scorecard.make_scorecard({"page": page_table, "run": {}})
    return {example.page.id: card.page_types(example.page_features) for example in examples}


def learn(examples: Sequence[Example]) -> Learned:
    """Learn both tables. The inputs of a later stage come from tables learned on other pages, as for unseen pages."""
    folds = [
        (
            [example for index, example in enumerate(examples) if index % INNER_FOLDS != fold],
            [example for index, example in enumerate(examples) if index % INNER_FOLDS == fold],
        )
        for fold in range(INNER_FOLDS)
    ]
    types: dict[str, NDArray[np.float64]] = {}
    for others, these in folds:
        types |= predict_types(learn_page_types(others), these)
    seen: dict[str, NDArray[np.float32]] = {}
    for others, these in folds:
        card = scorecard.make_scorecard({"page": {}, "run": learn_runs(others, types)})
        seen |= {example.page.id: _context(example, card, types)[1] for example in these}
    weights = {"page": learn_page_types(examples), "run": learn_runs(examples, types)}
    names, _ = _context(examples[0], scorecard.make_scorecard(weights), types)
    trees = grow_forest(
        np.concatenate([seen[example.page.id] for example in examples]),
        np.concatenate([np.array(example.labels) for example in examples]),
        np.concatenate([TREE_WEIGHT * _importance(example).astype(np.float64) for example in examples]),
    )
    return Learned({"source": SOURCE, "types": TYPES, **weights}, {"source": SOURCE, "inputs": names, "trees": trees})


def _context(
    example: Example, card: scorecard.Scorecard, types: dict[str, NDArray[np.float64]]
) -> tuple[list[str], NDArray[np.float32]]:
    of_page = types[example.page.id]
    return context_features(example.outline, example.title, of_page, first_stage(card, of_page, example.run_features))


def write(learned: Learned, folder: Path) -> None:
    """Write both tables as JSON, a feature or a tree a line."""
    for name, table in ((scorecard.FILE.name, learned.scorecard), (forest.FILE.name, learned.forest)):
        parts = [f" {json.dumps(key)}: {_lines(value)}" for key, value in table.items()]
        (folder / name).write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _lines(value: Any) -> str:
    if isinstance(value, dict):
        return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in value.items()) + "\n }"
    if isinstance(value, list) and isinstance(value[0], tuple):
        return "[\n" + ",\n".join(f"  {json.dumps(row, separators=(',', ':'))}" for row in value) + "\n ]"
    return json.dumps(value)


def main() -> None:
    """Learn from all pages of the sample, or from a part of it, and write both tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.learn_scorecard", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=scorecard.FILE.parent, help="folder")
    parser.add_argument("--tune-half", action="store_true", help="leave out the half that is held out")
    parser.add_argument("--without-fold", type=int, help=f"leave out a fold of {FOLDS}, by the order of the pages")
    arguments = parser.parse_args()
    pages = [page for page in load_pages() if not (arguments.tune_half and page.is_held_out)]
    if arguments.without_fold is not None:
        pages = [page for index, page in enumerate(pages) if index % FOLDS != arguments.without_fold]
    with Pool() as pool:
        examples = [example for example in pool.map(examine, pages, chunksize=8) if example.words]
    write(learn(examples), arguments.out)


if __name__ == "__main__":
    main()
