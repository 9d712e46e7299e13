"""The frontier admits each URL once, within its bounds, and knows when all are found."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.core.models import Target
from tasks.web.frontier import Frontier


def make_frontier(max_depth: int = 2, max_pages: int = 100) -> Frontier:
    """A frontier over URLs that start with `/`."""
    return Frontier(max_depth=max_depth, max_pages=max_pages, belongs=lambda url: url.startswith("/"))


def test_a_url_is_admitted_once_and_only_if_it_belongs_to_the_site() -> None:
    """Seen before, off site, too deep: not admitted."""
    frontier = make_frontier()
    assert [target.url for target in frontier.admit(["/a", "/b", "/a", "elsewhere"], 1)] == ["/a", "/b"]
    assert frontier.admit(["/a"], 2) == []
    assert frontier.admit(["/deep"], 3) == []


def test_a_place_that_is_given_back_goes_to_the_next_url_found() -> None:
    """Pages that turn out not to be pages do not use up `max_pages`."""
    frontier = make_frontier(max_pages=2)
    assert len(frontier.admit(["/a", "/b", "/c"], 1)) == 2
    frontier.give_back()
    assert frontier.admit([], 1) == [Target(url="/c", depth=1)]


def test_the_frontier_is_done_when_nothing_is_open() -> None:
    """Only when each admitted URL has been looked through."""
    frontier = make_frontier()
    frontier.admit(["/a", "/b"], 1)
    frontier.settle()
    assert not frontier.is_done
    frontier.settle()
    assert frontier.is_done


def test_what_an_earlier_attempt_knew_is_not_admitted_again() -> None:
    """A resumed build continues, it does not begin anew."""
    frontier = make_frontier(max_pages=2)
    frontier.recall(Target(url="/stored", depth=1), has_place=True, is_open=False)
    frontier.recall(Target(url="/skipped", depth=1), has_place=False, is_open=False)
    assert [t.url for t in frontier.admit(["/stored", "/skipped", "/new", "/over"], 1)] == ["/new"]


@given(st.lists(st.lists(st.integers(0, 30), max_size=10), max_size=10), st.integers(1, 20))
def test_never_more_pages_than_asked_for(finds: list[list[int]], most: int) -> None:
    """Whatever is found in whatever order."""
    frontier = make_frontier(max_pages=most)
    admitted = [t.url for urls in finds for t in frontier.admit([f"/{n}" for n in urls], 1)]
    assert len(admitted) == len(set(admitted)) == min(most, len({n for urls in finds for n in urls}))
