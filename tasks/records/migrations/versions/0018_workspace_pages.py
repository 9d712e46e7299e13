"""Limit of the pages that the widgets of a workspace have together."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE workspaces ADD COLUMN max_pages int -- null: no limit")


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE workspaces DROP COLUMN max_pages")
