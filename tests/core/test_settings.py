"""Settings: read once, refused by name."""

import pytest

from tasks.core.errors import InvalidSetting
from tasks.core.settings import load_settings
from tests.conftest import MakeSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WIDGET_BUILDER_PORT", "http"),
        ("WIDGET_BUILDER_PORT", "70000"),
        ("WIDGET_BUILDER_RENDER", "sometimes"),
        ("WIDGET_BUILDER_EGRESS_ALLOW", "127.0.0.1/64"),
        ("WIDGET_BUILDER_SCRAPE_WORKERS", "0"),
        ("PREFECT_API_URL", "localhost:4200"),
        ("OPENAI_BASE_URL", "ftp://example.com"),
    ],
)
def test_a_wrong_value_is_refused_with_the_settings_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The reader learns which environment variable to mend."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting) as refused:
        load_settings()
    assert refused.value.name == name


def test_embeddings_come_from_openai_exactly_when_there_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default provider follows the key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert not load_settings().uses_openai
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    assert load_settings().uses_openai


def test_openai_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for OpenAI by name needs its key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("WIDGET_BUILDER_EMBEDDING_PROVIDER", "openai")
    with pytest.raises(InvalidSetting) as refused:
        load_settings()
    assert refused.value.name == "OPENAI_API_KEY"


def test_several_networks_may_be_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """EGRESS_ALLOW is a comma-separated list of CIDRs."""
    monkeypatch.setenv("WIDGET_BUILDER_EGRESS_ALLOW", "127.0.0.0/8, ::1/128")
    assert [str(network) for network in load_settings().egress_allow] == ["127.0.0.0/8", "::1/128"]


def test_a_secret_does_not_show_in_the_settings_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings may be logged."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hidden@localhost/db")
    assert "sk-very-secret" not in repr(load_settings())
    assert "hidden" not in repr(load_settings())


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Container files pass on what is not set as empty; the OpenAI client would take it for an address."""
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert load_settings(_env_file=None).openai_base_url == "https://api.openai.com/v1"


def test_lanes_grow_to_their_most_only_while_adaptive(settings: MakeSettings) -> None:
    """Without a most of its own a stage has its workers; with it, more or fewer; fixed lanes know no most."""
    assert settings().max_lanes["scrape"] == settings().scrape_workers
    assert settings(max_scrape_workers=40, max_store_workers=1).max_lanes["scrape"] == 40
    assert settings(max_scrape_workers=40, max_store_workers=1).max_lanes["store"] == 1
    assert settings(max_scrape_workers=40, adaptive=False).max_lanes["scrape"] == settings().scrape_workers
