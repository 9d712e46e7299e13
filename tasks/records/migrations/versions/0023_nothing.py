"""Nothing: databases that have this version were contracted by it, as 0028 does now, behind all that only adds."""

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Leave the schema as it is."""


def downgrade() -> None:
    """Leave the schema as it is."""
