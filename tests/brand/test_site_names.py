"""Names of sites, by titles, markup and the places of a page."""

from typing import Any

import pytest

from tests.brand.test_theme import theme_of


@pytest.mark.parametrize(
    ("title", "url", "name"),
    [
        ("Anvils and more | Acme Corp", "https://www.acme.example/", "Acme Corp"),
        ("Acme: home", "https://acme.co.uk/", "Acme"),
        ("Start – Bäckerei Müller", "https://backerei-muller.de/", "Bäckerei Müller"),
        ("Welcome", "https://shop.initech.com/", "shop.initech.com"),
        ("Hi — Flask Documentation", "http://127.0.0.1:8000/", "Flask Documentation"),
        ("", "http://127.0.0.1:8000/", "127.0.0.1"),
        ("</title><script>x", "nonsense", "Website"),
    ],
)
def test_the_name_is_the_part_of_the_title_that_names_the_host(title: str, url: str, name: str) -> None:
    """Slogans and page names are not the site's name."""
    assert theme_of({"title": title}, url).name == name


def test_names_are_taken_in_their_order_and_markup_is_skipped() -> None:
    """og:site_name, then application-name, then JSON-LD."""
    evidence: dict[str, Any] = {
        "site_name": "<b>x</b>",
        "application_name": " Acme\u202e\x00\n App ",
        "organisations": [{"type": "Organization", "name": "Acme Inc."}],
    }
    assert theme_of(evidence).name == "Acme App"
    del evidence["application_name"]
    assert theme_of(evidence).name == "Acme Inc."


@pytest.mark.parametrize(
    ("evidence", "name"),
    [
        ({"site_name": "We build your house in twelve quick weeks"}, "www.jwb.example"),
        (
            {
                "site_name": "We build your house in twelve quick weeks",
                "wordmarks": [{"name": "Walter", "named": True}],
            },
            "Walter",
        ),
        ({"title": "Dashboard", "wordmarks": [{"name": "Dashboard"}, {"name": "Orrery", "named": True}]}, "Orrery"),
        ({"title": "Free House Template | Webmakers", "wordmarks": [{"name": "My Home", "named": True}]}, "My Home"),
        (
            {"title": "Fine roofs | Call us", "copyrights": [{"line": "© 2019–2026 Roof & Son. All rights reserved."}]},
            "Roof & Son",
        ),
        ({"copyrights": [{"line": "2026 Roof & Son © | Template by Webmakers"}]}, "Roof & Son"),
        (
            {"title": "Roofs | Webmakers", "copyrights": [{"line": "© Webmakers. Design by Webmakers"}]},
            "www.jwb.example",
        ),
        ({"title": "Home", "wordmarks": [{"name": "About"}]}, "www.jwb.example"),
        ({"copyrights": [{"line": "© Your Website 2026"}, {"line": "Copyright © reserved"}]}, "jwb.example"),
        (
            {"title": "Free HTML5 Template | Webmakers", "copyrights": [{"line": "Design by Webmakers.com"}]},
            "jwb.example",
        ),
    ],
)
def test_the_name_is_no_slogan_no_menu_and_not_the_makers(evidence: dict[str, Any], name: str) -> None:
    """A marked wordmark and the owner's copyright line come before the address."""
    assert theme_of(evidence, "https://www.jwb.example/").name.removeprefix("www.") == name.removeprefix("www.")


WALTER = {"name": "Walter Brothers", "named": True}


@pytest.mark.parametrize(
    ("evidence", "name"),
    [
        ({"title": "Walter Brothers - Fine Roofs For You", "wordmarks": [WALTER]}, "Walter Brothers"),
        (
            {"title": "Fine Roofs For You | Walter Brothers", "copyrights": [{"line": "© Walter Brothers"}]},
            "Walter Brothers",
        ),
        ({"title": "Orrery HTML5 Bootstrap Template", "wordmarks": [{"name": "{ Orrery }", "named": True}]}, "Orrery"),
        ({"title": "Orrery Free Responsive Template"}, "Orrery"),
        ({"title": "React Bootstrap", "wordmarks": [{"name": "React-Bootstrap", "named": True}]}, "React Bootstrap"),
        (
            {"title": "Planet Desk Ltd-Free-HTML5-Template", "copyrights": [{"line": "© 2026 Planet Desk"}]},
            "Planet Desk",
        ),
        ({"title": "Good Walls - Fine Roofs", "handles": ["info@goodwalls.example"]}, "Good Walls"),
        (
            {"title": "Walter Brothers - Fine Roofs", "prose": "Since 1950 Walter Brothers has mended roofs."},
            "Walter Brothers",
        ),
        (
            {"site_name": "Parallax Starter", "title": "Walter Brothers | Roofs", "wordmarks": [WALTER]},
            "Walter Brothers",
        ),
        ({"title": "Roofs | Walter Brothers", "wordmarks": [{"name": "Home", "menu": True}]}, "Walter Brothers"),
    ],
)
def test_the_name_is_what_most_places_of_the_page_agree_on(evidence: dict[str, Any], name: str) -> None:
    """Header, title, owner, mail addresses and sentences vote; the description of a template does not."""
    assert theme_of(evidence, "http://127.0.0.1:8000/").name == name
