"""What a page's policy lets in, judged as browsers do."""

import pytest

from api.installation.content_policy import allows, parse_policies

PAGE = "https://shop.example/products/"
SCRIPT = "https://chat.example/widget.js"


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ("", True),
        ("img-src 'none'", True),
        ("default-src 'self'", False),
        ("default-src 'none'; script-src https://chat.example", True),
        ("script-src https://chat.example/widget.js", True),
        ("script-src https://chat.example/assets/", False),
        ("script-src https://chat.example/panel.js", False),
        ("script-src chat.example", True),
        ("script-src http://chat.example", True),
        ("script-src *.example", True),
        ("script-src *.chat.example", False),
        ("script-src *", True),
        ("script-src https:", True),
        ("script-src 'none'", False),
        ("script-src", False),
        ("script-src chat.example:*", True),
        ("script-src chat.example:8443", False),
        ("script-src 'unsafe-inline' 'unsafe-eval'", False),
        ("script-src 'nonce-abc'", True),
        ("script-src 'nonce-other'", False),
        ("script-src 'strict-dynamic' https:", False),
        ("script-src 'strict-dynamic' 'nonce-abc'", True),
        ("script-src https://chat.example; script-src-elem 'self'", False),
        ("script-src 'self'; SCRIPT-SRC-ELEM HTTPS://CHAT.EXAMPLE", True),
        ("script-src 'self'; script-src https://chat.example", False),
        ("script-src https://chat.example, default-src 'self'", False),
        ("script-src https://chat.example, img-src 'self'", True),
    ],
)
def test_a_script_is_let_in_by_all_policies_or_not_at_all(policy: str, allowed: bool) -> None:
    """By host, scheme, port and path, by its nonce; the more specific directive goes before the general one."""
    assert allows(parse_policies([policy]), "script-src", SCRIPT, PAGE, "abc") is allowed


@pytest.mark.parametrize(
    ("source", "url", "page", "allowed"),
    [
        ("'self'", "https://shop.example/api", PAGE, True),
        ("'self'", "http://shop.example/api", PAGE, False),
        ("'self'", "https://shop.example/api", "http://shop.example/", True),
        ("'self'", "https://shop.example:8443/api", PAGE, False),
        ("chat.example", "http://chat.example/api", PAGE, False),
        ("chat.example", "http://chat.example/api", "http://shop.example/", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api", "http://127.0.0.1:3000/", True),
        ("https://chat.example/api/", "https://chat.example/api/public/x", PAGE, True),
        ("'nonce-abc'", "https://chat.example/api", PAGE, False),
        ("data:", "https://chat.example/api", PAGE, False),
        (f"chat.example:{'4' * 5_000}", "https://chat.example/api", PAGE, False),
        (";;", "https://chat.example/api", PAGE, True),
    ],
)
def test_what_it_asks_for_is_let_in_by_its_source(source: str, url: str, page: str, allowed: bool) -> None:
    """A nonce is for scripts alone; a directive that is not there forbids nothing."""
    policy = f"connect-src {source}" if source != ";;" else ";;"
    assert allows(parse_policies([policy]), "connect-src", url, page, "abc") is allowed
