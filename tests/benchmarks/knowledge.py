"""Knowledge without a crawl: pages of Python's documentation, chunked and embedded as in a build."""

import random
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from deployments.stack.embedded_postgres import open_postgres
from tasks.core.database import Pool, open_pool
from tasks.core.errors import PageSkipped
from tasks.core.models import (
    BuildRequest,
    Chunk,
    ChunkedPage,
    EmbeddedPage,
    FetchedPage,
    FetchMethod,
    Job,
    ReadPage,
    Target,
)
from tasks.knowledge.embedding.embedder import to_vector
from tasks.knowledge.embedding.local_model import embed_locally
from tasks.knowledge.embedding.page_vector import page_vector
from tasks.knowledge.embedding.tokens import LOCAL_MODEL
from tasks.knowledge.indexing.blocks import BLOCK_SEPARATOR
from tasks.knowledge.indexing.chunks import embedding_text, overview_text, text_hash
from tasks.knowledge.indexing.page_writer import store_pages
from tasks.reading import ReadOptions, read_in_chunks
from tasks.records.builds import start_build
from tasks.records.new_builds import create_build
from tasks.records.publication import activate_build
from tasks.records.schema import migrate

SITE = "https://docs.example.com"
BATCH = 50
"""Pages stored in one transaction."""
CHUNKS_A_PAGE = 10


@asynccontextmanager
async def open_database(*, most: int = 20) -> AsyncIterator[Pool]:
    """Open a pool on an empty embedded PostgreSQL with the schema; by default as large as the API's own."""
    with _traversable_folder() as folder, open_postgres(folder / "data") as server:
        migrate(server.url)
        async with open_pool(server.url, max_size=most) as pool:
            yield pool


@contextmanager
def _traversable_folder() -> Iterator[Path]:
    """Create a temporary folder that the database server can enter after it drops root's rights."""
    with tempfile.TemporaryDirectory(prefix="widget-builder-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def read_docs(folder: Path) -> list[ChunkedPage]:
    """Return the documentation's chunked pages in the order of their paths, without those that a build skips."""
    pages = []
    for file in sorted(folder.rglob("*.html")):
        url = f"{SITE}/{file.relative_to(folder)}"
        html = file.read_text(errors="replace")
        fetched = FetchedPage(
            target=Target(url=url, depth=1), final_url=url, method=FetchMethod.http, html=html, byte_count=len(html)
        )
        try:
            pages.append(read_in_chunks(fetched, ReadOptions(LOCAL_MODEL, 30)))
        except PageSkipped:
            continue
    return pages


def vary(pages: Sequence[ChunkedPage], number: int, *, seed: int = 1) -> list[ChunkedPage]:
    """Return pages with `number` chunks, ten a page: the real ones first, then ones made of two real ones' halves."""
    source = random.Random(seed)
    real = [(page.page.title, chunk) for page in pages for chunk in page.chunks]
    source.shuffle(real)
    made = real[:number]
    while len(made) < number:
        (title, first), (_, second) = source.choice(real), source.choice(real)
        made.append((title, first.model_copy(update={"text": _halves(first.text, second.text)})))
    return [
        _page_of(f"/varied/{at // CHUNKS_A_PAGE}", made[at : at + CHUNKS_A_PAGE])
        for at in range(0, number, CHUNKS_A_PAGE)
    ]


def _halves(first: str, second: str) -> str:
    ours, theirs = first.split(BLOCK_SEPARATOR), second.split(BLOCK_SEPARATOR)
    return BLOCK_SEPARATOR.join([*ours[: (len(ours) + 1) // 2], *theirs[len(theirs) // 2 :]])


def _page_of(path: str, listed: Sequence[tuple[str, Chunk]]) -> ChunkedPage:
    chunks = tuple(chunk.model_copy(update={"position": place}) for place, (_, chunk) in enumerate(listed))
    markdown = BLOCK_SEPARATOR.join(chunk.text for chunk in chunks)
    read = ReadPage(target=Target(url=SITE + path, depth=2), url=SITE + path, title=listed[0][0], markdown=markdown)
    return ChunkedPage(
        page=read,
        chunks=chunks,
        token_count=sum(chunk.token_count for chunk in chunks),
        content_hash=text_hash(markdown),
    )


def embed_pages(pages: Sequence[ChunkedPage]) -> Iterator[EmbeddedPage]:
    """Yield the pages with the local model's vectors."""
    for page in pages:
        texts = [embedding_text(page.page.title, chunk.heading_path, chunk.text) for chunk in page.chunks]
        overview, *parts = (to_vector(row) for row in embed_locally([overview_text(page), *texts]))
        whole = page_vector(overview, parts, [chunk.token_count for chunk in page.chunks])
        yield EmbeddedPage(chunked=page, model=LOCAL_MODEL, page_vector=whole, chunk_vectors=tuple(parts))


async def store_widget(pool: Pool, pages: Sequence[EmbeddedPage]) -> Job:
    """Store the pages as a ready widget."""
    new = await create_build(pool, BuildRequest(url=f"{SITE}/", depth=3, max_pages=len(pages)))
    job = await start_build(pool, new.build_id, None)
    for at in range(0, len(pages), BATCH):
        await store_pages(pool, job.build_id, pages[at : at + BATCH])
    await activate_build(pool, job, replace=True)
    return job
