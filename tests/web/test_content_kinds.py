"""Kinds of markup that extractors get wrong, each with several forms: nothing that a reader sees is lost or changed.

The kinds come from public bug reports of tools that read websites; the forms are of many makers of sites.
"""

# ruff: noqa: E501 - markup reads worse when it is broken into lines.
import pytest

from tests.web.harbour_page import LEAD, LONG, markdown_of

ANSWER = "We ship to Malta twice a week for a flat 29 euros, and parcels arrive within nine working days."
QUESTION = "Do you ship to Malta"
SPOKEN = {
    "a sale price": (
        "<p><del aria-hidden=true>€420.00</del> <span class=screen-reader-text>Original price was: €420.00.</span>"
        "<ins aria-hidden=true>€349.00</ins><span class=screen-reader-text>Current price is: €349.00.</span></p>",
        ["Original price was: €420.00. Current price is: €349.00."],
    ),
    "digits apart": (
        "<p>Pump: <span class=price><span class=a-offscreen>$129.95</span><span aria-hidden=true><span>$</span>"
        "<span>129</span><span>95</span></span></span> each</p>",
        ["Pump: $129.95 each"],
    ),
    "stars": (
        "<p>Rated by visitors: <i class='fa fa-star' aria-hidden=true></i><i class='fa fa-star' aria-hidden=true></i>"
        "<span class=sr-only>4.5 out of 5 stars</span></p>",
        ["Rated by visitors: 4.5 out of 5 stars"],
    ),
    "a headline letter by letter": (
        "<h2 aria-label='Bronze winches'><span aria-hidden=true>B</span><span aria-hidden=true>r</span>"
        "<span aria-hidden=true>onze winches</span></h2><p>They last.</p>",
        ["## Bronze winches\n"],
    ),
    "text that is only seen": ("<p aria-hidden=true>The crane lifts nine tonnes at spring tide.</p>", ["nine tonnes"]),
}


@pytest.mark.parametrize(("body", "wanted"), SPOKEN.values(), ids=SPOKEN)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_text_with_a_spoken_twin_is_there_once(body: str, wanted: list[str], around: str) -> None:
    """The whole, spoken one; never both, never none."""
    markdown = markdown_of(body, around=around)
    assert [text for text in wanted if text not in markdown] == []
    assert markdown.count("349.00") <= 1
    assert markdown.count("129") <= 1


@pytest.mark.parametrize(
    "noise", ["<a class='sr-only' href='#m'>Skip to main content</a>", "<span class=sr-only>(opens in a tab)</span>"]
)
def test_spoken_text_without_a_twin_is_left_out(noise: str) -> None:
    """It directs those who listen."""
    assert "Skip" not in (markdown := markdown_of(f"{noise}<p>Call us.</p>"))
    assert "opens" not in markdown


@pytest.mark.parametrize(
    "line",
    ["We write it in C#", "flat #", "Order no. A-4711#", "as §", "See § 5 ¶", "F#, then C#", "C# #"],
)
@pytest.mark.parametrize("element", ["p", "li", "h2", "td"])
def test_signs_at_the_end_of_a_line_are_text(line: str, element: str) -> None:
    """Whatever permalinks look like elsewhere."""
    around = {"li": "<ul>{}</ul>", "td": "<table><tr><td>Item</td>{}</tr></table>"}.get(element, "{}")
    body = around.format(f"<{element}>{line}</{element}>") + "<p>Done.</p>"
    assert line in markdown_of(body).replace("\\", "")


@pytest.mark.parametrize(
    "mark",
    [
        '<a class="headerlink" href="#x">¶</a>',
        '<a href="#x" aria-hidden="true">#</a>',
        ' <a class="anchor" href="/page#x">🔗</a>',
        '<a class="hash-link" href="#x" title="Direct link">​</a>',
        '<a class="permalink" href="#x">Permalink</a>',
        '<a class="heading-link" href="#x">Link to this heading</a>',
    ],
)
def test_permalinks_of_headings_go(mark: str) -> None:
    """The heading's text stays alone."""
    assert "\n## Fees in C#\n" in markdown_of(f"<h2 id=x>Fees in C#{mark}</h2><p>Ten euros.</p>")


OPENERS = {
    "button": "<div><button>{q}</button><div style='display:none'>{a}</div></div>",
    "button of Tailwind": "<div><button aria-expanded=false><span>{q}</span><span>+</span></button><div aria-hidden=true>"
    "<p>{a}</p></div></div>",
    "buttons in headers": "<div class=item><div class=head><button type=button>{q}</button></div><div class=body>{a}</div>"
    "</div><div class=item><div class=head><button type=button>Winter storage</button></div><div class=body>We store boats"
    " of up to twelve metres in a hall.</div></div>",
    "button in a heading": "<h3><button aria-expanded=false aria-controls=b>{q}</button></h3><div id=b hidden>{a}</div>",
    "heading in a button": "<div><button aria-expanded=false><h3>{q}</h3></button><div hidden><p>{a}</p></div></div>",
    "Elementor": "<div><div class=elementor-tab-title role=button aria-controls=c><a href=''>{q}</a></div><div id=c"
    " class=elementor-tab-content style='display:none'><p>{a}</p></div></div>",
    "Webflow": "<div class=w-dropdown><div class=w-dropdown-toggle aria-expanded=false><div>{q}</div></div>"
    "<nav class=w-dropdown-list><p>{a}</p></nav></div>",
    "checkbox": "<div class=tab><input type=checkbox id=t1><label for=t1>{q}</label><div class=content><p>{a}</p></div></div>",
    "link that a script opens": "<div><a href='javascript:void(0)'>{q}</a><div style='display:none'>{a}</div></div>",
    "link without an address": "<div><a class=faq-question>{q}</a><div class=answer hidden>{a}</div></div>",
    "details": "<details><summary>{q}</summary><p>{a}</p></details>",
    "Bootstrap": "<div class=card><div class=card-header><a role=button data-toggle=collapse href='#d'>{q}</a></div>"
    "<div id=d class=collapse><div class=card-body>{a}</div></div></div>",
    "definition": "<dl><dt><button>{q}</button></dt><dd hidden>{a}</dd></dl>",
    "tab": "<ul role=tablist><li><button role=tab aria-controls=p1>{q}</button></li><li><button role=tab"
    " aria-controls=p2>Other things</button></li></ul><div id=p1 role=tabpanel hidden>{a}</div><div id=p2"
    " role=tabpanel><p>We also sell ropes by the metre in our shop.</p></div>",
}


@pytest.mark.parametrize("form", OPENERS.values(), ids=OPENERS)
@pytest.mark.parametrize("question", [f"{QUESTION}?", "Shipping to Malta"])
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_a_folded_answer_stands_after_its_question(form: str, question: str, around: str) -> None:
    """Whatever element opens it."""
    markdown = markdown_of(form.format(q=question, a=ANSWER), around=around)
    assert ANSWER in markdown
    assert question in markdown[: markdown.index(ANSWER)]


@pytest.mark.parametrize(
    "button",
    [
        "<button>Add to cart</button>",
        "<button type=submit>Request a quotation</button>",
        "<button>Share this page</button>",
    ],
)
def test_other_buttons_are_no_text(button: str) -> None:
    """They do something, and say nothing."""
    assert "Add" not in (markdown := markdown_of(f"<div>{button}<p>The pump moves ninety litres a minute.</p></div>"))
    assert "Request" not in markdown
    assert "Share" not in markdown


MISUSED = {
    "dishes in a menu": (
        "<menu><li>Fish soup costs nine euros</li><li>Mackerel costs fifteen</li></menu>",
        "Fish soup",
    ),
    "fees in a dialog": (
        "<dialog><h2>Fees</h2><p>Late payment costs seven euros a week, at most seventy.</p></dialog>",
        "seven euros",
    ),
    "a sheet": ("<div role=dialog><p>The harbour master lets the bridge open at noon and at six.</p></div>", "at noon"),
    "a banner in the text": (
        "<div role=banner><h2>Winch of bronze</h2><p>Lifts four hundred kilograms at once with one hand.</p></div>",
        "four hundred",
    ),
    "an answer in a nav": (
        "<nav class=panel><p>The yard is closed from the first of November until March.</p></nav>",
        "November",
    ),
}


@pytest.mark.parametrize(("body", "wanted"), MISUSED.values(), ids=MISUSED)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_sentences_count_whatever_element_they_stand_in(body: str, wanted: str, around: str) -> None:
    """Authors use elements for their style."""
    assert wanted in markdown_of(body, around=around)


NAVIGATION = {
    "a tree": "<nav><ul><li><a href=/a>Winches of bronze and steel</a><ul><li><a href=/b>Electric</a></li></ul></li></ul></nav>",
    "a mega menu": "<nav><h3>Products NOISE</h3><a href=/a>Winches for boats of any size NOISE</a><a href=/b>Pumps NOISE</a></nav>",
    "a sign-up": "<dialog><p>Join NOISE our list and get ten percent off your first order.</p><form><input></form></dialog>",
    "a toolbar": "<menu><li><button>Copy NOISE</button><button>Paste</button><button>Undo</button></li></menu>",
}


@pytest.mark.parametrize("body", NAVIGATION.values(), ids=NAVIGATION)
def test_links_and_forms_in_these_elements_go(body: str) -> None:
    """As before."""
    markdown = markdown_of(body)
    assert "NOISE" not in markdown
    assert "Electric" not in markdown


CHOICES = {
    "radio buttons": "<form><label><input type=radio name=d> Express within 24 hours costs nine euros</label>"
    "<label><input type=radio name=d> Standard is free</label><button>Order</button></form>",
    "apart": "<div><input type=radio id=r1><label for=r1>Express within 24 hours costs nine euros</label></div>",
    "checkboxes": "<ul><li><label><input type=checkbox> Express within 24 hours costs nine euros</label></li></ul>",
    "a menu": "<p>Delivery: <select><option value=''>Please choose</option><option>Express within 24 hours costs nine"
    " euros</option><option>Standard is free</option></select></p>",
    "groups": "<select><optgroup label=Fast><option>Express within 24 hours costs nine euros</option></optgroup>"
    "<option>Standard is free</option></select>",
}


@pytest.mark.parametrize("body", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_choices_of_a_form_are_listed(body: str, around: str) -> None:
    """They say what there is, and what it costs."""
    markdown = markdown_of(body, around=around)
    assert "- Express within 24 hours costs nine euros" in markdown
    assert "Please choose" not in markdown


@pytest.mark.parametrize(
    "body",
    [
        "<select name=country><option>Albania</option><option>NOISE</option></select>",
        f"<select>{''.join(f'<option>NOISE {number}</option>' for number in range(50))}</select>",
        "<select name=qty><option>1</option><option>2</option></select><label for=x>NOISE</label><input id=x>",
        "<label><input type=checkbox> I agree to the terms NOISE</label>",
    ],
)
def test_choices_that_every_site_has_are_left_out(body: str) -> None:
    """Countries, quantities, consent, names of fields."""
    markdown = markdown_of(body)
    assert "NOISE" not in markdown
    assert "Albania" not in markdown
    assert "- 1" not in markdown


EMBEDDED = {
    "a shadow root": "<my-card><template shadowrootmode=open><style>p{{}}</style><p>{}</p><slot></slot></template><p>Six kilograms.</p></my-card>",
    "nested": "<x-a><template shadowrootmode='closed'><x-b><template shadowroot=open><p>{}</p></template></x-b></template></x-a>",
    "a frame": '<iframe title=n srcdoc="&lt;p&gt;{}&lt;/p&gt;"></iframe>',
    "a document in a frame": "<iframe srcdoc='<!doctype html><html><head><title>NOISE</title><style>NOISE</style></head>"
    "<body><p>{}</p><script>NOISE</script></body></html>' width=9></iframe>",
}


@pytest.mark.parametrize("body", EMBEDDED.values(), ids=EMBEDDED)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_documents_in_the_document_are_read(body: str, around: str) -> None:
    """Readers see one page."""
    text = "The yard is closed on Mondays from November to March, and on all bank holidays of the year."
    markdown = markdown_of(body.format(text), around=around)
    assert text in markdown
    assert "NOISE" not in markdown


def test_other_templates_stay_closed() -> None:
    """Scripts fill them."""
    assert "NOISE" not in markdown_of(
        "<template><p>NOISE {{name}}</p></template><x-a><template id=t><p>NOISE</p></template></x-a>"
    )


COPY = "<h2>Offer</h2><p>The winch costs 349 euros today, and the offer ends soon.</p>"
COPIES = {
    "Bootstrap": ("d-none d-md-block", "d-md-none"),
    "Bootstrap 3": ("hidden-xs", "visible-xs"),
    "Tailwind": ("hidden md:block", "md:hidden"),
    "names": ("desktop-only", "mobile-only"),
    "Elementor": ("elementor-hidden-mobile", "elementor-hidden-desktop"),
}


@pytest.mark.parametrize(("first", "second"), COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("around", [LEAD, LONG], ids=["short", "long"])
def test_copies_for_other_screens_are_kept_once(first: str, second: str, around: str) -> None:
    """Nobody sees both."""
    markdown = markdown_of(f'<div class="{first}">{COPY}</div><div class="{second}">{COPY}</div>', around=around)
    assert markdown.count("349 euros") == 1
    assert markdown.count("## Offer") == 1


@pytest.mark.parametrize(
    ("counter", "number"),
    [
        ("<span class=counter data-count=12500 data-suffix=+>0</span>", "12500+"),
        ("<span class=elementor-counter-number data-to-value=12500 data-from-value=0>0</span>", "12500"),
        ("<strong data-target='12500'>0</strong>", "12500"),
        ("<div class=odometer data-number=12,500>00</div>", "12,500"),
        ("<span class=purecounter data-purecounter-end=12500>0</span>", "12500"),
        ("<span data-count=98>0%</span>", "98%"),
    ],
)
def test_counters_show_their_final_number(counter: str, number: str) -> None:
    """The end of the script's count is the value, not its beginning."""
    markdown = markdown_of(f"<div><div>{counter}<p>winches sold since our yard was founded</p></div></div>")
    assert number in markdown
    assert "\n0" not in markdown


@pytest.mark.parametrize("counter", ["<span class='counter'>0</span>", "<span class='count odometer'>0</span>"])
def test_a_counter_without_its_number_says_none(counter: str) -> None:
    """Rather than a false one."""
    assert "0" not in markdown_of(f"<div>{counter}<p>winches sold</p></div>", around="<p>Our yard is old.</p>")


@pytest.mark.parametrize("depth", [450, 1_900, 6_000])
@pytest.mark.parametrize("element", ["div", "span", "section"])
def test_deeply_nested_text_is_read(depth: int, element: str) -> None:
    """Browsers show it."""
    nested = f"<{element}>" * depth + "<p>The secret word is bathysphere.</p>" + f"</{element}>" * depth
    assert "The secret word is bathysphere." in markdown_of(nested)


SPLIT = {
    "spaces between": "<h2>{}</h2>".format(
        " ".join(f"<span>{c}</span>" for c in "Bronze&winches").replace("&", "&nbsp;")
    ),
    "no spaces": "<h2>{}<b>&nbsp;</b>{}</h2>".format(
        "".join(f"<b>{c}</b>" for c in "Bronze"), "".join(f"<b>{c}</b>" for c in "winches")
    ),
    "a box a word": "<h2><span>{}</span> <span>{}</span></h2>".format(
        " ".join(f"<i>{c}</i>" for c in "Bronze"), " ".join(f"<i>{c}</i>" for c in "winches")
    ),
}


@pytest.mark.parametrize("body", SPLIT.values(), ids=SPLIT)
def test_a_headline_that_is_animated_letter_by_letter_is_whole(body: str) -> None:
    """With the space between its words."""
    assert "## Bronze winches\n" in markdown_of(body + "<p>They last.</p>")


def test_sizes_grades_and_an_index_stay_apart() -> None:
    """Single letters that are no word."""
    sizes = "<p>Sizes: <b>S</b> <b>M</b> <b>L</b> <b>E</b></p><p><span>A</span> <span>E</span> <span>I</span> <span>O</span></p>"
    markdown = markdown_of(sizes)
    assert "SMLE" not in markdown.replace("*", "")
    assert "AEIO" not in markdown
