"""Content-Security-Policy check: whether a page allows a script and its requests (CSP Level 3, §6.7).

Hash sources are ignored: no page can list the hash of a script whose content may change.
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
    r"(?:([a-z][a-z0-9+.-]*)://)?(\*|(?:\*\.)?[^/:*\[\]]+|\[[0-9a-f:.]+\])(?::(\*|\d{1,5}))?(/[^?#]*)?", re.IGNORECASE
)
_PORTS = {"http": 80, "https": 443}

Policy = dict[str, list[str]]


def parse_policies(texts: Iterable[str]) -> list[Policy]:
    """Parse the policies of headers or `<meta>` elements; each maps directives to sources, and all of them apply."""
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
    """Whether all policies let the page at `page_url` load `url`; `nonce` is the nonce of the script's tag."""
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
    target, page = urlsplit(url), urlsplit(page_url)
    if source == "*":
        return target.scheme in ("http", "https") or target.scheme == page.scheme
    if source.lower() == "'self'":
        same_host = target.hostname == page.hostname
        ports = (_port(target.scheme, target.port), _port(page.scheme, page.port))
        is_default = target.port is None and page.port is None
        return same_host and (ports[0] == ports[1] or is_default) and _scheme_matches(page.scheme, target.scheme)
    if re.fullmatch(r"[a-z][a-z0-9+.-]*:", source, re.IGNORECASE):
        return _scheme_matches(source[:-1].lower(), target.scheme)
    found = _HOST.fullmatch(source)
    if found is None:
        return False
    scheme, host, port, path = found.groups()
    return (
        _scheme_matches((scheme or page.scheme).lower(), target.scheme)
        and _host_matches(host.lower(), target.hostname or "")
        and _port_matches(port, target.scheme, target.port)
        and _path_matches(path, target.path)
    )


def _scheme_matches(source: str, scheme: str) -> bool:
    return source == scheme or (source, scheme) == ("http", "https")


def _host_matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return pattern.strip("[]") == host


def _port(scheme: str, port: int | None) -> int | None:
    return port or _PORTS.get(scheme)


def _port_matches(pattern: str | None, scheme: str, port: int | None) -> bool:
    if pattern is None:
        return _port(scheme, port) == _PORTS.get(scheme)
    # A source with port 80 also allows port 443 (CSP upgrades http to https).
    return pattern == "*" or int(pattern) == _port(scheme, port) or (pattern == "80" and _port(scheme, port) == 443)


def _path_matches(pattern: str | None, path: str) -> bool:
    if pattern in (None, "", "/"):
        return True
    assert pattern is not None
    return path.startswith(pattern) if pattern.endswith("/") else path == pattern
