"""The widget of each message beside it, so that a widget's latest questions are counted from one index."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = (
    "ALTER TABLE chat_messages ADD COLUMN counted_for uuid",
    "UPDATE chat_messages SET counted_for = conversations.widget_id FROM conversations"
    " WHERE conversations.id = conversation_id",
    "ALTER TABLE chat_messages ALTER COLUMN counted_for SET NOT NULL",
    # Without a foreign key: the conversation's deletes the messages.
    "CREATE INDEX ON chat_messages (counted_for, at) INCLUDE (answered) WHERE kind <> 'small_talk'",
)


def upgrade() -> None:
    """Add the column and the index."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE chat_messages DROP COLUMN counted_for")
