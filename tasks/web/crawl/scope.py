"""Scope: which URLs belong to the site that is read."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlsplit

from tasks.core.models import Link
from tasks.core.rules import paths_pattern
from tasks.core.settings import Settings
from tasks.web.crawl.site_languages import Languages
from tasks.web.crawl.urls import in_scope, page_key, site_key

_NO_LANGUAGES = Languages()


@dataclass(frozen=True)
class Scope:
    """The URLs that a build may read: hosts or domains, narrowed by paths and languages."""

    start_url: str
    """The start page after redirects."""
    subdomains: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: Languages = _NO_LANGUAGES
    further: tuple[str, ...] = ()
    """Start pages of further sites."""

    @property
    def starts(self) -> tuple[str, ...]:
        """All start pages, the own site's first."""
        return (self.start_url, *self.further)

    def with_further(self, start_url: str) -> "Scope":
        """Return the scope with one more site."""
        return replace(self, further=(*self.further, start_url))

    def contains(self, url: str) -> bool:
        """Whether the URL belongs to one of the sites and its path is not excluded."""
        if page_key(url) in self._start_keys:
            return True
        if self._start_of(url) is None:
            return False
        path = urlsplit(url).path
        if self._included is not None and not self._included.match(path):
            return False
        return self._excluded is None or not self._excluded.match(path)

    def allows(self, link: Link) -> bool:
        """Whether the link's URL is in scope, and in a wanted language."""
        return self.contains(link.url) and not (self.languages.excludes(link) and self._has_wanted_start(link.url))

    def _has_wanted_start(self, url: str) -> bool:
        """Whether the site's start page is in a wanted language: one that is not was asked for as it is."""
        start = self._start_of(url)
        return start in (None, self.start_url) or not self.languages.excludes(Link(start))

    def _start_of(self, url: str) -> str | None:
        """Return the start page of the URL's site; None if it belongs to none."""
        if not self.subdomains:
            return self._by_host.get(site_key(url))
        return next((start for start in self.starts if in_scope(url, start)), None)

    def with_site_scheme(self, url: str) -> str:
        """Return the URL with its site's scheme: on a site served by `https:`, a link to `http:` means that."""
        if url.startswith("http://") and self._by_host.get(site_key(url), "").startswith("https://"):
            return "https://" + url.removeprefix("http://")
        return url

    @cached_property
    def _start_keys(self) -> frozenset[str]:
        return frozenset(page_key(start) for start in self.starts)

    @cached_property
    def _by_host(self) -> dict[tuple[str, int | None], str]:
        return {site_key(start): start for start in reversed(self.starts)}

    @cached_property
    def _included(self) -> re.Pattern[str] | None:
        return paths_pattern(self.include)

    @cached_property
    def _excluded(self) -> re.Pattern[str] | None:
        return paths_pattern(self.exclude)


def scope_of(
    settings: Settings, start_url: str, languages: Languages = _NO_LANGUAGES, further: tuple[str, ...] = ()
) -> Scope:
    """Return the scope around start pages by the settings and the languages of the home page."""
    return Scope(start_url, settings.subdomains, settings.include, settings.exclude, languages, further)
