"""Rules of widgets, and of each build as it was asked for; a widget begins with the depth and pages of its build."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = (
    "ALTER TABLE scrape_jobs ADD COLUMN rules jsonb NOT NULL DEFAULT '{}'",
    "ALTER TABLE widgets ADD COLUMN rules jsonb NOT NULL DEFAULT '{}'",
    """
    UPDATE widgets SET rules = jsonb_build_object('depth', depth, 'max_pages', max_pages)
    FROM (
        SELECT DISTINCT ON (widget_id) widget_id, depth, max_pages
        FROM scrape_jobs JOIN widgets ON widgets.id = widget_id
        ORDER BY widget_id, scrape_jobs.id = active_job_id DESC NULLS LAST, scrape_jobs.created_at DESC
    ) AS build WHERE build.widget_id = widgets.id
    """,
)


def upgrade() -> None:
    """Add the columns."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE widgets DROP COLUMN rules")
    op.execute("ALTER TABLE scrape_jobs DROP COLUMN rules")
