"""End of what only versions before 0020 and 0021 need: the addresses as a key, and the trigger of messages."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Drop them: digests tell addresses apart, however long, and messages are written with their widget."""
    op.execute("ALTER TABLE crawl_urls DROP CONSTRAINT IF EXISTS crawl_urls_pkey")
    op.execute("DROP TRIGGER IF EXISTS count_for_widget ON chat_messages")
    op.execute("DROP FUNCTION IF EXISTS count_for_widget")
    op.execute("ALTER TABLE chat_messages ALTER COLUMN counted_for SET NOT NULL")


def downgrade() -> None:
    """Create the key again, without addresses too long for an index; version 0021 needs no trigger."""
    op.execute("ALTER TABLE chat_messages ALTER COLUMN counted_for DROP NOT NULL")
    op.execute("DELETE FROM crawl_urls WHERE octet_length(url) > 2000")
    op.execute("ALTER TABLE crawl_urls ADD PRIMARY KEY (job_id, url)")
