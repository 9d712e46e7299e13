"""The browser is used where it matters."""

import pytest

from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.core.settings import RenderMode
from tasks.web.rendered import RenderedPage
from tasks.web.rendering import RenderPolicy, is_shell

WORDS = "<p>" + "plenty of words to read " * 40 + "</p>"
SHELL = '<body><div id="root"></div><script src="/app.js"></script></body>'


def rendered(url: str, depth: int, *, sent: str, shown: str) -> RenderedPage:
    """A page that was sent so and showed so."""
    page = FetchedPage(
        target=Target(url=url, depth=depth), final_url=url, method=FetchMethod.browser, html=shown, byte_count=1
    )
    return RenderedPage(page=page, sent_html=sent)


@pytest.mark.parametrize(
    "html",
    [
        SHELL,
        '<body><app-root></app-root><script type="module" src="main.js"></script></body>',
        "<body><noscript>You need to enable JavaScript to run this app.</noscript><script src=a.js></script></body>",
        "<body><p>Loading…</p><script>boot()</script></body>",
    ],
)
def test_a_document_that_waits_for_scripts_is_a_shell(html: str) -> None:
    """An empty root, a plea for JavaScript, or hardly a word."""
    assert is_shell(html)


@pytest.mark.parametrize(
    "html",
    [
        f"<body>{WORDS}<script src=analytics.js></script></body>",
        f'<body><div id="root">{WORDS}</div><script src=app.js></script></body>',
        "<body><p>A short page without scripts.</p></body>",
        f"<body><noscript>Please enable JavaScript.</noscript>{WORDS}<script></script></body>",
    ],
)
def test_a_document_with_its_text_is_no_shell(html: str) -> None:
    """Nor is a short one without scripts."""
    assert not is_shell(html)


@pytest.mark.parametrize(
    ("mode", "methods"),
    [
        (RenderMode.always, [FetchMethod.browser, FetchMethod.browser, FetchMethod.http, FetchMethod.http]),
        (RenderMode.never, [FetchMethod.http] * 4),
    ],
)
def test_always_and_never_go_by_depth_alone(mode: RenderMode, methods: list[FetchMethod]) -> None:
    """`always`: the browser at depth 0 and 1."""
    policy = RenderPolicy(mode)
    assert [policy.choose(Target(url=f"https://e.com/{d}", depth=d))[0] for d in range(4)] == methods


def test_a_site_whose_home_page_needs_scripts_is_read_in_the_browser() -> None:
    """All of it."""
    policy = RenderPolicy(RenderMode.auto)
    policy.learn(rendered("https://e.com/", 0, sent=SHELL, shown=f"<body>{WORDS}</body>"))
    method, reason = policy.choose(Target(url="https://e.com/deep/down", depth=4))
    assert (method, reason) == (FetchMethod.browser, "the home page needs scripts")


def test_a_site_that_is_sent_whole_is_sampled_in_the_browser() -> None:
    """Five pages of depth 1, of different patterns; everything else over HTTP."""
    policy = RenderPolicy(RenderMode.auto)
    policy.learn(rendered("https://e.com/", 0, sent=WORDS, shown=WORDS))
    urls = [f"https://e.com/{section}/{page}" for section in "abcdefgh" for page in range(3)]
    methods = [policy.choose(Target(url=url, depth=1))[0] for url in urls]
    assert methods.count(FetchMethod.browser) == 5
    assert all(policy.choose(Target(url=url, depth=2))[0] is FetchMethod.http for url in urls)


def test_pages_like_one_that_needs_scripts_are_read_in_the_browser() -> None:
    """And the others are not."""
    policy = RenderPolicy(RenderMode.auto)
    policy.choose(Target(url="https://e.com/shop/1", depth=1))
    policy.learn(rendered("https://e.com/shop/1", 1, sent=SHELL, shown=WORDS))
    assert policy.choose(Target(url="https://e.com/shop/2", depth=2))[0] is FetchMethod.browser
    assert policy.choose(Target(url="https://e.com/blog/2", depth=2))[0] is FetchMethod.http
