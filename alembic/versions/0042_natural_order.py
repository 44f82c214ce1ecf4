"""Campaigns by name: "Week 2" comes before "Week 10".

Revision ID: 0042
Revises: 0041
"""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

NATURAL_ORDER = """
CREATE FUNCTION natural_order(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    -- in small letters, each number with twelve digits
    SELECT regexp_replace(regexp_replace(lower(name), '(\\d+)', '000000000000\\1', 'g'), '\\d*(\\d{12})', '\\1', 'g')
$$
"""


def upgrade() -> None:
    op.execute(NATURAL_ORDER)
    op.drop_index("ix_campaigns_name", table_name="campaigns")
    op.execute("CREATE INDEX ix_campaigns_name ON campaigns (natural_order(name), id)")


def downgrade() -> None:
    op.drop_index("ix_campaigns_name", table_name="campaigns")
    op.create_index("ix_campaigns_name", "campaigns", ["name", "id"])
    op.execute("DROP FUNCTION natural_order(text)")
