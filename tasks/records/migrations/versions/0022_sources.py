"""Sources: files and texts that owners add to a widget's knowledge, whichever build it answers from.

A source is stored as a page with chunks, like those of the site. No build refers to it: views and searches add it to
each build of its widget.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

_PAGES = """
CREATE OR REPLACE VIEW knowledge_scraped_pages AS
SELECT page.id, job_id, page_id, page.url, title, content, content_hash, token_count, scraped_at,
    knowledge_padded(embedding)::vector(1536) AS embedding,
    metadata || jsonb_build_object('embedding_model', model, 'depth', depth, 'order', place)
    || CASE WHEN aliases IS NULL AND crawl.url = page.url THEN '{}' ELSE jsonb_build_object('aliases', (
        SELECT coalesce(jsonb_agg(DISTINCT alias ORDER BY alias), '[]')
        FROM unnest(aliases || crawl.url) AS alias WHERE alias <> page.url
    )) END AS metadata
FROM crawl_urls AS crawl JOIN stored_pages AS page ON page.id = content_id
"""
_CHUNKS = """
CREATE OR REPLACE VIEW knowledge_chunks AS
SELECT chunk.id, scraped_page_id, job_id, chunk.position, heading_path, text, token_count, content_hash, model,
    embedding, language, terms
FROM crawl_urls AS crawl JOIN stored_chunks AS chunk ON scraped_page_id = content_id
"""
STATEMENTS = (
    """
    CREATE TABLE sources (
        id uuid PRIMARY KEY,
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        kind text NOT NULL,
        title text NOT NULL,
        url text NOT NULL, -- cited for it
        text text NOT NULL, -- Markdown, from which it is stored again for another embedding model
        text_hash text NOT NULL,
        -- Its stored page. Without a foreign key: the housekeeping of a version before this one may delete the page.
        content_id uuid,
        added_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE UNIQUE INDEX sources_text ON sources (widget_id, text_hash)",
    # Behind the pages of the site, whose order is that of the crawl.
    _PAGES
    + """
    UNION ALL
    SELECT page.id, job.id, page_id, page.url, page.title, content, content_hash, token_count, scraped_at,
        knowledge_padded(embedding)::vector(1536),
        metadata || jsonb_build_object('embedding_model', model, 'depth', 0, 'order', 2000000000)
    FROM sources JOIN scrape_jobs AS job USING (widget_id) JOIN stored_pages AS page ON page.id = content_id
    """,
    _CHUNKS
    + """
    UNION ALL
    SELECT chunk.id, scraped_page_id, job.id, chunk.position, heading_path, chunk.text, token_count, content_hash,
        model, embedding, language, terms
    FROM sources JOIN scrape_jobs AS job USING (widget_id) JOIN stored_chunks AS chunk ON scraped_page_id = content_id
    """,
)


def upgrade() -> None:
    """Create the table, and add sources to the views."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; housekeeping deletes their pages."""
    for view in (_PAGES, _CHUNKS):
        op.execute(view)
    op.execute("DROP TABLE sources")
