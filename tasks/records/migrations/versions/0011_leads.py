"""Addresses that visitors leave, and webhooks with their deliveries; both go with the conversation they came from."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = (
    """
    CREATE TABLE leads (
        id uuid PRIMARY KEY,
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
        email text NOT NULL,
        name text NOT NULL,
        message text NOT NULL,
        consent text, -- what the visitor agreed to; null: nothing was asked
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ON leads (widget_id, created_at DESC)",
    "CREATE INDEX ON leads (conversation_id)",
    """
    CREATE TABLE webhooks (
        id uuid PRIMARY KEY,
        widget_id uuid NOT NULL REFERENCES widgets ON DELETE CASCADE,
        url text NOT NULL,
        secret text NOT NULL, -- signing needs it in clear
        events text[] NOT NULL,
        paused boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX ON webhooks (widget_id)",
    """
    CREATE TABLE webhook_deliveries (
        id uuid PRIMARY KEY,
        webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
        position bigint GENERATED ALWAYS AS IDENTITY,
        event text NOT NULL,
        body text NOT NULL, -- as it is sent and signed
        conversation_id uuid REFERENCES conversations ON DELETE CASCADE, -- whose words are in the body
        lead_id uuid REFERENCES leads ON DELETE CASCADE,
        status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'dead')),
        attempts int NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        claimed_until timestamptz, -- a process is sending it
        response_status int,
        error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        delivered_at timestamptz
    )
    """,
    "CREATE INDEX ON webhook_deliveries (due_at) WHERE status = 'waiting'",
    "CREATE INDEX ON webhook_deliveries (webhook_id, position DESC)",
    "CREATE INDEX ON webhook_deliveries (conversation_id)",
    "CREATE INDEX ON webhook_deliveries (lead_id)",
    "CREATE INDEX ON webhook_deliveries (created_at)",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE webhook_deliveries, webhooks, leads")
