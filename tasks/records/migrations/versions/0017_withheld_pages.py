"""Pages that a widget's rules have taken out of its answers since they were read."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; as for `content_id`, housekeeping keeps what it refers to."""
    op.execute("ALTER TABLE crawl_urls ADD COLUMN withheld_id uuid")


def downgrade() -> None:
    """Answer from the pages again, and drop the column."""
    op.execute(
        "UPDATE crawl_urls SET status = 'stored', reason = NULL, content_id = withheld_id WHERE withheld_id IS NOT NULL"
    )
    op.execute("ALTER TABLE crawl_urls DROP COLUMN withheld_id")
