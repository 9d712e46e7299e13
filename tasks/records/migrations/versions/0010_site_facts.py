"""Facts of a build's site, each once with the pages that state it, and their owner's edits, which outlive builds."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = (
    """
    CREATE TABLE site_facts (
        job_id uuid NOT NULL REFERENCES scrape_jobs ON DELETE CASCADE,
        fact_id uuid NOT NULL, -- the same in each build of the widget
        position int NOT NULL,
        kind text NOT NULL,
        value text NOT NULL,
        normal text NOT NULL,
        label text NOT NULL,
        place text NOT NULL,
        pages text[] NOT NULL, -- the first one has it among its passages
        page_count int NOT NULL,
        PRIMARY KEY (job_id, fact_id)
    )
    """,
    """
    CREATE TABLE fact_edits (
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        fact_id uuid NOT NULL,
        value text, -- null: as found
        hidden boolean NOT NULL DEFAULT false,
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (widget_id, fact_id)
    )
    """,
)


def upgrade() -> None:
    """Create the tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE fact_edits, site_facts")
