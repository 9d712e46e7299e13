"""Decides which pages need the browser: by URL pattern, from rendered samples, and checked on every response."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tasks.core.choices import RenderMode
from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.web.comparison import Comparison
from tasks.web.crawl.url_patterns import is_route, pattern_of
from tasks.web.fetching.rendered_page import RenderedPage
from tasks.web.fetching.shells import count_words, has_scripts, shell_sign

SAMPLES = 5
"""Pages of depth 1, each of another URL pattern, that are rendered as samples."""
VOTES = 6
"""Pages per pattern whose rendered and sent versions are compared; then the decision stands."""
MIN_EVIDENCE = 2
"""Pages of a pattern that decide for the rest: after so many needless renderings, short pages are accepted as sent …"""
MIN_EVIDENCE_ON_SITE = 4
"""… and the same for the whole site."""
SIBLINGS = 5
"""Pages of a pattern needed for its median length."""
FAR_LESS = 0.2
"""A page with a smaller share of its siblings' median word count may need a script."""
MAX_WORDS = 400
"""Words counted per page; longer pages need no exact count."""
MAX_REPORTED = 20
"""Patterns in the summary."""


class Signs(NamedTuple):
    """Signs in a page's HTML as sent that scripts have yet to fill it."""

    words: int
    """Visible words, at most `MAX_WORDS`."""
    shell: str | None
    can_grow: bool
    """Whether it has scripts."""


def read_signs(html: str) -> Signs:
    """Return the signs in a document."""
    words = min(count_words(html, MAX_WORDS), MAX_WORDS)
    return Signs(words, shell_sign(html, words), has_scripts(html))


@dataclass
class _Pattern:
    """Statistics of the pages of one URL pattern."""

    needed: int = 0
    """Compared pages where rendering added content …"""
    whole: int = 0
    """… and where it did not."""
    sample: str | None = None
    """URL of the sample."""
    shells: int = 0
    """Pages fetched over HTTP that had to be rendered after all …"""
    needless: int = 0
    """… that were rendered without gaining content …"""
    sent: int = 0
    """… and that were accepted as sent."""
    words: deque[int] = field(default_factory=lambda: deque(maxlen=4 * SIBLINGS))
    """Word counts of the last pages accepted as sent."""
    pages: dict[FetchMethod, int] = field(default_factory=lambda: dict.fromkeys(FetchMethod, 0))

    @property
    def votes(self) -> int:
        """Compared pages."""
        return self.needed + self.whole


@dataclass
class RenderPolicy:
    """Decides by URL pattern; learns from comparing rendered pages with what was sent."""

    mode: RenderMode
    _patterns: dict[str, _Pattern] = field(default_factory=dict)
    _home: str = ""
    """Reason why the home page needs scripts; empty if it does not."""
    _known_links: frozenset[str] = frozenset()
    _sampled: int = 0
    _needless: int = 0

    def choose(self, target: Target) -> tuple[FetchMethod, str]:
        """Return the method to fetch the page with, and the reason, by present knowledge."""
        if self.mode is RenderMode.never:
            return FetchMethod.http, "rendering is off"
        if self.mode is RenderMode.always:
            shallow = target.depth <= 1
            return (FetchMethod.browser if shallow else FetchMethod.http), f"depth {target.depth}"
        if target.is_home:
            return FetchMethod.browser, "the home page"
        if urlsplit(target.url).path.lower().endswith((".pdf", ".md", ".txt")):
            return FetchMethod.http, "a document"
        return self._decide(target)

    def _decide(self, target: Target) -> tuple[FetchMethod, str]:
        pattern = self._pattern(target.url)
        if pattern.needed > pattern.whole:
            return FetchMethod.browser, "pages like it need scripts"
        if pattern.shells >= MIN_EVIDENCE and pattern.shells > pattern.sent:
            return FetchMethod.browser, "pages like it are sent as empty shells"
        if (self._home or is_route(target.url)) and pattern.whole - pattern.needed < MIN_EVIDENCE:
            return FetchMethod.browser, self._home or "a route in the URL fragment, rendered by scripts"
        if pattern.needed and pattern.needed == pattern.whole:
            return FetchMethod.browser, "one page like it needs scripts, one does not"
        if pattern.whole:
            return FetchMethod.http, "pages like it are sent whole"
        if self._is_sample(pattern, target):
            return FetchMethod.browser, "a sample of pages like it"
        return FetchMethod.http, "no sign that pages like it need scripts"

    def _is_sample(self, pattern: _Pattern, target: Target) -> bool:
        if pattern.sample is None and target.depth <= 1 and self._sampled < SAMPLES:
            pattern.sample = target.url
            self._sampled += 1
        return pattern.sample == target.url

    def _pattern(self, url: str) -> _Pattern:
        return self._patterns.setdefault(pattern_of(url), _Pattern())

    def needs_comparison(self, target: Target, *, escalated: bool = False) -> bool:
        """Whether the rendered page is still to be compared with what was sent."""
        pattern = self._pattern(target.url)
        compared = pattern.shells if escalated else pattern.votes
        return self.mode is RenderMode.auto and (target.is_home or compared < VOTES)

    def find_suspicion(self, page: FetchedPage, signs: "Signs | None" = None) -> str | None:
        """Return why a page fetched over HTTP may be incomplete; `None` if it seems complete."""
        if page.pdf is not None:
            return None
        pattern = self._pattern(page.target.url)
        words, shell, can_grow = signs or read_signs(page.html)
        sign = shell or (self._sign_of_little_text(words, pattern) if can_grow else None)
        needless = pattern.needless + max(0, pattern.whole - pattern.needed)
        if sign and needless < MIN_EVIDENCE and self._needless < MIN_EVIDENCE_ON_SITE:
            return sign
        pattern.words.append(words)
        pattern.sent += 1
        return None

    def _sign_of_little_text(self, words: int, pattern: _Pattern) -> str | None:
        if len(pattern.words) < SIBLINGS or words >= FAR_LESS * median(pattern.words):
            return None
        return "sent with far less text than pages like it"

    def record_comparison(self, rendered: RenderedPage, found: Comparison, *, escalated: bool = False) -> None:
        """Record what rendering added to a page."""
        target = rendered.page.target
        more_links = found.has_more_links(self._known_links)
        self._known_links |= found.new_links
        if target.is_home:
            self._home = self._judge_home(rendered, found, more_links)
        elif escalated:
            self._count_escalation(self._pattern(target.url), found.has_more_text or more_links)
        elif found.has_more_text or more_links:
            self._pattern(target.url).needed += 1
        else:
            self._pattern(target.url).whole += 1

    def _judge_home(self, rendered: RenderedPage, found: Comparison, more_links: bool) -> str:
        """Return why the whole site is assumed to need scripts; a home page with one dynamic corner is no reason."""
        if found.is_sent_as_shell and (found.has_more_text or more_links):
            return "the home page needs scripts"
        if found.has_more_text and found.new_words > found.sent_words:
            return "most of the home page's text comes from scripts"
        return ""

    def _count_escalation(self, pattern: _Pattern, was_needed: bool) -> None:
        pattern.shells += was_needed
        pattern.needless += not was_needed
        self._needless += not was_needed

    def count_page(self, page: FetchedPage) -> None:
        """Count a page under the method that finally read it."""
        self._pattern(page.target.url).pages[page.method] += 1

    @property
    def summary(self) -> dict[str, Any]:
        """The decisions with their reasons by URL pattern, most pages first: JSON."""
        ranked = sorted(self._patterns.items(), key=lambda item: -sum(item[1].pages.values()))[:MAX_REPORTED]
        patterns = [
            {
                "pattern": name,
                **{str(method): pages for method, pages in pattern.pages.items()},
                "why": self._why(pattern),
            }
            for name, pattern in ranked
            if any(pattern.pages.values())
        ]
        return {"mode": str(self.mode), "home": self._home or "sent whole", "patterns": patterns}

    def _why(self, pattern: _Pattern) -> str:
        if self.mode is not RenderMode.auto:
            return f"rendering is {self.mode}"
        shown = f"{pattern.needed} of {pattern.votes} compared show more in the browser" if pattern.votes else ""
        filled = f"{pattern.shells} filled by the browser" if pattern.shells else ""
        return "; ".join(part for part in (shown, filled) if part) or "sent whole, as far as known"
