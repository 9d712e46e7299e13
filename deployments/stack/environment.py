"""Environment variables of the stack's services."""

from collections.abc import Mapping
from pathlib import Path

import certifi

from tasks.core.child_environment import bare_environment
from tasks.core.settings import Settings

_LOOPBACK = "127.0.0.1,localhost,::1"
_KEPT = "PREFECT_LOGGING_"
ADMIN_TOKEN = "WIDGET_BUILDER_ADMIN_TOKEN"
SERVER_LOGIN = "PREFECT_SERVER_API_AUTH_STRING"
TYPE_CHECKS = "PY_KEY_VALUE_DISABLE_BEARTYPE"
CLIENT_LOGINS = ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY")
_OWN = ("api", "worker")
"""Our own services, which use the keys, the database and what else an operator sets for them."""
_NEEDED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "postgres": ((), ()),
    "prefect": (("PREFECT_", TYPE_CHECKS, "NO_PROXY", "no_proxy"), CLIENT_LOGINS),
}
"""Prefixes of the variables that another service needs beside those of every program, and the ones left out."""


def service_environment(ours: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Build the services' environment from ours.

    PREFECT_… variables configure the operator's own server; with the embedded one only those of its logging are kept.
    """
    env = {name: value for name, value in ours.items() if not name.startswith("PREFECT__")}
    if settings.prefect_api_url is None:
        env = {n: value for n, value in env.items() if not n.startswith("PREFECT_") or n.startswith(_KEPT)}
    else:
        env |= _own_server_login(settings)
    for name in ("NO_PROXY", "no_proxy"):
        # The services talk to each other on loopback; a proxy is for other hosts.
        env[name] = ",".join(filter(None, (env.get(name, ""), _LOOPBACK)))
    return _worker_environment() | env


def environment_of(service: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the stack's environment that a service needs.

    The API alone gets the administrator's token, Prefect's server alone the login as the one it asks for.
    """
    if service in _OWN:
        others = {SERVER_LOGIN} if service == "api" else {SERVER_LOGIN, ADMIN_TOKEN}
        return {name: value for name, value in env.items() if name not in others}
    prefixes, without = _NEEDED[service]
    needed = {n: value for n, value in env.items() if n.startswith(prefixes) and n not in without}
    return bare_environment(env) | needed


def _own_server_login(settings: Settings) -> dict[str, str]:
    """Build the login at the operator's Prefect server; `.env` may have it, which the environment lacks."""
    logins = zip(CLIENT_LOGINS, (settings.prefect_api_auth_string, settings.prefect_api_key), strict=True)
    return {name: secret.get_secret_value() for name, secret in logins if secret is not None}


def _worker_environment() -> dict[str, str]:
    return {
        # Poll interval: runs of a schedule or of Prefect's UI start within it; the API announces its own.
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        # Runs are started when they are due, not before.
        "PREFECT_WORKER_PREFETCH_SECONDS": "0",
        # The worker ends runs that were cancelled before they started.
        "PREFECT_WORKER_ENABLE_CANCELLATION": "true",
    }


def complete_database_environment() -> dict[str, str]:
    """Build the environment of an embedded Prefect server whose database needs nothing (`prefect_database`)."""
    return {
        "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
        "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
        # Even to find out that it has nothing to register, Prefect would load all plugins.
        "PREFECT_SERVER_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
    }


def prefect_environment(home: Path, api_url: str, login: str) -> dict[str, str]:
    """Build the environment of the embedded Prefect server and its clients."""
    address = api_url.removesuffix("/api")
    batches = {
        # The default, one row a transaction, costs the server three times the processor time for each task run.
        "TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
        "TASK_RUN_RECORDER_BATCH_SIZE": "100",
        "TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
        # Events can be read soon after they were sent.
        "EVENT_PERSISTER_READ_BATCH_SIZE": "100",
        "EVENT_PERSISTER_BATCH_SIZE": "200",
        "EVENT_PERSISTER_FLUSH_INTERVAL": "0.5",
    }
    return {f"PREFECT_SERVER_SERVICES_{name}": value for name, value in batches.items()} | {
        "PREFECT_HOME": str(home),
        # Slots held when the server ends are known to the next one, and released when their leases expire.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_API_URL": api_url,
        "PREFECT_API_AUTH_STRING": login,
        SERVER_LOGIN: login,
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        # The UI asks for the API under the first, whichever it was opened under.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{address},{address.replace('127.0.0.1', 'localhost')}",
        "PREFECT_API_SSL_CERT_FILE": str(_one_certificate(home)),
        "PREFECT_SERVER_UI_API_URL": api_url,
        # Server and client are the same installation; the check would cost another.
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
        # A library of the server would translate each of its own modules anew at every start, to check types.
        TYPE_CHECKS: "true",
    }


def _one_certificate(home: Path) -> Path:
    """Write a file with a single certificate.

    There is no TLS on loopback, yet each of Prefect's many clients (3.8.8; six at the start of a run) first loads its
    trusted certificates: all of them take 30–50 ms.
    """
    file = home / "loopback.pem"
    end = "-----END CERTIFICATE-----\n"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    file.write_text(certifi.contents().partition(end)[0] + end, encoding="utf-8")
    return file
