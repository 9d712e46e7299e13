"""Themes from handmade evidence, and from anything at all."""

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.brand.derived_theme import HomePageProbe, derive_theme, neutral_theme
from tasks.core.oklch import contrast
from tasks.core.palette import SHAPE_PAIRS, TEXT_PAIRS
from tasks.core.theme_model import Theme

URL = "https://www.acme.example/"


def call(colour: str, **more: Any) -> dict[str, Any]:
    """A button as the probe reports it."""
    base = {
        "colours": [colour],
        "border": "",
        "text": "#fff",
        "backdrop": "#ffffff",
        "area": 6000,
        "radius": "6px",
        "height": 44,
        "top": 300,
        "place": "main",
        "foreign": False,
        "label": "Order now",
        "wall": 1,
    }
    return base | more


def ground(colour: str) -> dict[str, Any]:
    """A page of one background as the probe reports it."""
    return {"colours": [{"colour": colour, "amount": 90}], "bare": 10, "cells": 100, "canvas": ""}


def theme_of(evidence: object, url: str = URL) -> Theme:
    """The theme that follows from a probe's answer."""
    return derive_theme(HomePageProbe(url=url, requested_url=url, light=evidence))


def assert_legible(theme: Theme) -> None:
    """Every pair of the theme and of its tokens, light and dark."""
    assert contrast(theme.primary, theme.on_primary) >= 4.5
    assert contrast(theme.background, theme.text) >= 4.5
    for tokens in theme.tokens.values():
        assert all(contrast(tokens[one], tokens[other]) >= 4.5 for one, other in TEXT_PAIRS)
        assert all(contrast(tokens[one], tokens[other]) >= 3 for one, other in SHAPE_PAIRS)


def test_a_button_beats_a_variable_a_variable_a_meta_tag_a_header_and_a_header_links() -> None:
    """Channels have their order; taking the strongest away brings up the next."""
    evidence: dict[str, Any] = {
        "calls": [call("#d81b60")],
        "variables": [{"name": "--brand", "value": "#1e88e5"}],
        "theme_colours": [{"colour": "#43a047"}],
        "surfaces": [{"colour": "#8e24aa", "place": "header", "area": 9e4}],
        "links": [{"colour": "#fb8c00", "amount": 500}],
        "painted": [{"colour": "#1e88e5"}],
    }
    order = []
    for key in ("calls", "variables", "theme_colours", "surfaces", "links"):
        order.append(theme_of(evidence).primary)
        del evidence[key]
    assert order == ["#d81b60", "#1e88e5", "#43a047", "#8e24aa", "#fb8c00"]


def test_independent_signs_add_up_and_repetition_does_not() -> None:
    """A hundred links are one sign; a link and a meta tag are two."""
    link = {"colour": "#8e24aa", "amount": 50}
    one = theme_of({"links": [link]})
    many = theme_of({"links": [link] * 100})
    two = theme_of({"links": [link], "theme_colours": [{"colour": "#8e24aa"}]})
    assert one.confidence == many.confidence < two.confidence
    assert two.confidence == pytest.approx(1 - (1 - 0.3) * (1 - 0.45))


def test_near_colours_are_one_colour() -> None:
    """Two shades nobody tells apart support each other; the stronger sign's shade is used."""
    theme = theme_of({"calls": [call("#7c3aed")], "theme_colours": [{"colour": "#7a3bee"}]})
    assert theme.primary == "#7c3aed"
    assert theme.confidence > 0.9


@pytest.mark.parametrize("colour", ["#0000ee", "#551a8b", "#888888", "#111111", "#fafafa", "#fff8e1"])
def test_browser_blue_greys_and_pale_tints_are_no_brand(colour: str) -> None:
    """They are what pages have without choosing."""
    theme = theme_of({"links": [{"colour": colour}], "surfaces": [{"colour": colour, "place": "hero"}]})
    assert theme.primary == neutral_theme(URL).primary
    assert theme.confidence == 0


def test_a_variable_counts_only_if_it_is_painted() -> None:
    """Frameworks declare colours that a site never shows."""
    evidence = {"variables": [{"name": "--bs-primary", "value": "13, 120, 103"}]}
    assert theme_of(evidence).confidence == 0
    painted = evidence | {"painted": [{"colour": "rgb(13, 120, 103)", "amount": 1}]}
    assert theme_of(painted).primary == "#0d7867"


@pytest.mark.parametrize("colour", ["#0d6efd", "#2271b1", "#4f46e5", "#5bbad5", "#0000ee"])
def test_what_tools_bring_counts_only_on_a_button(colour: str) -> None:
    """Bootstrap, WordPress, Tailwind, favicon generators and browsers have colours that are nobody's choice."""
    evidence: dict[str, Any] = {
        "variables": [{"name": "--primary", "value": colour}],
        "painted": [{"colour": colour, "amount": 9}],
        "links": [{"colour": colour, "amount": 500}],
        "declared": [{"colour": colour, "what": "mask-icon"}],
        "surfaces": [{"colour": colour, "place": "header", "area": 9e4}],
    }
    assert theme_of(evidence).confidence == 0
    assert theme_of(evidence | {"calls": [call(colour)]}).primary == colour


@pytest.mark.parametrize("name", ["--primary-foreground", "--primary-100", "--onPrimary", "--brand-hover"])
def test_variables_beside_the_brand_colour_do_not_count(name: str) -> None:
    """States, ramps and what stands on the colour are not the colour."""
    evidence = {"variables": [{"name": name, "value": "#0d6efd"}], "painted": [{"colour": "#0d6efd"}]}
    assert theme_of(evidence).confidence == 0


def test_white_on_orange_is_replaced_by_legible_text() -> None:
    """The site's own text colour is kept only where it can be read."""
    assert theme_of({"calls": [call("#ff9900")]}).on_primary == "#000000"
    assert theme_of({"calls": [call("#b00020", text="#ffe4e6")]}).on_primary == "#ffe4e6"


def test_faint_text_is_moved_no_further_than_needed() -> None:
    """Grey stays grey, only darker."""
    theme = theme_of({"backgrounds": ground("#fff"), "texts": [{"colour": "#999"}]})
    assert 4.5 <= contrast(theme.background, theme.text) < 6
    assert theme.sources["text"] == "running text, adjusted for contrast"


@pytest.mark.parametrize(
    ("radius", "height", "pixels"),
    [("6px", 40, 6), ("50%", 40, 20), ("9999px", 36, 18), ("99px", 90, 24), ("x", 40, 0)],
)
def test_the_radius_is_that_of_the_button_within_reason(radius: str, height: int, pixels: float) -> None:
    """Pills are as round as they look, and no widget gets rounder than 24 px."""
    assert theme_of({"calls": [call("#d81b60", radius=radius, height=height)]}).radius_px == pixels


@pytest.mark.parametrize(
    ("given_language", "language"),
    [
        ("de_at", "de-AT"),
        ("PT-br", "pt-BR"),
        ("zh-hant-TW", "zh-Hant-TW"),
        ("english", "en"),
        ('e"n', "en"),
        ("", "en"),
    ],
)
def test_the_language_is_well_formed(given_language: str, language: str) -> None:
    """BCP 47 in canonical case, English where there is none."""
    assert theme_of({"language": given_language}).language == language


@pytest.mark.parametrize(
    ("css", "fonts"),
    [
        ("Inter, sans-serif", '"Inter", sans-serif'),
        ("-apple-system, 'Segoe UI', Roboto", '-apple-system, "Segoe UI", "Roboto", sans-serif'),
        ('"Material Icons", Lora, serif', '"Lora", serif'),
        ('"ヒラギノ角ゴ Pro", serif', '"ヒラギノ角ゴ Pro", serif'),
        ('"}</style><script>", Lato', '"Lato", sans-serif'),
        ('"Times New Roman"', None),
        ("system-ui, sans-serif", None),
        ("FontAwesome", None),
        ('"unclosed, Lato', None),
    ],
)  # fmt: skip
def test_font_lists_are_safe_and_leave_out_what_is_no_brand_font(css: str, fonts: str | None) -> None:
    """Generic, icon and default fonts name no brand; a name with odd characters is left out whole."""
    theme = theme_of({"body_fonts": [{"family": css, "amount": 10}]})
    assert theme.body_font == (fonts or neutral_theme(URL).body_font)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:image/png;base64,xx", "//u:p@host/x", 'https://x/"onload=', "https://", "http://x:0/"],
)  # fmt: skip
def test_pictures_have_web_addresses_or_none(url: str) -> None:
    """Only absolute http(s) URLs without credentials or quotes."""
    evidence = {"icons": [{"url": url, "rel": "icon"}], "logos": [{"url": url, "header": True, "home": True}]}
    theme = theme_of(evidence)
    assert (theme.favicon_url, theme.logo_url) == (None, None)


def test_the_icon_fits_small_sizes() -> None:
    """Vector before 32 px before 16 px before 512 px; a touch icon only if alone."""
    icons = [("touch", "apple-touch-icon", "180x180"), ("512", "icon", "512x512"), ("16", "icon", "16x16")]
    icons += [("32", "shortcut icon", "32x32"), ("any.svg", "icon", "any")]
    order = []
    while icons:
        items = [{"url": f"/{name}", "rel": rel, "sizes": sizes} for name, rel, sizes in icons]
        order.append((theme_of({"icons": items}).favicon_url or "").rsplit("/", 1)[-1])
        icons = [icon for icon in icons if icon[0] != order[-1]]
    assert order == ["any.svg", "32", "16", "512", "touch"]


def test_a_logo_links_home_or_stands_in_the_header() -> None:
    """A customer's logo further down is not the site's."""
    customer = {"url": "/customer.png", "named": True}
    own = {"url": "/own.png", "header": True, "home": True}
    assert theme_of({"logos": [customer]}).logo_url is None
    assert theme_of({"logos": [customer, own]}).logo_url == f"{URL}own.png"


def test_black_buttons_come_after_the_colour_of_the_logo() -> None:
    """Black goes with many brands; without a coloured logo it is the brand."""
    page = {"calls": [call("#222222")], "backgrounds": {"colours": [{"colour": "#ffffff", "amount": 9}], "cells": 10}}
    logo = {"header": True, "home": True, "paints": [{"colour": "#0a8f5b", "amount": 900}]}
    assert theme_of(page).primary == "#222222"
    assert theme_of(page | {"logos": [logo]}).primary == "#0a8f5b"


def test_the_order_of_the_evidence_makes_no_difference() -> None:
    """The same evidence in any order gives the same bytes."""
    colours = ["#d81b60", "#1e88e5", "#43a047", "#8e24aa", "#fb8c00", "#d91c61"]
    evidence = {
        "calls": [call(colour) for colour in colours],
        "surfaces": [{"colour": colour, "place": "header"} for colour in colours],
        "links": [{"colour": colour, "amount": 7} for colour in colours],
        "body_fonts": [{"family": name, "amount": 9} for name in ("Lato", "Inter", "Lora")],
        "logos": [{"url": f"/{n}.png", "header": True} for n in range(5)],
    }
    expected = theme_of(evidence).model_dump_json()
    shuffle = random.Random(7).shuffle
    for _ in range(20):
        for values in evidence.values():
            shuffle(values)
        assert theme_of(evidence).model_dump_json() == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
COLOUR = (
    st.integers(0, 0xFFFFFF).map("#{:06x}".format)
    | st.tuples(*[st.floats(allow_nan=True)] * 3).map("rgb({0[0]} {0[1]} {0[2]})".format)
    | st.tuples(*[st.floats(-2, 2)] * 4).map("oklch({0[0]} {0[1]} {0[2]} / {0[3]})".format)
    | st.sampled_from(["red", "transparent", "none", "color(display-p3 1 0 0)", "hsl(none 1% 2%)", "}</style>", ""])
    | JSON
)
VALUE = COLOUR | st.sampled_from(
    ['"}</style>"', "https://x.example/a.png", "--brand", "header", "primary", True, 1e400]
)
KEYS = [
    "colour",
    "colours",
    "border",
    "backdrop",
    "what",
    "label",
    "value",
    "text",
    "name",
    "place",
    "radius",
    "height",
    "area",
    "amount",
    "family",
    "url",
]
ITEM = st.dictionaries(st.sampled_from([*KEYS, "rel", "sizes", "type", "logo", "header", "home", "found"]), VALUE)
LISTS = ["calls", "links", "surfaces", "variables", "theme_colours", "painted", "texts", "icons", "logos", "declared"]
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        key: st.lists(ITEM, max_size=5) | JSON for key in [*LISTS, "body_fonts", "heading_fonts", "organisations"]
    }
    | {
        "backgrounds": st.fixed_dictionaries({"colours": st.lists(ITEM), "cells": VALUE, "bare": VALUE}) | JSON,
        "title": VALUE,
        "site_name": VALUE,
        "language": VALUE,
        "application_name": VALUE,
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    probe=ANSWER | JSON,
    url=st.sampled_from([URL, "http://[::1", "", "http://127.0.0.1:1/", "x:y"]) | st.text(),
)
def test_any_answer_gives_a_valid_legible_theme(probe: object, url: str) -> None:
    """No input raises, and both text pairs keep their contrast."""
    theme = theme_of(probe, url)
    assert_legible(theme)
    assert theme.scheme in ("light", "dark")
    assert 0 <= theme.radius_px <= 24
    assert 0 < len(theme.name) <= 80
    stored = theme.model_dump_json()
    assert "</style>" not in stored
    assert "\\u0000" not in stored
    assert Theme.model_validate_json(stored) == theme
    assert theme_of(json.loads(json.dumps(probe)), url).model_dump_json() == stored


@given(background=st.integers(0, 0xFFFFFF), text=st.integers(0, 0xFFFFFF))
def test_every_pair_of_painted_colours_ends_up_legible(background: int, text: int) -> None:
    """Whatever is painted, all pairs of the widget hold in both schemes."""
    base, ink = f"#{background:06x}", f"#{text:06x}"
    theme = theme_of({"backgrounds": ground(base), "texts": [{"colour": ink}], "calls": [call(ink)]})
    assert theme.background == base
    assert_legible(theme)
