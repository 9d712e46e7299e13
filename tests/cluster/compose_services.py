"""Services of docker-compose.yml as programs of this machine: their commands and variables, with other addresses.

So what is tried is what Compose says: a wrong setting there fails here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{(\w+)(?::[-?]([^${}]*))?\}")
"""A variable of Compose with its default or its error, without one inside it."""


@dataclass(frozen=True)
class Addresses:
    """Where the services are on this machine, by the addresses that Compose's network gives them."""

    hosts: Mapping[str, str]
    """`redis:6379` → `127.0.0.1:26379`, the longest first."""
    passwords: Mapping[str, str]
    """Values of `.env`."""


@dataclass(frozen=True)
class ComposeService:
    """A service's command and variables."""

    command: list[str]
    environment: dict[str, str]
    folder: Path
    """Folder in place of its /tmp."""

    def with_options(self, options: Mapping[str, str]) -> list[str]:
        """Return the command with other values of options that it has."""
        command = list(self.command)
        for option, value in options.items():
            command[command.index(option) + 1] = value
        return command


def read_compose_service(name: str, addresses: Addresses, folder: Path) -> ComposeService:
    """Read a service; `folder` takes the place of its /tmp."""
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    service: dict[str, Any] = compose["services"][name]
    environment = {
        variable: _translate(str(value), addresses, folder)
        for variable, value in service.get("environment", {}).items()
        # A variable without a value is passed on from outside, and here nothing is set there.
        if value is not None
    }
    # Files that Compose puts into a container are where it takes them from.
    files = {
        config["target"]: str(ROOT / compose["configs"][config["source"]]["file"])
        for config in service.get("configs", ())
        if "file" in compose["configs"][config["source"]]
    }
    command = [files.get(str(word), str(word)) for word in service["command"]]
    return ComposeService(command, environment, folder)


def _translate(value: str, addresses: Addresses, folder: Path) -> str:
    value = _fill_in(value, addresses.passwords)
    for host, here in addresses.hosts.items():
        value = re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])", here, value)
    return re.sub(r"^/tmp(?=/|$)", str(folder), value)


def _fill_in(value: str, passwords: Mapping[str, str]) -> str:
    """Put in variables from inside out, as one may be another's default."""
    while (found := _VARIABLE.search(value)) is not None:
        filled = passwords.get(found[1], found[2] or "")
        value = value[: found.start()] + filled + value[found.end() :]
    return value
