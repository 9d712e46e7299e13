"""Of a multilingual site the start page's language is read; segments that only look like a language are ignored."""

import pytest

from tasks.core.models import FetchedPage, FetchMethod, Link, Target
from tasks.web.crawl.links import list_links
from tasks.web.crawl.site_languages import detect_languages

SITE = "https://example.com"


def read(html: str, *wanted: str, at: str = "/", more: tuple[str, ...] = ()) -> set[str]:
    """Return the paths followed from a home page, and of further links."""
    page = FetchedPage(
        target=Target(url=SITE + at, depth=0),
        final_url=SITE + at,
        method=FetchMethod.http,
        html=html,
        byte_count=len(html),
    )
    links = list_links(html, SITE + at)
    languages = detect_languages(page, links, wanted)
    all_links = [*links, *(Link(SITE + path) for path in more)]
    return {link.url.removeprefix(SITE) for link in all_links if not languages.excludes(link)}


def anchors(*links: str) -> str:
    """Links, of which each is `path text`."""
    return "".join('<a href="{}">{}</a>'.format(*link.partition(" ")[::2]) for link in links)


def test_path_segments_with_the_own_language_among_them() -> None:
    """Segments that are no code, or no language's, are followed."""
    html = '<html lang="en">' + anchors("/en/a A", "/de/a A", "/fr/a A", "/about About", "/xx/a A")
    assert read(html, more=("/de/deep", "/en/deep")) == {"/en/a", "/about", "/xx/a", "/en/deep"}


def test_a_switch_that_names_languages() -> None:
    """The default language has no code of its own."""
    html = '<html lang="en-GB">' + anchors("/about About", "/de/ Deutsch", "/ja/ 日本語")
    assert read(html, more=("/de/deep",)) == {"/about"}


def test_alternates_say_what_is_a_translation() -> None:
    """`hreflang` on links and in the head; `x-default` is no language."""
    html = (
        '<html lang="fr"><head><link rel="alternate" hreflang="de" href="/ueber-uns">'
        '<link rel="alternate" hreflang="fr" href="/a-propos"><link rel="alternate" hreflang="x-default" href="/about">'
        '</head><a href="/contatti" hreflang="it">Contatti</a><a href="/prix">Prix</a>'
    )
    assert read(html) == {"/a-propos", "/about", "/prix"}


def test_parameters_and_names_of_files() -> None:
    """Wherever the site has its languages."""
    html = '<html lang="de">' + anchors("/a?lang=de A", "/a?lang=en A", "/b.de.html B", "/b.en.html B")
    assert read(html) == {"/a?lang=de", "/b.de.html"}


def test_two_letters_alone_are_no_language() -> None:
    """IT and HR are departments."""
    html = '<html lang="en">' + anchors("/it/ IT services", "/hr/ People", "/about About")
    assert read(html) == {"/it/", "/hr/", "/about"}


def test_wanted_languages_are_read_too() -> None:
    """One, or all."""
    html = '<html lang="en">' + anchors("/en/a A", "/de/a A", "/fr/a A")
    assert read(html, "de") == {"/en/a", "/de/a"}
    assert read(html, "*") == {"/en/a", "/de/a", "/fr/a"}


def test_the_start_pages_own_region_is_preferred() -> None:
    """Brazilian where there is Portuguese of both kinds; any English where there is one."""
    html = '<html lang="pt-BR">' + anchors("/pt-br/a A", "/pt-pt/a A", "/en/a A")
    assert read(html) == {"/pt-br/a"}
    html = '<html lang="en-US">' + anchors("/en/a A", "/de/a A")
    assert read(html) == {"/en/a"}


def test_a_start_page_under_its_language() -> None:
    """Links to the same page in others are not followed."""
    html = '<html lang="de">' + anchors("/de/a A", "/en/ English", "/de/b B")
    assert read(html, at="/de/") == {"/de/a", "/de/b"}


def test_a_page_that_only_offers_languages() -> None:
    """English, or else the first."""
    assert read("<html>" + anchors("/de/ de", "/en/ en", "/fr/ fr")) == {"/en/"}
    assert read("<html>" + anchors("/de/ Deutsch", "/fr/ Français")) == {"/de/"}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("zh", "繁體中文"),
        ("zh-hans", "简体中文"),
        ("vi", "Tiếng Việt"),
        ("mk", "Македонски"),
        ("sr", "Srpski"),
        ("cy", "Welsh"),
    ],
)
def test_a_language_is_known_by_its_name(code: str, name: str) -> None:
    """In English or in itself, in any script."""
    assert read('<html lang="en">' + anchors("/about About", f"/{code}/ {name}")) == {"/about"}
