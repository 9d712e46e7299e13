"""Metadata and structured data of a page are found."""

import json

import pytest
from selectolax.lexbor import LexborHTMLParser

from tasks.web.content.page_type import PageType
from tasks.web.content.structured import read_structured
from tasks.web.content.supplements import supplement
from tests.web.test_content import read

LD = '<script type="application/ld+json">{}</script>'


def with_markup(markup: object, body: str = "<p>Text</p>", head: str = "") -> str:
    """A page with JSON-LD."""
    return f"<html><head>{head}{LD.format(json.dumps(markup))}</head><body>{body}</body></html>"


def test_dates_author_and_breadcrumbs_are_in_the_metadata() -> None:
    """From JSON-LD first; dates as ISO 8601."""
    metadata = read(
        with_markup(
            {
                "@graph": [
                    {
                        "@type": ["Article", "Thing"],
                        "datePublished": "2024-03-01T09:00:00Z",
                        "dateModified": "2024-03-02",
                        "author": [{"@type": "Person", "name": "Ada L."}, {"name": "Bob"}],
                    },
                    {
                        "@type": "BreadcrumbList",
                        "itemListElement": [{"name": "Home"}, {"item": {"@id": "/a", "name": "Guides"}}],
                    },
                ]
            }
        )
    ).metadata
    assert metadata["published"] == "2024-03-01T09:00:00+00:00"
    assert metadata["modified"] == "2024-03-02"
    assert metadata["author"] == "Ada L., Bob"
    assert metadata["breadcrumbs"] == ["Home", "Guides"]


def test_a_page_of_links_is_told_from_a_page_with_links() -> None:
    """Search ranks contents and indexes after the pages they link to; cards that are links have text of their own."""
    entries = "".join(f"<li><a href=/{n}>Question number {n}</a>" for n in range(40))
    card = "Lamp of oak and glass, made by hand in our own workshop, 49 EUR, ready within four days"
    cards = "".join(f"<li><a href=/{n}>{card} {n}</a>" for n in range(10))
    assert read(f"<main><h1>Contents</h1><ul>{entries}</ul></main>").metadata["link_share"] >= 0.9
    assert "link_share" not in read(f"<main><h1>Lamps</h1><ul>{cards}</ul></main>").metadata
    assert "link_share" not in read(f"<main><p>{'Some words of text. ' * 40}<ul>{entries[:200]}</ul></main>").metadata


@pytest.mark.parametrize(
    ("head", "published"),
    [
        ("<meta property='article:published_time' content='2023-05-06T07:08:09+02:00'>", "2023-05-06T07:08:09+02:00"),
        ("<meta name='date' content='May 6, 2023'>", "2023-05-06"),
        ("<meta name='pubdate' content='Sat, 06 May 2023 10:00:00 GMT'>", "2023-05-06T10:00:00+00:00"),
        ("<meta name='date' content='some day'>", None),
    ],
)
def test_dates_are_read_in_the_forms_that_pages_use(head: str, published: str | None) -> None:
    """ISO 8601, in words, in the form of email; other values are left out."""
    assert read(f"<head>{head}</head><p>Text</p>").metadata.get("published") == published


def test_breadcrumbs_are_read_where_the_page_shows_them() -> None:
    """And are no content."""
    page = read("<nav aria-label='Breadcrumb'><ol><li><a>Home</a> /</li><li>Packs</li></ol></nav><p>Text</p>")
    assert page.metadata["breadcrumbs"] == ["Home", "Packs"]
    assert page.markdown == "Text"


def test_facts_of_a_product_that_only_its_markup_has_are_in_the_text() -> None:
    """Name, brand, price, availability; those in the page's text are not repeated."""
    product = {
        "@type": "Product",
        "name": "Lamp",
        "brand": {"name": "Lux"},
        "offers": [{"price": 49.5, "priceCurrency": "EUR", "availability": "http://schema.org/OutOfStock"}],
    }
    assert read(with_markup(product, "<h1>Lamp</h1><p>By Lux.</p>")).markdown == (
        "- Price: 49.5 EUR\n- Availability: Out of stock\n\n# Lamp\n\nBy Lux."
    )


def test_products_of_a_list_are_not_the_pages_own() -> None:
    """Their prices would belong to the wrong product."""
    products = [{"@type": "Product", "name": name, "offers": {"price": "5"}} for name in ("Lamp", "Chair")]
    assert read(with_markup(products)).markdown == "Text"


def test_answers_that_only_the_markup_has_are_in_the_text() -> None:
    """Those in the page's text are not repeated."""
    pairs = {"Is it open?": "<p>Every <b>day</b>.</p>", "Is it far?": "Two minutes on foot."}
    questions = [
        {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}}
        for question, answer in pairs.items()
    ]
    page = read(
        with_markup({"@type": "FAQPage", "mainEntity": questions}, "<h2>Is it far?</h2><p>Two minutes on foot.</p>")
    )
    assert page.markdown == "## Is it far?\n\nTwo minutes on foot.\n\n### Is it open?\n\nEvery **day**."


def test_the_accepted_answer_of_a_thread_is_not_told_twice() -> None:
    """It is one of the posts, whether or not the markup has the same words."""
    thread = {"@type": "Question", "name": "Why?", "acceptedAnswer": {"@type": "Answer", "text": "Because of rain."}}
    structured = read_structured(LexborHTMLParser(with_markup({"@type": "QAPage", "mainEntity": thread}, "")), {})
    assert supplement("It rained.", structured, PageType.forum) == "It rained."
    assert supplement("It rained.", structured, PageType.service) == "It rained.\n\n### Why?\n\nBecause of rain."


@pytest.mark.parametrize(
    "source",
    ["{", "[1, null, {}]", '{"@type": 5, "@graph": 7}', '{"@type": "Product", "offers": [null]}', "<!-- x -->"],
)
def test_broken_markup_is_passed_over(source: str) -> None:
    """The page is read all the same."""
    assert read(f"<head>{LD.format(source)}</head><p>Text</p>").markdown == "Text"


def test_text_shown_without_scripts_is_read_where_there_is_no_other() -> None:
    """Forums rendered by scripts send their posts this way."""
    post = "<p>" + "A post that is long enough to be one. " * 20 + "</p>"
    assert "A post that is long" in read(f"<body><div id=app></div><noscript>{post}</noscript></body>").markdown
    assert "Please" not in read(f"<body>{post}<noscript>Please turn on scripts</noscript></body>").markdown
