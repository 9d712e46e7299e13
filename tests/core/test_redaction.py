"""Redaction: the secrets of a process and those of a well-known shape, in texts, records and tracebacks."""

import io
import logging
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from tasks.core import redaction
from tasks.core.errors import DependencyUnavailable
from tasks.core.redacted_logs import RedactedRecord, redact_logs, secrets_of
from tasks.core.redaction import learn_secrets, redact
from tasks.core.settings import Settings

KEY = "geheim-Zx9/key&more"


@pytest.fixture(autouse=True)
def forgetting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Secrets of one test are not those of the next."""
    monkeypatch.setattr(redaction, "_known", set())
    redaction._known_pattern.cache_clear()
    yield
    redaction._known_pattern.cache_clear()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The output of a handler of the root logger, with redaction installed."""
    output, factory = io.StringIO(), logging.getLogRecordFactory()
    handler = logging.StreamHandler(output)
    logging.getLogger().addHandler(handler)
    redact_logs(Settings(_env_file=None, openai_api_key=SecretStr(KEY)))  # type: ignore[call-arg]
    yield output
    logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(factory)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("refused: sk-proj-AbCdEfGhIjKlMnOpQrStUvWx", "AbCdEf"),
        ("refused: sk-abcdefghijklmnopqrstuvwxyz123456.", "abcdefgh"),
        ("Authorization: Basic YWRtaW46Z2VoZWlt", "YWRtaW46"),
        ("headers {'Authorization': 'Bearer abc.def'}", "abc.def"),
        ("bearer AbCdEfGhIjKlMnOpQr sent", "AbCdEf"),
        ("postgresql://anna:hunter2@db/shop", "hunter2"),
        ("redis://:hunter2@redis:6379/1 or http://anna:p@ss@host/", "hunter2"),
        ("http://anna:p@ss@host/", "p@ss"),
        ("host=db password=hunter2 dbname=x", "hunter2"),
        ("https://api.example/?api_key=hunter2&page=1", "hunter2"),
        ("the token awb_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefgh"),
    ],
)
def test_secrets_of_a_known_shape_are_hidden(text: str, secret: str) -> None:
    """Also those this process has never heard of; a second pass changes nothing."""
    clean = redact(text)
    assert secret not in clean
    assert redaction.HIDDEN in clean
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "Not scraped: https://example.com/sk-SK/sk-produkty-a-novinky-roku-2026",
        "Send the owner token or the administrator token as `Authorization: Bearer …`.",
        "OPENAI_API_KEY: must be set while WIDGET_BUILDER_EMBEDDING_PROVIDER is openai",
        "https://medium.example/@anna and mail anna@example.com",
        "http://127.0.0.1:4200/api does not answer",
    ],
)
def test_other_texts_stay(text: str) -> None:
    """URLs with `sk-` in them, names of settings, addresses."""
    assert redact(text) == text


@pytest.mark.parametrize(
    "written", [KEY, "geheim-Zx9%2Fkey%26more", '{"key": "geheim-Zx9/key&more"}', "Z2VoZWltLVp4OS9rZXkmbW9yZQ=="]
)
def test_a_known_secret_is_hidden_in_every_form(written: str) -> None:
    """In a URL, in JSON, in a Basic header."""
    learn_secrets([KEY])
    assert redact(f"before {written} after").replace('{"key": "***"}', "***") == "before *** after"


def test_the_secrets_of_a_process_are_those_of_its_settings_and_its_environment() -> None:
    """Passwords in URLs too; but not a password that is only the user's name again."""
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None,
        database_url=SecretStr("postgresql://anna:data%40base@db/shop"),
        prefect_api_url="http://boss:prefect-pass@prefect/api",
        admin_token=SecretStr("admin-token-of-16"),
    )
    environment = {
        "PREFECT_API_AUTH_STRING": "boss:auth-string",
        "PREFECT_SERVER_DOCKET_URL": "redis://:redis-pass@redis/1",
        "PGPASSWORD": "libpq-pass",
        "SHOP_URL": "postgresql://postgres:postgres@db/shop",
        "WIDGET_BUILDER_CHAT_TOKENS": "10000000",
    }
    found = set(secrets_of(settings, environment))
    assert {"data%40base", "data@base", "prefect-pass", "admin-token-of-16"} <= found
    assert {"boss:auth-string", "auth-string", "redis-pass", "libpq-pass"} <= found
    assert not {"postgres", "10000000"} & found


def test_our_errors_carry_no_secret() -> None:
    """Their texts become events, rows and responses."""
    learn_secrets([KEY])
    error = DependencyUnavailable("X", f"refused {KEY}", f"check {KEY}")
    assert KEY not in f"{error!r} {error.problem} {error.remedy} {error.message}"


def fail() -> None:
    """Raise an error caused by one that quotes the key."""
    try:
        raise ValueError(f"the key {KEY} is wrong")
    except ValueError as error:
        raise RuntimeError("no way") from error


def test_records_carry_no_secret(log: io.StringIO) -> None:
    """In the message, in its arguments, in the traceback of a chained error."""
    logger = logging.getLogger("anything")
    logger.warning("with %s", KEY)
    logger.warning(f"as {KEY}")
    logger.warning("error: %s %r", ValueError(KEY), {"key": KEY})
    logger.warning("as a mapping %(key)s", {"key": KEY})
    try:
        fail()
    except RuntimeError:
        logger.exception("failed")
    text = log.getvalue()
    assert KEY not in text
    assert "with ***" in text
    assert "ValueError: the key *** is wrong" in text
    assert "RuntimeError: no way" in text


def test_a_record_without_secrets_keeps_its_error(log: io.StringIO) -> None:
    """Handlers that format errors themselves still can."""
    record = logging.getLogger("anything").makeRecord("x", 40, "x.py", 1, "m", (), (KeyError, KeyError("x"), None))
    assert isinstance(record, RedactedRecord)
    assert record.exc_info is not None
