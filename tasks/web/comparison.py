"""What the browser shows of a page beyond what was sent."""

import re
from collections import Counter

from tasks.core.errors import PageError
from tasks.core.models import Frozen
from tasks.web.content.main_content import read_page
from tasks.web.crawl.links import list_links
from tasks.web.fetching.rendered_page import RenderedPage

MIN_WORDS = 25
"""Fewer words or links more than this are a script's finery: a copy button, a date, a menu …"""
MIN_LINKS = 4
SHARE = 0.15
"""… and so are they if they are a smaller part than this of what was sent."""

_WORD = re.compile(r"\w+")


class Comparison(Frozen):
    """A page as shown beside the same page as sent."""

    new_words: int
    """Words of the main content that were not sent."""
    lost_words: int
    """Words of the main content that scripts took away."""
    sent_words: int
    new_links: frozenset[str]
    """Links that were not sent."""
    sent_links: int

    @property
    def has_more_text(self) -> bool:
        """Whether the browser shows much text that was not sent."""
        return self.new_words >= max(MIN_WORDS, SHARE * self.sent_words)

    @property
    def is_worse(self) -> bool:
        """Whether scripts took most of the text away, as one that fails does."""
        return not self.has_more_text and self.lost_words > max(2 * MIN_WORDS, 0.7 * self.sent_words)

    def has_more_links(self, known: frozenset[str]) -> bool:
        """Whether the browser shows many links that neither were sent nor are known from other pages."""
        return len(self.new_links - known) >= max(MIN_LINKS, SHARE * self.sent_links)


def compare(rendered: RenderedPage) -> Comparison:
    """The page as the browser shows it, beside the one that was sent."""
    url = rendered.page.final_url
    shown = _words(rendered, rendered.page.html)
    sent = _words(rendered, rendered.sent_html)
    sent_links = _urls(rendered.sent_html, url)
    return Comparison(
        new_words=(shown - sent).total(),
        lost_words=(sent - shown).total(),
        sent_words=sent.total(),
        new_links=_urls(rendered.page.html, url) - sent_links,
        sent_links=len(sent_links),
    )


def _words(rendered: RenderedPage, html: str) -> Counter[str]:
    """The words of the main content."""
    try:
        markdown = read_page(rendered.page.model_copy(update={"html": html})).markdown
    except PageError:
        markdown = ""
    return Counter(_WORD.findall(markdown.lower()))


def _urls(html: str, base_url: str) -> frozenset[str]:
    return frozenset(link.url for link in list_links(html, base_url, keep_routes=True, with_context=False))
