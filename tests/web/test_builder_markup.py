"""Markup of website builders and shops, of the kinds in `test_content_kinds`: nothing that a reader sees is lost."""

# ruff: noqa: E501 - markup reads worse when it is broken into lines.
import pytest

from tests.web.harbour_page import LEAD, LONG, markdown_of

ANSWER = "Yes, we deliver to the islands every Tuesday and Friday."
FOLDED = {
    "Squarespace": "<ul><li class='accordion-item'><h4><button aria-expanded=false aria-controls=d1><span>{q}</span></button></h4>"
    "<div class='accordion-item__dropdown' id=d1><p>{a}</p></div></li></ul>",
    "Bootstrap 3": "<div class=panel><div class=panel-heading><a data-toggle=collapse href='#c1'>{q}</a></div><div id=c1"
    " class='panel-collapse collapse'><div class=panel-body>{a}</div></div></div>",
    "a dead link in a definition list": "<dl><dt><a href='javascript:void(0)'>{q}</a></dt><dd style='display:none'>{a}</dd></dl>",
    "the second of two buttons": "<div class=item><button class=h>Returns</button><div class=p><p>Send it back within 30 days, please.</p>"
    "</div></div><div class=item><button class=h>{q}</button><div class=p><p>{a}</p></div></div>",
    "Bootstrap tabs": "<ul class='nav nav-tabs'><li><button data-bs-toggle=tab data-bs-target='#t1' role=tab>{q}</button></li><li>"
    "<button data-bs-toggle=tab data-bs-target='#t2' role=tab>Other</button></li></ul><div><div class=tab-pane id=t1><p>{a}</p></div>"
    "<div class=tab-pane id=t2 style='display:none'><p>Other answers stand here, for other questions.</p></div></div>",
    "tabs of links": "<ul class=tabs><li><a href='#a'>{q}</a></li></ul><div class=tab-content id=a style='display:none'><p>{a}</p></div>",
}


@pytest.mark.parametrize("form", FOLDED.values(), ids=FOLDED)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_an_answer_of_a_builder_stands_after_its_question(form: str, around: str) -> None:
    """Accordions and tabs of Squarespace, Bootstrap and hand-made ones."""
    markdown = markdown_of(form.format(q="Deliveries to the islands", a=ANSWER), around=around)
    assert "Deliveries to the islands" in markdown[: markdown.index(ANSWER)]


def test_an_answer_of_one_word_has_its_question() -> None:
    """Where the opener says that it is one."""
    assert "#### Wifi\n\nFree." in markdown_of(
        "<div><div><button aria-expanded=false>Wifi</button><div hidden>Free.</div></div></div>"
    )


def test_a_table_of_contents_names_no_panels() -> None:
    """Its links lead to headings, not to folded text."""
    body = (
        "<ul class='toc tabs-like'><li><a href='#p'>Prices</a></li></ul><h2 id=p>What it costs</h2><p>Nine euros.</p>"
    )
    assert "Prices\n\n## What it costs" not in markdown_of(body).replace("#### ", "")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            "<ul role=menu><li role=menuitem>Goulash with bread 7,80 €</li><li role=menuitem>Schnitzel 24,50 €</li></ul>",
            "Goulash with bread 7,80 €",
        ),
        (
            "<button>Allergens</button><dialog><h3>Allergens</h3><p>All cakes contain wheat and eggs.</p></dialog>",
            "wheat and eggs",
        ),
        (
            "<div class='modal fade' role=dialog aria-hidden=true><div class=modal-body><p>Visitors are welcome from 14:00 to 19:00.</p></div></div>",
            "14:00 to 19:00",
        ),
        (
            "<div class=menu-block><div class=menu-item><div class=menu-item-title>Burrata</div><div><span>$</span>14</div></div></div>",
            "Burrata",
        ),
    ],
)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_dishes_and_dialogs_are_content(body: str, wanted: str, around: str) -> None:
    """Whatever their elements are called."""
    assert wanted in markdown_of(body, around=around)


def test_commands_of_an_application_are_no_content() -> None:
    """A menu without prices is one of commands."""
    assert "Undo" not in markdown_of(
        "<ul role=menu><li role=menuitem>Undo 1 step</li><li role=menuitem>Copy all of it</li></ul>"
    )


_CODE = "first: 3\n\n  last: 5"
TABLES = {
    "Crayon": "<table class=crayon-table><tr><td class=crayon-nums><div class=crayon-num>1</div><div class=crayon-num>2</div><div class=crayon-num>3</div></td>"
    "<td class=crayon-code><div><div class=crayon-line>first: 3</div><div class=crayon-line>&nbsp;</div><div class=crayon-line>  last: 5</div></div></td></tr></table>",
    "cgit": f"<table class=blob><tr><td class=linenumbers><pre><a>1</a>\n<a>2</a>\n<a>3</a>\n</pre></td><td class=lines><pre><code>{_CODE}\n</code></pre></td></tr></table>",
    "GitLab": f"<div><div class=line-numbers><a href='#L1'>1</a><a href='#L2'>2</a><a href='#L3'>3</a></div><pre><code>{_CODE}</code></pre></div>",
    "a field to copy from": f"<textarea readonly rows=3>{_CODE}</textarea>",
}


@pytest.mark.parametrize("body", TABLES.values(), ids=TABLES)
def test_code_of_viewers_is_one_block(body: str) -> None:
    """Without its line numbers."""
    markdown = markdown_of(body).replace("\xa0", "")
    assert f"```\n{_CODE}\n```" in markdown
    assert "1](" not in markdown


@pytest.mark.parametrize(
    ("no", "yes", "cells"),
    [
        ("<img src='/i/cross.png' alt=''>", "<img src='/i/check-green.svg' alt=''>", "✗ | ✓"),
        ("<input type=checkbox disabled>", "<input type=checkbox checked disabled>", "✗ | ✓"),
        (
            "<img src=v.png alt=vegan><img src=g.png alt='gluten free'>",
            "<img src=v.png alt=vegan>",
            "vegan gluten free | vegan",
        ),
    ],
)
def test_pictures_in_cells_are_named(no: str, yes: str, cells: str) -> None:
    """By their file if they have no other name; several of a cell all."""
    markdown = markdown_of(
        f"<table><tr><th>Item<th>A<th>B</tr><tr><td>Sauna</td><td>{no}</td><td>{yes}</td></tr></table>"
    )
    assert f"| Sauna | {cells} |" in " ".join(markdown.split())


@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_the_price_in_a_picture_is_read(around: str) -> None:
    """From its alternative text, unless the text beside it says the same."""
    markdown = markdown_of(
        "<a href=/o><img src=o.jpg alt='Fillet 29,90 € a kilogram'></a><p>While stocks last.</p>", around=around
    )
    assert "Fillet 29,90 € a kilogram" in markdown
    assert markdown_of("<div><img src=o.jpg alt='Fillet 29,90 €'><p>Fillet, only 29,90 €</p></div>").count("29,90") == 1
    assert "4.5 of 5" in markdown_of("<p>Rated <span role=img aria-label='4.5 of 5 stars'><i></i></span></p>")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<span class=symbol>£</span><span class=whole>8</span><span class=fraction>50</span>", "£8.50"),
        ("499<span style='font-size:.6em;vertical-align:super'>95</span> kr", "499,95 kr"),
        ("$29<small>99</small>", "$29.99"),
        ("€<b>49</b><sup>,99</sup>", "€49,99"),
        (
            "<span aria-hidden=true><b>24</b><b>99</b> zł</span><span style='position:absolute;clip:rect(0 0 0 0)'>24,99 zł</span>",
            "24,99 zł",
        ),
    ],
)
def test_cents_set_off_by_style_are_set_off_in_text(html: str, text: str) -> None:
    """49 euros and 99 cents are not 4,999 euros."""
    assert f"It is {text}" in " ".join(markdown_of(f"<p>It is {html} today.</p>").replace("\\", "").split())


@pytest.mark.parametrize(
    "body",
    [
        "<p>Mail: info<span style='display:none'>NOSPAM</span>@birke.example</p>",
        "<p><span style='unicode-bidi:bidi-override;direction:rtl'>elpmaxe.ekrib@ofni</span></p>",
        "<p><a data-name=info data-domain=birke data-tld=example href='#'>E-mail</a></p>",
        "<p><span id=cloak9d3>NOSPAM, you need JavaScript.</span><script>document.getElementById('cloak9d3').innerHTML='';var addy='info'+'&#64;';"
        "addy=addy+'birke'+'&#46;'+'example';document.getElementById('cloak9d3').innerHTML+=addy;</script></p>",
        "<p>Write: <script>document.write('<a href=\"mai'+'lto:info'+'@'+'birke.example\">'+'info'+'@'+'birke.example</a>')</script></p>",
        "<p><a href='#' onclick=\"location.href='mailto:'+'info'+'@'+'birke.example'\">Mail</a></p>",
        "<p>info<i class='fa fa-at'></i>birke.example</p>",
        "<script>var u='info';var d='birke.example';document.write('<a href=\"mailto:'+u+'@'+d+'\">'+u+'@'+d+'</a>');</script>",
        "<style>.rev{unicode-bidi:bidi-override;direction:rtl}</style><p>Mail: <span class=rev>elpmaxe.ekrib@ofni</span></p>",
        "<p>Mail: <img src=mail.png alt='info@birke.example'></p>",
    ],
)
def test_hidden_addresses_are_shown(body: str) -> None:
    """As browsers show them."""
    markdown = markdown_of(body)
    assert "info@birke.example" in markdown
    assert "NOSPAM" not in markdown


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("<a href='https://wa.me/393331234567'><i></i></a>", "+393331234567"),
        ("<a href='sms:+15551234567'><img src=s.svg></a>", "+15551234567"),
        ("<a href='mailto:a@birke.example,b@birke.example'><i></i></a>", "a@birke.example,b@birke.example"),
        ("<a href='tel:1-800-FLOWERS'>Order</a>", "(1-800-FLOWERS)"),
        ("<a href='https://maps.google.com/?q=x' aria-label='12 Quay Street'><i></i></a>", "12 Quay Street"),
    ],
)
def test_icons_of_other_services_are_written_out(link: str, text: str) -> None:
    """Messengers, several recipients, numbers in letters, and maps."""
    assert text in markdown_of(f"<ul><li>{link}</li></ul><p>We are there.</p>").replace("\\", "")


def test_children_of_an_element_stand_in_its_slots() -> None:
    """As its shadow root arranges them."""
    markdown = markdown_of(
        "<x-c><template shadowrootmode=open><slot name=t></slot><p>It is closed on Mondays and opens again on Tuesday.</p><slot></slot>"
        "</template><p>Towels cost three euros at the desk.</p><h3 slot=t>Sauna</h3></x-c>"
    )
    assert "### Sauna\n\nIt is closed on Mondays and opens again on Tuesday.\n\nTowels cost three" in markdown


def test_a_frame_may_have_signs_in_its_attributes() -> None:
    """A quoted `>` ends no tag."""
    assert "Closed on Mondays." in markdown_of(
        '<iframe data-a="1>2" srcdoc="<p>Closed on Mondays.</p>" title="a>b"></iframe>'
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [("dt-only", "mob-only"), ("vc_hidden-xs", "vc_hidden-lg"), ("computer only", "mobile only"), ("first", "second")],
)
def test_a_section_is_there_once(first: str, second: str) -> None:
    """Whatever the classes of its copies are."""
    copy = "<h3>Opening offer</h3><p>Two nights for the price of one, breakfast included, until Easter.</p>"
    markdown = markdown_of(f"<div class='{first}'>{copy}</div><div class='{second}'>{copy}</div>")
    assert markdown.count("Opening offer") == markdown.count("Two nights") == 1


def test_a_marquee_says_its_text_once() -> None:
    """Its copies are hidden from those who listen."""
    line = "<span{}>Free delivery over 50 € in the city</span>"
    assert (
        markdown_of(f"<div>{line.format('')}{2 * line.format(' aria-hidden=true')}</div>").count("Free delivery") == 1
    )


@pytest.mark.parametrize(
    ("counter", "number"),
    [
        ("<span data-countup='{\"endValue\":35}'>0</span>", "35"),
        ("<div class='timer count-number' data-from=0 data-to=300></div>", "300"),
        ("<span data-final-number=77>0</span>", "77"),
        ("<div data-number-value=98><p><span class=percent-value></span></p></div>", "98"),
        ("<span class=count>8,000</span>", "8,000"),
    ],
)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_counters_of_builders_show_their_number(counter: str, number: str, around: str) -> None:
    """Empty ones too; it stays beside the words that say what it counts."""
    assert number in markdown_of(f"<div class=stat>{counter}<p>happy families since we opened</p></div>", around=around)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            "<input list=d><datalist id=d><option value='Berlin showroom'><option value='Hamburg showroom'></datalist>",
            "- Berlin showroom",
        ),
        (
            "<select name=course_date><option>Mon 3 March, 5 places left</option><option>Tue 11 March, booked out</option></select>",
            "- Mon 3 March, 5 places left",
        ),
        (
            "<select name=country><option>Germany – 4,90 €</option><option>Austria – 9,90 €</option></select>",
            "- Austria – 9,90 €",
        ),
        (
            "<div class=swatches><button type=button>Small (20 cm)</button><button type=button>Large (30 cm)</button></div>",
            "- Large (30 cm)",
        ),
    ],
)
def test_choices_that_say_something_are_listed(body: str, wanted: str) -> None:
    """Dates with places, countries with prices, variants."""
    assert wanted in markdown_of(f"{body}<p>Order today.</p>")


def test_other_products_below_the_text_are_left_out() -> None:
    """They lead to pages of their own; the telephone number below the text stays."""
    card = "<li><a href=/p{0}><img src=x.jpg>Brass pump {0}</a> <b>€ 4{0},00</b></li>"
    markdown = markdown_of(
        f"<p>Call 01234 555 777</p><ul>{''.join(card.format(at) for at in range(6))}</ul>", around=LONG
    )
    assert "01234 555 777" in markdown
    assert "Brass pump" not in markdown


RELATED = {
    "a list": ("<li><a href=/a{0}>How the harbour of town {0} got its new crane</a></li>", "<ul>{}</ul>"),
    "teasers": (
        "<div><h4><a href=/a{0}>The crane of town {0}</a></h4><p>How the harbour of town {0} got its new crane in one winter, and what the neighbours had to say.</p></div>",
        "<div class=row>{}</div>",
    ),
}


@pytest.mark.parametrize(("item", "around"), RELATED.values(), ids=RELATED)
@pytest.mark.parametrize(
    "title", ["Related articles", "Das könnte Sie auch interessieren", "À lire aussi", "Lo más leído", "Zobacz także"]
)
def test_lists_of_related_pages_are_left_out(item: str, around: str, title: str) -> None:
    """With their titles; what stands after them stays."""
    teasers = around.format("".join(item.format(at) for at in range(5)))
    markdown = markdown_of(
        f"<div><h3>{title}</h3>{teasers}</div><p>Our crane lifts nine tonnes at every tide.</p>", around=LONG
    )
    assert "town" not in markdown
    assert title not in markdown
    assert "nine tonnes" in markdown


def test_a_page_that_is_a_list_of_popular_pages_is_kept() -> None:
    """Nothing stands above the list: it is the content."""
    item, around = RELATED["teasers"]
    teasers = around.format("".join(item.format(at) for at in range(5)))
    assert markdown_of(f"<h2>Most popular</h2>{teasers}", around="").count("The crane of town") == 5


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<a href='tel:+390612345678'><svg aria-hidden=true></svg></a>", "+390612345678"),
        (
            "<div class=menus><div class=menu><div class=menu-item><div>Burrata</div><div><span>$</span>14</div></div></div></div>",
            "Burrata",
        ),
    ],
)
def test_facts_below_the_last_prose_stay(body: str, wanted: str) -> None:
    """Contact data and prices are what visitors ask for, wherever the content ends."""
    assert wanted in markdown_of(body, around=LONG)
