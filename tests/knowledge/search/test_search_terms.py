"""Search terms: a query's lexemes, their document frequencies and the coverage by a passage."""

from dataclasses import replace

import pytest

from tasks.core.database import Pool
from tasks.core.models import Job
from tasks.knowledge.embedding.local_embedder import LocalEmbedder
from tasks.knowledge.facts.fact_passages import FACT_POSITION
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.knowledge.search.passage_search import find_passages, search
from tasks.knowledge.search.search_terms import SearchTerm, read_terms, select_rarest, term_coverage
from tasks.records.publication import activate_build
from tests.knowledge.material import embed_page, new_job, page_of

EMBEDDER = LocalEmbedder(None)


def term(word: int, document_frequency: int, lexeme: str = "bean") -> SearchTerm:
    """A term that so many of a hundred chunks have."""
    return SearchTerm(number=word + 1, word=word, lexeme=lexeme, passages=100, document_frequency=document_frequency)


@pytest.fixture(scope="module")
async def shop(pool: Pool) -> Job:
    """A widget of a site in two languages."""
    job = await new_job(pool)
    pages = [await embed_page(EMBEDDER, f"/{n}", "Coffee", f"Coffee of sort {n}.") for n in range(8)]
    german = page_of("/de", ["Die Häuser stehen am Fluss."], model=EMBEDDER.model, metadata={"language": "de"})
    run = await embed_page(EMBEDDER, "/run", "Running", "Call `os.path.join()` and subprocess.run() for a roaster.")
    await store_pages(pool, job.build_id, [*pages, german, run])
    await activate_build(pool, job, replace=True)
    return job


async def terms_of(pool: Pool, job: Job, question: str, *languages: str) -> dict[str, int]:
    """The question's lexemes with the number of chunks that hold them."""
    async with pool.connection() as connection:
        terms = await read_terms(connection, job.widget_id, languages or ("en", "de"), question)
    return {term.lexeme: term.document_frequency for term in terms}


async def test_a_questions_words_are_those_of_the_index(pool: Pool, shop: Job) -> None:
    """Stemmed in the site's languages, without stop words, each with the chunks that have it."""
    terms = await terms_of(pool, shop, "What about the roasters' coffee?")
    assert (terms["roaster"], terms["coffe"]) == (1, 8)
    assert "what" not in terms
    assert (await terms_of(pool, shop, "das Haus"))["haus"] == 1


async def test_names_joined_by_dots_are_found_by_their_parts(pool: Pool, shop: Job) -> None:
    """PostgreSQL would take `os.path` for a host, and find it by that alone."""
    assert await terms_of(pool, shop, "path subprocess") == {"path": 1, "subprocess": 1}
    assert (await terms_of(pool, shop, "subprocess.run"))["subprocess"] == 1


async def test_words_are_counted_as_often_as_a_build_is_said_to_have_grown(pool: Pool) -> None:
    """A first build answers while it is read; what it had at first is not counted twice."""
    job = await new_job(pool)
    for path, text, counted in (("/a", "Roasted beans.", (1, 0)), ("/b", "Roasted nuts.", (2, 1))):
        await store_pages(pool, job.build_id, [await embed_page(EMBEDDER, path, "Shop", text)])
        await activate_build(pool, job, replace=False)
        terms = await terms_of(pool, job, "roasted nuts")
        assert (terms["roast"], terms["nut"]) == counted


async def test_the_words_of_a_deleted_widget_are_gone(pool: Pool) -> None:
    """They tell what was on its pages."""
    job = await new_job(pool)
    await store_pages(pool, job.build_id, [await embed_page(EMBEDDER, "/a", "Shop", "Roasted beans.")])
    await activate_build(pool, job, replace=True)
    async with pool.connection() as connection:
        await connection.execute("DELETE FROM widgets WHERE id = %s", (job.widget_id,))
        left = await connection.execute("SELECT FROM widget_words WHERE widget_id = %s", (job.widget_id,))
        assert await left.fetchone() is None


async def test_a_question_of_stop_words_has_no_terms_and_is_answered(pool: Pool, shop: Job) -> None:
    """Meaning alone ranks then; nothing of it is covered."""
    found = await find_passages(pool, EMBEDDER, shop.widget_id, "what is it", 3)
    assert [passage.coverage for passage in found] == [0.0] * 3


async def test_coverage_tells_a_passage_that_has_the_words(pool: Pool, shop: Job) -> None:
    """Rare words count more than the one that all pages have, and unknown ones are never covered."""
    first, *others = await find_passages(pool, EMBEDDER, shop.widget_id, "coffee roaster subprocess", 5)
    assert first.url.endswith("/run")
    assert first.coverage > 0.7 > max(passage.coverage for passage in others)
    (unknown,) = await find_passages(pool, EMBEDDER, shop.widget_id, "zeppelin harbour", 1)
    assert unknown.coverage == 0


async def test_a_page_gets_no_more_places_than_it_may(pool: Pool) -> None:
    """Several passages of the page that answers, and others' too."""
    job = await new_job(pool)
    long = "\n\n".join(f"## Part {n}\n\n" + "Beans are roasted slowly in small batches. " * 20 for n in range(6))
    pages = [await embed_page(EMBEDDER, path, "Beans", text) for path, text in (("/long", long), ("/short", "Beans."))]
    await store_pages(pool, job.build_id, pages)
    await activate_build(pool, job, replace=True)
    for per_page in (1, 2, 4):
        found = await find_passages(pool, EMBEDDER, job.widget_id, "roasted beans", 8, per_page=per_page)
        assert [passage.url[-5:] for passage in found].count("/long") == per_page
        assert len(found) == per_page + 1


async def test_a_page_of_much_else_has_a_place_for_its_facts(pool: Pool) -> None:
    """The address is not crowded out by the home page's own passages, and a search lists the page once."""
    job = await new_job(pool)
    home = "\n\n".join(f"## Shop {n}\n\n" + "Our shop sells tea to shops. " * 25 for n in range(7))
    page = await embed_page(EMBEDDER, "/", "Fern", home)
    chunks = page.chunked.chunks
    address = {"heading_path": ("Contact",), "text": "## Contact\n\n- Address: 9 Abbey Row, Malmesby"}
    facts = chunks[-1].model_copy(update={"position": FACT_POSITION, **address})
    told = replace(page, chunked=page.chunked.model_copy(update={"chunks": (*chunks[:-1], facts)}))
    await store_pages(pool, job.build_id, [told])
    await activate_build(pool, job, replace=True)
    found = await find_passages(pool, EMBEDDER, job.widget_id, "Where is your shop?", 8, per_page=3)
    assert ["Abbey Row" in passage.text for passage in found] == [False, False, False, True]
    assert len(await search(pool, EMBEDDER, job.widget_id, "Where is your shop?")) == 1


def test_a_word_counts_once_in_whatever_language_it_is_found() -> None:
    """Two forms of one word: having either is having it."""
    terms = [term(0, 1, "haus"), term(0, 50, "hau"), term(1, 1, "fluss")]
    assert term_coverage(terms, [True, False, False]) == pytest.approx(0.5)
    assert term_coverage(terms, [True, True, True]) == pytest.approx(1)
    assert term_coverage([], []) == 0


def test_the_rarest_words_are_looked_up_first() -> None:
    """As many as are in few chunks together, but always one."""
    terms = [term(0, 90), term(1, 2), term(2, 3)]
    assert [each.word for each in select_rarest(terms, 5)] == [1, 2]
    assert [each.word for each in select_rarest([term(0, 90)], 5)] == [0]


async def test_a_heading_that_asks_the_question_comes_first(pool: Pool) -> None:
    """Before a page that is about the same words, and says them more often."""
    job = await new_job(pool)
    about = "The memory manager of Python manages memory. Delete a pool, and Python deletes its memory. " * 4
    other = "Objects that nothing refers to are collected at once, the others by a collector that runs now and then. "
    faq = f"## How does Python manage memory?\n\n{other * 4}\n\n## Can I delete Python?\n\n{other * 4}"
    pages = [
        await embed_page(EMBEDDER, "/memory", "Memory management in Python: delete, manage", about),
        await embed_page(EMBEDDER, "/faq", "Questions", faq),
    ]
    await store_pages(pool, job.build_id, pages)
    await activate_build(pool, job, replace=True)
    for question in ("How does Python manage memory?", "can i delete python"):
        first, *_ = await find_passages(pool, EMBEDDER, job.widget_id, question, 2)
        assert first.url.endswith("/faq")


async def test_a_page_of_links_comes_after_the_page_it_links_to(pool: Pool) -> None:
    """Although its few words are the question's."""
    job = await new_job(pool)
    page = page_of("/returns", ["You may return a cake within a day, if it is whole."], model=EMBEDDER.model)
    links = page_of("/sitemap", ["Return a cake"], model=EMBEDDER.model, metadata={"link_share": 0.9})
    await store_pages(pool, job.build_id, [page, links])
    await activate_build(pool, job, replace=True)
    found = await find_passages(pool, EMBEDDER, job.widget_id, "return cake", 2)
    assert [passage.url[-8:] for passage in found] == ["/returns", "/sitemap"]
