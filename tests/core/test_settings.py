"""Settings: read once; a wrong value is refused with the setting's name."""

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
    """The error names the environment variable to fix."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting) as refused:
        load_settings()
    assert refused.value.name == name


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("PORT", "http", "must be a whole number, at least 1 and at most 65535"),
        ("PORT", "70000", "must be a whole number, at least 1 and at most 65535"),
        ("MAX_SCRAPE_WORKERS", "1.5", "must be a whole number, at least 1 and at most 256"),
        ("PAGE_TIMEOUT_S", "0", "must be a number, more than 0 and at most 600"),
        ("RENDER", "sometimes", "must be 'auto', 'always' or 'never'"),
        ("ADAPTIVE", "maybe", "must be true or false"),
        ("ADMIN_TOKEN", "short", "must have at least 16 characters"),
        (
            "EGRESS_ALLOW",
            "10.0.0.1/8",
            "must be comma-separated CIDRs like 10.0.0.0/8, but 10.0.0.1/8 has host bits set",
        ),
        ("BUILD_RATE", "0/minute", "must be like 20/minute: 1 to 1000000 per second, minute, hour or day"),
        ("BUILD_RATE", "2000000/day", "must be like 20/minute: 1 to 1000000 per second, minute, hour or day"),
        ("INCLUDE", "blog", "must be comma-separated paths that begin with / or *"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, rule: str
) -> None:
    """Choices, forms and bounds, so that the reader can fix the value without the README."""
    monkeypatch.setenv(f"WIDGET_BUILDER_{name}", value)
    with pytest.raises(InvalidSetting) as refused:
        load_settings(_env_file=None)
    assert refused.value.message == f"WIDGET_BUILDER_{name}: {rule}"


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


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose passes unset variables on as empty ones; the OpenAI client would use the empty text as an address."""
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert load_settings(_env_file=None).openai_base_url == "https://api.openai.com/v1"


def test_lanes_grow_to_their_maximum_only_while_adaptive(settings: MakeSettings) -> None:
    """The bound is `max_…_workers` if set, else `…_workers`; fixed lanes ignore `max_…_workers`."""
    assert settings().max_lanes["scrape"] == settings().scrape_workers
    assert settings(max_scrape_workers=40, max_store_workers=1).max_lanes["scrape"] == 40
    assert settings(max_scrape_workers=40, max_store_workers=1).max_lanes["store"] == 1
    assert settings(max_scrape_workers=40, adaptive=False).max_lanes["scrape"] == settings().scrape_workers
    assert [settings(browser_extract_workers=2).sets_lanes(name) for name in ("extract-browser", "scrape")] == [
        True,
        False,
    ]
    assert not any(settings().sets_lanes(name) for name in settings().max_lanes)


@pytest.mark.parametrize("name", ["PREFECT_API_AUTH_STRING", "PREFECT_API_KEY"])
def test_a_login_at_prefect_is_in_no_dump(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Neither in the text of the settings nor in their JSON."""
    monkeypatch.setenv(name, "admin:hunter2")
    settings = load_settings(_env_file=None)
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
