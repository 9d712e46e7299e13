"""Conversations with messages and feedback, the chat's rate limits and budgets, and suggested questions."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    CREATE TABLE conversations (
        id uuid PRIMARY KEY,
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ON conversations (widget_id)",
    """
    CREATE TABLE chat_messages (
        id uuid PRIMARY KEY,
        conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
        position bigint GENERATED ALWAYS AS IDENTITY,
        at timestamptz NOT NULL DEFAULT now(),
        question text NOT NULL,
        searched text NOT NULL, -- the question without the conversation
        answer text NOT NULL,
        answered boolean NOT NULL,
        kind text NOT NULL CHECK (kind IN ('generated', 'extractive', 'refusal', 'small_talk')),
        citations jsonb NOT NULL DEFAULT '[]'
    )
    """,
    "CREATE INDEX ON chat_messages (conversation_id, position)",
    "CREATE INDEX ON chat_messages (at)",
    """
    CREATE TABLE feedback (
        message_id uuid PRIMARY KEY REFERENCES chat_messages ON DELETE CASCADE,
        rating text NOT NULL CHECK (rating IN ('up', 'down')),
        comment text NOT NULL DEFAULT '',
        at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE chat_usage (
        scope text NOT NULL, -- the thing counted; `key` is whose count it is, never an address in clear
        key text NOT NULL,
        window_start timestamptz NOT NULL,
        amount bigint NOT NULL,
        PRIMARY KEY (scope, key, window_start)
    )
    """,
    "CREATE INDEX ON chat_usage (window_start)",
    """
    CREATE TABLE chat_salts (
        day date PRIMARY KEY,
        salt bytea NOT NULL
    )
    """,
    """
    CREATE TABLE suggested_questions (
        widget_id uuid PRIMARY KEY REFERENCES widgets ON DELETE CASCADE,
        job_id uuid NOT NULL REFERENCES scrape_jobs ON DELETE CASCADE, -- the build the questions were checked on
        page_count int NOT NULL, -- pages of that build at that time
        questions text[] NOT NULL
    )
    """,
)
TABLES = (
    "suggested_questions",
    "chat_salts",
    "chat_usage",
    "feedback",
    "chat_messages",
    "conversations",
)


def upgrade() -> None:
    """Create everything."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
