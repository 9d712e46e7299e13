"""The test servers themselves: other tests rely on their behaviour."""

import asyncio
import json
import math
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from tests.sites import company_facts as facts
from tests.sites.generated import generated_site, plan_links
from tests.sites.openai_server import MAX_INPUT_TOKENS, Next, OpenAIServer, serve_openai
from tests.sites.server import serve_site

ROOT = Path(__file__).resolve().parent.parent
MODEL = "text-embedding-3-small"


@asynccontextmanager
async def http(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


def source_of(path: str) -> str:
    """Return the content of a page: its file, or the data its script shows."""
    if path == facts.SCRIPTED:
        return " ".join(str(value) for item in json.loads(read("data/dealers.json")) for value in item.values())
    html = read(f"{path.strip('/')}/index.html".lstrip("/"))
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def read(name: str) -> str:
    return (facts.FOLDER / name).read_text()


def links_of(path: str) -> Iterator[str]:
    """Yield the paths of the site that a page links to."""
    file = facts.FOLDER / path.strip("/") / "index.html"
    for link in re.findall(r'<a [^>]*href="([^"]+)"', file.read_text()) if file.exists() else ():
        if not link.startswith(("mailto:", "tel:")):
            yield urlsplit(urljoin(path, link)).path


def distances() -> dict[str, int]:
    """Return each page's distance from the home page, in links."""
    found, level = {"/": 0}, ["/"]
    while level:
        level = list(dict.fromkeys(link for page in level for link in links_of(page) if link not in found))
        found |= dict.fromkeys(level, max(found.values()) + 1)
    return found


def test_every_page_of_the_company_site_is_found_by_its_links() -> None:
    """Following links reaches the expected pages and no others, the deepest after exactly `DEPTH` steps."""
    found = distances()
    assert set(found) == {*facts.STORED, *facts.DUPLICATES, facts.DISALLOWED, facts.MISSING}
    assert found[facts.DEEPEST] == facts.DEPTH == max(found.values())


def test_the_facts_stand_on_their_pages_and_on_no_other() -> None:
    """Each question is answered by exactly one page."""
    assert len(facts.FACTS) >= 15
    for fact in (*facts.FACTS, facts.WARRANTY):
        assert fact.answer in source_of(fact.path), fact
    assert {fact.path for fact in facts.FACTS} <= set(facts.STORED)


def test_the_duplicate_is_the_same_page_word_for_word() -> None:
    """Two URLs, one content."""
    assert len({source_of(path) for path in facts.DUPLICATES}) == 1


def test_the_site_map_lists_what_is_to_be_found() -> None:
    """All pages and one of the duplicates, but neither the disallowed page nor the missing one."""
    listed = re.findall(rf"<loc>{facts.ORIGIN}([^<]+)</loc>", read("sitemap.xml"))
    assert sorted(listed) == sorted([*facts.STORED, facts.DUPLICATES[0]])


def test_the_brand_is_declared_in_the_style_sheet() -> None:
    """The brand's colour and fonts, and a different colour for the consent banner."""
    css = read("assets/site.css")
    assert f"--brand: {facts.PRIMARY};" in css
    assert f"background: {facts.CONSENT_COLOUR};" in css
    assert f"--heading-font: {facts.HEADING_FONT};" in css
    assert f"--body-font: {facts.BODY_FONT};" in css


async def test_pages_are_served_as_a_web_server_serves_them() -> None:
    """Content types, validators, conditional requests, redirects to folders, real 404s."""
    async with serve_site() as site, http(site.url) as client:
        home = await client.get("/")
        again = await client.get("/", headers={"If-None-Match": home.headers["etag"]})
        folder = await client.get("/docs")
        missing = await client.get(facts.MISSING)
        outside = await client.get("/%2e%2e/company_facts.py")
        types = {name: (await client.get(name)).headers["content-type"] for name in ("/favicon.svg", "/robots.txt")}
    assert home.headers["content-type"] == "text/html; charset=utf-8"
    assert "last-modified" in home.headers
    assert again.status_code == 304
    assert (folder.status_code, folder.headers["location"]) == (301, "/docs/")
    assert (missing.status_code, outside.status_code) == (404, 404)
    assert "This bed is empty" in missing.text
    assert types == {"/favicon.svg": "image/svg+xml; charset=utf-8", "/robots.txt": "text/plain; charset=utf-8"}


async def test_whole_urls_in_the_sites_files_are_those_of_the_server() -> None:
    """Sitemap and robots.txt contain the address they were fetched from."""
    async with serve_site() as site, http(site.url) as client:
        robots, listed = (await client.get("/robots.txt")).text, (await client.get("/sitemap.xml")).text
    assert f"Sitemap: {site.url}/sitemap.xml" in robots
    assert f"<loc>{site.url}/pricing/</loc>" in listed
    assert facts.ORIGIN not in robots + listed


async def test_the_server_remembers_what_was_asked_of_it() -> None:
    """Pages by path, assets counted separately, and the most concurrent requests."""
    async with serve_site(slow={"/about/": 0.2, "/faq/": 0.2}) as site, http(site.url) as client:
        await asyncio.gather(client.get("/about/"), client.get("/faq/?a=1"), client.get("/faq/"))
        await client.get("/assets/site.css")
    assert site.requests == {"/about/": 1, "/faq/?a=1": 1, "/faq/": 1}
    assert site.assets == {"/assets/site.css": 1}
    assert site.max_open_requests == 3
    assert site.open_requests == 0


async def test_the_server_runs_from_a_shell_until_it_is_told_to_stop() -> None:
    """It prints one line with its address and exits with status 0 after SIGTERM."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.sites.server", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with http(url) as client:
        assert "Fernwater" in (await client.get("/")).text
    process.terminate()
    rest, _ = await process.communicate()
    assert (rest, process.returncode) == (b"", 0)


async def test_a_generated_site_is_a_tree_of_different_pages() -> None:
    """All pages are within the depth, most of them leaves, of about 600 words each, all different."""
    async with generated_site(40, 3, 0) as site, http(site.url) as client:
        texts = [(await client.get(path)).text for path in site.links]
        unknown = await client.get("/nowhere/")
    assert site.pages_by_depth == {0: 1, 1: 3, 2: 9, 3: 27}
    assert len(set(texts)) == 40
    assert all(550 < len(re.sub(r"<[^>]+>", " ", text).split()) < 800 for text in texts)
    assert all(
        f'href="{child}"' in text for text, path in zip(texts, site.links, strict=True) for child in site.links[path]
    )
    assert unknown.status_code == 404
    assert all(site.requests[path] == 1 for path in site.links)


async def test_a_generated_site_answers_many_at_once_and_none_early() -> None:
    """Twenty answers of 0.2 s each overlap."""
    async with generated_site(20, 2, 0.2) as site, http(site.url) as client:
        answers = await asyncio.gather(*(client.get(path) for path in site.links))
    assert site.max_open_requests == 20
    assert all(answer.elapsed.total_seconds() >= 0.2 for answer in answers)


@pytest.mark.parametrize(("pages", "depth"), [(2, 1), (4, 3), (100, 3), (250, 3), (1000, 5)])
def test_a_generated_site_has_exactly_the_pages_asked_for(pages: int, depth: int) -> None:
    """Small and large, shallow and deep; most pages of a larger one are at the deepest level."""
    links = plan_links(pages, depth)
    levels = [path.count("/") - 1 for path in links]
    assert (len(links), max(levels)) == (pages, depth)
    assert pages < 100 or levels.count(depth) > pages * 0.7


def test_a_site_too_small_for_its_depth_is_refused() -> None:
    """Three pages cannot reach depth 3."""
    with pytest.raises(ValueError, match="3 pages do not reach depth 3"):
        plan_links(3, 3)


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """A server that speaks OpenAI's protocol."""
    async with serve_openai() as server:
        yield server


@pytest.fixture
async def client(server: OpenAIServer) -> AsyncIterator[AsyncOpenAI]:
    """OpenAI's own client, without retries."""
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as client:
        yield client


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_openais_client_gets_vectors_that_measure_likeness(client: AsyncOpenAI, server: OpenAIServer) -> None:
    """Unit length, 1536 dimensions, close for shared words, equal for equal text; usage is counted."""
    texts = ["the cat sat on the mat", "a cat sat on a mat", "stock prices fell sharply", "the cat sat on the mat"]
    answer = await client.embeddings.create(model=MODEL, input=texts)
    one, near, far, same = [item.embedding for item in answer.data]
    assert len(one) == 1536
    assert math.isclose(cosine(one, one), 1, abs_tol=1e-5)
    assert cosine(one, near) > 0.4 > 0.2 > abs(cosine(one, far))
    assert one == same
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == server.tokens > 15
    assert (server.calls, server.embedded, server.largest_batch) == (1, 4, 4)


async def test_both_encodings_carry_the_same_vector(client: AsyncOpenAI) -> None:
    """base64 is the client's default; float is the protocol's."""
    asked = {"model": MODEL, "input": "a single text", "dimensions": 64}
    packed = await client.embeddings.create(**asked)  # type: ignore[arg-type]
    plain = await client.embeddings.create(**asked, encoding_format="float")  # type: ignore[arg-type]
    assert len(packed.data[0].embedding) == 64
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding)


async def test_models_are_listed(client: AsyncOpenAI) -> None:
    """GET /v1/models."""
    assert MODEL in [model.id async for model in client.models.list()]


@pytest.mark.parametrize(
    ("order", "error", "code"),
    [
        (Next.invalid_api_key, openai.AuthenticationError, "invalid_api_key"),
        (Next.rate_limited, openai.RateLimitError, "rate_limit_exceeded"),
        (Next.insufficient_quota, openai.RateLimitError, "insufficient_quota"),
        (Next.server_error, openai.InternalServerError, None),
        (Next.hang_up, openai.APIConnectionError, None),
    ],
)
async def test_a_queued_fault_raises_the_same_error_as_the_real_one(
    client: AsyncOpenAI, server: OpenAIServer, order: Next, error: type[openai.APIError], code: str | None
) -> None:
    """Class and code of the client's error are the same; the next request succeeds."""
    server.then(order)
    with pytest.raises(error) as caught:
        await client.embeddings.create(model=MODEL, input="text")
    assert caught.value.code == code
    assert (await client.embeddings.create(model=MODEL, input="text")).data
    assert server.calls == 2


async def test_a_rate_limit_says_when_to_come_back(client: AsyncOpenAI, server: OpenAIServer) -> None:
    """The answer has `Retry-After`."""
    server.retry_after = "7"
    server.then(Next.rate_limited)
    with pytest.raises(openai.RateLimitError) as caught:
        await client.embeddings.create(model=MODEL, input="text")
    assert caught.value.response.headers["retry-after"] == "7"


async def test_a_queued_wrong_answer_has_its_fault(client: AsyncOpenAI, server: OpenAIServer) -> None:
    """A missing vector, too short vectors, NaN, or reverse order with correct indexes."""
    server.then(Next.too_few, Next.wrong_dimensions, Next.not_finite, Next.reversed)
    answers = [(await client.embeddings.create(model=MODEL, input=["a", "b"])).data for _ in range(4)]
    assert [len(answer) for answer in answers] == [1, 2, 2, 2]
    assert len(answers[1][0].embedding) == 1535
    assert math.isnan(answers[2][0].embedding[0])
    assert [item.index for item in answers[3]] == [1, 0]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([""], "empty string"),
        (["word"] * 2_049, "2049 items"),
        (["word " * 9_000], "maximum context length"),
        (["word " * 8_000] * 38, "max 300000 tokens"),
    ],
    ids=["empty", "too many", "too long", "too much"],
)
async def test_openais_limits_are_kept(
    client: AsyncOpenAI, server: OpenAIServer, inputs: list[str], message: str
) -> None:
    """A request beyond a limit gets 400 in OpenAI's form, and nothing is embedded."""
    with pytest.raises(openai.BadRequestError, match=message) as caught:
        await client.embeddings.create(model=MODEL, input=inputs)
    assert caught.value.param == "input"
    assert server.embedded == 0


async def test_an_input_of_exactly_the_limit_is_embedded(client: AsyncOpenAI, server: OpenAIServer) -> None:
    """8,192 tokens pass, one more does not."""
    await client.embeddings.create(model=MODEL, input=" word" * MAX_INPUT_TOKENS)
    assert server.tokens == MAX_INPUT_TOKENS
    with pytest.raises(openai.BadRequestError):
        await client.embeddings.create(model=MODEL, input=" word" * (MAX_INPUT_TOKENS + 1))


async def test_one_bad_word_spoils_the_request(client: AsyncOpenAI, server: OpenAIServer) -> None:
    """A request with a refused word is answered with 400 as a whole."""
    server.refused_words = {"poison"}
    with pytest.raises(openai.BadRequestError):
        await client.embeddings.create(model=MODEL, input=["good", "some poison"])
    assert (await client.embeddings.create(model=MODEL, input=["good"])).data


async def test_only_the_right_key_is_let_in() -> None:
    """If the server has a key, another one gets 401."""
    async with serve_openai(key="sk-right") as server:
        for key, is_right in (("sk-right", True), ("sk-wrong", False)):
            async with AsyncOpenAI(base_url=server.base_url, api_key=key, max_retries=0) as client:
                if is_right:
                    assert (await client.embeddings.create(model=MODEL, input="text")).data
                else:
                    with pytest.raises(openai.AuthenticationError):
                        await client.embeddings.create(model=MODEL, input="text")


async def test_an_unknown_model_is_not_found(client: AsyncOpenAI) -> None:
    """The answer is 404 with OpenAI's code."""
    with pytest.raises(openai.NotFoundError) as caught:
        await client.embeddings.create(model="text-embedding-9", input="text")
    assert caught.value.code == "model_not_found"


async def test_slow_calls_overlap() -> None:
    """Concurrent calls do not wait for each other."""
    async with (
        serve_openai(delay_s=0.2) as server,
        AsyncOpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as client,
    ):
        await asyncio.gather(*(client.embeddings.create(model=MODEL, input="text") for _ in range(5)))
    assert server.max_open_calls == 5
