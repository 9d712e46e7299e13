"""Pages of many kinds with facts and boilerplate marked by hand: facts are kept, boilerplate is removed."""

import re
from itertools import chain
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.web.test_content import read

PAGES = Path(__file__).parent / "pages"
ADDRESSES = {
    "product": "https://northfold.example/products/alder-trail-pack-28-l",
    "faq": "https://harbourdental.example/faq",
    "forum": "https://board.example/threads/sourdough-will-not-rise-in-winter.4711/",
    "tables": "https://islandline.example/travel/timetable.html",
    "code": "https://marten.example/blog/2025/11/retrying-requests-with-backoff",
    "docs": "https://docs.quillmark.example/configure.html",
    "listing": "https://lindal.example/walks/",
}
IN_MARKUP = {
    "product": ("129.00 EUR", "In stock", "Northfold"),
    "faq": ("Do you treat children?", "Children under ten are seen in the morning", "six monthly instalments"),
}
"""What only the JSON-LD of a page says."""


def squeeze(text: str) -> str:
    """Return the words only, without Markdown's marks."""
    words = " ".join(re.findall(r"\w+", text.lower()))
    return f" {words} "


def marked(source: str, mark: str) -> list[str]:
    """The texts of the elements with this mark."""
    return [node.text() for node in LexborHTMLParser(source).css(f"[data-{mark}]")]


def read_marked(name: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the page's facts, the missing ones, its boilerplate, and the kept part of that."""
    source = (PAGES / f"{name}.html").read_text(encoding="utf-8")
    facts = [*marked(source, "fact"), *IN_MARKUP.get(name, ())]
    noise = marked(source, "noise")
    # The marks are not to help.
    text = squeeze(read(re.sub(r" data-(fact|noise)", "", source), ADDRESSES[name]).markdown)
    missing = [fact for fact in facts if squeeze(fact) not in text]
    return facts, missing, noise, [piece for piece in noise if squeeze(piece) in text]


@pytest.mark.parametrize("name", ADDRESSES)
def test_facts_of_a_page_are_read(name: str) -> None:
    """At least 9 of 10 that are marked, on each kind of page."""
    facts, missing, _, _ = read_marked(name)
    assert len(missing) <= 0.1 * len(facts), missing


def test_facts_are_read_and_boilerplate_is_not() -> None:
    """At least 95 % of the marked facts, at most 5 % of the marked boilerplate."""
    facts, missing, noise, kept = (list(chain(*parts)) for parts in zip(*map(read_marked, ADDRESSES), strict=True))
    assert len(missing) <= 0.05 * len(facts), missing
    assert len(kept) <= 0.05 * len(noise), kept


def test_code_keeps_its_language_however_it_is_named() -> None:
    """By a class of the code or of an element around it, or by an attribute."""
    markdown = read((PAGES / "code.html").read_text(encoding="utf-8"), ADDRESSES["code"]).markdown
    assert re.findall(r"^```(\w+)$", markdown, re.MULTILINE) == ["python", "go", "bash"]


def test_a_table_stays_a_table() -> None:
    """With its rows and cells in place."""
    markdown = read((PAGES / "tables.html").read_text(encoding="utf-8"), ADDRESSES["tables"]).markdown
    assert re.search(r"\| Tern +\| 09:30 +\| 10:20 +\| 10:55 +\|", markdown)


def test_the_same_page_gives_the_same_markdown() -> None:
    """Byte for byte."""
    source = (PAGES / "listing.html").read_text(encoding="utf-8")
    assert read(source).markdown == read(source).markdown
