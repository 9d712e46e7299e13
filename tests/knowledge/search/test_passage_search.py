"""Search: the right page first, as many as asked for, never another widget's or another model's."""

import asyncio
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import settings as examples

from tasks.core.database import Pool
from tasks.core.errors import InvalidRequest, NotFound
from tasks.core.models import Job, Passage
from tasks.knowledge.embedding.embedder import to_vector
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.embedding.openai_embedder import open_openai_embedder
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.search.passage_search import MAX_QUERY_LENGTH, MAX_RESULTS, search
from tasks.records.publication import activate_build
from tests.conftest import MakeSettings
from tests.knowledge.material import ANY_TEXT, SITE, embed_page, new_job, page_of, set_status, vector_of
from tests.sites.openai_server import serve_openai

EMBEDDER = LocalEmbedder(None)

PAGES = {
    "/shipping": ("Shipping", "Parcels leave our warehouse the same day and arrive within two working days."),
    "/returns": ("Returns", "Send back what you do not like within thirty days and get your money back."),
    "/roasting": ("Roasting", "Coffee beans are roasted slowly in small batches every Tuesday morning."),
    "/jobs": ("Jobs", "We are looking for a carpenter who builds furniture with us in Hamburg."),
    "/privacy": ("Privacy", "Cookies are stored in your browser; we never sell personal data."),
    "/machines": (
        "Espresso machines",
        "# Care\n\n## Descaling\n\n"
        + "Run citric acid through the boiler to remove limescale. " * 12
        + "\n\n## Warranty\n\n"
        + "The guarantee covers pump and heating element for five years. " * 12,
    ),
}


@pytest.fixture(scope="module")
async def shop(pool: Pool) -> Job:
    """A widget that answers from the six pages."""
    job = await new_job(pool)
    await store_pages(pool, job.build_id, [await embed_page(EMBEDDER, path, *text) for path, text in PAGES.items()])
    await activate_build(pool, job, replace=True)
    return job


async def ask(pool: Pool, job: Job, query: str, limit: int = 5) -> list[Passage]:
    """Search the build's widget."""
    return await search(pool, EMBEDDER, job.widget_id, query, limit)


def paths(passages: list[Passage]) -> list[str]:
    """The paths of the passages' pages."""
    return [passage.url.removeprefix(SITE) for passage in passages]


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("How long does it take until my parcel arrives?", "/shipping"),
        ("Can I get my money back?", "/returns"),
        ("When do you roast the coffee beans?", "/roasting"),
        ("Do you have work for a carpenter?", "/jobs"),
        ("What happens with my personal data?", "/privacy"),
        ("how to remove limescale from the espresso machine", "/machines"),
    ],
)
async def test_the_page_that_answers_comes_first(pool: Pool, shop: Job, question: str, path: str) -> None:
    """Questions in other words than the page's."""
    assert paths(await ask(pool, shop, question))[0] == path


async def test_each_page_is_there_once_with_its_best_passage(pool: Pool, shop: Job) -> None:
    """Of a page's two sections the one that answers, with the headings above it."""
    for question, section in (
        ("how to descale the boiler with acid", "Descaling"),
        ("guarantee for a pump", "Warranty"),
    ):
        found = await ask(pool, shop, question, 6)
        assert len(set(paths(found))) == len(found) == 6
        assert (paths(found)[0], found[0].title) == ("/machines", "Espresso machines")
        assert found[0].heading == f"Care > {section}"
        assert f"## {section}" in found[0].text


async def test_results_come_best_first_as_many_as_asked_for(pool: Pool, shop: Job) -> None:
    """A smaller limit gives the beginning of the same list; similarities are cosines."""
    everything = await ask(pool, shop, "coffee", MAX_RESULTS)
    assert len(everything) == len(PAGES)
    similarities = [passage.similarity for passage in everything]
    assert similarities == sorted(similarities, reverse=True)
    assert all(-1 <= similarity <= 1 for similarity in similarities)
    for limit in (1, 3, 6):
        assert await ask(pool, shop, "coffee", limit) == everything[:limit]


async def test_a_long_page_takes_no_other_pages_place(pool: Pool) -> None:
    """A page with hundreds of passages that fit better than all else: still five pages, as there are five."""
    job, query = await new_job(pool), "beans"
    vector = vector_of((await EMBEDDER.embed([query]))[0])
    far = -vector
    long = page_of("/long", [f"part {n}" for n in range(300)], [vector] * 300, model=EMBEDDER.model)
    others = [page_of(f"/{n}", ["other"], [far], model=EMBEDDER.model) for n in range(4)]
    await store_pages(pool, job.build_id, [long, *others])
    await activate_build(pool, job, replace=True)
    assert sorted(paths(await ask(pool, job, query))) == ["/0", "/1", "/2", "/3", "/long"]


async def test_another_widgets_knowledge_is_never_returned(pool: Pool) -> None:
    """Two widgets of one site, asked at once for what only the other knows."""
    jobs = [await new_job(pool) for _ in range(2)]
    for job, path in zip(jobs, ("/mine", "/yours"), strict=True):
        await store_pages(pool, job.build_id, [await embed_page(EMBEDDER, path, path, f"All about {path}.")])
        await activate_build(pool, job, replace=True)
    answers = await asyncio.gather(*(ask(pool, job, q) for job in jobs for q in ("about mine", "about yours")))
    assert [paths(answer) for answer in answers] == [["/mine"], ["/mine"], ["/yours"], ["/yours"]]


async def test_another_models_vectors_are_never_compared(pool: Pool, shop: Job) -> None:
    """A passage whose vector equals the question's, made by another model, is not found."""
    job, query = await new_job(pool), "beans"
    vector = vector_of((await EMBEDDER.embed([query]))[0])
    await store_pages(
        pool,
        job.build_id,
        [
            page_of("/other-model", ["Other."], [vector], model="another-model"),
            page_of("/this-model", ["This."], [to_vector([1.0, 2.0])], model=EMBEDDER.model),
        ],
    )
    await activate_build(pool, job, replace=True)
    assert paths(await ask(pool, job, query)) == ["/this-model"]


async def test_only_the_active_build_answers(pool: Pool) -> None:
    """The old one until the new one is published, then the new one alone."""
    old = await new_job(pool)
    await store_pages(pool, old.build_id, [await embed_page(EMBEDDER, "/old", "Beans", "Old beans.")])
    await activate_build(pool, old, replace=True)
    new = await new_job(pool, old.widget_id)
    await store_pages(pool, new.build_id, [await embed_page(EMBEDDER, "/new", "Beans", "New beans.")])
    assert paths(await ask(pool, old, "beans")) == ["/old"]
    await activate_build(pool, new, replace=True)
    assert paths(await ask(pool, old, "beans")) == ["/new"]


async def test_while_knowledge_is_swapped_each_answer_is_of_one_version(pool: Pool) -> None:
    """Never empty, never mixed."""
    first = await new_job(pool)
    jobs = [first, await new_job(pool, first.widget_id)]
    # Only what runs is published; here both are, in turn.
    await set_status(pool, first.widget_id, "running")
    for job, version in zip(jobs, ("old", "new"), strict=True):
        pages = [await embed_page(EMBEDDER, f"/{version}/{n}", "Beans", f"Beans number {n}.") for n in range(3)]
        await store_pages(pool, job.build_id, pages)
    await activate_build(pool, first, replace=True)

    async def swap() -> None:
        for n in range(20):
            assert await activate_build(pool, jobs[n % 2], replace=True)

    *answers, _ = await asyncio.gather(*(ask(pool, first, "beans", 3) for _ in range(40)), swap())
    assert {tuple(path.split("/")[1] for path in paths(answer)) for answer in answers} <= {("old",) * 3, ("new",) * 3}


async def test_a_widget_deleted_while_it_is_asked_answers_or_is_not_there(pool: Pool) -> None:
    """Whole passages, none, or not found: never an error of ours."""
    page = await embed_page(EMBEDDER, "/beans", "Beans", "Beans of every kind.")
    jobs = [await new_job(pool) for _ in range(8)]
    for job in jobs:
        await store_pages(pool, job.build_id, [page])
        await activate_build(pool, job, replace=True)

    async def delete(job: Job) -> None:
        async with pool.connection() as connection:
            await connection.execute("DELETE FROM widgets WHERE id = %s", (job.widget_id,))

    for job in jobs:
        asking = [ask(pool, job, "beans") for _ in range(6)]
        *answers, _ = await asyncio.gather(*asking, delete(job), return_exceptions=True)
        for answer in answers:
            assert isinstance(answer, NotFound) or [found.text for found in answer] in ([], ["Beans of every kind."])


async def test_a_widget_without_knowledge_finds_nothing(pool: Pool) -> None:
    """Before its first page, and when its build has stored none."""
    job = await new_job(pool)
    assert await ask(pool, job, "beans") == []
    await activate_build(pool, job, replace=True)
    assert await ask(pool, job, "beans") == []


@pytest.mark.parametrize(
    "query",
    [
        "'; DROP TABLE widgets; --",
        "foo & | ! <-> :* ( \\ ''",
        "%s %(vector)s {} $1 \\x00",
        "🌱💧👩‍👩‍👧",
        "كم الضمان؟",
        "pump\0pressure",
        "half an emoji \ud83d",
        "\u202e\u200b\ufeff\x07\x1b[31m",
        "?",
        "word " * (MAX_QUERY_LENGTH // 5),
        "漢" * MAX_QUERY_LENGTH,
    ],
)
async def test_an_odd_question_is_only_a_question(pool: Pool, shop: Job, query: str) -> None:
    """It gets results like any other, whatever it contains."""
    assert len(await ask(pool, shop, query, 3)) == 3


@given(query=ANY_TEXT.filter(lambda text: text.replace("\0", " ").strip()))
@examples(max_examples=40)
async def test_any_text_is_answered(pool: Pool, shop: Job, query: str) -> None:
    """Five results for whatever is not empty, lone surrogates and control characters included."""
    assert len(await ask(pool, shop, query)) == 5


@pytest.mark.parametrize(
    ("query", "code"), [("", "query_missing"), (" \n\0", "query_missing"), ("x" * 10_000, "query_too_long")]
)
async def test_an_empty_or_endless_question_is_refused(pool: Pool, shop: Job, query: str, code: str) -> None:
    """With a code and the field's name."""
    with pytest.raises(InvalidRequest) as caught:
        await ask(pool, shop, query)
    assert (caught.value.code, caught.value.field, caught.value.status) == (code, "q", 422)


@pytest.mark.parametrize("limit", [0, -1, MAX_RESULTS + 1])
async def test_an_impossible_limit_is_refused(pool: Pool, shop: Job, limit: int) -> None:
    """Bounds are checked here too, not only in the API."""
    with pytest.raises(InvalidRequest) as caught:
        await ask(pool, shop, "beans", limit)
    assert caught.value.field == "limit"


async def test_nothing_is_paid_for_an_unknown_widget(pool: Pool, settings: MakeSettings) -> None:
    """Not found, before the embedding service is asked."""
    async with (
        serve_openai() as server,
        open_openai_embedder(settings(openai_api_key="sk-test", openai_base_url=server.base_url)) as embedder,
    ):
        with pytest.raises(NotFound):
            await search(pool, embedder, uuid4(), "beans")
        assert server.calls == 0


async def test_a_question_the_service_rejects_is_the_askers_fault(
    pool: Pool, shop: Job, settings: MakeSettings
) -> None:
    """Refused with the field's name, not reported as an outage."""
    async with (
        serve_openai() as server,
        open_openai_embedder(settings(openai_api_key="sk-test", openai_base_url=server.base_url)) as embedder,
    ):
        server.refused_words = {"poison"}
        with pytest.raises(InvalidRequest) as caught:
            await search(pool, embedder, shop.widget_id, "some poison")
    assert (caught.value.code, caught.value.field) == ("query_invalid", "q")
