"""Address policy: which URLs a build may start from, and which addresses are public.

`tasks.core.egress_policy` applies it at the moment of dialling, so a host name that changes its address in between
(DNS rebinding) gains nothing.

Sources: the IANA special-purpose registries (RFC 6890), RFC 6052 and RFC 8215 (NAT64), RFC 3056 (6to4),
RFC 4380 (Teredo). `ipaddress.is_global` alone is not enough: it passes several translated forms.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit, urlunsplit

from tasks.core.errors import InvalidRequest
from tasks.core.settings import Network

MAX_URL_LENGTH = 2_048
IPV6_NETWORK_BITS = 64
"""Prefix length by which IPv6 addresses are counted: a household has a whole /64."""
NOT_REACHABLE = (
    "The address does not lead to a public website: its host is unknown or has no public address. Check the spelling."
)

_BARE = re.compile(
    r"(?:localhost|[^\s/:@?#\\.\[\]]+(?:\.[^\s/:@?#\\.\[\]]+)+\.?|\[[\da-f:.]+\])(?::\d{1,5})?(?:[/?#].*)?",
    re.IGNORECASE,
)

_NEVER = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's host services
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local use
        "100::/63",  # discarded
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local
    )
)


def dialled_address(address: str) -> IPv4Address | IPv6Address:
    """Return the IP address that the kernel dials: the IPv4 address inside `::ffff:…`."""
    # A link-local address may carry a zone id: `fe80::1%eth0`.
    ip: IPv4Address | IPv6Address = ip_address(address.split("%")[0])
    return ip.ipv4_mapped if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None else ip


def network_of(address: str) -> str:
    """Return the network by which a client is counted: an IPv4 address itself, of an IPv6 address its /64.

    Other text (a socket's name) is returned unchanged.
    """
    try:
        ip = dialled_address(address)
    except ValueError:
        return address
    return str(ip) if isinstance(ip, IPv4Address) else f"{int(ip) >> (128 - IPV6_NETWORK_BITS):x}"


def is_opened(address: str, allow: Sequence[Network]) -> bool:
    """Whether an IP address is inside `allow`."""
    ip = dialled_address(address)
    return any(ip in network for network in allow if network.version == ip.version)


def is_permitted(address: str, allow: Sequence[Network] = ()) -> bool:
    """Whether an IP address may be dialled: public, or inside `allow`."""
    ip = dialled_address(address)
    if is_opened(address, allow):
        return True
    if any(ip in network for network in _NEVER if network.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def is_bare(text: str) -> bool:
    """Whether the text is an address without a scheme, as people type it: `example.com/prices`."""
    return len(text) <= MAX_URL_LENGTH and _BARE.fullmatch(text.strip()) is not None


def parse_start_url(text: object) -> str:
    """Check the URL a client asks for and return its normal form: lower-case scheme and host, a path, no fragment.

    Raises:
        InvalidRequest: missing, relative, not http(s), with credentials, too long, or not a URL.
    """

    def refuse(code: str, message: str) -> InvalidRequest:
        return InvalidRequest(code, message, field="url")

    if text is None or text == "":
        raise refuse("url_missing", "The address is missing or empty. Give a website's: https://example.com/")
    if not isinstance(text, str):
        raise refuse("url_invalid", "The address must be a string.")
    url = text.strip()
    if len(url) > MAX_URL_LENGTH:
        raise refuse("url_too_long", f"The address is too long: at most {MAX_URL_LENGTH} characters.")
    if any(character.isspace() or ord(character) < 32 or character == "\\" for character in url):
        raise refuse("url_invalid", "The address contains a space, a control character or a backslash. Remove it.")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise refuse("url_invalid", f"The address is not a valid URL: {error}.") from error
    if not parts.scheme or (not parts.netloc and ":" not in url.split("/")[0]):
        raise refuse("url_relative", "The address must be absolute: https://example.com/…")
    if parts.scheme.lower() not in ("http", "https"):
        raise refuse("url_scheme", "The address must start with http:// or https://.")
    if "@" in parts.netloc:
        raise refuse("url_credentials", "The address must not contain a user name or password.")
    if not host or port == 0:
        raise refuse("url_invalid", "The address has no host, or an invalid port. Use https://example.com/…")
    return urlunsplit(
        (parts.scheme.lower(), _netloc(parts.scheme.lower(), host, port), parts.path or "/", parts.query, "")
    )


def _netloc(scheme: str, host: str, port: int | None) -> str:
    name = host.lower().rstrip(".")
    if ":" not in name:
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise InvalidRequest("url_invalid", "The address has an invalid host name.", field="url") from error
    else:
        name = f"[{name}]"
    default = {"http": 80, "https": 443}[scheme]
    return name if port in (None, default) else f"{name}:{port}"
