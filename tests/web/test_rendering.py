"""The browser is used where it matters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.choices import RenderMode
from tasks.core.models import FetchedPage, FetchMethod, Target
from tasks.web.comparison import Comparison, compare
from tasks.web.fetching.rendered_page import RenderedPage
from tasks.web.fetching.shells import shell_sign
from tasks.web.rendering import RenderPolicy, pattern_of

WORDS = "<p>" + "plenty of words to read " * 40 + "</p>"
WHOLE = f"<body><main><h1>Whole</h1>{WORDS}</main><script src=analytics.js></script></body>"
SHELL = '<body><div id="root"></div><script src="/app.js"></script></body>'
MORE = Comparison(new_words=200, lost_words=0, sent_words=3, new_links=frozenset(), sent_links=0)
SHELL_MORE = MORE.model_copy(update={"is_sent_as_shell": True})
SAME = Comparison(new_words=0, lost_words=0, sent_words=200, new_links=frozenset(), sent_links=9)


def sent(url: str, html: str, depth: int = 2) -> FetchedPage:
    """A page as it came over HTTP."""
    target = Target(url=url, depth=depth)
    return FetchedPage(target=target, final_url=url, method=FetchMethod.http, html=html, byte_count=1)


def rendered(url: str, depth: int = 2, *, sent_html: str = WHOLE, shown: str = WHOLE) -> RenderedPage:
    """A page with this HTML as sent and as rendered."""
    page = sent(url, shown, depth).model_copy(update={"method": FetchMethod.browser})
    return RenderedPage(page=page, sent_html=sent_html)


def read_in_browser(policy: RenderPolicy, urls: list[str], found: Comparison, depth: int = 2) -> list[str]:
    """The pages that are rendered, given the comparison of each."""
    read = []
    for url in urls:
        target = Target(url=url, depth=depth)
        if policy.choose(target)[0] is FetchMethod.browser:
            read.append(url)
            if policy.needs_comparison(target):
                policy.record_comparison(rendered(url, depth), found)
    return read


@pytest.mark.parametrize(
    "html",
    [
        SHELL,
        '<body><app-root></app-root><script type="module" src="main.js"></script></body>',
        "<body><noscript>You need to enable JavaScript to run this app.</noscript><script src=a.js></script></body>",
        "<body><p>Diese Seite kann ohne JavaScript nicht gelesen werden.</p><script src=a.js></script></body>",
        "<body><p>Loading…</p><script>boot()</script></body>",
    ],
)
def test_a_document_that_waits_for_scripts_is_a_shell(html: str) -> None:
    """An empty root, a request to enable JavaScript, or almost no text."""
    assert shell_sign(html)


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
    assert shell_sign(html) is None


@pytest.mark.parametrize(
    ("shown", "more_text", "more_links"),
    [
        (WHOLE, False, False),
        (WHOLE.replace("</h1>", "</h1><button>Copy</button><p>3 minutes ago</p>"), False, False),
        (
            WHOLE.replace("<h1>", "<nav>" + " ".join(f"<a href=/n{n}>n{n}</a>" for n in range(9)) + "</nav><h1>"),
            False,
            True,
        ),
        (
            WHOLE.replace("</main>", "<p>" + "And here is what else was said about it. " * 20 + "</p></main>"),
            True,
            False,
        ),
    ],
    ids=["the same", "a script's finery", "a menu", "more to read"],
)
def test_a_page_is_compared_by_its_main_text_and_its_links(shown: str, more_text: bool, more_links: bool) -> None:
    """With the page as sent; links known from other pages do not count."""
    found = compare(rendered("https://e.com/a", shown=shown))
    assert (found.has_more_text, found.has_more_links(frozenset())) == (more_text, more_links)
    assert not found.has_more_links(found.new_links)
    assert not found.is_worse


def test_a_page_that_scripts_emptied_is_worse_than_what_was_sent() -> None:
    """As when one of them fails."""
    assert compare(rendered("https://e.com/a", shown="<body><p>Application error.</p></body>")).is_worse


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
    """While its pages need it too: a pattern that is sent whole is soon fetched over HTTP."""
    policy = RenderPolicy(RenderMode.auto)
    policy.record_comparison(rendered("https://e.com/", 0, sent_html=SHELL), SHELL_MORE)
    shop = [f"https://e.com/shop/{n}" for n in range(20)]
    assert read_in_browser(policy, shop, MORE) == shop
    assert len(read_in_browser(policy, [f"https://e.com/legal/{n}" for n in range(20)], SAME)) == 2
    assert policy.summary["home"] == "the home page needs scripts"


def test_a_site_that_is_sent_whole_is_sampled_in_the_browser() -> None:
    """Five pages of depth 1, of different patterns; everything else over HTTP."""
    policy = RenderPolicy(RenderMode.auto)
    policy.record_comparison(rendered("https://e.com/", 0), SAME)
    urls = [f"https://e.com/{section}/{page}" for section in "abcdefgh" for page in range(3)]
    assert read_in_browser(policy, urls, SAME, depth=1) == [f"https://e.com/{section}/0" for section in "abcde"]
    assert read_in_browser(policy, urls, SAME) == []


def test_one_page_that_needs_scripts_does_not_take_all_like_it_to_the_browser() -> None:
    """A search page among texts: the next ones outvote it."""
    policy = RenderPolicy(RenderMode.auto)
    assert read_in_browser(policy, ["https://e.com/search"], MORE, depth=1)
    assert len(read_in_browser(policy, [f"https://e.com/text-{n}" for n in range(50)], SAME)) == 2


def test_pages_like_those_that_need_scripts_are_read_in_the_browser() -> None:
    """And the others are not."""
    policy = RenderPolicy(RenderMode.auto)
    assert read_in_browser(policy, ["https://e.com/shop/1"], MORE, depth=1)
    assert policy.choose(Target(url="https://e.com/shop/2", depth=2)) == (
        FetchMethod.browser,
        "pages like it need scripts",
    )
    assert policy.choose(Target(url="https://e.com/blog/2", depth=2))[0] is FetchMethod.http


def test_answers_over_http_are_checked_all_the_time() -> None:
    """A shell, and a page with far less text than its siblings."""
    policy = RenderPolicy(RenderMode.auto)
    long = f"<body><p>{'many words ' * 200}</p><script></script></body>"
    short = f"<body><p>{'few words ' * 15}</p><script></script></body>"
    assert policy.find_suspicion(sent("https://e.com/shop/0", short)) is None
    assert [policy.find_suspicion(sent(f"https://e.com/shop/{n}", long)) for n in range(6)] == [None] * 6
    assert policy.find_suspicion(sent("https://e.com/shop/9", short)) == "sent with far less text than pages like it"
    assert policy.find_suspicion(sent("https://e.com/shop/8", SHELL)) == "sent as an empty shell"
    assert policy.find_suspicion(sent("https://e.com/shop/9", short.replace("<script></script>", ""))) is None


def test_what_the_browser_cannot_fill_is_not_rendered_for_ever() -> None:
    """Short pages of a site that is sent whole: two of a kind, four in all."""
    policy = RenderPolicy(RenderMode.auto)
    rendered_in_vain = []
    for n in range(40):
        url = f"https://e.com/{n % 8}/{n}"
        if policy.find_suspicion(sent(url, SHELL)):
            rendered_in_vain.append(url)
            policy.record_comparison(rendered(url), SAME, escalated=True)
    assert len(rendered_in_vain) == 4


def test_shells_of_one_kind_go_to_the_browser_at_once() -> None:
    """After two of them have been filled there."""
    policy = RenderPolicy(RenderMode.auto)
    for n in range(2):
        assert policy.find_suspicion(sent(f"https://e.com/app/{n}", SHELL))
        policy.record_comparison(rendered(f"https://e.com/app/{n}"), MORE, escalated=True)
    assert policy.choose(Target(url="https://e.com/app/3", depth=4)) == (
        FetchMethod.browser,
        "pages like it are sent as empty shells",
    )


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("https://e.com/", "/"),
        ("https://e.com/about", "/*"),
        ("https://e.com/shop/red-shoes", "/shop/*"),
        ("https://e.com/en/shop/red-shoes", "/en/shop/*"),
        ("https://e.com/en", "/*"),
        ("https://e.com/list?page=3&sort=up", "/*?page&sort"),
        ("https://e.com/#/guide/start?id=x", "/#/guide/*"),
        ("https://e.com/#!about", "/#/*"),
        ("https://e.com/a#part", "/*"),
    ],
)
def test_pages_of_one_template_share_a_pattern(url: str, pattern: str) -> None:
    """The first path segment, the depth, the names of parameters, the route in the fragment."""
    assert pattern_of(url) == pattern


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.booleans()), max_size=80))
def test_the_decisions_are_told_whatever_happens(steps: list[tuple[str, int, bool]]) -> None:
    """Every page is counted once, under the method that read it."""
    policy = RenderPolicy(RenderMode.auto)
    for number, (section, depth, needs) in enumerate(steps):
        target = Target(url=f"https://e.com/{section}/{number}", depth=depth)
        method, why = policy.choose(target)
        assert why
        page = sent(target.url, SHELL if needs else WHOLE, depth).model_copy(update={"method": method})
        if method is FetchMethod.browser and policy.needs_comparison(target):
            policy.record_comparison(rendered(target.url, depth), MORE if needs else SAME)
        policy.count_page(page)
    told = policy.summary["patterns"]
    assert sum(pattern["browser"] + pattern["http"] for pattern in told) == len(steps)
