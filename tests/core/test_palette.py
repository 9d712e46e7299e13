"""Palettes from arbitrary colours."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.oklch import contrast, from_oklch, is_dark, to_oklch
from tasks.core.palette import SHAPE_PAIRS, TEXT_PAIRS, ramp, with_tokens
from tasks.core.theme_model import Theme

COLOUR = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def theme(primary: str, background: str = "#ffffff", text: str = "#222222", other: str | None = None) -> Theme:
    """Return a theme with these colours and its computed tokens."""
    return with_tokens(
        Theme(
            name="Acme",
            primary=primary,
            on_primary="#ffffff",
            background=background,
            text=text,
            scheme="dark" if is_dark(background) else "light",
            other_background=other,
            heading_font="serif",
            body_font="sans-serif",
            confidence=1,
            sources={"primary": "a button"},
        )
    )


@given(primary=COLOUR, background=COLOUR, text=COLOUR, other=st.none() | COLOUR)
def test_every_pair_holds_whatever_the_site_painted(
    primary: str, background: str, text: str, other: str | None
) -> None:
    """Text has 4.5:1 and shapes needed to use the widget 3:1, in both schemes."""
    for tokens in theme(primary, background, text, other).tokens.values():
        assert all(contrast(tokens[one], tokens[on]) >= 4.5 for one, on in TEXT_PAIRS)
        assert all(contrast(tokens[one], tokens[on]) >= 3 for one, on in SHAPE_PAIRS)


@settings(max_examples=40)
@given(primary=COLOUR, background=COLOUR)
def test_the_light_palette_is_light_and_the_dark_one_dark(primary: str, background: str) -> None:
    """With any scheme of the site."""
    tokens = theme(primary, background).tokens
    assert not is_dark(tokens["light"]["--aw-bg"])
    assert is_dark(tokens["dark"]["--aw-bg"])


@given(COLOUR)
def test_oklch_and_back_is_the_same_colour(colour: str) -> None:
    """The conversion is lossless for eight-bit colours."""
    assert from_oklch(to_oklch(colour)) == colour


@given(COLOUR)
def test_a_ramp_goes_from_light_to_dark(colour: str) -> None:
    """Eleven shades, each darker than the one before."""
    shades = [to_oklch(shade).lightness for shade in ramp(colour).values()]
    assert len(shades) == 11
    assert shades == sorted(shades, reverse=True)


def test_the_brand_keeps_its_shade_where_the_site_shows_it() -> None:
    """Yellow stays yellow, with a visible outline; near-black is lightened only on a dark panel."""
    yellow, black = theme("#ffd400").tokens, theme("#111111").tokens
    assert yellow["light"]["--aw-primary"] == yellow["dark"]["--aw-primary"] == "#ffd400"
    assert yellow["light"]["--aw-primary-edge"] != "#ffd400"
    assert black["light"]["--aw-primary"] == "#111111"
    assert black["dark"]["--aw-primary"] != "#111111"
    white = theme("#ffffff", "#0a0a0f").tokens
    assert white["dark"]["--aw-primary"] == "#ffffff"
    assert contrast(white["light"]["--aw-primary"], white["light"]["--aw-bg"]) >= 3


def test_a_panel_keeps_the_sites_background_unless_it_is_too_strong() -> None:
    """The panel takes a pale or dark background; a saturated or mid-tone one would leave no room for text."""
    assert theme("#7c3aed", "#fffdf8").tokens["light"]["--aw-bg"] == "#fffdf8"
    assert theme("#7c3aed", "#0b1020").tokens["dark"]["--aw-bg"] == "#0b1020"
    assert theme("#7c3aed", "#ffffff", other="#101418").tokens["dark"]["--aw-bg"] == "#101418"
    assert theme("#7c3aed", "#ff0000").tokens["light"]["--aw-bg"] != "#ff0000"


def test_each_token_says_what_it_is_made_of_and_where_that_was_found() -> None:
    """Both schemes have the same tokens, and none is without a source."""
    found = theme("#7c3aed")
    assert found.tokens["light"].keys() == found.tokens["dark"].keys() <= found.sources.keys()
    assert found.sources["--aw-primary-hover"] == "primary: a button"
    assert found.sources["--aw-bg"] == "background: our own choice"
    assert with_tokens(found) == found
