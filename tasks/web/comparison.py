"""Compares a page as rendered by the browser with the same page as sent."""

import re
from collections import Counter

from tasks.core.errors import PageError
from tasks.core.models import Frozen
from tasks.web.content.main_content import read_page
from tasks.web.crawl.links import list_links
from tasks.web.fetching.rendered_page import RenderedPage
from tasks.web.fetching.shells import shell_sign

MIN_WORDS = 25
"""Fewer additional words or links are decoration by scripts: a copy button, a date, a menu …"""
MIN_LINKS = 4
SHARE = 0.15
"""… and so is a smaller share of what was sent."""

_WORD = re.compile(r"\w+")


class Comparison(Frozen):
    """Differences between a page as rendered and as sent."""

    new_words: int
    """Words of the main content that only the rendered page has."""
    lost_words: int
    """Words of the main content that scripts removed."""
    sent_words: int
    new_links: frozenset[str]
    """Links that only the rendered page has."""
    sent_links: int
    is_sent_as_shell: bool = False
    """Whether the page as sent is an app shell."""

    @property
    def has_more_text(self) -> bool:
        """Whether rendering added much text."""
        return self.new_words >= max(MIN_WORDS, SHARE * self.sent_words)

    @property
    def is_worse(self) -> bool:
        """Whether scripts removed most of the text, as a failing script can."""
        return not self.has_more_text and self.lost_words > max(2 * MIN_WORDS, 0.7 * self.sent_words)

    def has_more_links(self, known: frozenset[str]) -> bool:
        """Whether rendering added many links that are not known from other pages."""
        return len(self.new_links - known) >= max(MIN_LINKS, SHARE * self.sent_links)


def compare(rendered: RenderedPage) -> Comparison:
    """Compare the page as rendered with its HTML as sent."""
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
        is_sent_as_shell=shell_sign(rendered.sent_html) is not None,
    )


def _words(rendered: RenderedPage, html: str) -> Counter[str]:
    """Count the words of the main content."""
    try:
        markdown = read_page(rendered.page.model_copy(update={"html": html})).markdown
    except PageError:
        markdown = ""
    return Counter(_WORD.findall(markdown.lower()))


def _urls(html: str, base_url: str) -> frozenset[str]:
    return frozenset(link.url for link in list_links(html, base_url, keep_routes=True, with_context=False))
