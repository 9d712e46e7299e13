"""The installation check and Chromium agree on what a policy blocks."""

from uuid import UUID

import pytest

from api.installation.content_policy import allows, parse_policies
from tests.browser.chat_server import WIDGET
from tests.browser.conftest import MakeVisit

POLICIES = [
    "default-src 'self'",
    "default-src 'none'; script-src {0}; connect-src {0}",
    "default-src {0}",
    "script-src {0}; connect-src 'self'",
    "script-src 'self'",
    "script-src *",
    "script-src 'none'",
    "script-src http:",
    "script-src https:",
    "script-src 127.0.0.1",
    "script-src 127.0.0.1:*",
    "script-src {0}/widget.js {0}/widget/",
    "script-src {0}/widget",
    "script-src 'nonce-abc'",
    "script-src 'nonce-abc' 'strict-dynamic'",
    "script-src 'strict-dynamic' {0}",
    "script-src {0}; script-src-elem 'none'",
    "script-src 'none'; script-src-elem {0}",
    "img-src 'none'",
    "script-src {0}, script-src 'self'",
    "script-src 'unsafe-inline'",
]


@pytest.mark.parametrize("policy", POLICIES)
async def test_the_widget_works_exactly_where_the_check_says_so(visit: MakeVisit, policy: str) -> None:
    """The button appears and opens the chat, or the browser reports a violation."""
    tab = await visit(drawn=False)
    tab.site.snippet = tab.site.snippet.replace("<script", '<script nonce="abc"')
    tab.site.headers = {"Content-Security-Policy": policy.format(tab.chat.url)}
    page_url = f"{tab.site.url}/"
    needed = {
        "script-src": f"{tab.chat.url}/widget.js",
        "connect-src": f"{tab.chat.url}/api/public/widgets/{UUID(WIDGET)}",
    }
    policies = parse_policies(tab.site.headers.values())
    is_let_in = all(allows(policies, name, url, page_url, "abc") for name, url in needed.items())
    tab.problems.clear()
    await tab.page.reload()
    if is_let_in:
        await tab.open()
    else:
        await tab.page.wait_for_load_state("networkidle")
        assert [problem for problem in tab.problems if "Content Security Policy" in problem]
        assert await tab.launcher.count() == 0
