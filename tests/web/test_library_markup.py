"""Markup of component libraries, editors and icon fonts: what it shows is read as text."""

# ruff: noqa: E501 - markup reads worse when it is broken into lines.
import pytest

from tests.web.test_content_kinds import LEAD, LONG, markdown_of

CODE = "retries:\n  first: 3\n\n\n  -\n  last: 9  # a#b#"
_ROWS = CODE.split("\n")
EDITORS = {
    "CodeMirror 5": "<div class=CodeMirror><div class=CodeMirror-code>"
    + "".join(
        f"<div><div class=CodeMirror-gutter-wrapper><div class=CodeMirror-linenumber>{at}</div></div><pre class=CodeMirror-line><span>{row or '&#8203;'}</span></pre></div>"
        for at, row in enumerate(_ROWS, 1)
    )
    + "</div></div>",
    "CodeMirror 6": f"<div class=cm-content>{''.join(f'<div class=cm-line>{row}<br></div>' for row in _ROWS)}</div>",
    "Monaco": "<div class=view-lines>"
    + "".join(f"<div class=view-line><span>{row.replace(' ', '&nbsp;')}</span></div>" for row in _ROWS)
    + "</div>",
    "a style that keeps lines": f"<div style='white-space:pre'>{CODE}</div>",
    "a code element as a block": f"<code style='display:block; white-space: pre;'>{CODE}</code>",
}


@pytest.mark.parametrize("body", EDITORS.values(), ids=EDITORS)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_code_of_editors_is_one_block(body: str, around: str) -> None:
    """Line by line, without the numbers."""
    markdown = markdown_of(body, around=around)
    assert f"```\n{CODE}\n```" in markdown
    assert markdown.count("```") == 2


def test_an_element_that_keeps_its_lines_around_blocks_is_no_code() -> None:
    """Nor is a line that only keeps its spaces."""
    assert "```" not in markdown_of("<div style='white-space:pre'><p>One</p>\n<p>Two</p></div>")
    assert "```" not in markdown_of("<p style='white-space:pre'>Ten  euros</p>")


SIGNS = {
    "Material Icons": ("<span class=material-icons>close</span>", "<span class=material-icons>check</span>"),
    "Material Symbols": (
        "<i class=material-symbols-outlined>cancel</i>",
        "<i class=material-symbols-outlined>check_circle</i>",
    ),
    "Glyphicons": (
        "<span class='glyphicon glyphicon-remove'></span>",
        "<span class='glyphicon glyphicon-ok'></span>",
    ),
    "Heroicons": (
        "<svg><path d='M6 18 18 6M6 6l12 12'/></svg>",
        "<svg><path d='m4.5 12.75 6 6 9-13.5'/></svg>",
    ),
    "Feather": (
        "<svg><line x1=18 y1=6 /><path d='M18 6L6 18'/></svg>",
        "<svg><polyline points='20 6 9 17 4 12'/></svg>",
    ),
    "a style sheet": ("", ""),
}


@pytest.mark.parametrize(("name", "signs"), SIGNS.items(), ids=SIGNS)
def test_signs_of_icon_sets_are_read(name: str, signs: tuple[str, str]) -> None:
    """By the name that draws them, their lines, or the class of an empty cell."""
    no, yes = signs
    cells = "<td class=no></td><td class=yes></td>" if name == "a style sheet" else f"<td>{no}</td><td>{yes}</td>"
    markdown = markdown_of(f"<table><tr><th>Feature<th>Basic<th>Pro</tr><tr><td>Own domain</td>{cells}</tr></table>")
    assert "| Own domain | ✗ | ✓ |" in " ".join(markdown.split())


@pytest.mark.parametrize("name", ["data-tooltip", "data-bs-title", "data-original-title"])
def test_an_icon_in_a_cell_is_named_by_its_tip(name: str) -> None:
    """Where it has no other text."""
    row = f"<td><span {name}='Not included'></span></td><td><svg><desc>Included</desc></svg></td>"
    markdown = markdown_of(f"<table><tr><th>Feature<th>Basic<th>Pro</tr><tr><td>Own domain</td>{row}</tr></table>")
    assert "| Own domain | Not included | Included |" in " ".join(markdown.split())


def test_icons_in_cells_of_grids_are_named() -> None:
    """Whatever element is the cell."""
    row = "<div role=row><span role=cell>Own domain</span><span role=cell><svg role=img aria-label='Not included'></svg></span></div>"
    assert "Not included" in markdown_of(f"<div role=table>{row}</div>")


@pytest.mark.parametrize(
    "icon", ["<i class='fa fa-{}'></i>", "<svg class='icon icon-{}'></svg>", "<img src={}.svg alt=''>"]
)
def test_a_list_says_what_a_plan_lacks(icon: str) -> None:
    """Crosses are written where check marks stand beside them."""
    items = f"<li>{icon.format('check')} Own domain</li><li>{icon.format('times')} Backups each night</li>"
    markdown = markdown_of(f"<ul>{items}</ul>")
    assert "- ✓ Own domain" in markdown
    assert "- ✗ Backups each night" in markdown
    assert "✓" not in markdown_of(f"<ul>{items.replace('times', 'check')}</ul>")


def test_names_that_a_font_draws_as_icons_are_no_text() -> None:
    """Wherever they stand."""
    assert "expand_more" not in markdown_of("<p>Prices <i class=material-icons>expand_more</i> of 2026</p>")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("1<sup>1</sup>&frasl;<sub>2</sub> cups", "1 1⁄2 cups"),
        ("<span class=currency>$</span><span class=major>19</span><span class=minor>99</span>", "$19.99"),
        ("12<font size=1><sup>99</sup></font> €", "12,99 €"),
    ],
)
def test_raised_digits_are_no_digits_of_the_number_before(html: str, text: str) -> None:
    """One and a half, and 99 cents."""
    assert f"It is {text} today." in markdown_of(f"<p>It is {html} today.</p>").replace("\\", "")


def test_a_price_outside_the_screen_is_the_spoken_twin() -> None:
    """By its style alone."""
    body = "<p>Pump <span aria-hidden=true><b>$</b>129<sup>95</sup></span><span style='position:absolute;left:-9999px'>$129.95</span></p>"
    assert "Pump $129.95" in markdown_of(body)
    assert markdown_of(body, around=LONG).count("129") == 1


ANSWER = "We ship to Malta twice a week for a flat 29 euros, and parcels arrive within nine working days."
OPENERS = {
    "UIkit": "<ul uk-accordion><li><a class=uk-accordion-title href>{q}</a><div class=uk-accordion-content hidden><p>{a}</p></div></li></ul>",
    "Foundation": "<ul class=accordion><li class=accordion-item><a href='#' class=accordion-title>{q}</a><div class=accordion-content style='display:none'>{a}</div></li></ul>",
    "a link in a list": "<ul class=faq><li><a href='#!' onclick='t(this)'>{q}</a><p style='display:none'>{a}</p></li></ul>",
    "rows of a table": "<table><tr><td><button>{q}</button></td></tr><tr style='display:none'><td>{a}</td></tr></table>",
    "a popover": "<button popovertarget=x1>{q}</button><div id=x1 popover><p>{a}</p></div>",
    "a legend": "<fieldset><legend><a href=#>{q}</a></legend><div style='display:none'>{a}</div></fieldset>",
    "an element of its own": "<faq-item><span slot=question>{q}</span><div slot=answer hidden>{a}</div></faq-item>",
    "a line of links": "<div class=entry><div><a href=/q>{q}</a></div><div><p>{a}</p></div></div>",
    "a bold line": "<div class=entry><div><b>{q}</b></div><div><p>{a}</p></div></div>",
}


@pytest.mark.parametrize("form", OPENERS.values(), ids=OPENERS)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_an_answer_of_a_library_stands_after_its_question(form: str, around: str) -> None:
    """Whatever opens it."""
    markdown = markdown_of(form.format(q="Do you ship to Malta?", a=ANSWER), around=around)
    assert "Do you ship to Malta?" in markdown[: markdown.index(ANSWER)]


def test_a_button_beside_the_text_of_a_heading_is_no_part_of_it() -> None:
    """It copies the link."""
    assert "## Fees\n" in markdown_of("<h2>Fees<button aria-label='Copy link'>Copy link</button></h2><p>Ten euros.</p>")


PROTECTED = "543d3a323b143c3526363b21267a312c3539243831"


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (f"<a href='/cdn-cgi/l/email-protection#{PROTECTED}'><i class=icon></i></a>", "info@harbour.example"),
        ("<a href='&#109;ailto:info&#64;harbour.example'><i></i></a>", "info@harbour.example"),
        ("<a href='skype:harbour.tools?call'><i></i></a>", "harbour.tools"),
        ("<a href='https://t.me/harbourtools'><img src=t.svg alt=Telegram></a>", "t.me/harbourtools"),
        ("<a href='viber://chat?number=%2B380441234567'><i></i></a>", "+380441234567"),
        ("<span onclick=\"location.href='tel:+441234567890'\"><i></i></span>", "+441234567890"),
        ("<a href='/prices.pdf' title='Price list 2026'><i class=pdf></i></a>", "[Price list 2026]"),
    ],
)
def test_icons_that_lead_to_a_contact_or_document_are_named(link: str, text: str) -> None:
    """Encoded, of messengers, of scripts, of files."""
    assert text in markdown_of(f"<ul><li>{link}</li></ul><p>We are there.</p>").replace("\\", "")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<div><input type=radio name=x aria-label='Express costs nine euros'></div>", "- Express costs nine euros"),
        (
            "<div><input type=radio aria-labelledby=l1><span id=l1>Express costs nine euros</span></div>",
            "- Express costs nine euros",
        ),
        (
            "<select name=room><optgroup label='Sea side'><option>Double 120 €</option><option>Single 80 €</option></optgroup></select>",
            "- Double 120 € (Sea side)",
        ),
        (
            "<div class=choose><button type=button>Half day 45 €</button><button type=button>Full day 80 €</button></div>",
            "- Full day 80 €",
        ),
    ],
)
def test_choices_without_a_label_of_their_own_are_listed(body: str, wanted: str) -> None:
    """Labels for screen readers, groups of options, buttons with prices."""
    assert wanted in markdown_of(f"{body}<p>Order today.</p>")


def test_a_button_that_buys_is_no_choice() -> None:
    """Though it says the price."""
    body = "<div><button>Buy now 45 €</button><button>Add to cart 45 €</button></div><p>Order today.</p>"
    assert "45" not in markdown_of(body)


@pytest.mark.parametrize(
    ("counter", "number"),
    [
        ("<span class=counter data-number='12,500+'>0</span>", "12,500+"),
        ("<span x-data='{n: 0, target: 12500}' x-text=n>0</span>", "12500"),
        ("<div role=progressbar aria-valuenow=85 style='width:0'>0%</div>", "85%"),
        ("<div data-perc=12500><span class=factor></span></div>", "12500"),
        ("<span class=counter data-goal=12 data-prefix='$' data-suffix=M>0</span>", "$12M"),
    ],
)
def test_counters_of_libraries_show_their_number(counter: str, number: str) -> None:
    """The end of the count."""
    markdown = markdown_of(f"<div><div>{counter}<p>winches sold since our yard was founded</p></div></div>")
    assert number in markdown
    assert "\n0" not in markdown
