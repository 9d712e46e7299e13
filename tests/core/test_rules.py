"""Rules of a widget: what an owner may write, within the settings, which are their defaults and bounds."""

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.core.choices import RenderMode
from tasks.core.errors import InvalidRequest
from tasks.core.requests import check_bounds, make_request, settings_for
from tasks.core.rules import WidgetRules
from tasks.core.settings import Settings

SETTINGS = Settings(_env_file=None, max_depth=3, max_pages=100, exclude=("/old/*",), languages=("de",))
NO_BROWSER = SETTINGS.model_copy(update={"render": RenderMode.never})
URL = "https://example.com/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"include": ["blog"]},
        {"exclude": ["https://example.com/blog"]},
        {"exclude": ["/a b"]},
        {"exclude": ["/" + "a" * 200]},
        {"include": ["/a"] * 51},
        {"languages": ["German!"]},
        {"render": "sometimes"},
        {"depth": True},
        {"depth": -1},
        {"max_pages": 0},
        {"instructions": "x" * 2_001},
        {"colour": "red"},
    ],
)
def test_a_wrong_rule_is_refused(wrong: dict[str, Any]) -> None:
    """The error names the field."""
    with pytest.raises(ValidationError) as refused:
        WidgetRules.model_validate(wrong)
    assert refused.value.errors()[0]["loc"][0] in wrong


def test_a_language_is_understood_in_every_spelling() -> None:
    """Lower case with a hyphen, as the languages of URLs are compared."""
    assert WidgetRules(languages=("pt_BR", "DE", "*")).languages == ("pt-br", "de", "*")


@pytest.mark.parametrize(
    ("field", "rules", "settings"),
    [
        ("depth", WidgetRules(depth=4), SETTINGS),
        ("max_pages", WidgetRules(max_pages=101), SETTINGS),
        ("render", WidgetRules(render=RenderMode.auto), NO_BROWSER),
    ],
)
def test_the_settings_are_bounds(field: str, rules: WidgetRules, settings: Settings) -> None:
    """A rule beyond them is refused with its field; one that was stored before obeys them."""
    with pytest.raises(InvalidRequest) as refused:
        check_bounds(settings, rules)
    assert refused.value.field == field
    request = make_request(settings, URL, rules)
    assert (request.depth, request.max_pages) == (min(rules.depth or 2, 3), 100)
    assert settings_for(settings, request).render is settings.render


def test_the_settings_are_defaults() -> None:
    """An absent rule is the setting; an empty one is none at all."""
    own = settings_for(SETTINGS, make_request(SETTINGS, URL, WidgetRules(exclude=(), render=RenderMode.always)))
    assert (own.exclude, own.languages, own.render) == ((), ("de",), RenderMode.always)
