"""A large document is parsed in child processes, and all its parses together have the time of one."""

import threading
from dataclasses import replace

import pytest

from tasks.core.errors import CallFailed, ContentFailed
from tasks.core.processes import PARSING, Allowance, Limits, open_processes
from tasks.web import document_parsing
from tasks.web.document_parsing import SMALL, SMALL_TAGS, DocumentParsing
from tasks.web.reader import READER_MODULE

LARGE = "<p>" + "x" * SMALL


def never_end() -> None:
    """Wait for what does not come, without using the processor."""
    threading.Event().wait()


async def test_parses_of_a_large_document_share_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """After one that used all of it none is begun; another document has its own."""
    with open_processes(1, READER_MODULE) as readers:
        parsing = DocumentParsing(readers)
        monkeypatch.setattr(document_parsing, "PARSING", replace(PARSING, seconds=0.2))
        with pytest.raises(ContentFailed, match=r"the page could not be read: it took longer than 0\.2s$"):
            await parsing.parse(LARGE, never_end)
        monkeypatch.undo()
        with pytest.raises(ContentFailed, match=r"it took longer than 0\.2s in all"):
            await parsing.parse(LARGE, len, "word")
        with pytest.raises(CallFailed, match="in all"):
            await parsing.call(LARGE, len, "word")
        assert await parsing.parse(LARGE + "y", len, "word") == 4


async def test_a_call_gets_what_the_ones_before_have_left() -> None:
    """A part of the seconds, and no more processor time than seconds."""
    allowance = Allowance(Limits(seconds=60, cpu_s=60, memory=PARSING.memory))
    with open_processes(1, READER_MODULE) as readers:
        assert await readers.call(allowance, len, "word") == 4
        assert 0 < allowance.spent_s < 60
        assert allowance.left().seconds == 60 - allowance.spent_s
        allowance.spent_s = 57.5
        assert (allowance.left().seconds, allowance.left().cpu_s) == (2.5, 3)


@pytest.mark.parametrize("html", ["", "x" * SMALL, "<" * SMALL_TAGS])
async def test_a_small_document_is_parsed_here_as_often_as_asked(html: str) -> None:
    """Sending it to a child would take longer."""
    with open_processes(1, READER_MODULE) as readers:
        parsing = DocumentParsing(readers)
        assert [await parsing.parse(html, lambda: 1) for _ in range(3)] == [1, 1, 1]


async def test_the_times_of_many_documents_do_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest are forgotten."""
    monkeypatch.setattr(document_parsing, "REMEMBERED", 3)
    with open_processes(1, READER_MODULE) as readers:
        parsing = DocumentParsing(readers)
        for number in range(9):
            await parsing.parse(LARGE + str(number), len, "x")
        assert len(parsing._allowances) == 3
