"""Redaction installed at the edge of a process: every log record and every traceback of an uncaught error.

The records are redacted as they are made, so that all handlers get them clean: ours, uvicorn's, Scrapy's, and the one
that sends a run's records to Prefect.
"""

import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from pydantic import SecretStr

from tasks.core.redaction import learn_secrets, redact
from tasks.core.settings import Settings

_SECRET_NAME = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PGPASSWORD|CREDENTIALS?|AUTH_STRING)$")
"""Environment variables that hold a secret, ours and other programs'."""
_USERINFO = re.compile(r"://(?P<user>[^:/@]*):(?P<password>.+)@(?P<host>[^:/?#]*)[^/?#]*/?(?P<path>[^?#]*)")
"""The parts of a URL with a password, also one that is not quoted as it should be."""
_PASSWORD = re.compile(r"(?<![a-z])password\s*=\s*(?:'([^']+)'|([^\s&]+))")
"""A password in a connection string or a query (libpq, §34.1.1)."""


class RedactedRecord(logging.LogRecord):
    """A log record without secrets: in its message, its arguments and its traceback."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.args, tuple) and self.args:
            # A message with arguments is a template: only its result, and what is put in, can be redacted.
            self.args = tuple(redact(value) if type(value) is str else value for value in self.args)
        elif not self.args and isinstance(self.msg, str):
            self.msg = redact(self.msg)
        if self.stack_info:
            self.stack_info = redact(self.stack_info)
        if isinstance(self.exc_info, tuple) and self.exc_info[1] is not None:
            text = "".join(traceback.format_exception(self.exc_info[1])).removesuffix("\n")
            if (clean := redact(text)) != text:
                # Formatters take the text, and make their own from the error only without one.
                self.exc_text, self.exc_info = clean, None

    def getMessage(self) -> str:  # noqa: N802
        """Return the message with its arguments."""
        return redact(super().getMessage())


def redact_logs(settings: Settings) -> None:
    """Redact the secrets of these settings and of the environment in all that this process logs from now on."""
    learn_secrets(secrets_of(settings, os.environ))
    logging.setLogRecordFactory(RedactedRecord)
    if sys.excepthook is not _show_uncaught:
        sys.excepthook = _show_uncaught
        threading.excepthook = _show_uncaught_in_thread


def secrets_of(settings: Settings, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the secrets in settings and environment: keys, tokens, and the passwords in URLs."""
    for name in Settings.model_fields:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(value, SecretStr):
            yield from _of_login(str(text))
        if isinstance(text, str):
            yield from passwords_in(text)
    for name, text in environment.items():
        if _SECRET_NAME.search(name.upper()):
            yield from _of_login(text)
        yield from passwords_in(text)


def _of_login(secret: str) -> Iterator[str]:
    """Yield a secret, and its password if it is a login like PREFECT_API_AUTH_STRING, `user:password`."""
    yield secret
    if "://" not in secret:
        yield secret.partition(":")[2]


def passwords_in(text: str) -> Iterator[str]:
    """Yield the passwords in a URL or connection string; not one that is also a name in it, like `postgres`."""
    found = [match[1] or match[2] for match in _PASSWORD.finditer(text)]
    match = _USERINFO.search(text)
    if match and match["password"] not in (match["user"], match["host"], match["path"]):
        found.append(match["password"])
    for password in found:
        yield password
        yield unquote(password)


def _show_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    text = redact("".join(traceback.format_exception(kind, error, trace)))
    print(text, end="", file=sys.stderr, flush=True)


def _show_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and arguments.exc_type is not SystemExit:
        name = arguments.thread.name if arguments.thread else "?"
        print(f"Exception in thread {name}:", file=sys.stderr)
        _show_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
