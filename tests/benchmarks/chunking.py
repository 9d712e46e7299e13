"""Chunk score: how much of the answering excerpts is in the first five passages, for our chunks and plain splitters.

Two corpora of Chroma's chunking evaluation (Smith and Troynikov, 2024, MIT) with questions and the excerpts that answer
them. Recall, precision and IoU are of characters, white space left out. All use the local model. Our chunks and those
of plain splitters are ranked by vector, by words and by both, and taken whole; `search` is asked for five places of the
corpus, stored as one page, and shows what it would show. Its settings were chosen on the questions at even places.
"""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from tasks.core.models import ChunkedPage, ReadPage, Target
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.embedding.tokens import LOCAL_MODEL, load_tokenizer
from tasks.knowledge.indexing.chunks import chunk_page, embedding_text
from tasks.knowledge.search.excerpts import GAP
from tasks.knowledge.search.passage_search import search
from tasks.knowledge.search.rankings import RANK_CONSTANT
from tests.benchmarks.knowledge import SITE, embed_pages, open_database, store_widget
from tests.benchmarks.scores import Scores
from tests.benchmarks.stack import ROOT

FOLDER = ROOT.parent / "shared" / "bench" / "chunking"
PASSAGES = 5
SIZES = (200, 400)
SEPARATORS = ("\n\n", "\n", ".", "?", "!", " ", "")
K1, B = 1.2, 0.75
TOKENIZER = load_tokenizer(LOCAL_MODEL)
EMBEDDER = LocalEmbedder(None)

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class ExcerptQuestion:
    """A question, and the places of its answer in the corpus."""

    text: str
    corpus: str
    excerpts: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Piece:
    """A chunk: its text in the corpus, and the text that is embedded."""

    text: str
    embedded: str


async def run(scores: Scores) -> None:
    """Measure all splitters by vector, by words and by both, and the passages that `search` shows; print a table."""
    if not is_available():
        scores.console.print("chunking: the evaluation's data is missing (../shared/bench/chunking)", style="yellow")
        return
    corpora = read_corpora()
    questions = sorted(read_questions(), key=lambda question: question.corpus)
    splitters = {"ours": _split_ours} | {f"recursive {size}": _Recursive(size) for size in SIZES}
    columns = ("passages", "ranked by", "recall", "precision", "IoU", "other half: recall", "IoU")
    table = Table("splitter", *columns, title="Chunk score, 5 passages")
    measured: dict[tuple[str, str], NDArray[np.float64]] = {}
    for name, split in splitters.items():
        pieces = {corpus: split(text) for corpus, text in corpora.items()}
        for way in ("vector", "text", "both"):
            found = [_score(questions, corpus, text, pieces[corpus], way) for corpus, text in corpora.items()]
            measured[name, way] = np.concatenate(found)
            number = sum(map(len, pieces.values()))
            table.add_row(name, str(number), way, *_figures(measured[name, way]))
    shown = measured["search", "both"] = await _search_all(corpora, questions)
    table.add_row("ours, as search shows it", "", "both", *_figures(shown))
    scores.console.print(table)
    for size in SIZES:
        for at, what in ((0, "recall"), (2, "IoU")):
            scores.at_least(
                f"chunk score: {what} beside a recursive splitter of {size} tokens",
                float(shown.mean(axis=0)[at]),
                round(float(measured[f"recursive {size}", "both"].mean(axis=0)[at]), 4),
                "",
            )


def _figures(rows: NDArray[np.float64]) -> list[str]:
    return [f"{value:.3f}" for value in (*rows.mean(axis=0), *rows[1::2].mean(axis=0)[[0, 2]])]


async def _search_all(corpora: dict[str, str], questions: list[ExcerptQuestion]) -> NDArray[np.float64]:
    """Score the passages that `search` shows, with each corpus as a widget of one page."""
    rows = []
    async with open_database() as pool:
        for name, text in corpora.items():
            job = await store_widget(pool, list(embed_pages([corpus_page(name, text)])))
            for question in questions:
                if question.corpus == name:
                    found = await search(pool, EMBEDDER, job.widget_id, question.text, PASSAGES, per_page=PASSAGES)
                    shown = [part for passage in found for part in passage.text.split(GAP)]
                    rows.append(_rate(question, text, [locate(text, [part])[0] for part in shown]))
    return np.array(rows)


def corpus_page(name: str, text: str) -> ChunkedPage:
    """Return the corpus as a chunked page."""
    target = Target(url=f"{SITE}/{name}", depth=0)
    return chunk_page(ReadPage(target=target, url=target.url, title="", markdown=text), TOKENIZER)


def is_available() -> bool:
    """Whether the evaluation's data is on this machine."""
    return (FOLDER / "questions_df.csv").is_file()


def read_corpora() -> dict[str, str]:
    """The corpora by name."""
    return {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.md"))}


def read_questions() -> list[ExcerptQuestion]:
    """Return all questions with the places of their answers."""
    with (FOLDER / "questions_df.csv").open() as file:
        return [
            ExcerptQuestion(
                row["question"],
                row["corpus_id"],
                tuple((part["start_index"], part["end_index"]) for part in json.loads(row["references"])),
            )
            for row in csv.DictReader(file)
        ]


def _split_ours(text: str) -> list[Piece]:
    chunks = corpus_page("corpus", text).chunks
    return [Piece(chunk.text, embedding_text("", chunk.heading_path, chunk.text)) for chunk in chunks]


@dataclass(frozen=True)
class _Recursive:
    """A plain recursive splitter: at the first separator that makes pieces small enough, no overlap."""

    size: int

    def __call__(self, text: str) -> list[Piece]:
        return [Piece(piece, piece) for piece in self._split(text, SEPARATORS) if piece.strip()]

    def _split(self, text: str, separators: Sequence[str]) -> list[str]:
        if TOKENIZER.count(text) <= self.size:
            return [text]
        separator, *others = separators
        pieces: list[str] = []
        parts = re.split(f"(?<={re.escape(separator)})", text) if separator else list(text)
        for part in filter(None, parts):
            small = [part] if TOKENIZER.count(part) <= self.size else self._split(part, others)
            if pieces and TOKENIZER.count(pieces[-1] + small[0]) <= self.size:
                pieces[-1] += small.pop(0)
            pieces += small
        return pieces


def _score(
    questions: list[ExcerptQuestion], corpus: str, text: str, pieces: list[Piece], way: str
) -> NDArray[np.float64]:
    """Recall, precision and IoU for each of the corpus's questions."""
    asked = [question for question in questions if question.corpus == corpus]
    places = locate(text, [piece.text for piece in pieces])
    embedded = [piece.embedded for piece in pieces]
    by_vector = embed_locally([question.text for question in asked]) @ embed_locally(embedded).T
    by_text = _bm25(embedded, [question.text for question in asked])
    return np.array(
        [
            _rate(question, text, [places[at] for at in _best(vector, words, way)])
            for question, vector, words in zip(asked, by_vector, by_text, strict=True)
        ]
    )


def _rate(question: ExcerptQuestion, text: str, places: Sequence[tuple[int, int]]) -> tuple[float, float, float]:
    """Return recall, precision and IoU of the text at these places."""
    shown = _shown(text)
    found, wanted = np.zeros(len(text), bool), np.zeros(len(text), bool)
    for mask, spans in ((found, places), (wanted, question.excerpts)):
        for start, end in spans:
            mask[start:end] = True
    both, all_found, all_wanted = (int((mask & shown).sum()) for mask in (found & wanted, found, wanted))
    return both / all_wanted, both / max(all_found, 1), both / (all_found + all_wanted - both)


@cache
def _shown(text: str) -> Mask:
    return ~np.array([character.isspace() for character in text])


def locate(text: str, pieces: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of the pieces, found by their letters: white space may have changed."""
    places = [at for at, character in enumerate(text) if not character.isspace()]
    letters = "".join(text[at] for at in places)
    found, behind = [], 0
    for piece in pieces:
        part = "".join(piece.split())
        start = letters.index(part, behind)
        behind = start + len(part)
        found.append((places[start], places[behind - 1] + 1))
    return found


def _best(vector: Numbers, words: Numbers, way: str) -> NDArray[np.int64]:
    if way == "both":
        fused = sum(1 / (RANK_CONSTANT + 1 + np.argsort(np.argsort(-score))) for score in (vector, words))
        return np.argsort(-np.asarray(fused))[:PASSAGES]
    return np.argsort(-(vector if way == "vector" else words))[:PASSAGES]


def _bm25(texts: list[str], questions: list[str]) -> Numbers:
    """Return the BM25 score of each text for each question, on lower-case words without stemming."""
    documents = [re.findall(r"\w+", text.lower()) for text in texts]
    lengths = np.array([len(words) for words in documents], np.float32)
    scores = np.zeros((len(questions), len(texts)), np.float32)
    counts: dict[str, Numbers] = {}
    for row, question in zip(scores, questions, strict=True):
        for word in set(re.findall(r"\w+", question.lower())):
            if word not in counts:
                counts[word] = np.array([words.count(word) for words in documents], np.float32)
            times = counts[word]
            holding = np.count_nonzero(times)
            rarity = np.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
            row += rarity * times * (K1 + 1) / (times + K1 * (1 - B + B * lengths / lengths.mean()))
    return scores
