"""Runs of text are classified by their own features, then by those of their context."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from threadpoolctl import threadpool_limits

from tasks.web.content.boxes import Outline, find_outline
from tasks.web.content.content_classifier import load_classifier
from tasks.web.content.context_features import NOWHERE, context_features, log_odds
from tasks.web.content.forest import ROWS_AT_ONCE, load_forest, make_forest
from tasks.web.content.page_type import PageType

TYPES = np.full(len(PageType), 1 / len(PageType))
PIECES = ("<div>", "</div>", "<p>", "<h2>", "<ul class=nav>", "<li>", "<a href=x>", "</a>", "<table>", "<td>", "words ")


def outline_of(html: str) -> Outline:
    """The boxes and runs of the body."""
    body = LexborHTMLParser(html).body
    assert body is not None
    return find_outline(body)


def test_a_run_is_seen_among_those_beside_it_and_in_its_boxes() -> None:
    """Log-odds of its neighbours, and the expected content share of each box's words."""
    outline = outline_of("<div><p>one two three<p>four</div><footer>five</footer>")
    names, rows = context_features(outline, "", TYPES, [0.9, 0.5, 0.1])
    first, second, last = (dict(zip(names, row.tolist(), strict=True)) for row in rows)
    assert second["odds at -1"] == pytest.approx(float(log_odds(np.array(0.9))), rel=1e-6)
    assert (first["odds at -1"], last["odds at +1"]) == (NOWHERE, NOWHERE)
    assert first["box 2 content"] == second["box 2 content"] == pytest.approx((3 * 0.9 + 0.5) / 4, rel=1e-6)
    assert last["box 1 content"] == pytest.approx(0.1, rel=1e-6)
    assert (first["alike runs"], last["alike runs"]) == (2, 1)


def test_pictures_and_controls_tell_of_the_text_beside_them() -> None:
    """They count towards the run that they are in or precede."""
    outline = outline_of("<div><img><h3>Lamp</h3></div><form><input>Search<button>Go<svg></svg></button></form><p>End")
    assert [run.text for run in outline.runs] == ["Lamp", "Search", "End"]
    names, rows = context_features(outline, "", TYPES, [0.5] * 3)
    lamp, search, end = (dict(zip(names, row.tolist(), strict=True)) for row in rows)
    assert (lamp["pictures"], search["pictures"], end["pictures"]) == (1, 0, 0)
    assert (lamp["controls"], search["controls"], end["controls"]) == (0, 2, 0)
    assert lamp["box 2 pictures a run"] == 1


def test_a_run_is_seen_in_the_sections_that_headings_make() -> None:
    """The section up to the next heading of any level, and those of the levels above."""
    outline = outline_of("<p>one<h2>Related posts</h2><p>two<h3>three</h3><p>four five<h2>six</h2>")
    names, rows = context_features(outline, "", TYPES, [0.5, 0.1, 0.2, 0.3, 0.4, 0.9])
    before, _, _, _, inner, last = (dict(zip(names, row.tolist(), strict=True)) for row in rows)
    assert (before["section number"], before["chapter heading odds"]) == (0, NOWHERE)
    assert (inner["section words"], inner["chapter words"]) == (3, 6)
    assert inner["section content"] == pytest.approx((0.3 + 2 * 0.4) / 3, rel=1e-6)
    assert inner["chapter next odds"] == pytest.approx(float(log_odds(np.array(0.9))), rel=1e-6)
    assert inner["chapter since heading"] == inner["since under related"] == 3
    assert (last["section sections left"], last["section next odds"]) == (0, NOWHERE)


def test_the_trees_look_at_what_is_counted() -> None:
    """The table that comes with the product names the features in the order in which they are computed."""
    names, _ = context_features(outline_of("<p>one"), "", TYPES, [0.5])
    assert load_forest().inputs == tuple(names)


def test_trees_add_up() -> None:
    """At a fork values above the threshold go right; batches give the same results as single rows."""
    trees = [[[0, 1, 1], [5, 1, 2], [-1, -2, 3, 4]], [[1, 0, 0], [0, 0, 0], [0.5, 0.5, 0, 0]]]
    forest = make_forest({"inputs": [], "trees": trees})  # type: ignore[dict-item]
    rows = np.array([[5, 1], [5, 2], [6, 2], [6, -3]], np.float32)
    found = log_odds(np.array(forest.probabilities(np.tile(rows, (ROWS_AT_ONCE, 1)))))
    assert found.tolist() == pytest.approx([-1, -2, 3, 3.5] * ROWS_AT_ONCE, rel=1e-4)


def test_grown_trees_find_the_numbers_that_tell() -> None:
    """Two of ten, which must both be large; and the same trees grow again."""
    # Not above: scikit-learn takes long to import, in every process that collects the tests.
    from tests.benchmarks.learn_forest import grow_forest

    rows = np.random.default_rng(0).random((2_000, 10), np.float32)
    labels = ((rows[:, 2] > 0.5) & (rows[:, 7] > 0.5)).astype(float)
    # Threads that wait for each other in turns take minutes beside other tests' processes.
    with threadpool_limits(1):
        trees, again = [grow_forest(rows, labels, np.ones(len(rows))) for _ in range(2)]
    probabilities = np.array(make_forest({"inputs": [], "trees": trees}).probabilities(rows))  # type: ignore[dict-item]
    assert np.mean((probabilities > 0.5) == labels) > 0.95
    assert again == trees


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=200))
def test_any_run_has_a_chance(parts: list[str]) -> None:
    """Between 0 and 1, one for each, whatever is on the page."""
    outline = outline_of(f"<p>words{''.join(parts)}")
    probabilities = load_classifier().probabilities(outline, "words", [])
    assert len(probabilities) == len(outline.runs)
    assert all(0 <= probability <= 1 for probability in probabilities)
