"""A build's site and client, by which unfinished builds are counted, and whether it may have fewer pages."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    # `client` is a hash that cannot be turned back into an address; null for builds without a client.
    op.execute(
        "ALTER TABLE scrape_jobs ADD COLUMN site text, ADD COLUMN client text,"
        " ADD COLUMN allow_fewer_pages boolean NOT NULL DEFAULT false"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE scrape_jobs DROP COLUMN site, DROP COLUMN client, DROP COLUMN allow_fewer_pages")
