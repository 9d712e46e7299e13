"""robots.txt is fetched once, before any page, and obeyed."""

import asyncio
import gzip
from contextlib import suppress

import pytest
from aiohttp import web

from tasks.core.errors import FetchFailed, PageSkipped
from tasks.core.models import Target
from tasks.core.settings import PRODUCT
from tasks.web.crawl.robots import MAX_BYTES, MAX_DELAY_S, Robots, RobotsAnswer, Rules
from tasks.web.fetching.egress import Gate
from tasks.web.fetching.static import open_static_fetcher
from tests.web.conftest import HOME, Answer, binary, html, make_settings, redirect, serve, silence
from tests.web.virtual_time import run_virtually

NAME = PRODUCT.lower()


def allowed(text: str, path: str) -> bool:
    """Whether the rules let us read a page of the site."""
    try:
        Rules(text).check(f"https://site.example{path}")
    except PageSkipped:
        return False
    return True


def group(*lines: str, agent: str = NAME) -> str:
    """Rules for one robot."""
    return "\n".join((f"user-agent: {agent}", *lines, ""))


NO_ONE_ELSE = group("disallow: /", agent="other") + group("allow: /x/", "disallow: /")
TWO_GROUPS = group("disallow: /a/") + group("disallow: /b/", agent="other") + group("disallow: /c/")

# The cases of RFC 9309 and those that Google's parser is tested with, as far as they concern what may be fetched.
# Left out: how lines are counted and which user agents are well spelt, as nobody asks us; that very long lines
# are cut (we read them whole); and that a robot called by the beginning of our name is another one (for Protego
# it is us, which errs on the safe side).
CASES = [
    # Names of lines and robots are read in any case, with or without blanks; rules in theirs.
    ("USER-AGENT: " + NAME.upper() + "\nALLOW: /x/\nDISALLOW: /\n", "/x/y", True),
    ("uSeR-aGeNt:" + NAME + "\naLlOw:/x/\ndIsAlLoW:/\n", "/a/b", False),
    (group("disallow: /x/"), "/x/y", False),
    (group("disallow: /X/"), "/x/y", True),
    # A missing colon, a known slip of the pen.
    (f"user-agent {NAME}\ndisallow /\n", "/x/y", False),
    (f"foo: {NAME}\nbar: /\n", "/x/y", True),
    # Groups: ours before that for all, several of ours together, rules outside a group for nobody.
    ("", "/x", True),
    (group("allow: /", agent="*") + group("disallow: /"), "/x", False),
    (group("disallow: /", agent="*") + group("disallow: /y/"), "/x/page", True),
    (group("disallow: /", agent="other"), "/x", True),
    (NO_ONE_ELSE, "/x/y", True),
    (NO_ONE_ELSE, "/y/c", False),
    (TWO_GROUPS, "/a/x", False),
    (TWO_GROUPS, "/c/x", False),
    (TWO_GROUPS, "/b/x", True),
    ("disallow: /\n" + group("allow: /x"), "/y", True),
    (f"user-agent: other\nuser-agent: {NAME}\ndisallow: /x\n", "/x", False),
    (group("disallow: /", agent="*") + group("allow: /x/", "disallow: /", agent=f"{NAME} bar"), "/y", False),
    # The most specific rule counts, of equals the one that allows.
    (group("disallow: /x/page.html", "allow: /x/"), "/x/page.html", False),
    (group("allow: /x/page.html", "disallow: /x/"), "/x/page.html", True),
    (group("allow: /x/page.html", "disallow: /x/"), "/x/", False),
    (group("disallow:", "allow:"), "/x", True),
    (group("disallow: /", "allow: /"), "/x", True),
    (group("disallow: /x", "allow: /x/"), "/x", False),
    (group("disallow: /x", "allow: /x/"), "/x/", True),
    (group("disallow: /x/page.html", "allow: /x/page.html"), "/x/page.html", True),
    (group("allow: /page", "disallow: /*.html"), "/page.html", False),
    (group("allow: /page", "disallow: /*.html"), "/page", True),
    (group("allow: /x/page.", "disallow: /*.html"), "/x/page.html", True),
    (group("allow: /x/page.", "disallow: /*.html"), "/x/y.html", False),
    (group("allow: /p", "disallow: /"), "/page", True),
    (group("allow: /folder", "disallow: /folder"), "/folder/page", True),
    (group("allow: /page", "disallow: /*.htm"), "/page.htm", False),
    (group("allow: /$", "disallow: /"), "/", True),
    (group("allow: /$", "disallow: /"), "/page.html", False),
    # `*`, `$` and `#`.
    (group("disallow: /foo/bar/quz", "allow: /foo/*/qux"), "/foo/bar/quz", False),
    (group("disallow: /foo/bar/quz", "allow: /foo/*/qux"), "/foo//quz", True),
    (group("disallow: /foo/bar$", "allow: /foo/bar/qux"), "/foo/bar", False),
    (group("disallow: /foo/bar$", "allow: /foo/bar/qux"), "/foo/bar/", True),
    (group("# disallow: /", "disallow: /foo/quz#qux", "allow: /"), "/foo/bar", True),
    (group("# disallow: /", "disallow: /foo/quz#qux", "allow: /"), "/foo/quz", False),
    (group("disallow: /", "allow: /fish"), "/fish.html?id=1", True),
    (group("disallow: /", "allow: /fish"), "/catfish", False),
    (group("disallow: /", "allow: /fish"), "/Fish.asp", False),
    (group("disallow: /", "allow: /fish"), "/?id=fish", False),
    (group("disallow: /", "allow: /fish*"), "/fishheads/yummy.html", True),
    (group("disallow: /", "allow: /fish/"), "/fish", False),
    (group("disallow: /", "allow: /fish/"), "/fish/?id=anything", True),
    (group("disallow: /", "allow: /*.php"), "/folder/filename.php?parameters", True),
    (group("disallow: /", "allow: /*.php"), "/index?f=filename.php/", True),
    (group("disallow: /", "allow: /*.php"), "/php/", False),
    (group("disallow: /", "allow: /*.php"), "/windows.PHP", False),
    (group("disallow: /", "allow: /*.php$"), "/folder/filename.php", True),
    (group("disallow: /", "allow: /*.php$"), "/filename.php?parameters", False),
    (group("disallow: /", "allow: /*.php$"), "/filename.php5", False),
    (group("disallow: /", "allow: /fish*.php"), "/fishheads/catfish.php?parameters", True),
    (group("disallow: /", "allow: /fish*.php"), "/Fish.PHP", False),
    (group("disallow: /", "allow: /allowed/index.html"), "/allowed/", True),
    (group("disallow: /", "allow: /allowed/index.html"), "/allowed/index.htm", False),
    # Percent-encoding.
    (group("disallow: /", "allow: /f?q=t&b=http://f.bar?t&p"), "/f?q=t&b=http://f.bar?t&p", True),
    (group("disallow: /", "allow: /foo/bar/ツ"), "/foo/bar/%E3%83%84", True),
    (group("disallow: /", "allow: /foo/bar/%E3%83%84"), "/foo/bar/%E3%83%84", True),
    (group("disallow: /", "allow: /a%3cd.html"), "/a%3Cd.html", True),
    # Line ends, and a byte order mark.
    (f"user-agent: {NAME}\r\ndisallow: /x\r\n", "/x", False),
    (f"user-agent: {NAME}\rdisallow: /x", "/x", False),
    # Long lines are cut by some; ours are read whole.
    (group("disallow: /x/" + "a" * 20_000), "/x/" + "a" * 20_000 + "/y", False),
    # robots.txt itself is never forbidden.
    (group("disallow: /"), "/robots.txt", True),
]


@pytest.mark.parametrize(("text", "path", "expected"), CASES)
def test_rules_mean_what_rfc_9309_and_google_say(text: str, path: str, expected: bool) -> None:
    """Each case with its outcome."""
    assert allowed(text, path) is expected


def test_a_crawl_delay_is_obeyed_within_bounds() -> None:
    """Our own group comes before that for all; a long delay is capped, an invalid one ignored."""
    assert Rules(group("crawl-delay: 1.5") + group("crawl-delay: 4", agent="*")).delay_s == 1.5
    assert Rules(group("crawl-delay: 86400")).delay_s == MAX_DELAY_S
    assert Rules(group("request-rate: 1/2")).delay_s == 2
    assert Rules(group("crawl-delay: soon", "disallow: /x")).delay_s == 0


def test_sitemaps_are_named_for_all() -> None:
    """Wherever in the file."""
    text = "Sitemap: https://site.example/a.xml\n" + group("disallow: /") + "sitemap: /b.xml\n"
    assert Rules(text).sitemaps == ["https://site.example/a.xml", "/b.xml"]


def many(count: int) -> dict[str, Answer]:
    """Return routes with this many redirects before the rules."""
    hops = {f"/hop{n}": redirect(f"/hop{n + 1}") for n in range(1, count)}
    rules = binary(b"User-agent: *\nDisallow: /private\n", Content_Type="text/plain")
    return {"/robots.txt": redirect("/hop1"), **hops, f"/hop{count}": rules}


def big(size: int) -> Answer:
    """Return rules that begin after this many bytes."""
    return binary(b"#" * size + b"\nUser-agent: *\nDisallow: /private\n", Content_Type="text/plain")


@pytest.mark.parametrize(
    ("routes", "is_allowed"),
    [
        ({"/robots.txt": html("", status=404)}, True),
        ({"/robots.txt": html("", status=403)}, True),
        ({"/robots.txt": html("", status=401)}, True),
        ({"/robots.txt": html("<html><body>Disallow: nothing</body></html>")}, True),
        ({"/robots.txt": binary("\ufeffUser-agent: *\nDisallow: /private".encode(), Content_Type="text/plain")}, False),
        (many(5), False),
        (many(30), True),
        ({"/robots.txt": big(MAX_BYTES - 100)}, False),
        ({"/robots.txt": big(MAX_BYTES + 1)}, True),
    ],
)
async def test_each_answer_has_its_outcome(gate: Gate, routes: dict[str, Answer], is_allowed: bool) -> None:
    """RFC 9309 §2.3.1: a missing file forbids nothing; redirects are followed; 500 KiB are read."""
    async with (
        serve({**routes, "/private": html(HOME)}) as site,
        open_static_fetcher(make_settings(), gate) as fetcher,
    ):
        fetching = fetcher.fetch(Target(url=f"{site.url}/private", depth=1))
        if is_allowed:
            assert (await fetching).html == HOME
        else:
            with pytest.raises(PageSkipped, match=r"robots\.txt forbids it"):
                await fetching


def rules_then(size: int, *, is_announced: bool, encoding: str = "") -> Answer:
    """Return rules, and comments up to this size behind them, with Content-Length or without; compressed or not."""
    body = b"User-agent: *\nDisallow: /private\n" + b"# more\n" * (size // 7)
    body = gzip.compress(body) if encoding else body

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": encoding} if encoding else {})
        if is_announced:
            response.content_length = len(body)
        await response.prepare(request)
        with suppress(ConnectionError):
            await response.write(body)
        return response

    return answer


@pytest.mark.parametrize("is_announced", [True, False])
@pytest.mark.parametrize(("size", "encoding"), [(3_000_000, ""), (90_000, "gzip")])
async def test_rules_in_a_file_larger_than_a_page_are_obeyed(
    gate: Gate, size: int, encoding: str, is_announced: bool
) -> None:
    """Its beginning is read and the rest not downloaded, whatever MAX_PAGE_BYTES says; the site can be read."""
    asked: list[str] = []
    send = rules_then(size, is_announced=is_announced, encoding=encoding)

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["Accept-Encoding"])
        return await send(request)

    routes = {"/robots.txt": answer, "/private": html(HOME), "/shop": html(HOME)}
    async with serve(routes) as site, open_static_fetcher(make_settings(max_page_bytes=100_000), gate) as fetcher:
        with pytest.raises(PageSkipped, match=r"robots\.txt forbids it"):
            await fetcher.fetch(Target(url=f"{site.url}/private", depth=1))
        assert (await fetcher.fetch(Target(url=f"{site.url}/shop", depth=1))).html == HOME
    assert asked == ["identity"]


@pytest.mark.parametrize("body", [b"# more\n", b"#" * 65_536])
async def test_rules_that_never_end_are_read_to_their_limit(gate: Gate, body: bytes) -> None:
    """The connection is closed then; what was read counts."""
    sent, has_left = 0, asyncio.Event()

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            await response.write(b"User-agent: *\nDisallow: /private\n")
            while sent < 50_000_000:
                await response.write(body * (65_536 // len(body)))
                sent += 65_536
        except ConnectionError:
            has_left.set()
        return response

    async with (
        serve({"/robots.txt": pour, "/private": html(HOME)}) as site,
        open_static_fetcher(make_settings(page_timeout_s=20), gate) as fetcher,
    ):
        with pytest.raises(PageSkipped, match=r"robots\.txt forbids it"):
            await fetcher.fetch(Target(url=f"{site.url}/private", depth=1))
        await has_left.wait()
    # Beyond what is read: what lies in the buffers of the sockets.
    assert sent < 20_000_000


async def test_a_compressed_file_of_rules_cannot_fill_the_memory(gate: Gate) -> None:
    """Of what it becomes, a page's limit is read; more, and the rules are out of reach."""
    bomb = rules_then(30_000_000, is_announced=True, encoding="gzip")
    async with (
        serve({"/robots.txt": bomb, "/": html(HOME)}) as site,
        open_static_fetcher(make_settings(max_page_bytes=100_000), gate) as fetcher,
    ):
        with pytest.raises(FetchFailed, match="out of reach, so nothing may be fetched: the page is too large"):
            await fetcher.fetch(Target(url=f"{site.url}/", depth=0))
        assert site.asked == []


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_rules_that_cannot_be_had_forbid_everything_and_the_cause_is_said(
    gate: Gate, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the build ends; no page is requested."""
    monkeypatch.setattr("tasks.web.crawl.robots.RETRY_S", 0.01)
    async with (
        serve({"/robots.txt": html("", status=status), "/": html(HOME)}) as site,
        open_static_fetcher(make_settings(), gate) as fetcher,
    ):
        for _ in range(2):
            with pytest.raises(FetchFailed, match=f"out of reach, so nothing may be fetched: HTTP {status}") as failed:
                await fetcher.fetch(Target(url=f"{site.url}/", depth=0))
            assert not failed.value.retriable
        assert site.asked == []


@pytest.mark.parametrize(
    ("answers", "waited_s", "refusal"),
    [
        ([RobotsAnswer(503, b"", retry_after_s=4), RobotsAnswer(404, b"")], 4, None),
        ([RobotsAnswer(429, b"", retry_after_s=0), RobotsAnswer(429, b""), RobotsAnswer(404, b"")], 1.5, None),
        ([RobotsAnswer(429, b"", retry_after_s=4), RobotsAnswer(429, b"", retry_after_s=20)], 4, "asks to wait 20 s"),
        ([RobotsAnswer(503, b"", retry_after_s=86_400)], 0, "HTTP 503, and it asks to wait 86400 s"),
    ],
)
def test_rules_are_asked_for_again_when_the_host_says(
    answers: list[RobotsAnswer], waited_s: float, refusal: str | None
) -> None:
    """A pause that is longer than the file's time refuses the host at once."""
    left = list(answers)

    async def answer(_: str) -> RobotsAnswer:
        return left.pop(0)

    async def run() -> None:
        robots = Robots(answer, obey=True, limit_s=15)
        if refusal is None:
            await robots.check("https://site.example/")
        else:
            with pytest.raises(FetchFailed, match=refusal):
                await robots.check("https://site.example/")
        assert asyncio.get_running_loop().time() == waited_s
        assert left == []

    run_virtually(run())


async def test_rules_that_never_come_forbid_everything(gate: Gate) -> None:
    """After a page's timeout; later pages do not wait again."""
    async with (
        serve({"/robots.txt": silence, "/": html(HOME)}) as site,
        open_static_fetcher(make_settings(page_timeout_s=0.5), gate) as fetcher,
    ):
        target = Target(url=f"{site.url}/", depth=1)
        outcomes = await asyncio.gather(*(fetcher.fetch(target) for _ in range(3)), return_exceptions=True)
        with pytest.raises(FetchFailed, match="nothing may be fetched"):
            await fetcher.fetch(target)
        assert {type(outcome) for outcome in outcomes} <= {FetchFailed, TimeoutError} | {type(outcomes[0])}
        assert site.asked == []


async def test_rules_are_fetched_once_for_many_pages(gate: Gate) -> None:
    """Pages wait for the one request; a page that redirects to a forbidden one is skipped."""
    asked = []

    async def rules(request: web.Request) -> web.Response:
        asked.append(request.path)
        await asyncio.sleep(0.05)
        return web.Response(text="User-agent: *\nDisallow: /private\n")

    routes = {"/robots.txt": rules, "/moved": redirect("/private"), "/private": html(HOME), "/{n}": html(HOME)}
    async with serve(routes) as site, open_static_fetcher(make_settings(), gate) as fetcher:
        await asyncio.gather(*(fetcher.fetch(Target(url=f"{site.url}/{n}", depth=1)) for n in range(9)))
        assert len(asked) == 1
        with pytest.raises(PageSkipped) as skipped:
            await fetcher.fetch(Target(url=f"{site.url}/moved", depth=1))
        assert skipped.value.reason == "robots"
        assert "/private" not in site.asked


async def test_rules_are_ignored_if_the_setting_says_so(gate: Gate) -> None:
    """`OBEY_ROBOTS=false` is for one's own sites: they may even be out of reach."""
    async with (
        serve({"/robots.txt": html("", status=503), "/": html(HOME)}) as site,
        open_static_fetcher(make_settings(obey_robots=False), gate) as fetcher,
    ):
        assert (await fetcher.fetch(Target(url=f"{site.url}/", depth=1))).html == HOME


async def test_an_unreachable_host_is_tried_again() -> None:
    """The page fails with the host's error, which is retriable."""
    answers = [FetchFailed("connection refused", retriable=True), RobotsAnswer(404, b"")]

    async def ask(_: str) -> RobotsAnswer:
        answer = answers.pop(0)
        if isinstance(answer, FetchFailed):
            raise answer
        return answer

    robots = Robots(ask, obey=True)
    with pytest.raises(FetchFailed, match="connection refused") as failed:
        await robots.check("https://site.example/")
    assert failed.value.retriable
    await robots.check("https://site.example/")
