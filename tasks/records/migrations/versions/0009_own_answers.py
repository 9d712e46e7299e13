"""The owner's own answers with the vectors of their questions, and answers of their kind in conversations."""

from alembic import op

revision = "0009"
down_revision = "0008"

_KINDS = "ALTER TABLE chat_messages ADD CONSTRAINT chat_messages_kind_check CHECK (kind IN ({}))"
_FORMER = "'generated', 'extractive', 'refusal', 'small_talk'"
STATEMENTS = (
    """
    CREATE TABLE own_answers (
        id uuid PRIMARY KEY,
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        answer text NOT NULL, -- Markdown
        link text,
        valid_from timestamptz,
        valid_until timestamptz,
        paused boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ON own_answers (widget_id)",
    """
    CREATE TABLE own_answer_questions (
        answer_id uuid NOT NULL REFERENCES own_answers ON DELETE CASCADE,
        position int NOT NULL,
        text text NOT NULL,
        model text NOT NULL, -- of the vector
        embedding vector NOT NULL,
        PRIMARY KEY (answer_id, position)
    )
    """,
    "ALTER TABLE chat_messages DROP CONSTRAINT chat_messages_kind_check",
    _KINDS.format(_FORMER + ", 'own'"),
    "CREATE INDEX ON conversations (widget_id, created_at DESC)",
    "DROP INDEX conversations_widget_id_idx",
)


def upgrade() -> None:
    """Create everything."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything; own answers in conversations become extractive ones."""
    op.execute("CREATE INDEX ON conversations (widget_id)")
    op.execute("DROP INDEX conversations_widget_id_created_at_idx")
    op.execute("UPDATE chat_messages SET kind = 'extractive' WHERE kind = 'own'")
    op.execute("ALTER TABLE chat_messages DROP CONSTRAINT chat_messages_kind_check")
    op.execute(_KINDS.format(_FORMER))
    op.execute("DROP TABLE own_answer_questions, own_answers")
