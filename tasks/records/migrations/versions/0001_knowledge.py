"""The first schema: widgets, builds with their events and URLs, pages, chunks, embedding cache."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    """
    CREATE TABLE widgets (
        id uuid PRIMARY KEY,
        site_url text NOT NULL,
        name text NOT NULL DEFAULT '',
        theme jsonb,
        settings jsonb NOT NULL DEFAULT '{}',
        owner_token_hash text,
        active_job_id uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE scrape_jobs (
        id uuid PRIMARY KEY,
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        flow_run_id uuid,
        idempotency_key text UNIQUE,
        url text NOT NULL,
        depth int NOT NULL,
        max_pages int NOT NULL,
        status text NOT NULL DEFAULT 'pending'
            CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
        statistics jsonb NOT NULL DEFAULT '{}',
        last_seq int NOT NULL DEFAULT 0,
        error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        heartbeat_at timestamptz,
        leases uuid[] NOT NULL DEFAULT '{}',
        finished_at timestamptz
    )
    """,
    "CREATE INDEX ON scrape_jobs (widget_id)",
    "CREATE INDEX ON scrape_jobs (created_at) WHERE status IN ('pending', 'running')",
    """
    ALTER TABLE widgets ADD FOREIGN KEY (active_job_id) REFERENCES scrape_jobs ON DELETE SET NULL
    """,
    """
    CREATE TABLE build_events (
        build_id uuid NOT NULL REFERENCES scrape_jobs ON DELETE CASCADE,
        seq int NOT NULL,
        at timestamptz NOT NULL,
        type text NOT NULL,
        object json NOT NULL, -- not jsonb: a client reads the same text whenever it reads
        PRIMARY KEY (build_id, seq)
    )
    """,
    """
    CREATE TABLE crawl_urls (
        job_id uuid NOT NULL REFERENCES scrape_jobs ON DELETE CASCADE,
        url text NOT NULL,
        depth int NOT NULL,
        position bigint GENERATED ALWAYS AS IDENTITY,
        status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'stored', 'failed', 'skipped')),
        reason text,
        error text,
        PRIMARY KEY (job_id, url)
    )
    """,
    """
    CREATE TABLE knowledge_scraped_pages (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        job_id uuid NOT NULL REFERENCES scrape_jobs ON DELETE CASCADE,
        page_id uuid NOT NULL,
        url text NOT NULL,
        title text NOT NULL DEFAULT '',
        content text NOT NULL,
        content_hash text NOT NULL,
        token_count int NOT NULL,
        scraped_at timestamptz NOT NULL DEFAULT now(),
        embedding vector(1536) NOT NULL,
        metadata jsonb NOT NULL DEFAULT '{}',
        UNIQUE (job_id, url)
    )
    """,
    """
    CREATE TABLE knowledge_chunks (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        scraped_page_id uuid NOT NULL REFERENCES knowledge_scraped_pages ON DELETE CASCADE,
        job_id uuid NOT NULL,
        position int NOT NULL,
        heading_path text[] NOT NULL,
        text text NOT NULL,
        token_count int NOT NULL,
        content_hash text NOT NULL,
        model text NOT NULL,
        embedding vector(1536) NOT NULL,
        search tsvector NOT NULL,
        UNIQUE (scraped_page_id, position)
    )
    """,
    "CREATE INDEX ON knowledge_chunks (job_id)",
    "CREATE INDEX ON knowledge_chunks USING gin (search)",
    """
    CREATE TABLE embedding_cache (
        content_hash text NOT NULL,
        model text NOT NULL,
        embedding vector NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (content_hash, model)
    )
    """,
)


def upgrade() -> None:
    """Create everything."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything; the `vector` extension may serve others and stays."""
    op.execute("ALTER TABLE widgets DROP COLUMN active_job_id")
    for table in (
        "embedding_cache",
        "knowledge_chunks",
        "knowledge_scraped_pages",
        "crawl_urls",
        "build_events",
        "scrape_jobs",
        "widgets",
    ):
        op.execute(f"DROP TABLE {table}")
