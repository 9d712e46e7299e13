"""Rates: read from the settings."""

import pytest

from tasks.core.errors import InvalidSetting
from tasks.core.rates import Rate
from tasks.core.settings import load_settings


def test_a_rate_is_read_or_refused_with_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """`20/minute` and the like."""
    monkeypatch.setenv("WIDGET_BUILDER_CHAT_RATE", "7/hour")
    assert load_settings(_env_file=None).chat_rate == Rate(count=7, seconds=3600)
    monkeypatch.setenv("WIDGET_BUILDER_CHAT_RATE", "often")
    with pytest.raises(InvalidSetting) as caught:
        load_settings(_env_file=None)
    assert caught.value.name == "WIDGET_BUILDER_CHAT_RATE"
