"""A key of 16 bytes for the addresses of a build, half the bytes of the address; 0028 drops the primary key."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Index the digests of the addresses."""
    op.execute("CREATE UNIQUE INDEX crawl_urls_key ON crawl_urls (job_id, (md5(url)::uuid))")


def downgrade() -> None:
    """Drop the index."""
    op.execute("DROP INDEX crawl_urls_key")
