"""Idempotency keys of requests that joined a build which was already under way."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add them to the builds, with an index to find a build by one."""
    op.execute("ALTER TABLE scrape_jobs ADD COLUMN joined_keys text[] NOT NULL DEFAULT '{}'")
    op.execute("CREATE INDEX scrape_jobs_joined_keys ON scrape_jobs USING gin (joined_keys)")


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE scrape_jobs DROP COLUMN joined_keys")
