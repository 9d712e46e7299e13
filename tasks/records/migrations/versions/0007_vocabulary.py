"""A build's vocabulary with the passage count of each word, to look up how rare a question's words are."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    """
    CREATE TABLE knowledge_vocabularies (
        job_id uuid PRIMARY KEY REFERENCES scrape_jobs ON DELETE CASCADE,
        passages int NOT NULL,
        languages text[] NOT NULL -- text search configurations that questions are read in
    )
    """,
    """
    CREATE TABLE knowledge_words (
        job_id uuid NOT NULL REFERENCES knowledge_vocabularies ON DELETE CASCADE,
        number int NOT NULL, -- knowledge_term of the lexeme
        passages int NOT NULL,
        PRIMARY KEY (job_id, number)
    )
    """,
    """
    CREATE FUNCTION knowledge_count_words(build uuid) RETURNS void LANGUAGE sql
    BEGIN ATOMIC
        DELETE FROM knowledge_vocabularies WHERE job_id = build;
        INSERT INTO knowledge_vocabularies (job_id, passages, languages)
        SELECT build, coalesce(sum(own), 0), coalesce(array_agg(language) FILTER (WHERE own >= 0.1 * passages), '{}')
        FROM (
            SELECT language, count(*) AS own, sum(count(*)) OVER () AS passages
            FROM knowledge_chunks WHERE job_id = build GROUP BY language
        ) AS spoken;
        INSERT INTO knowledge_words (job_id, number, passages)
        SELECT build, knowledge_term(lexeme), count(*)
        FROM knowledge_chunks, unnest(search) WHERE job_id = build GROUP BY 2;
    END
    """,
    "SELECT knowledge_count_words(active_job_id) FROM widgets WHERE active_job_id IS NOT NULL",
    # The index was used to count words; search has its own indexes for large builds.
    "DROP INDEX knowledge_chunks_search_idx",
)


def upgrade() -> None:
    """Create the tables, and count the words of the builds that widgets answer from."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("CREATE INDEX ON knowledge_chunks USING gin (search)")
    op.execute("DROP FUNCTION knowledge_count_words")
    op.execute("DROP TABLE knowledge_words, knowledge_vocabularies")
