"""Pictures found on a site that may be its logo, from which the owner chooses."""

from alembic import op

revision = "0027"
down_revision = "0026"

TABLE = """
    CREATE TABLE found_logos (
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        place smallint NOT NULL, -- the most likely first
        tag text NOT NULL, -- changes with the data
        found text NOT NULL, -- where on the site
        data bytea NOT NULL, -- drawn by us; nothing of the site's file
        PRIMARY KEY (widget_id, place)
    )
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLE)
    # Pictures are already compressed.
    op.execute("ALTER TABLE found_logos ALTER COLUMN data SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE found_logos")
