"""Test questions read from files: spreadsheets' CSV, JSON, and errors that name the line."""

from pathlib import Path

import pytest

from tasks.core.errors import InvalidRequest
from tasks.knowledge.evaluation.expectations import read_expectations
from tasks.knowledge.evaluation.verdicts import says


def write(folder: Path, text: str, *, name: str = "questions.csv", encoding: str = "utf-8") -> Path:
    """A file with the text."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_spreadsheets_csv_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    """With the delimiters and the mark that spreadsheets write; empty lines are passed over."""
    rows = ["question,page,text", "Is it open?,/hours /contact,9 to 5", "", "Tea?,none,", "Price?,,/£\\s?12\\b/"]
    text = "\r\n".join(rows).replace(",", delimiter)
    hours, tea, price = read_expectations(write(tmp_path, text, encoding=encoding))
    assert (hours.pages, hours.line, hours.is_answerable) == (("/hours", "/contact"), 2, True)
    assert says("We are open **9  to 5**. [1]", hours.pattern)
    assert (tea.is_answerable, tea.line) == (False, 4)
    assert (price.line, says("It costs £ 12.", price.pattern), says("£120", price.pattern)) == (5, True, False)


def test_a_cell_may_span_lines(tmp_path: Path) -> None:
    """The line of a question is where it begins."""
    text = 'question,text\n"Is it\nopen?",yes\nTea?,none\n'
    first, second = read_expectations(write(tmp_path, text))
    assert (first.question, first.line, second.line) == ("Is it open?", 2, 4)


@pytest.mark.parametrize(
    "text",
    [
        '[{"question": "Open?", "page": ["/a", "/b"]},\n {"question": "Tea?", "text": "none"}]',
        '{"question": "Open?", "page": "/a /b"}\n{"question": "Tea?", "page": "none"}\n',
    ],
)
def test_json_is_a_list_or_an_object_a_line(tmp_path: Path, text: str) -> None:
    """The keys are those of the CSV."""
    first, second = read_expectations(write(tmp_path, text, name="questions.json"))
    assert (first.pages, second.is_answerable, second.line) == (("/a", "/b"), False, 2)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "has no question: add a line `question,page,text`"),
        ("question,page\n", 1, "has no question: add"),
        ("Is it open?,/hours\n", 1, "is not the header `question,page,text`"),
        ("question,page,answer\n", 1, "unknown column `answer`"),
        ("question,page\nOpen?,/a\n,/b\n", 3, "has no question"),
        ("question,page\nOpen?,\n", 2, "write `none` if the site does not answer"),
        ("question,text\nOpen?,/[/\n", 2, "not a regular expression"),
        ("question,page\nOpen?,/a,b\n", 2, "has 3 cells, the header 2"),
        ('question,page\nOpen?,"/a\n', 2, "close every quotation mark"),
        ("question,page\n" + "x" * 2_001 + ",/a\n", 2, "more than 2000 characters"),
        ('[{"question": "Open?", "page": "/a"},\n {"question": "Tea?" "page": "/b"}]', 2, "is not JSON"),
        ('[{"question": "Open?", "page": "/a"},\n "Tea?"]', 2, "is not an object"),
        ('[{"question": "Open?", "page": "/a"},\n', 2, "close it with `]`"),
        ('[{"question": "Open?", "answer": "/a"}]', 1, "unknown key `answer`"),
        ('[{"question": "Open?", "page": 3}]', 1, "neither a string nor a list"),
        ('[\n{"question": "Open?", "text": ["a"]}]', 2, "a text that is not a string"),
    ],
)
def test_an_error_names_line_and_remedy(tmp_path: Path, text: str, line: int, problem: str) -> None:
    """The file's name, the line, what is wrong."""
    with pytest.raises(InvalidRequest) as refused:
        read_expectations(write(tmp_path, text))
    assert f"questions.csv, line {line}: " in refused.value.message
    assert problem in refused.value.message
    assert refused.value.status in (400, 422)


def test_a_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    """A spreadsheet's Latin-1, and a file that is not there."""
    path = write(tmp_path, "question,text\nOpen?,yes\nÖffnung?,ja\n", encoding="latin-1")
    with pytest.raises(InvalidRequest, match="line 3: is not UTF-8"):
        read_expectations(path)
    with pytest.raises(InvalidRequest, match="No such file"):
        read_expectations(tmp_path / "nowhere.csv")
