"""A key of 16 bytes for the addresses of a build, in place of the address: half the bytes, however long that is."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Index the digests of the addresses."""
    op.execute("CREATE UNIQUE INDEX crawl_urls_key ON crawl_urls (job_id, (md5(url)::uuid))")
    op.execute("ALTER TABLE crawl_urls DROP CONSTRAINT crawl_urls_pkey")


def downgrade() -> None:
    """Index the addresses themselves; a long one does not fit into an index."""
    op.execute("DELETE FROM crawl_urls WHERE octet_length(url) > 2000")
    op.execute("ALTER TABLE crawl_urls ADD PRIMARY KEY (job_id, url)")
    op.execute("DROP INDEX crawl_urls_key")
