"""Address policy: the addresses that may be dialled and the URLs that may be requested."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.addresses import is_permitted, parse_start_url
from tasks.core.egress_policy import EgressPolicy
from tasks.core.errors import AddressBlocked, InvalidRequest


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "192.88.99.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:0:169.254.169.254",
        "::a9fe:a9fe",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
    ],
)
def test_an_address_that_is_not_public_is_not_dialled(address: str) -> None:
    """Every special-purpose form, including translated ones that `ipaddress` calls global."""
    assert not is_permitted(address)


SPECIAL = [
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
        "::/128", "::1/128", "100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
        "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
]  # fmt: skip
"""The registries' special-purpose ranges (IANA, November 2026), and an address of one cloud's host services."""


def forms_of(address: IPv4Address) -> list[IPv6Address]:
    """Return the address in its IPv6 forms: mapped, compatible, translated, NAT64 (both prefixes), 6to4, Teredo."""
    number = int(address)
    return [
        IPv6Address(0xFFFF << 32 | number),
        IPv6Address(number),
        IPv6Address(0xFFFF << 48 | number),
        IPv6Address(int(IPv6Address("64:ff9b::")) | number),
        IPv6Address(int(IPv6Address("64:ff9b:1::")) | number),
        IPv6Address(0x2002 << 112 | number << 80 | 1),
        IPv6Address(0x20010000 << 96 | number << 64),
        IPv6Address(0x20010000 << 96 | 0x01010101 << 64 | (number ^ 0xFFFFFFFF)),
    ]


@given(st.data())
def test_no_special_purpose_range_is_dialled_in_any_form(data: st.DataObject) -> None:
    """First, last and any address of each range, IPv4 also in its IPv6 forms."""
    network = data.draw(st.sampled_from(SPECIAL))
    offset = data.draw(st.sampled_from((0, network.num_addresses - 1)) | st.integers(0, network.num_addresses - 1))
    address = network[offset]
    forms = [address, *(forms_of(address) if isinstance(address, IPv4Address) else [])]
    assert [str(form) for form in forms if is_permitted(str(form))] == []


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_a_public_address_is_dialled(address: str) -> None:
    """Ordinary unicast addresses pass."""
    assert is_permitted(address)


def test_an_allowed_network_opens_only_itself() -> None:
    """EGRESS_ALLOW opens the networks in it and no others."""
    allow = (ip_network("127.0.0.0/8"),)
    assert is_permitted("127.0.0.1", allow)
    assert is_permitted("::ffff:127.0.0.1", allow)
    assert not is_permitted("10.0.0.1", allow)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]"])
async def test_a_host_that_leads_inside_is_blocked_however_it_is_written(host: str) -> None:
    """Names and unusual spellings are checked by the address they resolve to."""
    with pytest.raises(AddressBlocked):
        await EgressPolicy().resolve(host.strip("[]"), 80)


async def test_an_unknown_host_looks_like_a_private_one() -> None:
    """No port-scan oracle: the two errors read the same."""
    with pytest.raises(AddressBlocked) as unknown:
        await EgressPolicy().resolve("no-such-host.invalid", 80)
    with pytest.raises(AddressBlocked) as private:
        await EgressPolicy().resolve("127.0.0.1", 80)
    assert unknown.value.message == private.value.message


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "url_missing"),
        ("", "url_missing"),
        (7, "url_invalid"),
        ("/pricing", "url_relative"),
        ("example.com/pricing", "url_relative"),
        ("ftp://example.com/", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("javascript:alert(1)", "url_scheme"),
        ("data:text/html,x", "url_scheme"),
        ("view-source:https://example.com/", "url_scheme"),
        ("chrome://settings/", "url_scheme"),
        ("https://user:secret@example.com/", "url_credentials"),
        ("https://example.com/" + "a" * 3_000, "url_too_long"),
        ("https://exa mple.com/", "url_invalid"),
        ("http://127.0.0.1:6666\\@1.1.1.1/", "url_invalid"),
        ("https://", "url_invalid"),
        ("https://example.com:99999/", "url_invalid"),
        ("https://[::1/", "url_invalid"),
        ("https://" + "a" * 70 + ".com/", "url_invalid"),
    ],
)
def test_a_url_that_cannot_be_built_from_is_refused_with_its_reason(url: object, code: str) -> None:
    """The error has a code of its own and names the field."""
    with pytest.raises(InvalidRequest) as refused:
        parse_start_url(url)
    assert (refused.value.code, refused.value.field) == (code, "url")


def test_a_start_url_is_put_into_normal_form() -> None:
    """Scheme and host in lower case, no default port and fragment, a path, IDN as punycode."""
    assert parse_start_url("HTTPS://Example.COM:443#top") == "https://example.com/"
    assert parse_start_url("http://bücher.example:8080/a?b=1") == "http://xn--bcher-kva.example:8080/a?b=1"


@given(st.text(max_size=200))
def test_any_text_is_either_refused_or_normalised_for_good(text: str) -> None:
    """No other exception, and the normal form is its own normal form."""
    try:
        url = parse_start_url(text)
    except InvalidRequest:
        return
    assert url.startswith(("http://", "https://"))
    assert parse_start_url(url) == url
