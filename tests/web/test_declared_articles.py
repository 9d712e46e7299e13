"""Of a page that declares an article, the body that its markup names is kept, and facts wherever they stand."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from tasks.web.content.boxes import find_outline
from tasks.web.content.declared_articles import drop_around_article
from tests.web.test_content import read

STORY = " ".join(["The harbour office told us on Monday that the old pier will be rebuilt before the summer."] * 10)
TEASER = "Minister denies that the bridge was ever meant to open this year"
NEWS, PLUGIN = {"newsarticle", "og article"}, {"og article"}
BODIES = {
    "microdata": "<div itemprop=articleBody>{}</div>",
    "WordPress": '<div class="entry-content clear">{}</div>',
    "theme": "<section class=post_content>{}</section>",
    "modules": '<div class="c-ArticleBody-3x">{}</div>',
    "id": "<div id=article-body>{}</div>",
    "Drupal": '<div class="field field-name-body">{}</div>',
    "wrapper": "<div class=article-content><div class=article-text>{}</div><p>Readers also ask</p></div>",
}
FACTS = {
    "phone": "<p>Call us: +44 20 7946 0018</p>",
    "e-mail": "<p>office@pier.example</p>",
    "price": "<div class=price><h3>Day ticket</h3><p>£12.50</p></div>",
    "hours": "<p>Mon to Fri 9:00 - 17:30</p>",
    "table": "<table><tr><td>Berth</td><td>Twelve metres</td></tr></table>",
    "terms": "<dl><dt>Delivery</dt><dd>Within three working days</dd></dl>",
    "disclosure": "<details><summary>Dogs?</summary><p>They are welcome on a lead.</p></details>",
}


def kept_of(html: str, types: set[str]) -> str:
    """The text that is left if all of it was kept before."""
    body = LexborHTMLParser(html).body
    assert body is not None
    outline = find_outline(body)
    kept = [True] * len(outline.runs)
    drop_around_article(outline, types, kept)
    return " ".join(run.text for run, is_kept in zip(outline.runs, kept, strict=True) if is_kept)


def page_of(body: str, *, around: str = f"<p>{TEASER}</p>") -> str:
    """A page with the text in its named body, and something above the title and below the body."""
    article = f"<article><h1>Pier</h1><p>By Ada Quay</p>{body.format(f'<p>{STORY}</p>')}</article>"
    return f"<body><div>{around}</div><main>{article}</main><div>{around}</div>"


@pytest.mark.parametrize(
    "types", [NEWS, {"item blogposting"}, {"article"}, PLUGIN], ids=["news", "microdata", "article", "plugin"]
)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_teasers_around_the_named_body_go(body: str, types: set[str]) -> None:
    """Before the title and after the body; the title, the author and the text stay."""
    assert kept_of(page_of(body), types) == f"Pier By Ada Quay {STORY}"


def test_an_article_with_the_only_title_is_a_body_without_a_name() -> None:
    """If schema.org declares it; a theme of any page may use the element."""
    page = page_of("<p class=text>{}</p>")
    assert TEASER not in kept_of(page, NEWS)
    assert kept_of(page, PLUGIN).count(TEASER) == 2


@pytest.mark.parametrize("name", BODIES)
def test_without_a_declaration_all_of_it_stays(name: str) -> None:
    """Themes name the content of any page an entry."""
    assert kept_of(page_of(BODIES[name]), {"webpage", "organization", "og website"}).count(TEASER) == 2


def test_a_news_page_with_more_teasers_than_text_keeps_the_text() -> None:
    """Schema.org's declaration is the publisher's own; a plugin's Open Graph is not enough for that."""
    page = page_of(BODIES["microdata"], around=f"<p>{TEASER}</p>" * 15)
    assert TEASER not in kept_of(page, NEWS)
    assert kept_of(page, PLUGIN).count(TEASER) == 30


@pytest.mark.parametrize("types", [NEWS, PLUGIN], ids=["news", "plugin"])
@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
def test_facts_around_the_body_stay(fact: str, types: set[str]) -> None:
    """Plugins declare contact and price pages articles too."""
    page = page_of(BODIES["WordPress"], around=fact + f"<p>{TEASER}</p>")
    said = LexborHTMLParser(fact).css("p, td, dd")[-1].text()
    assert kept_of(page, types).count(said) == 2
    assert TEASER not in kept_of(page, types)


@pytest.mark.parametrize("said", ["£12.50", "Now $20 off until Sunday", "Only 9 € this week"])
def test_a_price_in_a_teaser_goes(said: str) -> None:
    """It is another page's."""
    assert said not in kept_of(page_of(BODIES["id"], around=f"<div><a href=/lamp>Lamp</a> <p>{said}</p></div>"), NEWS)


@pytest.mark.parametrize("types", [NEWS, PLUGIN], ids=["news", "plugin"])
def test_a_text_in_several_elements_stays_whole(types: set[str]) -> None:
    """An advertisement splits it."""
    more = "<p>The mayor added that boats may use the northern basin until then.</p>"
    parts = f"<div class=entry-content><p>{STORY}</p></div><div>Notice</div><div class=entry-content>{more}</div>"
    assert "northern basin" in kept_of(page_of(f"{{}}<div class=wrap>{parts}</div>"), types)


def test_the_pages_of_a_blog_stay_whole() -> None:
    """Several bodies of one size are several posts."""
    posts = "".join(f"<article><h2>Post</h2><div class=entry-content><p>{STORY}</p></div></article>" for _ in range(3))
    assert kept_of(f"<body><h1>Blog</h1>{posts}", PLUGIN).count(STORY) == 3


def test_the_declaration_is_read_from_the_page() -> None:
    """JSON-LD, as a publisher writes it; without it the other story is prose like the page's own."""
    other = STORY.replace("pier", "bridge").replace("harbour", "council")
    page = f"<main><h1>Pier</h1><div class=entry-content><p>{STORY}</p><p>{STORY[90:]}</p></div><p>{other}</p></main>"
    declared = '<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Pier"}</script>'
    assert "bridge" in read(f"<html><head><title>Pier</title></head>{page}").markdown
    assert "bridge" not in read(f"<html><head><title>Pier</title>{declared}</head>{page}").markdown
