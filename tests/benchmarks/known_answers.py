"""Questions with known answers on pages that others wrote: search, compared with BM25 over whole pages in the same run.

XQuAD: a page for each paragraph, in twelve languages, and the questions in the same language; the page language is not
declared. FAQ: the questions of three documentation sites, each asked of all pages of its site. Cross-language: English
questions on the German pages.

Split: weights were chosen on the articles and questions at even places ("chosen on"); those at odd places ("reported")
were only measured. Targets are checked on the reported half alone.
"""

import asyncio
import gzip
import json
import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rich.table import Table

from tasks.core.database import Pool
from tasks.core.models import ChunkedPage, ReadPage, Target
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.embedding.tokens import LOCAL_MODEL, load_tokenizer
from tasks.knowledge.indexing.chunks import chunk_page
from tasks.knowledge.search.passage_search import search
from tests.benchmarks.knowledge import SITE, embed_pages, open_database, read_docs, store_widget
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import ROOT

FOLDER = ROOT.parent / "shared" / "bench" / "answers"
SITES = Path(os.environ.get("BENCH_SITES", "/tmp/data/sites"))
"""Folders of the FAQs' sites; a site that is not there is left out."""
LANGUAGES = ("en", "de", "es", "ro", "ru", "el", "tr", "ar", "hi", "vi", "th", "zh")
AHEAD, LEAST, FAQ_LEAST = 0.02, 0.85, 0.90
CROSS_FIRST, CROSS_FIVE = 0.50, 0.75
EMBEDDER = LocalEmbedder(None)


@dataclass(frozen=True)
class Asked:
    """A question and the URL of the page that answers it."""

    text: str
    url: str
    is_reported: bool
    """Whether it is in the half that nothing was chosen on."""


@dataclass(frozen=True)
class Places:
    """For each question, the place of the right page among five; 0 if it is not there."""

    asked: Sequence[Asked]
    places: Sequence[int]

    def share(self, at: int, *, reported: bool) -> float:
        """Return the share of a half's questions with the right page among the first `at`."""
        half = [place for asked, place in zip(self.asked, self.places, strict=True) if asked.is_reported == reported]
        return fmean(1 <= place <= at for place in half) if half else 0.0

    def cells(self) -> list[str]:
        """Return search@1 on the half chosen on, and @1 and @5 on the reported one."""
        shares = (self.share(1, reported=False), self.share(1, reported=True), self.share(5, reported=True))
        return [f"{share:.3f}" for share in shares]


async def run(scores: Scores) -> None:
    """Measure the languages of `BENCH_LANGUAGES` (default: all), every `BENCH_EVERY`th question, and the FAQs."""
    if not (FOLDER / "faq.json").is_file():
        scores.console.print("known_answers: no data", style="yellow")
        return
    chosen = os.environ.get("BENCH_LANGUAGES", " ".join(LANGUAGES)).split()
    every = int(os.environ.get("BENCH_EVERY", "1"))
    heads = ("chosen on: @1", "reported: @1", "@5")
    table = Table("pages", "questions", *heads, *(f"BM25 {head}" for head in heads), title="Search on known answers")
    async with open_database() as pool:
        for language in chosen:
            pages, asked = _xquad(language)
            ours, plain = await _measure(pool, pages, asked[::every])
            table.add_row(f"XQuAD {language}", str(len(ours.asked)), *ours.cells(), *plain.cells())
            first = ours.share(1, reported=True)
            least = max(LEAST, plain.share(1, reported=True) + AHEAD)
            scores.at_least(f"XQuAD {language}, reported half: search@1 (BM25 + {AHEAD})", first, round(least, 3), "")
        if "de" in chosen:
            (pages, _), (_, asked) = _xquad("de"), _xquad("en")
            ours, plain = await _measure(pool, pages, asked[::every])
            table.add_row("XQuAD de, asked in English", str(len(ours.asked)), *ours.cells(), *plain.cells())
            for at, target in ((1, CROSS_FIRST), (5, CROSS_FIVE)):
                share = ours.share(at, reported=True)
                scores.at_least(f"English question on German pages, reported half: search@{at}", share, target, "")
        await _measure_faqs(pool, scores, table)
    scores.console.print(table)


async def _measure_faqs(pool: Pool, scores: Scores, table: Table) -> None:
    listed = json.loads((FOLDER / "faq.json").read_text("utf-8"))
    asked: list[Asked] = []
    places: list[int] = []
    plain_places: list[int] = []
    for site in sorted({faq["site"] for faq in listed}):
        if not (SITES / site).is_dir():
            scores.console.print(f"known_answers: {SITES / site} is not there", style="yellow")
            continue
        pages = await asyncio.to_thread(read_docs, SITES / site)
        questions = [
            Asked(faq["question"], f"{SITE}/{faq['page']}", bool(place % 2))
            for place, faq in enumerate(faq for faq in listed if faq["site"] == site)
        ]
        ours, plain = await _measure(pool, pages, questions)
        asked += questions
        places += ours.places
        plain_places += plain.places
    if asked:
        ours, plain = Places(asked, places), Places(asked, plain_places)
        table.add_row("FAQ", str(len(asked)), *ours.cells(), *plain.cells())
        scores.at_least("FAQ, reported half: search@1", ours.share(1, reported=True), FAQ_LEAST, "")


def _xquad(language: str) -> tuple[list[ChunkedPage], list[Asked]]:
    """Return the pages and questions of a language; its articles at odd places are reported."""
    articles = json.loads(gzip.decompress((FOLDER / "xquad-even-articles.json.gz").read_bytes()))[language]
    tokenizer = load_tokenizer(LOCAL_MODEL)
    pages: list[ChunkedPage] = []
    asked: list[Asked] = []
    for number, article in enumerate(articles):
        for place, paragraph in enumerate(article["paragraphs"]):
            url = f"{SITE}/{number}/{place}"
            title = str(article.get("title") or "").replace("_", " ")
            read = ReadPage(target=Target(url=url, depth=1), url=url, title=title, markdown=paragraph["context"])
            pages.append(chunk_page(read, tokenizer))
            asked += [Asked(each["question"], url, bool(number % 2)) for each in paragraph["qas"]]
    return pages, asked


async def _measure(pool: Pool, pages: Sequence[ChunkedPage], asked: Sequence[Asked]) -> tuple[Places, Places]:
    """Return the places by search, and by BM25 over whole pages."""
    job = await store_widget(pool, await asyncio.to_thread(lambda: list(embed_pages(pages))))
    async with pool.connection() as connection:
        await connection.execute("ANALYZE stored_chunks, stored_pages")
    places = []
    for each in asked:
        found = [passage.url for passage in await search(pool, EMBEDDER, job.widget_id, each.text[:1000])]
        places.append(_place(each.url, found))
    plain = PlainSearch([(page.page.url, f"{page.page.title}\n{page.page.markdown}") for page in pages])
    return Places(asked, places), Places(asked, [_place(each.url, plain.find(each.text)) for each in asked])


def _place(url: str, found: Sequence[str]) -> int:
    return found.index(url) + 1 if url in found else 0


class PlainSearch:
    """BM25 over whole pages as a few lines of Python have it: words in lower case, Chinese and Thai in pairs."""

    def __init__(self, pages: Sequence[tuple[str, str]]) -> None:
        self._urls = [url for url, _ in pages]
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        lengths = []
        for number, (_, text) in enumerate(pages):
            words = _plain_words(text)
            lengths.append(len(words))
            for word, times in Counter(words).items():
                self._postings[word].append((number, times))
        average = fmean(lengths)
        self._norms = [1.2 * (0.25 + 0.75 * length / average) for length in lengths]

    def find(self, question: str) -> list[str]:
        """Return the URLs of the five best pages."""
        scores: Counter[int] = Counter()
        for word in set(_plain_words(question)):
            found = self._postings.get(word, [])
            rarity = math.log(1 + (len(self._urls) - len(found) + 0.5) / (len(found) + 0.5))
            for number, times in found:
                scores[number] += rarity * 2.2 * times / (times + self._norms[number])  # type: ignore[assignment]
        return [self._urls[number] for number, _ in scores.most_common(5)]


_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]{2,}")


def _plain_words(text: str) -> list[str]:
    words = []
    for word in re.findall(r"\w+", text.lower()):
        words += [word[at : at + 2] for at in range(len(word) - 1)] if _UNSPACED.search(word) else [word]
    return words
