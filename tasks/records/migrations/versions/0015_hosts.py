"""Hosts that runs request together: their limits, and each run's claim on a part of them.

Nothing here outlasts the runs: the tables are not written to the log, and are empty after a crash of the server.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

STATEMENTS = (
    """
    CREATE UNLOGGED TABLE host_limits (
        host text PRIMARY KEY,
        slots real NOT NULL, -- concurrent requests that it takes
        next_turn timestamptz NOT NULL DEFAULT '-infinity',
        paused_until timestamptz NOT NULL DEFAULT '-infinity',
        slowed_at timestamptz NOT NULL DEFAULT '-infinity',
        seen_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE UNLOGGED TABLE host_claims (
        host text NOT NULL,
        holder uuid NOT NULL,
        slots int NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (host, holder)
    )
    """,
)


def upgrade() -> None:
    """Create the tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE host_claims, host_limits")
