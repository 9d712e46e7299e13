"""Logos that owners send, shown in place of those found on their sites."""

from alembic import op

revision = "0024"
down_revision = "0023"

TABLE = """
    CREATE TABLE own_logos (
        widget_id uuid PRIMARY KEY REFERENCES widgets ON DELETE CASCADE,
        tag text NOT NULL, -- changes with the data
        data bytea NOT NULL -- drawn by us; nothing of the file that was sent
    )
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLE)
    # Pictures are already compressed.
    op.execute("ALTER TABLE own_logos ALTER COLUMN data SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE own_logos")
