"""Whether a page's Content-Security-Policy lets a script, and what it asks for, in (CSP Level 3, §6.7).

Hashes are not looked at: no page can name that of a script whose content may change.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_FALLBACKS = {
    "script-src": ("script-src-elem", "script-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
    "img-src": ("img-src", "default-src"),
}
_HOST = re.compile(
    r"(?:([a-z][a-z0-9+.-]*)://)?(\*|(?:\*\.)?[^/:*\[\]]+|\[[0-9a-f:.]+\])(?::(\*|\d+))?(/[^?#]*)?", re.IGNORECASE
)
_PORTS = {"http": 80, "https": 443}

Policy = dict[str, list[str]]


def parse_policies(texts: Iterable[str]) -> list[Policy]:
    """The policies of headers or `<meta>` elements, each a list of sources by directive; all of them hold."""
    policies = []
    for text in ",".join(texts).split(","):
        policy: Policy = {}
        for directive in text.split(";"):
            if words := directive.split():
                policy.setdefault(words[0].lower(), words[1:])
        if policy:
            policies.append(policy)
    return policies


def allows(policies: Iterable[Policy], directive: str, url: str, page_url: str, nonce: str = "") -> bool:
    """Whether all policies let the page at `page_url` have what is at `url`; `nonce`: that of the script's tag."""
    return all(_allows(policy, directive, url, page_url, nonce) for policy in policies)


def _allows(policy: Policy, directive: str, url: str, page_url: str, nonce: str) -> bool:
    name = next((name for name in _FALLBACKS[directive] if name in policy), None)
    if name is None:
        return True
    sources = policy[name]
    if directive == "script-src":
        if nonce and f"'nonce-{nonce}'" in sources:
            return True
        if "'strict-dynamic'" in (source.lower() for source in sources):
            return False
    return any(_matches(source, url, page_url) for source in sources)


def _matches(source: str, url: str, page_url: str) -> bool:
    asked, page = urlsplit(url), urlsplit(page_url)
    if source == "*":
        return asked.scheme in ("http", "https") or asked.scheme == page.scheme
    if source.lower() == "'self'":
        same_host = asked.hostname == page.hostname
        ports = (_port(asked.scheme, asked.port), _port(page.scheme, page.port))
        is_default = asked.port is None and page.port is None
        return same_host and (ports[0] == ports[1] or is_default) and _scheme_matches(page.scheme, asked.scheme)
    if re.fullmatch(r"[a-z][a-z0-9+.-]*:", source, re.IGNORECASE):
        return _scheme_matches(source[:-1].lower(), asked.scheme)
    found = _HOST.fullmatch(source)
    if found is None:
        return False
    scheme, host, port, path = found.groups()
    return (
        _scheme_matches((scheme or page.scheme).lower(), asked.scheme)
        and _host_matches(host.lower(), asked.hostname or "")
        and _port_matches(port, asked.scheme, asked.port)
        and _path_matches(path, asked.path)
    )


def _scheme_matches(source: str, asked: str) -> bool:
    return source == asked or (source, asked) == ("http", "https")


def _host_matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return pattern.strip("[]") == host


def _port(scheme: str, port: int | None) -> int | None:
    return port or _PORTS.get(scheme)


def _port_matches(pattern: str | None, scheme: str, port: int | None) -> bool:
    if pattern is None:
        return _port(scheme, port) == _PORTS.get(scheme)
    # A source with port 80 lets the secure version in as well.
    return pattern == "*" or int(pattern) == _port(scheme, port) or (pattern == "80" and _port(scheme, port) == 443)


def _path_matches(pattern: str | None, path: str) -> bool:
    if pattern in (None, "", "/"):
        return True
    assert pattern is not None
    return path.startswith(pattern) if pattern.endswith("/") else path == pattern
