"""The widget of each message beside it, so that a widget's latest questions are counted from one index."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = (
    "ALTER TABLE chat_messages ADD COLUMN counted_for uuid",
    "UPDATE chat_messages SET counted_for = conversations.widget_id FROM conversations"
    " WHERE conversations.id = conversation_id",
    # The version before does not write the column; 0028 drops the trigger.
    """
    CREATE OR REPLACE FUNCTION count_for_widget() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.counted_for := (SELECT widget_id FROM conversations WHERE id = NEW.conversation_id);
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER count_for_widget BEFORE INSERT ON chat_messages
    FOR EACH ROW WHEN (NEW.counted_for IS NULL) EXECUTE FUNCTION count_for_widget()
    """,
    # Without a foreign key: the conversation's deletes the messages.
    "CREATE INDEX ON chat_messages (counted_for, at) INCLUDE (answered) WHERE kind <> 'small_talk'",
)


def upgrade() -> None:
    """Add the column, its trigger and the index."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TRIGGER IF EXISTS count_for_widget ON chat_messages")
    op.execute("DROP FUNCTION IF EXISTS count_for_widget")
    op.execute("ALTER TABLE chat_messages DROP COLUMN counted_for")
