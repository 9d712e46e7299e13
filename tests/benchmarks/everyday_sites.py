"""Small businesses' sites with everyday questions to develop answers on, and Wikipedia's articles.

Five sites are in `small_sites`; `goods` and `services` are pages of WCXB's sample, and the passages of XQuAD (SQuAD in
several languages) are read from `../shared/bench` as well. Two articles of SQuAD 2.0's training part are in `squad2`:
`chosen_on` for development, `reported_on` for reports. The sites that report are in `business_sites`.
"""

import gzip
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.core.errors import PageSkipped
from tasks.core.models import ChunkedPage, FetchedPage, FetchMethod, ReadPage, Target
from tasks.knowledge.embedding.tokens import LOCAL_MODEL, load_tokenizer
from tasks.knowledge.indexing.chunks import chunk_page
from tasks.reading import ReadOptions, read_in_chunks
from tests.benchmarks.knowledge import SITE
from tests.benchmarks.stack import ROOT

SHARED = ROOT.parent / "shared" / "bench"
SITES = Path(__file__).with_name("small_sites")
SQUAD = Path(__file__).with_name("squad2") / "articles.json.gz"
WCXB_SITES = {
    "goods": ("0582", "0606", "0595", "4789", "4017", "4195", "0617", "3026", "4780"),
    "services": ("0053", "0194", "0211", "0266", "0376", "4552", "4900", "1647"),
}
GERMAN = ("bakery",)
HIDDEN = re.compile(r"(?i)<link[^>]*canonical[^>]*>|<meta[^>]*robots[^>]*>")
"""Elements that keep a saved page from being read."""


@dataclass(frozen=True)
class AskedQuestion:
    """A question with its known answer."""

    text: str
    answer: str | None
    """Pattern of the right answer; None: the site does not say."""
    path: str = ""
    """The page with the answer; empty: any."""


@dataclass(frozen=True)
class EverydaySite:
    """A site with its questions."""

    name: str
    language: str
    pages: Sequence[ChunkedPage]
    questions: Sequence[AskedQuestion]


def load_small() -> list[EverydaySite]:
    """Return the sites for development; those of WCXB only if its sample is beside the repository."""
    listed = json.loads((SITES / "questions.json").read_text("utf-8"))
    sites = []
    for name, asked in listed.items():
        language = "de" if name in GERMAN else "en"
        pages = _read_wcxb(WCXB_SITES[name]) if name in WCXB_SITES else _read_markdown(name, language)
        if pages:
            sites.append(EverydaySite(name, language, pages, [AskedQuestion(*pair) for pair in asked]))
    return sites


def load_xquad(language: str, most: int) -> EverydaySite:
    """Return XQuAD's even articles in the language, a page a paragraph, with every n-th question, at most `most`."""
    articles = json.loads(gzip.decompress((SHARED / "answers" / "xquad-even-articles.json.gz").read_bytes()))[language]
    pages, questions = [], []
    for article in articles:
        for number, paragraph in enumerate(article["paragraphs"]):
            path = "/" + re.sub(r"\W+", "-", article["title"]) + f"-{number}"
            pages.append(_chunk(path, article["title"].replace("_", " "), paragraph["context"], language))
            questions += [
                AskedQuestion(asked["question"], "|".join(re.escape(each["text"]) for each in asked["answers"]), path)
                for asked in paragraph["qas"]
            ]
    return EverydaySite(f"xquad-{language}", language, pages, questions[:: max(1, len(questions) // most)])


def load_squad(split: str) -> EverydaySite:
    """Return SQuAD 2.0's article of the split, a page a paragraph; half of its questions have no answer there."""
    article = json.loads(gzip.decompress(SQUAD.read_bytes()))[split]
    pages, questions = [], []
    for number, paragraph in enumerate(article["paragraphs"]):
        path = f"/paragraph-{number}"
        pages.append(_chunk(path, article["title"].replace("_", " "), paragraph["context"], "en"))
        for asked in paragraph["qas"]:
            answer = "|".join(re.escape(each) for each in asked["answers"])
            questions.append(AskedQuestion(asked["question"], answer or None, path if answer else ""))
    return EverydaySite("squad", "en", pages, questions)


def _read_markdown(name: str, language: str) -> list[ChunkedPage]:
    parts = re.split(r"(?m)^=== ", (SITES / f"{name}.md").read_text("utf-8"))[1:]
    pages = []
    for part in parts:
        head, _, body = part.partition("\n")
        path, title = head.split(" | ")
        pages.append(_chunk(path, title, body.strip(), language))
    return pages


def _chunk(path: str, title: str, markdown: str, language: str) -> ChunkedPage:
    url = SITE + path
    read = ReadPage(
        target=Target(url=url, depth=1), url=url, title=title, markdown=markdown, metadata={"language": language}
    )
    return chunk_page(read, load_tokenizer(LOCAL_MODEL))


def _read_wcxb(numbers: Iterable[str]) -> list[ChunkedPage]:
    pages = []
    for number in numbers:
        file = SHARED / "wcxb" / "html" / f"{number}.html.gz"
        if not file.is_file():
            return []
        url = f"{SITE}/{number}.html"
        html = HIDDEN.sub("", gzip.decompress(file.read_bytes()).decode("utf-8", "replace"))
        fetched = FetchedPage(
            target=Target(url=url, depth=1), final_url=url, method=FetchMethod.http, html=html, byte_count=len(html)
        )
        try:
            pages.append(read_in_chunks(fetched, ReadOptions(LOCAL_MODEL, 30)))
        except PageSkipped:
            continue
    return pages
