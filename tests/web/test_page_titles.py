"""A page is called what its visitors would call it."""

import pytest

from tests.web.test_content import read

TEXT = "<p>We have repaired winches in Lowport since 1987, and six mechanics answer in person.</p>"


def title_of(head: str, body: str = "", url: str = "https://www.harbour.example/fees", home: str = "") -> str:
    """The title of a page; `home` is that of the site's start page."""
    return read(f"<html><head>{head}</head><body>{body}{TEXT}</body></html>", url, site_title=home).title


@pytest.mark.parametrize(
    ("title", "home"),
    [
        ("Fees | Harbour Tools", ""),
        ("Harbour Tools | Fees", "Harbour Tools | Winches and pumps"),
        ("HARBOUR TOOLS - Fees", "Harbour Tools"),
        ("Harbour Tools » Fees", "Home » Harbour Tools"),
        ("Fees — harbour tools", ""),
        ("Fees | Harbour Tools v2.1 documentation", "Harbour Tools v2.0 Documentation"),
        ("Harbour – Fees", ""),
    ],
)
def test_the_name_of_the_site_is_left_out(title: str, home: str) -> None:
    """On either side and in either case; known from the start page, or from the domain."""
    assert title_of(f"<title>{title}</title>", "<div><h2>What it costs</h2></div>", home=home) == "Fees"


@pytest.mark.parametrize(
    "hint", ["<meta property=og:site_name content='Boats & Co'>", "<meta name=application-name content='BOATS & CO'>"]
)
def test_a_page_names_its_site_itself(hint: str) -> None:
    """In its head, or in the link to the start page."""
    assert title_of(f"<title>Boats &amp; Co - Fees</title>{hint}") == "Fees"
    assert title_of("<title>Boats &amp; Co - Fees</title>", "<a href='/'>Boats &amp; Co</a>") == "Fees"
    assert title_of("<title>Boats &amp; Co - Fees</title>", "<a href='/'><img alt='Boats &amp; Co'></a>") == "Fees"


@pytest.mark.parametrize("heading", ["Harbour Tools", "Harbour Tools v18 documentation", "HARBOUR"])
def test_a_heading_that_names_the_site_loses(heading: str) -> None:
    """Many templates have it on all pages."""
    head = "<title>Fees | Harbour Tools v18 documentation</title>"
    assert (
        title_of(head, f"<header><h1>{heading}</h1></header>", home="Index | Harbour Tools v18 documentation") == "Fees"
    )


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("<h1>Winter storage</h1>", "Winter storage"),
        ("<main><h2>Winter storage</h2>", "Winter storage"),
        ("<main><h2>Table of contents</h2><h2>Winter storage</h2>", "Winter storage"),
        ("<pre># install the tool\n</pre>", "Storage"),
        ("<ol class=breadcrumb><li><a href=/>Home</a></li><li>Winter storage</li></ol>", "Winter storage"),
        ("<nav><a href=/winter-storage>Winter storage</a><a href=/storage>Storing boats</a></nav>", "Storing boats"),
    ],
)
@pytest.mark.parametrize("head", ["<title>Harbour Tools</title>", "", "<title>storage.html</title>"])
def test_a_page_without_a_title_of_its_own_is_called_after_what_it_has(head: str, body: str, title: str) -> None:
    """A heading, the trail, the menu, the address; never a comment in code or the name of a file."""
    assert (
        title_of(
            head,
            body,
            "https://www.harbour.example/storage.html"
            if "storage>" not in body
            else "https://www.harbour.example/storage",
            home="Harbour Tools",
        )
        == title
    )


def test_a_heading_that_only_greets_loses_against_menu_and_address() -> None:
    """Unless it says the same; without a menu it is all there is."""
    menu = "<nav><a href=contact.html>Contact us</a><a href=about.html>About</a></nav>"
    head, url, greeting = (
        "<title>Harbour Tools</title>",
        "https://x.example/contact.html",
        "<h1>Let's get connected</h1>",
    )
    assert title_of(head, menu + greeting, url, home="Harbour Tools") == "Contact us"
    assert (
        title_of(head, menu + "<h1>How to contact the yard</h1>", url, home="Harbour Tools")
        == "How to contact the yard"
    )
    assert title_of(head, greeting, url, home="Harbour Tools") == "Let's get connected"


def test_a_title_copied_from_another_page_loses() -> None:
    """Heading, menu and address agree on another one."""
    body = "<nav><a href=prices.html>Prices</a><a href=about.html>About</a></nav><h1>Our prices</h1>"
    assert title_of("<title>About – A free template</title>", body, "https://x.example/prices.html") == "Our prices"


def test_the_start_page_keeps_the_name_of_its_site() -> None:
    """It is what the page is about."""
    assert title_of("<title>Home | Harbour Tools</title>", url="https://www.harbour.example/") == "Harbour Tools"
