"""E-mail addresses as receivers of a widget's events, once they are confirmed."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column: the hash of the code that was sent; null: confirmed, or nothing to confirm."""
    op.execute("ALTER TABLE webhooks ADD COLUMN confirmation_hash text")


def downgrade() -> None:
    """Drop the column, with the receivers that no webhook can be sent to."""
    op.execute("DELETE FROM webhooks WHERE url LIKE 'mailto:%'")
    op.execute("ALTER TABLE webhooks DROP COLUMN confirmation_hash")
