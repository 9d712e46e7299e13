"""The sample of WCXB, the Web Content eXtraction Benchmark (Murrough Foley, 2026, CC-BY-4.0), and its score."""

import gzip
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.stack import ROOT

FOLDER = ROOT.parent / "shared" / "bench" / "wcxb"
_WORD = re.compile(r"\w+")


class NoSample(Exception):
    """The sample is not on this machine."""


@dataclass(frozen=True)
class MarkedPage:
    """A page whose content people have marked."""

    id: str
    type: str
    url: str
    html: str
    content: str
    """Plain text."""
    wanted: tuple[str, ...]
    """Snippets of the content."""
    unwanted: tuple[str, ...]
    """Snippets of what is none."""

    @property
    def is_held_out(self) -> bool:
        """Whether it is in the held-out half, which nobody looks at during development: by a hash of its id."""
        return int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % 2 == 1


def load_pages() -> list[MarkedPage]:
    """All pages with marked content, by id.

    Raises:
        NoSample: there are none.
    """
    pages = [_load(file) for file in sorted(FOLDER.glob("ground-truth/*.json"))]
    if not pages:
        raise NoSample(f"the sample of WCXB is not in {FOLDER}")
    return [page for page in pages if page.content]


def _load(file: Path) -> MarkedPage:
    marks = json.loads(file.read_text(encoding="utf-8"))
    truth = marks["ground_truth"]
    html = gzip.decompress((FOLDER / "html" / f"{file.stem}.html.gz").read_bytes())
    return MarkedPage(
        id=file.stem,
        type=marks["_internal"]["page_type"]["primary"],
        url=marks["url"],
        html=html.decode("utf-8", "replace"),
        content=truth.get("main_content", ""),
        wanted=tuple(truth.get("with") or ()),
        unwanted=tuple(truth.get("without") or ()),
    )


def words_of(text: str) -> list[str]:
    """The words that are counted."""
    return _WORD.findall(text.lower())


def f1(found: str, content: str) -> float:
    """Word-level F1: the multiset overlap of the words."""
    ours, theirs = Counter(words_of(found)), Counter(words_of(content))
    overlap = (ours & theirs).total()
    return 2 * overlap / (ours.total() + theirs.total()) if overlap else 0.0
