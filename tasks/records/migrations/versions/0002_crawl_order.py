"""The crawl order of URLs, the status of URLs found but not admitted, and the page a duplicate equals."""

from alembic import op

revision = "0002"
down_revision = "0001"

_CHECK = "ALTER TABLE crawl_urls ADD CONSTRAINT crawl_urls_status_check CHECK (status IN ({}))"


def upgrade() -> None:
    """Add the columns, and the status `found`."""
    op.execute("ALTER TABLE crawl_urls ADD COLUMN place int NOT NULL DEFAULT 0, ADD COLUMN same_as text")
    op.execute("ALTER TABLE crawl_urls DROP CONSTRAINT crawl_urls_status_check")
    op.execute(_CHECK.format("'found', 'queued', 'stored', 'failed', 'skipped'"))


def downgrade() -> None:
    """Drop the columns and the status; URLs found but not admitted are deleted."""
    op.execute("DELETE FROM crawl_urls WHERE status = 'found'")
    op.execute("ALTER TABLE crawl_urls DROP CONSTRAINT crawl_urls_status_check")
    op.execute(_CHECK.format("'queued', 'stored', 'failed', 'skipped'"))
    op.execute("ALTER TABLE crawl_urls DROP COLUMN place, DROP COLUMN same_as")
