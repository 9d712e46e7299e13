"""Test questions: each with the page, the text or the refusal that is expected, read from CSV or JSON.

CSV has a header with `question` and at least one of `page` and `text`; JSON is a list of objects with these keys. A
text between slashes is a regular expression; `none` as the page or the text expects a refusal.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tasks.core.errors import InvalidRequest
from tasks.core.models import Frozen

COLUMNS = ("question", "page", "text")
NONE = "none"
"""The word that expects a refusal."""
MAX_QUESTION_LENGTH = 2_000

_DELIMITERS = (",", ";", "\t")
_SPACE = re.compile(r"[ \t\r\n,]*")


class Expectation(Frozen):
    """A question and its right answer."""

    question: str
    pages: tuple[str, ...] = ()
    """URLs or paths of the pages that answer it; one must be cited. Empty: any."""
    pattern: str = ""
    """Regular expression for the answer's text; empty: any."""
    is_answerable: bool = True
    """Whether the site answers it; if not, the widget must refuse."""
    line: int = 0
    """Line of the file, from 1."""

    @property
    def described(self) -> str:
        """The right answer in words."""
        if not self.is_answerable:
            return NONE
        return " · ".join(
            [*([" or ".join(self.pages)] if self.pages else []), *([self.pattern] if self.pattern else [])]
        )

    @property
    def row(self) -> dict[str, str]:
        """The test question as an object, such as `expectations_of` reads it."""
        if not self.is_answerable:
            return {"question": self.question, "page": NONE}
        text = {"text": f"/{self.pattern}/"} if self.pattern else {}
        return {"question": self.question, **({"page": " ".join(self.pages)} if self.pages else {}), **text}


def read_expectations(path: Path) -> list[Expectation]:
    """Read the test questions of a file.

    Raises:
        InvalidRequest: the file cannot be read; the error names its line and the remedy.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _invalid(path, line, "is not UTF-8: save the file as CSV UTF-8 or as JSON") from error
    except OSError as error:
        raise InvalidRequest("file_unreadable", f"{path}: {error.strerror or error}", field="file") from error
    rows = _read_json(path, text) if text.lstrip().startswith(("[", "{")) else _read_csv(path, text)
    expectations = [_parse(path, line, row) for line, row in rows]
    if not expectations:
        raise _invalid(path, 1, "has no question: add a line `question,page,text` and one line for each question")
    return expectations


def expectations_of(rows: Iterable[Mapping[str, Any]]) -> list[Expectation]:
    """Return test questions given as objects.

    Raises:
        InvalidRequest: one has an error; the message has its number, counted from 1.
    """
    return [_parse(Path("questions"), number, row) for number, row in enumerate(rows, start=1)]


def _invalid(path: Path, line: int, problem: str) -> InvalidRequest:
    return InvalidRequest("file_invalid", f"{path.name}, line {line}: {problem}.", field="file")


def _read_csv(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lines = text.splitlines()
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    header = lines[first] if lines else ""
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] | None = None
    line = 1
    try:
        for row in reader:
            begun, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if names is None:
                names = [name.strip().casefold() for name in row]
                _check_names(path, begun, names)
                continue
            if len(row) > len(names):
                raise _invalid(path, begun, f"has {len(row)} cells, the header {len(names)}: quote cells with a comma")
            yield begun, dict(zip(names, row, strict=False))
    except csv.Error as error:
        raise _invalid(path, line, f"is not CSV ({error}): close every quotation mark") from error


def _check_names(path: Path, line: int, names: Iterable[str]) -> None:
    if "question" not in names or not {"page", "text"} & set(names):
        raise _invalid(path, line, "is not the header `question,page,text` (page or text may be left out)")
    if unknown := [name for name in names if name not in COLUMNS]:
        raise _invalid(path, line, f"names the unknown column `{unknown[0]}`: use question, page and text")


def _read_json(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the objects of a list, or of a line each, with their lines."""
    decoder = json.JSONDecoder()
    place = text.index("[") + 1 if text.lstrip().startswith("[") else 0
    end = text.rstrip().removesuffix("]") if place else text.rstrip()
    if place and not text.rstrip().endswith("]"):
        raise _invalid(path, text.count("\n") + 1, "ends before the list does: close it with `]`")
    while (place := _after_space(text, place)) < len(end):
        line = text.count("\n", 0, place) + 1
        try:
            item, place = decoder.raw_decode(text, place)
        except ValueError as error:
            where = text.count("\n", 0, getattr(error, "pos", place)) + 1
            raise _invalid(path, where, f"is not JSON ({getattr(error, 'msg', error)})") from error
        if not isinstance(item, dict):
            raise _invalid(path, line, 'is not an object such as {"question": …, "page": …, "text": …}')
        yield line, item


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _parse(path: Path, line: int, row: Mapping[str, Any]) -> Expectation:
    if unknown := [name for name in row if name not in COLUMNS]:
        raise _invalid(path, line, f"has the unknown key `{unknown[0]}`: use question, page and text")
    question = " ".join(str(row.get("question") or "").split())
    if not question:
        raise _invalid(path, line, "has no question")
    if len(question) > MAX_QUESTION_LENGTH:
        raise _invalid(path, line, f"has a question of more than {MAX_QUESTION_LENGTH} characters")
    pages, text = _pages(path, line, row.get("page")), row.get("text")
    if text is not None and not isinstance(text, str):
        raise _invalid(path, line, "has a text that is not a string")
    text = (text or "").strip()
    if NONE in (text.casefold(), *(page.casefold() for page in pages)):
        return Expectation(question=question, is_answerable=False, line=line)
    if not pages and not text:
        raise _invalid(path, line, f"says neither page nor text: write `{NONE}` if the site does not answer")
    return Expectation(question=question, pages=pages, pattern=_pattern(path, line, text), line=line)


def _pages(path: Path, line: int, value: object) -> tuple[str, ...]:
    if value is None or isinstance(value, str):
        return tuple((value or "").split())
    if isinstance(value, list) and all(isinstance(page, str) for page in value):
        return tuple(page.strip() for page in value if page.strip())
    raise _invalid(path, line, "has a page that is neither a string nor a list of strings")


def _pattern(path: Path, line: int, text: str) -> str:
    if len(text) < 3 or not (text.startswith("/") and text.endswith("/")):
        return r"\s+".join(map(re.escape, text.split()))
    try:
        re.compile(text[1:-1])
    except re.error as error:
        raise _invalid(path, line, f"has the text {text}, which is not a regular expression ({error})") from error
    return text[1:-1]
