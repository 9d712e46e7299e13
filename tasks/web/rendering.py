"""Which pages need the browser: decided by URL pattern, from what samples show, and checked on every answer."""

import re
from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.core.settings import RenderMode
from tasks.web.comparison import Comparison
from tasks.web.fetching.rendered_page import HASH_ROUTES, RenderedPage
from tasks.web.fetching.shells import count_words, has_scripts, shell_sign

SAMPLES = 5
"""Most pages of depth 1, of different URL patterns, that are looked at in the browser."""
VOTES = 6
"""Pages of a pattern that are compared with what was sent; by then it is known."""
USELESS = 2
"""Pages of a pattern rendered for nothing after which its short pages are taken as they are …"""
USELESS_ON_SITE = 4
"""… and pages of the whole site."""
SIBLINGS = 5
"""Pages of a pattern from which its usual length is known."""
FAR_LESS = 0.2
"""A page with a smaller part than this of its siblings' words may wait for a script."""
MAX_WORDS = 400
"""Words that are counted of a page; that it is even longer says nothing."""
MAX_TOLD = 20
"""Patterns that are told of."""

_LANGUAGE = re.compile(r"[a-z]{2}(-[a-z]{2})?", re.IGNORECASE)


def pattern_of(url: str) -> str:
    """What pages made by the same template tend to share: the first part of the path, its depth, the parameters."""
    parts = urlsplit(url)
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)})[:3]
    query = f"?{'&'.join(names)}" if names else ""
    route = f"#{_template(parts.fragment.partition('?')[0])}" if is_route(url) else ""
    return _template(parts.path) + query + route


def _template(path: str) -> str:
    segments = [segment for segment in path.split("/") if segment]
    kept = 2 if segments and _LANGUAGE.fullmatch(segments[0]) else 1
    kept = max(0, min(kept, len(segments) - 1))
    return "/" + "/".join(segments[:kept] + ["*"] * (len(segments) - kept))


def is_route(url: str) -> bool:
    """Whether the fragment names a page that scripts show."""
    return f"#{urlsplit(url).fragment}".startswith(HASH_ROUTES)


@dataclass
class _Pattern:
    """What is known of pages like these."""

    needed: int = 0
    """Pages in which the browser showed more than was sent …"""
    whole: int = 0
    """… and pages in which it did not."""
    sample: str | None = None
    """The URL looked at first."""
    shells: int = 0
    """Answers over HTTP that the browser had to fill …"""
    useless: int = 0
    """… that it could not fill …"""
    sent: int = 0
    """… and that were taken as sent."""
    words: deque[int] = field(default_factory=lambda: deque(maxlen=4 * SIBLINGS))
    """Of the last pages that were sent whole."""
    pages: dict[FetchMethod, int] = field(default_factory=lambda: dict.fromkeys(FetchMethod, 0))

    @property
    def votes(self) -> int:
        """Pages compared."""
        return self.needed + self.whole


@dataclass
class RenderPolicy:
    """Decides by URL, and learns from what the browser showed and from what was sent."""

    mode: RenderMode
    _patterns: dict[str, _Pattern] = field(default_factory=dict)
    _home: str = ""
    """Why the home page needs scripts, if it does."""
    _known_links: frozenset[str] = frozenset()
    _sampled: int = 0
    _useless: int = 0

    def choose(self, target: Target) -> tuple[FetchMethod, str]:
        """How to fetch it, and why: as far as is known now."""
        if self.mode is RenderMode.never:
            return FetchMethod.http, "rendering is off"
        if self.mode is RenderMode.always:
            shallow = target.depth <= 1
            return (FetchMethod.browser if shallow else FetchMethod.http), f"depth {target.depth}"
        if target.depth == 0:
            return FetchMethod.browser, "the home page"
        if urlsplit(target.url).path.lower().endswith(".pdf"):
            return FetchMethod.http, "a document"
        return self._decide(target)

    def _decide(self, target: Target) -> tuple[FetchMethod, str]:
        pattern = self._pattern(target.url)
        if pattern.needed > pattern.whole:
            return FetchMethod.browser, "pages like it need scripts"
        if pattern.shells >= USELESS and pattern.shells > pattern.sent:
            return FetchMethod.browser, "pages like it are sent as empty shells"
        if (self._home or is_route(target.url)) and pattern.whole - pattern.needed < USELESS:
            return FetchMethod.browser, self._home or "scripts show it: it is a route in the fragment"
        if pattern.needed and pattern.needed == pattern.whole:
            return FetchMethod.browser, "one page like it needs scripts, one does not"
        if pattern.whole:
            return FetchMethod.http, "pages like it are sent whole"
        if self._is_sample(pattern, target):
            return FetchMethod.browser, "a sample of pages like it"
        return FetchMethod.http, "nothing says that pages like it need scripts"

    def _is_sample(self, pattern: _Pattern, target: Target) -> bool:
        if pattern.sample is None and target.depth == 1 and self._sampled < SAMPLES:
            pattern.sample = target.url
            self._sampled += 1
        return pattern.sample == target.url

    def _pattern(self, url: str) -> _Pattern:
        return self._patterns.setdefault(pattern_of(url), _Pattern())

    def is_open(self, target: Target, *, escalated: bool = False) -> bool:
        """Whether the page, once rendered, is to be compared with what was sent."""
        pattern = self._pattern(target.url)
        compared = pattern.shells if escalated else pattern.votes
        return self.mode is RenderMode.auto and (target.depth == 0 or compared < VOTES)

    def suspect(self, page: FetchedPage) -> str | None:
        """Why an answer over HTTP may not be all of the page; nothing if it seems to be."""
        if page.pdf is not None:
            return None
        pattern = self._pattern(page.target.url)
        words = min(count_words(page.html, MAX_WORDS), MAX_WORDS)
        sign = shell_sign(page.html, words) or self._far_less(page, words, pattern)
        in_vain = pattern.useless + max(0, pattern.whole - pattern.needed)
        if sign and in_vain < USELESS and self._useless < USELESS_ON_SITE:
            return sign
        pattern.words.append(words)
        pattern.sent += 1
        return None

    def _far_less(self, page: FetchedPage, words: int, pattern: _Pattern) -> str | None:
        if len(pattern.words) < SIBLINGS or words >= FAR_LESS * median(pattern.words) or not has_scripts(page.html):
            return None
        return "sent with far less text than pages like it"

    def learn(self, rendered: RenderedPage, found: Comparison, *, escalated: bool = False) -> None:
        """Take in what the browser showed of a page beyond what was sent."""
        target = rendered.page.target
        more_links = found.has_more_links(self._known_links)
        self._known_links |= found.new_links
        if target.depth == 0:
            self._home = self._judge_home(rendered, found, more_links)
        elif escalated:
            self._count_escalation(self._pattern(target.url), found.has_more_text or more_links)
        elif found.has_more_text or more_links:
            self._pattern(target.url).needed += 1
        else:
            self._pattern(target.url).whole += 1

    def _judge_home(self, rendered: RenderedPage, found: Comparison, more_links: bool) -> str:
        """Why the whole site is taken to need scripts: a home page that merely has a live corner does not say so."""
        if shell_sign(rendered.sent_html) and (found.has_more_text or more_links):
            return "the home page needs scripts"
        if found.has_more_text and found.new_words > found.sent_words:
            return "most of the home page's text comes from scripts"
        return ""

    def _count_escalation(self, pattern: _Pattern, was_needed: bool) -> None:
        pattern.shells += was_needed
        pattern.useless += not was_needed
        self._useless += not was_needed

    def count(self, page: FetchedPage) -> None:
        """Count a page by how it was read in the end."""
        self._pattern(page.target.url).pages[page.method] += 1

    @property
    def summary(self) -> dict[str, Any]:
        """The decisions with their reasons, as JSON: by URL pattern, those with most pages first."""
        told = sorted(self._patterns.items(), key=lambda item: -sum(item[1].pages.values()))[:MAX_TOLD]
        patterns = [
            {
                "pattern": name,
                **{str(method): pages for method, pages in pattern.pages.items()},
                "why": self._why(pattern),
            }
            for name, pattern in told
            if any(pattern.pages.values())
        ]
        return {"mode": str(self.mode), "home": self._home or "sent whole", "patterns": patterns}

    def _why(self, pattern: _Pattern) -> str:
        if self.mode is not RenderMode.auto:
            return f"rendering is {self.mode}"
        shown = f"{pattern.needed} of {pattern.votes} compared show more in the browser" if pattern.votes else ""
        filled = f"{pattern.shells} filled by the browser" if pattern.shells else ""
        return "; ".join(part for part in (shown, filled) if part) or "sent whole, as far as can be told"
