"""Pages and chunks that belong to their content, not to a build: builds refer to them.

`stored_pages` has a row for each version of a page, whichever builds have it; `crawl_urls.content_id` refers to it.
`stored_chunks` holds the vectors in the model's own dimensions. It has 32 partitions by the widget's id, so that a
search plans with the indexes of a thirty-second of the large widgets. `knowledge_scraped_pages` and `knowledge_chunks`
are views for other programs: a row for each build and page.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

PARTITIONS = 32
_LOCAL_MODEL = "wordllama-l2-supercat-256-sif"
_OWN = (
    f"CASE WHEN {{model}} = '{_LOCAL_MODEL}' THEN subvector({{column}}, 1, 256)::halfvec ELSE {{column}}::halfvec END"
)
_CHUNKS = "scraped_page_id, widget_id, position, heading_path, text, token_count, content_hash, model, embedding"

_INDEXES = {
    "words": "gin (knowledge_numbers(terms))",
    "near": "hnsw ((subvector(embedding, 1, 256)::halfvec(256)) halfvec_cosine_ops)",
}

_TABLES = (
    "DROP FUNCTION knowledge_count_words",
    # The words of a chunk are in its terms: their numbers are read from there, and not stored twice.
    """
    CREATE FUNCTION knowledge_numbers(terms sparsevec) RETURNS int[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(
        SELECT split_part(term, ':', 1)::int
        FROM unnest(string_to_array(btrim(split_part(terms::text, '/', 1), '{}'), ',')) AS term
    )
    """,
    "ALTER TABLE knowledge_scraped_pages RENAME TO former_pages",
    "ALTER TABLE knowledge_chunks RENAME TO former_chunks",
    """
    CREATE TABLE stored_pages (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        page_id uuid NOT NULL,
        digest uuid NOT NULL, -- of what is embedded and shown: equal for equal content
        token_count int NOT NULL,
        scraped_at timestamptz NOT NULL DEFAULT now(),
        url text NOT NULL,
        title text NOT NULL DEFAULT '',
        content text NOT NULL,
        content_hash text NOT NULL,
        model text NOT NULL,
        embedding vector NOT NULL CONSTRAINT stored_dimensions CHECK (vector_dims(embedding) IN (256, 1536)),
        metadata jsonb NOT NULL DEFAULT '{}',
        links bytea, -- compressed; null: not known
        fingerprint bytea
    )
    """,
    # Both are compressed or random already.
    "ALTER TABLE stored_pages ALTER COLUMN links SET STORAGE EXTERNAL, ALTER COLUMN fingerprint SET STORAGE EXTERNAL",
    "CREATE UNIQUE INDEX stored_pages_content ON stored_pages (widget_id, page_id, digest)",
    """
    CREATE TABLE stored_chunks (
        id uuid NOT NULL DEFAULT gen_random_uuid(),
        scraped_page_id uuid NOT NULL REFERENCES stored_pages ON DELETE CASCADE,
        widget_id uuid NOT NULL,
        position int NOT NULL,
        token_count int NOT NULL,
        heading_path text[] NOT NULL,
        text text NOT NULL,
        content_hash text NOT NULL,
        model text NOT NULL,
        language text NOT NULL,
        embedding halfvec NOT NULL CONSTRAINT stored_dimensions CHECK (vector_dims(embedding) IN (256, 1536)),
        terms sparsevec(536870912) NOT NULL
    ) PARTITION BY RANGE (widget_id)
    """,
    # A search reads these columns of all chunks of a site, so they stay in the row.
    "ALTER TABLE stored_chunks ALTER COLUMN embedding SET STORAGE PLAIN, ALTER COLUMN terms SET STORAGE MAIN",
)
_REFERENCES = (
    "ALTER TABLE crawl_urls ADD COLUMN content_id uuid, ADD COLUMN aliases text[]",
    f"""
    INSERT INTO stored_pages (id, widget_id, page_id, digest, token_count, scraped_at, url, title, content,
        content_hash, model, embedding, metadata)
    SELECT page.id, widget_id, page_id, page.id, token_count, scraped_at, page.url, title, content, content_hash,
        metadata ->> 'embedding_model', {_OWN.format(model="metadata ->> 'embedding_model'", column="embedding")},
        metadata - 'embedding_model' - 'depth' - 'order' - 'aliases'
    FROM former_pages AS page JOIN scrape_jobs ON scrape_jobs.id = page.job_id
    """,
    # A page is stored under its own address, or was reached by another one with the same order.
    """
    UPDATE crawl_urls AS crawl SET content_id = found.id, aliases = found.aliases FROM (
        SELECT DISTINCT ON (page.id) page.id, page.job_id, crawl.url, CASE WHEN page.metadata ? 'aliases' THEN
            ARRAY(SELECT jsonb_array_elements_text(page.metadata -> 'aliases')) END AS aliases
        FROM former_pages AS page JOIN crawl_urls AS crawl ON crawl.job_id = page.job_id AND crawl.status = 'stored'
            AND (crawl.url = page.url OR crawl.place = (page.metadata ->> 'order')::int)
        ORDER BY page.id, crawl.place = (page.metadata ->> 'order')::int DESC NULLS LAST
    ) AS found WHERE crawl.job_id = found.job_id AND crawl.url = found.url
    """,
    """
    INSERT INTO crawl_urls (job_id, url, depth, place, status, content_id)
    SELECT job_id, url, coalesce((metadata ->> 'depth')::int, 0), coalesce((metadata ->> 'order')::int, 0), 'stored', id
    FROM former_pages WHERE id NOT IN (SELECT content_id FROM crawl_urls WHERE content_id IS NOT NULL)
    ON CONFLICT (job_id, url) DO UPDATE SET status = 'stored', content_id = excluded.content_id
    """,
    f"""
    INSERT INTO stored_chunks ({_CHUNKS}, language, terms)
    SELECT scraped_page_id, page.widget_id, position, heading_path, text, chunk.token_count, chunk.content_hash,
        chunk.model, ({_OWN.format(model="chunk.model", column="chunk.embedding")})::halfvec, language, terms
    FROM former_chunks AS chunk JOIN stored_pages AS page ON page.id = scraped_page_id
    """,
    "DROP TABLE former_chunks, former_pages",
)
_VIEWS = (
    """
    CREATE FUNCTION knowledge_padded(short vector) RETURNS vector(1536) LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN vector_dims(short) = 1536 THEN short
        ELSE short || array_fill(0::real, ARRAY[1536 - vector_dims(short)])::vector END::vector(1536)
    """,
    """
    CREATE VIEW knowledge_scraped_pages AS
    SELECT page.id, job_id, page_id, page.url, title, content, content_hash, token_count, scraped_at,
        knowledge_padded(embedding)::vector(1536) AS embedding,
        metadata || jsonb_build_object('embedding_model', model, 'depth', depth, 'order', place)
        || CASE WHEN aliases IS NULL AND crawl.url = page.url THEN '{}' ELSE jsonb_build_object('aliases', (
            SELECT coalesce(jsonb_agg(DISTINCT alias ORDER BY alias), '[]')
            FROM unnest(aliases || crawl.url) AS alias WHERE alias <> page.url
        )) END AS metadata
    FROM crawl_urls AS crawl JOIN stored_pages AS page ON page.id = content_id
    """,
    """
    CREATE VIEW knowledge_chunks AS
    SELECT chunk.id, scraped_page_id, job_id, chunk.position, heading_path, text, token_count, content_hash, model,
        embedding, language, terms
    FROM crawl_urls AS crawl JOIN stored_chunks AS chunk ON scraped_page_id = content_id
    """,
)
# The words of the build that a widget answers from: a re-crawl writes those that have changed.
_WORDS = (
    """
    CREATE TABLE widget_vocabularies (
        widget_id uuid PRIMARY KEY REFERENCES widgets ON DELETE CASCADE,
        passages int NOT NULL,
        languages text[] NOT NULL -- text search configurations that questions are read in
    )
    """,
    """
    CREATE TABLE widget_words (
        widget_id uuid NOT NULL REFERENCES widget_vocabularies ON DELETE CASCADE,
        number int NOT NULL, -- knowledge_term of the lexeme
        passages int NOT NULL,
        PRIMARY KEY (widget_id, number)
    )
    """,
    """
    INSERT INTO widget_vocabularies SELECT widgets.id, passages, languages
    FROM widgets JOIN knowledge_vocabularies ON job_id = active_job_id
    """,
    """
    INSERT INTO widget_words SELECT widgets.id, number, words.passages
    FROM widgets JOIN knowledge_words AS words ON job_id = active_job_id
    """,
    "DROP TABLE knowledge_words, knowledge_vocabularies",
)


def upgrade() -> None:
    """Create tables and views, and move pages, chunks and words into them."""
    for statement in (*_TABLES, *_partitions(), *_REFERENCES, *_VIEWS, *_WORDS):
        op.execute(statement)
    _index_large_widgets()


def _index_large_widgets() -> None:
    """Index the chunks of widgets with more than 3,000, as their next builds would."""
    connection = op.get_bind()
    large = connection.exec_driver_sql("SELECT widget_id FROM stored_chunks GROUP BY 1 HAVING count(*) > 3000")
    for (widget_id,) in large.fetchall():
        table = f"stored_chunks_{widget_id.int >> 123:02}"
        for name, method in _INDEXES.items():
            op.execute(
                f"CREATE INDEX stored_chunks_{name}_{widget_id.hex} ON {table} USING {method}"
                f" WHERE widget_id = '{widget_id}'"
            )


def _partitions() -> list[str]:
    """Return the statements that create the partitions, each for ids that begin with five bits."""
    statements = []
    for number in range(PARTITIONS):
        name = f"stored_chunks_{number:02}"
        first = f"'{number * 8:02x}000000-0000-0000-0000-000000000000'"
        last = f"'{number * 8 + 8:02x}000000-0000-0000-0000-000000000000'" if number + 1 < PARTITIONS else "MAXVALUE"
        statements += [
            f"CREATE TABLE {name} PARTITION OF stored_chunks FOR VALUES FROM ({first}) TO ({last})",
            f"CREATE UNIQUE INDEX ON {name} (scraped_page_id, position)",
            f"CREATE UNIQUE INDEX ON {name} (id)",
        ]
    return statements


def downgrade() -> None:
    """Refuse: builds that share pages cannot be written apart without a copy of each."""
    raise RuntimeError("0012 cannot be undone: restore a backup made before it")
