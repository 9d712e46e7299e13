"""Pages that scripts fill are read from the data they send, where no browser has filled them."""

import json

import pytest

from tests.web.test_content import read

STATE = {
    "props": {
        "pageProps": {
            "slug": "winches-of-bronze",
            "heroUrl": "/img/one two three.jpg",
            "title": "Bronze winches",
            "intro": "Our yard has repaired winches since 1987.",
            "body": "<p>Six mechanics <b>answer</b> in person.</p>",
            "items": [{"name": "Small winch", "price": 349, "currencyId": "EUR of all countries"}],
            "contact": {"phone": "01234 555777", "email": "info@birke.example"},
        }
    },
    "buildId": "NOISE of a build",
}
FORMS = {
    "Next.js": "<div id=__next></div><script id=__NEXT_DATA__ type=application/json>{}</script>",
    "an assignment": "<div id=app></div><script>window.__INITIAL_STATE__ = {};(function(){{}})()</script>",
    "Apollo": "<div id=root></div><script>window.__APOLLO_STATE__={};</script>",
    "Inertia": "<div id=app data-page='{}'></div><script src=/app.js></script>",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_shell_is_read_from_its_state(form: str) -> None:
    """Headings, prose, prices and contact data; no addresses of pictures or names of builds."""
    page = read(f"<html><head><title>Winches</title></head><body>{form.format(json.dumps(STATE))}</body></html>")
    assert "## Bronze winches" in page.markdown
    assert "Six mechanics **answer** in person." in page.markdown
    assert "349" in page.markdown
    assert "01234 555777" in page.markdown
    assert "info@birke.example" in {fact.value for fact in page.facts}
    assert not any(noise in page.markdown for noise in ("NOISE", "one two three", "winches-of-bronze", "EUR of all"))


def test_a_filled_page_speaks_for_itself() -> None:
    """Its state would say everything twice, and more than visitors see."""
    shown = "<p>" + "Our yard has repaired and sold winches in Lowport since 1987. " * 4 + "</p>"
    page = read(f"<body>{shown}{FORMS['Next.js'].format(json.dumps(STATE))}</body>")
    assert "Six mechanics" not in page.markdown


@pytest.mark.parametrize("source", ["{", "[" * 100_000, '{"a": "x"', "null"])
def test_broken_state_costs_nothing_else(source: str) -> None:
    """The little text that is there is read."""
    page = read(
        f"<body><p>Closed on Mondays.</p><script id=__NEXT_DATA__ type=application/json>{source}</script></body>"
    )
    assert "Closed on Mondays." in page.markdown
