"""Runs of a page are kept by the probability that they are content."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from tasks.web.content.boxes import Outline, find_outline
from tasks.web.content.selection import best_threshold, select_runs

SAID = "Dogs are welcome in all our rooms"


def outline_of(html: str) -> Outline:
    """The boxes and runs of the body."""
    body = LexborHTMLParser(html).body
    assert body is not None
    return find_outline(body)


def kept_of(html: str, probabilities: list[float]) -> list[str]:
    """The texts that are kept."""
    outline = outline_of(html)
    kept = select_runs(outline, probabilities)
    return [run.text for run, is_kept in zip(outline.runs, kept, strict=True) if is_kept]


def test_what_is_said_twice_is_kept_once() -> None:
    """The first occurrence that is content, in any case and markup."""
    slides = f"<nav>{SAID}</nav><p>{SAID}<p>One of them<p><b>{SAID.upper()}</b>"
    assert kept_of(slides, [0.1, 0.9, 0.9, 0.9]) == [SAID, "One of them"]


def test_short_texts_may_be_said_of_several_things() -> None:
    """Two cards with one price have it both."""
    assert kept_of("<p>Lamp<p>5 EUR<p>Chair<p>5 EUR", [0.9] * 4) == ["Lamp", "5 EUR", "Chair", "5 EUR"]


def test_a_heading_stays_and_the_entry_of_the_contents_list_goes() -> None:
    """Or the text under the heading, "Yes: buckwheat", would answer the question before."""
    first, second = "1. Can I return a cake to you?", "2. Have you bread without any gluten?"
    contents = f"<ul><li><a href=#a>{first}</a><li><a href=#b>{second}</a></ul>"
    answers = f"<h2>{first} ¶</h2><p>No.<h2>{second} ¶</h2><p>Yes: buckwheat.<h2>{second} ¶</h2><p>And rice."
    assert kept_of(contents + answers, [0.9] * 8) == [
        *(f"{first} ¶", "No.", f"{second} ¶", "Yes: buckwheat.", f"{second} ¶", "And rice.")
    ]


def test_a_link_is_not_the_first_occurrence_of_a_statement() -> None:
    """A list of posts links to the sentence; later it is said."""
    html = f"<ul><li><a href=/dogs>{SAID}</a><li><a href=/dogs>{SAID}</a></ul><p>{SAID}"
    assert kept_of(html, [0.9] * 3) == [SAID, SAID]


@pytest.mark.parametrize("html", ["<table><tr><td>{0}<tr><td>{0}</table>", "<pre>{0}</pre><pre>{0}</pre>"])
def test_rows_and_code_are_kept_as_they_are(html: str) -> None:
    """A cell belongs to its row, and code to what it is an example of."""
    assert kept_of(html.format(SAID), [0.9, 0.9]) == [SAID, SAID]


def test_the_threshold_is_where_the_expected_f1_is_largest() -> None:
    """A likely run alone stays alone; where nothing is likely, more is kept."""
    assert best_threshold([10, 10], [0.9, 0.2]) == 0.9
    assert best_threshold([10, 10], [0.4, 0.3]) == 0.3


def test_what_is_nearly_likely_enough_stays() -> None:
    """The best F1 would omit it; but then it could not be found."""
    probabilities = [0.95, 0.48, 0.44, 0.2]
    assert best_threshold([100, 10, 10, 10], probabilities) == 0.48
    # Each in elements of its own: what stands beside prose stays with it.
    texts = "".join(
        f"<div><div><p>{name} {'word ' * (size - 1)}</div></div>"
        for name, size in zip("abcd", (100, 10, 10, 10), strict=True)
    )
    assert [text[0] for text in kept_of(texts, probabilities)] == ["a", "b", "c"]


@pytest.mark.parametrize("title", ["Trending News", "Related links", "Related coverage:", "Don’t Miss", "DON'T MISS"])
def test_a_list_of_other_pages_within_the_text_goes(title: str) -> None:
    """With its title, which names nothing of this page; the text goes on below."""
    story = " ".join(["The old pier will be rebuilt before the summer."] * 10)
    others = "".join(f"<li><a href=/{name}>{name} in the news</a>" for name in ("Bridge", "Tower", "Mill"))
    html = f"<div><p>{story}</p><div><h3>{title}</h3><ul>{others}</ul></div><p>So said the mayor.</p></div>"
    assert kept_of(html, [0.9] * 6) == [story, "So said the mayor."]
