"""A build reads one site, within the scope that the settings define."""

import pytest

from tasks.core.models import Link
from tasks.web.crawl.scope import Scope, scope_of
from tests.web.conftest import make_settings

START = "https://www.example.com/"


@pytest.mark.parametrize(
    ("url", "alone", "with_subdomains"),
    [
        ("https://example.com/a", True, True),
        ("http://www.example.com/a", True, True),
        ("https://docs.example.com/a", False, True),
        ("https://example.org/a", False, False),
        ("https://example.com:8443/a", False, False),
    ],
)
def test_a_site_is_its_host_and_by_setting_its_domain(url: str, alone: bool, with_subdomains: bool) -> None:
    """`www.` is no host of its own."""
    assert Scope(START).contains(url) is alone
    assert Scope(START, subdomains=True).contains(url) is with_subdomains


def test_paths_narrow_it() -> None:
    """Included paths that are not excluded, and the start page in any case."""
    settings = make_settings(include="/docs/*, /help", exclude="*/old/*")
    scope = scope_of(settings, START)
    inside = ["/docs/a", "/docs/a/b?c=1", "/help", "/"]
    outside = ["/blog/", "/docs", "/docs/old/a", "/help/more"]
    assert [scope.contains(f"https://example.com{path}") for path in inside + outside] == [True] * 4 + [False] * 4


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a[1]/*", "/a[1]/b", True),
        ("/a[1]/*", "/a1/b", False),
        ("/über/*", "/%C3%BCber/uns", True),
        ("/a?c", "/abc", True),
        ("/a.c", "/abc", False),
        ("/" + "*a" * 90 + "!", "/" + "a" * 5_000, False),
    ],
)
def test_in_a_path_only_the_star_and_the_question_mark_are_special(pattern: str, path: str, matches: bool) -> None:
    """A pattern of many stars comes to an end as well: one that tried all ways to share a path among them would not."""
    assert Scope(START, include=(pattern,)).contains(f"https://example.com{path}") is matches


def test_an_insecure_link_to_a_secure_site_means_the_secure_page() -> None:
    """On other hosts the scheme stays."""
    assert Scope(START).with_site_scheme("http://example.com/a") == "https://example.com/a"
    assert Scope(START).with_site_scheme("http://example.org/a") == "http://example.org/a"
    assert Scope("http://example.com/").with_site_scheme("http://example.com/a") == "http://example.com/a"


def test_without_a_home_page_all_languages_are_read() -> None:
    """As in a resumed build that had read it before."""
    assert scope_of(make_settings(), START).allows(Link("https://example.com/de/"))
