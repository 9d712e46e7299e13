"""Of which site a build is, who asked for it, so that builds at once can be counted, and whether it may shrink."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    # A hash that cannot be turned back into an address; absent for builds that no client asked for.
    op.execute(
        "ALTER TABLE scrape_jobs ADD COLUMN site text, ADD COLUMN client text,"
        " ADD COLUMN allow_fewer_pages boolean NOT NULL DEFAULT false"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE scrape_jobs DROP COLUMN site, DROP COLUMN client, DROP COLUMN allow_fewer_pages")
