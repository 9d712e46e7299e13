"""Quality and speed of content extraction on the WCXB sample, compared with trafilatura in the same run.

The shipped weights were learned from these very pages, so their score shows only how well they fit. The score on unseen
pages is measured by cross-validation: each fifth is read with weights learned from the others.
"""

import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import trafilatura
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.table import Table

from tasks.core.errors import PageSkipped
from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.web.content.content_classifier import ContentClassifier
from tasks.web.content.main_content import read_page
from tests.benchmarks import learn_scorecard
from tests.benchmarks.scores import Scores
from tests.benchmarks.wcxb import MarkedPage, NoSample, f1, load_pages

TARGETS = {
    "article": 0.93,
    "documentation": 0.92,
    "service": 0.82,
    "forum": 0.75,
    "collection": 0.68,
    "listing": 0.68,
    "product": 0.62,
}
AHEAD = 0.06
P50_MS, P99_MS = 25.0, 250.0
Reader = Callable[[MarkedPage], str]
_WRITTEN = ("text", "code_inline", "fence", "code_block")


@dataclass(frozen=True)
class Reading:
    """The result of one extractor on one page."""

    page: MarkedPage
    f1: float
    wanted: list[bool]
    """For each snippet of the content, whether it was extracted."""
    unwanted: list[bool]
    """The same for each snippet that is not content."""
    ms: float
    """Processor time."""


def plain_text(markdown: str) -> str:
    """Return the Markdown's text without markup."""
    return "".join(_texts(MarkdownIt("commonmark").enable("table").parse(markdown)))


def _texts(tokens: Iterable[Token]) -> Iterable[str]:
    for token in tokens:
        if token.children:
            yield from _texts(token.children)
        elif token.type in _WRITTEN:
            yield token.content
        if token.block or token.type in ("softbreak", "hardbreak"):
            yield "\n"


def read_ours(page: MarkedPage, classifier: ContentClassifier | None = None) -> str:
    """Return the product's Markdown; empty for a page that it skips."""
    target = Target(url=page.url, depth=1)
    fetched = FetchedPage(target=target, final_url=page.url, method=FetchMethod.http, html=page.html, byte_count=0)
    try:
        return read_page(fetched, classifier=classifier).markdown
    except PageSkipped:
        return ""


def read_theirs(page: MarkedPage) -> str:
    """Return trafilatura's text."""
    return trafilatura.extract(page.html, url=page.url or None, include_tables=True) or ""


def _measure(page: MarkedPage, reader: Reader, *, is_markdown: bool) -> Reading:
    began = time.process_time()
    found = reader(page)
    ms = (time.process_time() - began) * 1000
    text = plain_text(found) if is_markdown else found
    squeezed = _squeeze(text)
    return Reading(
        page=page,
        f1=f1(text, page.content),
        wanted=[_squeeze(snippet) in squeezed for snippet in page.wanted],
        unwanted=[_squeeze(snippet) in squeezed for snippet in page.unwanted if _squeeze(snippet)],
        ms=ms,
    )


def _squeeze(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def _measure_both(page: MarkedPage) -> tuple[Reading, Reading]:
    return _measure(page, read_ours, is_markdown=True), _measure(page, read_theirs, is_markdown=False)


def _measure_unseen(pages: list[MarkedPage]) -> list[Reading]:
    """Read every page with weights learned from the other folds."""
    with ProcessPoolExecutor() as pool:
        examples = list(pool.map(learn_scorecard.examine, pages, chunksize=8))
        folds = [(fold, pages, examples) for fold in range(learn_scorecard.FOLDS)]
        return [reading for readings in pool.map(_measure_fold, folds, chunksize=1) for reading in readings]


def _measure_fold(task: tuple[int, list[MarkedPage], list[learn_scorecard.Example]]) -> list[Reading]:
    fold, pages, examples = task
    others = [
        example for index, example in enumerate(examples) if index % learn_scorecard.FOLDS != fold and example.words
    ]
    reader = partial(read_ours, classifier=learn_scorecard.learn(others).classifier())
    these = [page for index, page in enumerate(pages) if index % learn_scorecard.FOLDS == fold]
    return [_measure(page, reader, is_markdown=True) for page in these]


async def run(scores: Scores) -> None:
    """Print F1 by type, snippets and processor time."""
    try:
        pages = load_pages()
    except NoSample as missing:
        scores.console.print(str(missing), style="yellow")
        return
    with ProcessPoolExecutor() as pool:
        both = list(pool.map(_measure_both, pages, chunksize=4))
    ours, theirs = [pair[0] for pair in both], [pair[1] for pair in both]
    unseen = _measure_unseen(pages)
    scores.console.print(_table({"fitted": ours, "unseen pages": unseen, "trafilatura": theirs}))
    for name, least in TARGETS.items():
        of_type = [reading.f1 for reading in unseen if reading.page.type == name]
        scores.at_least(f"WCXB, F1 on unseen pages, {name}", statistics.mean(of_type), least, "")
    ahead = _mean_f1(unseen) - _mean_f1(theirs)
    scores.at_least("WCXB, F1 on unseen pages above trafilatura", ahead, AHEAD, "")
    times = statistics.quantiles((reading.ms for reading in ours), n=100)
    scores.at_most("Extraction, processor time a page, p50", times[49], P50_MS, "ms")
    scores.at_most("Extraction, processor time a page, p99", times[98], P99_MS, "ms")


def _mean_f1(readings: Sequence[Reading]) -> float:
    return statistics.mean(reading.f1 for reading in readings)


def _share(flags: Iterable[bool]) -> str:
    listed = list(flags)
    return f"{sum(listed) / len(listed):.3f}"


def _table(readers: dict[str, list[Reading]]) -> Table:
    table = Table("", *readers, title="WCXB sample, mean word F1")
    by_type = {name: defaultdict(list) for name in readers}
    for name, readings in readers.items():
        for reading in readings:
            by_type[name][reading.page.type].append(reading.f1)
    for kind in TARGETS:
        table.add_row(kind, *(f"{statistics.mean(by_type[name][kind]):.3f}" for name in readers))
    table.add_row("all", *(f"{_mean_f1(readings):.3f}" for readings in readers.values()))
    held = [[reading for reading in readings if reading.page.is_held_out] for readings in readers.values()]
    tuned = [[reading for reading in readings if not reading.page.is_held_out] for readings in readers.values()]
    table.add_row("half looked at", *(f"{_mean_f1(readings):.3f}" for readings in tuned))
    table.add_row("half held out", *(f"{_mean_f1(readings):.3f}" for readings in held))
    for name, field in (("wanted snippets found", "wanted"), ("unwanted snippets found", "unwanted")):
        flags = [[flag for reading in readings for flag in getattr(reading, field)] for readings in readers.values()]
        table.add_row(name, *map(_share, flags))
    for percentile in (50, 99):
        times = [statistics.quantiles((reading.ms for reading in readings), n=100) for readings in readers.values()]
        table.add_row(f"ms a page, p{percentile}", *(f"{quantiles[percentile - 1]:.1f}" for quantiles in times))
    return table
