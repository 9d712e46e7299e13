"""A build's attempts: each start of its run, and each resumption, begins one, and only the latest may write."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the counter."""
    op.execute("ALTER TABLE scrape_jobs ADD COLUMN attempt int NOT NULL DEFAULT 0")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE scrape_jobs DROP COLUMN attempt")
