"""Small businesses' sites, as HTML, whose questions only report: `small_sites/neutral` and `small_sites/reporting`.

A file has the site's layout, its pages, and its questions: `pattern <- question | question` is answered by text with
the pattern, `! question | question` by nothing on the site. They were written before the answer model was learned on
which they report, and neither its features nor its weights were chosen with a look at their single answers. Those of
`small_sites/businesses` reported until then; now they are for development. In `neutral` and `businesses` questions with
and without an answer are worded alike; in `reporting` most of those that nothing answers are formal.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.everyday_sites import AskedQuestion, EverydaySite
from tests.benchmarks.trade_sites import read_site

FOLDER = Path(__file__).with_name("small_sites")


def load_businesses(kind: str = "reporting") -> list[EverydaySite]:
    """Return the sites of a folder, read from HTML as in a build, with passages of their facts."""
    return [_load(file) for file in sorted((FOLDER / kind).glob("*.html"))]


def _load(file: Path) -> EverydaySite:
    head, layout, *parts, asked = re.split(r"(?m)^(?:~~~|===) ", file.read_text("utf-8"))[1:]
    language = head.split(" | ")[0].strip()
    frame = layout.partition("\n")[2]
    pages = [(path, _fill(frame, title, main)) for path, title, main in map(_split, parts)]
    return EverydaySite(file.stem, language, read_site(pages), list(_questions(asked.splitlines()[1:])))


def _split(part: str) -> tuple[str, str, str]:
    first, _, main = part.partition("\n")
    path, title = first.split(" | ")
    return path, title, main


def _fill(layout: str, title: str, main: str) -> str:
    return layout.replace("{{title}}", title).replace("{{main}}", main)


def _questions(lines: Sequence[str]) -> Iterator[AskedQuestion]:
    for line in lines:
        if line.startswith("! "):
            yield from (AskedQuestion(text.strip(), None) for text in line[2:].split(" | "))
        elif line.strip():
            answer, texts = line.split(" <- ")
            yield from (AskedQuestion(text.strip(), answer) for text in texts.split(" | "))
