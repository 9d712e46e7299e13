"""Which pages need the browser."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.core.models import FetchMethod, Target
from tasks.core.settings import RenderMode
from tasks.web.links import list_links
from tasks.web.pruning import remove_all
from tasks.web.rendered import RenderedPage

SAMPLES = 5
"""Most pages of depth 1, of different URL patterns, that are looked at in the browser."""
SHELL_WORDS = 25
"""A page with scripts and fewer words than this may be an empty shell."""
GAIN = 1.3
"""The browser matters when it shows this many times as much text, or as many links, as was sent."""

_HIDDEN = frozenset(("script", "style", "template", "noscript", "svg", "head"))
_BEGINNING = 20_000
"""Characters in which most pages have shown enough words, so that the rest need not be parsed."""
_ROOTS = "#root, #app, #__next, #__nuxt, #svelte, app-root, [data-reactroot], [ng-app]"
_ENABLE = re.compile(r"enable javascript|javascript (is )?(required|disabled)|requires javascript", re.IGNORECASE)


def visible_words(html: str) -> int:
    """Words of the document outside scripts and styles."""
    tree = LexborHTMLParser(html)
    remove_all(tree.css(", ".join(_HIDDEN)))
    return len(tree.root.text(separator=" ").split()) if tree.root else 0


def is_shell(html: str) -> bool:
    """Whether the document, as sent, waits for a script to fill it."""
    if any(_has_words(LexborHTMLParser(part), SHELL_WORDS * 4) for part in (html[:_BEGINNING], html)):
        return False
    tree = LexborHTMLParser(html)
    if not tree.css_matches("script"):
        return False
    words = visible_words(html)
    asks = any(_ENABLE.search(node.text()) for node in tree.css("noscript, body"))
    empty_root = any(not node.text(strip=True) for node in tree.css(_ROOTS))
    return asks or empty_root or words < SHELL_WORDS


def _has_words(tree: LexborHTMLParser, enough: int) -> bool:
    """Whether so many words are visible."""
    words = 0
    for node in tree.root.traverse(include_text=True) if tree.root else ():
        if node.is_text_node and not _is_hidden(node):
            words += len((node.text_content or "").split())
            if words >= enough:
                return True
    return False


def _is_hidden(node: LexborNode) -> bool:
    above = node.parent
    while above is not None and above.tag not in _HIDDEN:
        above = above.parent
    return above is not None


def rendering_matters(rendered: RenderedPage) -> bool:
    """Whether the browser shows much that was not sent."""
    sent, shown = rendered.sent_html, rendered.page.html
    more_text = visible_words(shown) > GAIN * visible_words(sent) + SHELL_WORDS
    url = rendered.page.final_url
    more_links = len(list_links(shown, url)) > GAIN * len(list_links(sent, url)) + 3
    return more_text or more_links


def pattern_of(url: str) -> tuple[str, int]:
    """What pages made by the same template tend to share: first path segment, and depth of the path."""
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    return (segments[0] if len(segments) > 1 else "", len(segments))


@dataclass
class RenderPolicy:
    """Decides by URL, and learns from what the browser showed."""

    mode: RenderMode
    samples: int = SAMPLES
    """Pages of depth 1 to look at in the browser: more than have a lane there would hold up the rest."""
    _matters: dict[tuple[str, int], bool] = field(default_factory=dict)
    _site_needs_it: bool = False
    _sampled: int = 0

    def choose(self, target: Target) -> tuple[FetchMethod, str]:
        """How to fetch it, and why."""
        if self.mode is RenderMode.never:
            return FetchMethod.http, "rendering is off"
        if self.mode is RenderMode.always:
            shallow = target.depth <= 1
            return (FetchMethod.browser if shallow else FetchMethod.http), f"depth {target.depth}"
        if target.depth == 0:
            return FetchMethod.browser, "the home page"
        if self._site_needs_it:
            return FetchMethod.browser, "the home page needs scripts"
        pattern = pattern_of(target.url)
        if self._matters.get(pattern):
            return FetchMethod.browser, "pages like it need scripts"
        if target.depth == 1 and pattern not in self._matters and self._sampled < self.samples:
            self._matters[pattern] = False
            self._sampled += 1
            return FetchMethod.browser, "a sample of pages like it"
        return FetchMethod.http, "pages like it are sent whole"

    def learn(self, rendered: RenderedPage) -> None:
        """Take in what the browser showed of a page."""
        if self.mode is not RenderMode.auto or not rendering_matters(rendered):
            return
        if rendered.page.target.depth == 0:
            self._site_needs_it = True
        else:
            self._matters[pattern_of(rendered.page.target.url)] = True
