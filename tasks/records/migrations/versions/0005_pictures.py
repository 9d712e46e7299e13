"""Pictures of a widget's site: its logo and a screenshot of its start page."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLE = """
    CREATE TABLE widget_pictures (
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        kind text NOT NULL CHECK (kind IN ('logo', 'screenshot')),
        tag text NOT NULL, -- changes with the data
        data bytea NOT NULL,
        PRIMARY KEY (widget_id, kind)
    )
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(TABLE)
    # Pictures are already compressed.
    op.execute("ALTER TABLE widget_pictures ALTER COLUMN data SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE widget_pictures")
