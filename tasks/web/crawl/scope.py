"""Scope: which URLs belong to the site that is read."""

import re
from dataclasses import dataclass
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
    """The URLs that a build may read: a host or a domain, narrowed by paths and languages."""

    start_url: str
    """The start page after redirects."""
    subdomains: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: Languages = _NO_LANGUAGES

    def contains(self, url: str) -> bool:
        """Whether the URL belongs to the site and its path is not excluded."""
        if page_key(url) == page_key(self.start_url):
            return True
        if not (in_scope if self.subdomains else _same_host)(url, self.start_url):
            return False
        path = urlsplit(url).path
        if self._included is not None and not self._included.match(path):
            return False
        return self._excluded is None or not self._excluded.match(path)

    def allows(self, link: Link) -> bool:
        """Whether the link's URL is in scope, and in a wanted language."""
        return self.contains(link.url) and not self.languages.excludes(link)

    def with_site_scheme(self, url: str) -> str:
        """Return the URL with the site's own scheme: on a site served by `https:`, a link to `http:` means that."""
        if url.startswith("http://") and self.start_url.startswith("https://") and _same_host(url, self.start_url):
            return "https://" + url.removeprefix("http://")
        return url

    @cached_property
    def _included(self) -> re.Pattern[str] | None:
        return paths_pattern(self.include)

    @cached_property
    def _excluded(self) -> re.Pattern[str] | None:
        return paths_pattern(self.exclude)


def _same_host(url: str, other: str) -> bool:
    return site_key(url) == site_key(other)


def scope_of(settings: Settings, start_url: str, languages: Languages = _NO_LANGUAGES) -> Scope:
    """Return the scope around a start page by the settings and the languages of the home page."""
    return Scope(start_url, settings.subdomains, settings.include, settings.exclude, languages)
