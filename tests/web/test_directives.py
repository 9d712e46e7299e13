"""Robots directives of pages."""

import pytest

from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.web.crawl.directives import HEADER, SIGNAL, forbids_following, forbids_indexing, refusal_of
from tasks.web.crawl.links import links_of


def page(html: str = "", header: str = "") -> FetchedPage:
    """Return a page with these directives."""
    url = "https://example.com/"
    return FetchedPage(
        target=Target(url=url, depth=0),
        final_url=url,
        method=FetchMethod.http,
        html=html + '<a href="/a">a</a>',
        byte_count=1,
        metadata={HEADER: header} if header else {},
    )


@pytest.mark.parametrize(
    ("html", "header", "no_index", "no_follow"),
    [
        ("", "", False, False),
        ('<meta name="robots" content="index, follow">', "", False, False),
        ('<META NAME="ROBOTS" CONTENT="NOINDEX">', "", True, False),
        ('<meta content="noindex,nofollow" name="robots">', "", True, True),
        ('<meta name="robots" content="none">', "", True, True),
        ('<meta name="googlebot" content="noindex">', "", False, False),
        ('<meta name="aiwidgetbuilder" content="nofollow">', "", False, True),
        ('<p>robots</p><meta name="description" content="noindex">', "", False, False),
        ("", "noindex", True, False),
        ("", "googlebot: noindex, nofollow", False, False),
        ("", "nofollow, googlebot: noindex", False, True),
        ("", "AIWidgetBuilder: none", True, True),
        ("", "unavailable_after: 25 Jun 2010 15:00:00 PST, noindex", True, False),
        ("", "max-snippet: 20, noarchive", False, False),
    ],
)
def test_pages_may_ask_not_to_be_kept_or_followed(html: str, header: str, no_index: bool, no_follow: bool) -> None:
    """In the document or in the header, to all robots or to ours."""
    asking = page(html, header)
    assert forbids_indexing(asking) is no_index
    assert forbids_following(asking) is no_follow
    assert bool(links_of(asking)) is not no_follow


@pytest.mark.parametrize(
    ("html", "metadata", "depth", "reason"),
    [
        ("", {}, 3, None),
        ('<meta name="robots" content="noindex">', {}, 1, None),
        ('<meta name="robots" content="noindex">', {}, 2, "noindex"),
        ("", {HEADER: "noindex"}, 1, None),
        ("", {HEADER: "AIWidgetBuilder: noindex"}, 1, "no_ai"),
        ('<meta name="AIWidgetBuilder" content="noindex">', {}, 1, "no_ai"),
        ('<meta name="robots" content="noai, noimageai">', {}, 0, "no_ai"),
        ("", {HEADER: "noai"}, 1, "no_ai"),
        ("", {SIGNAL: "search=yes, ai-input=no"}, 1, "no_ai"),
        ("", {SIGNAL: "search=yes, ai-input=yes, ai-train=no"}, 1, None),
    ],
)
def test_pages_for_visitors_are_read_unless_they_refuse_ai(
    html: str, metadata: dict[str, str], depth: int, reason: str | None
) -> None:
    """`noindex` keeps refunds and terms from search engines; without the setting it keeps them from us too."""
    asking = page(html).model_copy(
        update={"metadata": metadata, "target": Target(url="https://x.example/", depth=depth)}
    )
    refusal = refusal_of(asking, read_noindex=True)
    assert (refusal and refusal.reason) == reason
    if html or metadata.get(HEADER):
        assert refusal_of(asking, read_noindex=False) is not None
