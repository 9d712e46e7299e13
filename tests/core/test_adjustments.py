"""An owner's adjustments: validated, and legible with any colour."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.core.adjustments import Adjustments
from tasks.core.oklch import contrast
from tasks.core.palette import TEXT_PAIRS, with_tokens
from tasks.core.theme_model import Theme

FOUND = with_tokens(
    Theme(
        name="Acorn",
        primary="#2f6f3e",
        on_primary="#ffffff",
        background="#ffffff",
        text="#1d2a20",
        heading_font='"Georgia", serif',
        body_font="sans-serif",
        confidence=1,
    )
)
COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@given(primary=COLOURS)
def test_any_colour_an_owner_chooses_is_legible(primary: str) -> None:
    """In both schemes, as background and as text."""
    theme = Adjustments(primary=primary).apply_to(FOUND)
    assert theme.primary == primary
    for scheme, (foreground, background) in product(("light", "dark"), TEXT_PAIRS):
        tokens = theme.tokens[scheme]
        assert contrast(tokens[foreground], tokens[background]) >= 4.5


def test_what_is_not_chosen_stays_as_it_was_found() -> None:
    """Unchanged values keep their bytes; changed ones change only their own variables."""
    assert Adjustments().apply_to(FOUND) == FOUND
    changed = Adjustments(radius_px=3, body_font='"Inter", sans-serif').apply_to(FOUND)
    assert changed.tokens["dark"]["--aw-radius"] == "3px"
    assert changed.tokens["light"]["--aw-font"] == '"Inter", sans-serif'
    assert changed.tokens["light"]["--aw-primary"] == FOUND.tokens["light"]["--aw-primary"]


@pytest.mark.parametrize(
    "chosen",
    [
        {"primary": "red"},
        {"primary": "#FFF"},
        {"body_font": "x; background: url(//evil)"},
        {"body_font": 'a"b'},
        {"heading_font": "a\\b"},
        {"heading_font": "a\nb"},
        {"radius_px": 25},
        {"radius_px": float("nan")},
        {"scheme": "sepia"},
        {"name": " "},
        {"greeting": "x" * 301},
        {"suggested_questions": ["?"] * 7},
        {"suggested_questions": [""]},
        {"allowed_origins": ["example.com"]},
        {"allowed_origins": ["https://example.com/path"]},
        {"allowed_origins": ["javascript:alert(1)"]},
        {"colour": "#ffffff"},
    ],
)
def test_an_invalid_choice_is_refused(chosen: dict[str, object]) -> None:
    """Wrong forms, values out of range, CSS injection, unknown fields."""
    with pytest.raises(ValidationError):
        Adjustments.model_validate(chosen)


def test_an_origin_is_kept_as_browsers_send_it() -> None:
    """In lower case, without path and credentials."""
    chosen = Adjustments.model_validate({"allowed_origins": ["HTTPS://Shop.Example/", "http://u:p@localhost:3000"]})
    assert chosen.allowed_origins == ("https://shop.example", "http://localhost:3000")
