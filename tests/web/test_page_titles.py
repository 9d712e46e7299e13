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


@pytest.mark.parametrize(
    ("title", "body", "url", "called"),
    [
        # The tag stands first, and the heading is a link to the page itself.
        (
            "winches - How often is a winch oiled? - Yard Exchange",
            "<h1><a href=/questions/7/how-often>How often is a winch oiled?</a></h1><h1>Subscribe</h1>",
            "https://yard.example/questions/7/how-often",
            "How often is a winch oiled?",
        ),
        (
            "Lowport • View topic - Which rope for a crane?",
            "<h2>Which rope for a crane?</h2>",
            "https://forum.lowport.example/viewtopic?t=7",
            "Which rope for a crane?",
        ),
        (
            "Oiling a winch - The Winch Book",
            "<h1>The Winch Book</h1><main><h2>Oiling a winch</h2></main>",
            "https://docs.example/ch02-oiling.html",
            "Oiling a winch",
        ),
        (
            "Tutorial: Get started with Winch - The Winch Manual",
            "<h1>Tutorial: Get started with Winch</h1>",
            "https://winch.example/doc/started",
            "Tutorial: Get started with Winch",
        ),
        (
            "Lowport: Documentation: 18: Chapter 11. Ropes",
            "<main><h2>Chapter 11. Ropes</h2></main>",
            "https://www.lowport.example/docs/ropes.html",
            "Chapter 11. Ropes",
        ),
        (
            "Lowport Crane - White set - REFURBISHED - Lowport Store",
            "<h1>Lowport Crane™ - White set - REFURBISHED</h1>",
            "https://www.lowport.example/p/17",
            "Lowport Crane™ - White set - REFURBISHED",
        ),
        (
            "Winch prices - Lowport Report",
            "<h1>Winch prices - Lowport Report</h1>",
            "https://www.lowport.example/prices",
            "Winch prices",
        ),
        ("oiling [Winch Wiki]", "<h1>Oiling</h1>", "https://wiki.example/oiling", "Oiling"),
        (
            "Buy Studio Winches at Lowport – Lowport UK",
            "<h1>Studio Winches</h1>",
            "https://lowport.example/studio_winches.html",
            "Studio Winches",
        ),
    ],
)
def test_a_heading_that_the_head_repeats_is_the_title(title: str, body: str, url: str, called: str) -> None:
    """On whichever side, beside tags, sections and names of the site."""
    assert title_of(f"<title>{title}</title>", body, url) == called


@pytest.mark.parametrize(
    ("heading", "called"),
    [
        ("Crate winch <button>Copy item path</button>", "Crate winch"),
        ("Crane<br>Design", "Crane Design"),
        ("Oiling<a href=#oiling>#</a>", "Oiling"),
        ("Winches in C#", "Winches in C#"),
    ],
)
def test_a_heading_is_read_without_its_controls(heading: str, called: str) -> None:
    """Buttons and permalinks are not text; a line break is a space."""
    assert title_of("", f"<h1>{heading}</h1>") == called


@pytest.mark.parametrize("label", ["English", "2016-02-28"])
def test_a_link_to_another_version_of_the_page_is_not_its_label(label: str) -> None:
    """Lists of languages and of dates link to the page as well."""
    head, url = "<title>Harbour 3.2 Released | Harbour</title>", "https://www.harbour.example/news/released/"
    assert title_of(head, f"<ul><li><a href=/news/released/>{label}</a></ul>", url) == "Harbour 3.2 Released"


def test_a_list_for_a_tag_is_called_after_the_tag_too() -> None:
    """All lists of a blog begin alike."""
    for tag in ("Boats", "屏蔽"):
        url = f"https://blog.example/tags/{tag}/"
        assert title_of(f"<title>Tag - {tag} - Lowport Blog</title>", url=url, home="Lowport Blog") == f"Tag – {tag}"


def test_a_link_up_to_a_list_does_not_name_the_site() -> None:
    """Only to the start page; a list further down has a name of its own."""
    head, body = "<title>Oil in winch::parts - Lowport</title>", "<nav><a href=index.html>Oil</a></nav>"
    assert title_of(head, body, "https://docs.example/winch/parts/enum.Oil.html") == "Oil in winch::parts"
