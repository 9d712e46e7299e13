"""Test questions of a widget's owner, each with the right answer, asked before new knowledge is published."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE widgets ADD COLUMN test_questions jsonb NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE widgets DROP COLUMN test_questions")
