"""A page of a harbour's workshop, in whose main element kinds of markup are tried."""

from tests.web.test_content import read

LEAD = "<p>Our yard has repaired and sold winches in Lowport since 1987, and six mechanics answer in person.</p>"
LONG = 4 * (
    "<p>Every winch is taken apart, cleaned, greased and put together again by two mechanics, who write down what they"
    " found, what they changed and what will have to be done within a year. The owner gets this list by mail, keeps it"
    " in the papers of the boat, and shows it to the next yard.</p>"
)
"""Enough text for the page to be classified rather than kept whole."""


def markdown_of(body: str, *, around: str = LEAD, head: str = "") -> str:
    """The Markdown of a page with this in its main element, after a heading and other text."""
    return read(
        f"<html lang=en><head><title>Help – Harbour Tools</title>{head}</head><body><header><a href='/'>Harbour"
        f" Tools</a><nav><a href='/a'>Products</a> <a href='/b'>Prices</a></nav></header><main><h1>Winches</h1>"
        f"{around}{body}</main><footer><p>© 2025 Harbour Tools</p></footer></body></html>"
    ).markdown
