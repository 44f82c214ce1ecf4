"""What campaigns changed, summed by arm; and the day of the one final read, fixed before anybody bought.

Revision ID: 0047
Revises: 0058
"""

import sqlalchemy as sa

from alembic import op

revision = "0047"
down_revision = "0058"
branch_labels = None
depends_on = None

_SUMS = (
    "bought", "revenue", "revenue_square", "profit", "profit_square", "expected", "expected_square",
    "expected_bought", "expected_revenue", "expected_profit", "discount", "cost",
)  # fmt: skip
_KEYS = ("arm", "segment_slug", "playbook", "offer_name", "discount_pct")


def upgrade() -> None:
    op.add_column("experiments", sa.Column("read_on", sa.Date(), nullable=True))
    # the campaign's dates stood when it was approved: the eighth day after its last is when every week is over
    op.execute(
        "UPDATE experiments e SET read_on = k.end_date + 8 FROM campaigns k"
        " WHERE k.id = e.campaign_id AND e.kind = 'holdout' AND k.approved_at IS NOT NULL"
    )
    op.create_table(
        "outcome_sums",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), primary_key=True),
        sa.Column("campaign_id", sa.Uuid(), sa.ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _KEYS),
        sa.Column("is_final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in ("drawn", "people")),
        *(sa.Column(name, sa.Double(), nullable=False) for name in _SUMS),
        sa.Column("read_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.UniqueConstraint("campaign_id", *_KEYS, "is_final"),
    )


def downgrade() -> None:
    op.drop_table("outcome_sums")
    op.drop_column("experiments", "read_on")
