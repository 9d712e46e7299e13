"""Ranking data of chunks (language, leading dimensions, BM25 term vector); embedding claims and rate limits."""

from alembic import op

revision = "0003"
down_revision = "0002"

# Okapi BM25 (Robertson and Zaragoza, 2009) as a dot product: a chunk's part of it is stored, the question's part,
# how rare each word is on the site, comes with the question. k1 = 1.2, b = 0.75, words in titles and headings count
# three times, an average chunk has 120 words. A word's place is its hash; hashtext does not change between versions
# of PostgreSQL, as hash partitions rely on the same.
STATEMENTS = (
    """
    CREATE FUNCTION knowledge_term(lexeme text) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (hashtext(lexeme) & 536870911) + 1
    """,
    """
    CREATE FUNCTION knowledge_terms(search tsvector) RETURNS sparsevec LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (
        WITH counted AS (
            SELECT knowledge_term(lexeme) AS term,
                   sum(cardinality(positions) + 2 * cardinality(array_positions(weights, 'A')))::real AS times
            FROM unnest(search) GROUP BY 1
        ), measured AS (
            SELECT term, times, 1.2 * (0.25 + 0.75 * sum(times) OVER () / 120) AS norm FROM counted
        )
        SELECT ('{' || coalesce(string_agg(term || ':' || (2.2 * times / (times + norm))::real, ','), '')
                || '}/536870912')::sparsevec
        FROM measured
    )
    """,
    "ALTER TABLE knowledge_chunks ADD COLUMN language text NOT NULL DEFAULT 'english'",
    """
    ALTER TABLE knowledge_chunks
        ADD COLUMN lead halfvec(256) NOT NULL
            GENERATED ALWAYS AS (subvector(embedding, 1, 256)::halfvec(256)) STORED,
        ADD COLUMN terms sparsevec(536870912) NOT NULL GENERATED ALWAYS AS (knowledge_terms(search)) STORED,
        -- A search reads these columns of all chunks of a site, so they stay in the row; the texts it shows of a few
        -- chunks are stored out of line (TOAST).
        ALTER COLUMN lead SET STORAGE PLAIN,
        ALTER COLUMN terms SET STORAGE MAIN
    """,
    "CREATE INDEX knowledge_chunks_sample ON knowledge_chunks (job_id, id)",
    "DROP INDEX knowledge_chunks_job_id_idx",
    # Unlogged: a crash of the server empties the table, but it also ends the work that the claims stand for.
    """
    CREATE UNLOGGED TABLE embedding_claims (
        content_hash text NOT NULL,
        model text NOT NULL,
        claimed_until timestamptz NOT NULL,
        PRIMARY KEY (content_hash, model)
    )
    """,
    """
    CREATE TABLE embedding_limits (
        account text PRIMARY KEY,
        requests_per_minute int,
        tokens_per_minute int,
        requests_until timestamptz NOT NULL DEFAULT now(),
        tokens_until timestamptz NOT NULL DEFAULT now(),
        paused_until timestamptz NOT NULL DEFAULT now()
    )
    """,
)


def upgrade() -> None:
    """Add columns and tables; existing chunks get their values."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop the added columns, tables and functions."""
    op.execute("DROP TABLE embedding_claims, embedding_limits")
    op.execute("CREATE INDEX ON knowledge_chunks (job_id)")
    op.execute("DROP INDEX knowledge_chunks_sample")
    op.execute("ALTER TABLE knowledge_chunks DROP COLUMN terms, DROP COLUMN lead, DROP COLUMN language")
    op.execute("DROP FUNCTION knowledge_terms")
    op.execute("DROP FUNCTION knowledge_term")
