"""Small sites built into knowledge as a build does it: read, embedded, stored, with their facts."""

from collections.abc import Mapping

from tasks.core.database import Pool
from tasks.core.models import ChunkedPage, EmbeddedPage, FetchedPage, FetchMethod, Job, Target
from tasks.knowledge.embedding.embedder import Embedder
from tasks.knowledge.embedding.page_vector import page_vector
from tasks.knowledge.facts.fact_writer import write_facts
from tasks.knowledge.facts.site_facts import SiteFacts, open_site_facts
from tasks.knowledge.indexing.chunks import embedding_text, overview_text
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.reading import ReadOptions, read_in_chunks
from tasks.records.publication import activate_build
from tests.knowledge.material import SITE, new_job, vector_of


def read_html(path: str, html: str, model: str) -> ChunkedPage:
    """The page as the scrape stage reads it."""
    page = FetchedPage(
        target=Target(url=SITE + path, depth=int(path != "/")),
        final_url=SITE + path,
        method=FetchMethod.http,
        html=html,
        byte_count=len(html),
    )
    return read_in_chunks(page, ReadOptions(model=model, timeout_s=20))


async def embed_chunks(embedder: Embedder, page: ChunkedPage) -> EmbeddedPage:
    """The page with its vectors."""
    texts = [embedding_text(page.page.title, chunk.heading_path, chunk.text) for chunk in page.chunks]
    overview, *parts = [vector_of(result) for result in await embedder.embed([overview_text(page), *texts])]
    whole = page_vector(overview, parts, [chunk.token_count for chunk in page.chunks])
    return EmbeddedPage(chunked=page, model=embedder.model, page_vector=whole, chunk_vectors=tuple(parts))


async def build_site(pool: Pool, embedder: Embedder, pages: Mapping[str, str], job: Job | None = None) -> Job:
    """Build the pages, HTML by path, into a widget, or into the next build of one."""
    job = job or await new_job(pool)
    facts = await open_site_facts(pool, job)
    await store_site(pool, embedder, pages, job, facts)
    assert await activate_build(pool, job, replace=True)
    return job


async def store_site(pool: Pool, embedder: Embedder, pages: Mapping[str, str], job: Job, facts: SiteFacts) -> None:
    """Store the pages with their facts."""
    read = [read_html(path, html, embedder.model) for path, html in pages.items()]
    for page in read:
        facts.add(page.page.url, page.page.facts)
    await store_pages(pool, job.build_id, [await embed_chunks(embedder, page) for page in read])
    await write_facts(pool, embedder, job, facts)
