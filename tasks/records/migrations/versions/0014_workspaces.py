"""Workspaces with their members' tokens. A widget without one is a workspace of its own, opened by its owner token."""

from alembic import op

revision = "0014"
down_revision = "0013"

STATEMENTS = (
    """
    CREATE TABLE workspaces (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        max_widgets int, -- null: no limit
        max_answers int, -- to visitors, in a calendar month (UTC); null: no limit
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE members (
        id uuid PRIMARY KEY,
        workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        name text NOT NULL,
        role text NOT NULL CHECK (role IN ('viewer', 'editor', 'owner')),
        token_hash text NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz,
        revoked_at timestamptz
    )
    """,
    "CREATE INDEX ON members (workspace_id)",
    """
    CREATE TABLE workspace_answers (
        workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
        month date NOT NULL, -- its first day
        answers int NOT NULL,
        PRIMARY KEY (workspace_id, month)
    )
    """,
    # One key a widget: the owner token of its own, or the tokens of the workspace's members.
    """
    ALTER TABLE widgets ADD COLUMN workspace_id uuid REFERENCES workspaces,
        ADD CONSTRAINT widgets_one_owner CHECK (workspace_id IS NULL OR owner_token_hash IS NULL)
    """,
    "CREATE INDEX ON widgets (workspace_id) WHERE workspace_id IS NOT NULL",
    "CREATE INDEX ON widgets (owner_token_hash)",
)


def upgrade() -> None:
    """Create tables, column and indexes."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; widgets of workspaces are then the administrator's."""
    op.execute("ALTER TABLE widgets DROP CONSTRAINT widgets_one_owner, DROP COLUMN workspace_id")
    op.execute("DROP INDEX widgets_owner_token_hash_idx")
    op.execute("DROP TABLE workspace_answers, members, workspaces")
