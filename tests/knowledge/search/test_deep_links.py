"""Deep links: a page opened at the words a passage begins with."""

from urllib.parse import unquote, urldefrag

import pytest
from hypothesis import given

from tasks.knowledge.search.deep_links import deep_link
from tests.knowledge.material import ANY_TEXT

PAGE = "https://example.com/a?b=c"


def directive(text: str) -> list[str]:
    """What the link has the browser look for: the beginning, and the end if it names one."""
    _, _, found = deep_link(PAGE, text).partition("#:~:text=")
    return [unquote(part) for part in found.split(",")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Open every day.", ["Open every day."]),
        ("# Hours\n\n## Summer\n\nOpen every day.", ["Open every day."]),
        ("## Only a heading ##", ["Only a heading ##"]),
        ('- **Open** *every* `day_of` the [week](https://example.com/(x) "y").', ["Open every day_of the week."]),
        ("12. A snake_case name and 2 * 3 * 4", ["A snake_case name and 2 * 3 * 4"]),
        ("```python\nprint('__x__')\n```", ["print('__x__')"]),
        ("| Plan | Price |\n| --- | --- |\n| Allotment | 9 |", ["Price"]),
        (r"A \*star\* and \[brackets\]", ["A *star* and [brackets]"]),
        (
            "one two three four five six seven eight nine ten eleven",
            ["one two three four five six", "eight nine ten eleven"],
        ),
        ("> Quoted, with commas - and dashes & more.", ["Quoted, with commas - and dashes & more."]),
    ],
)
def test_the_link_looks_for_the_first_words_a_reader_sees(text: str, words: list[str]) -> None:
    """Without Markdown's marks, which are not on the page."""
    assert directive(text) == words


@pytest.mark.parametrize("text", ["", "---", "| --- |", "```\n```", "#"])
def test_a_text_without_words_opens_the_page_itself(text: str) -> None:
    """There is nothing to look for."""
    assert deep_link(PAGE, text) == PAGE


def test_a_fragment_of_the_page_is_kept() -> None:
    """An address inside the page stays one; an older text fragment is replaced."""
    assert deep_link(f"{PAGE}#part", "Words.") == f"{PAGE}#part:~:text=Words."
    assert deep_link(f"{PAGE}#:~:text=old", "Words.") == f"{PAGE}#:~:text=Words."


@given(text=ANY_TEXT)
def test_any_text_makes_a_link_to_the_page(text: str) -> None:
    """Whatever it holds: an address of ASCII signs, with at most two parts."""
    link = deep_link(PAGE, text)
    assert link.isascii()
    assert urldefrag(link).url == PAGE
    assert not set(link) & set(" <>\"'\n")
    assert link.count(",") <= 1
