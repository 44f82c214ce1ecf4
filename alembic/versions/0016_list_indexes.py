"""An index for each way a list can be sorted, down to the id: a page begins in it where the one before ended.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NEW = {
    "actions": ("priority_score",),
    "campaigns": ("start_date", "name", "completed_sends", "conversions", "revenue_generated"),
}
LONGER = {
    "ix_actions_scheduled": ("actions", ["scheduled_date", "status"], ["scheduled_date", "id"], None),
    "ix_outbox_messages_accepted": ("outbox_messages", ["accepted_at"], ["accepted_at", "id"], None),
    "ix_sends_sent": ("sends", ["sent_at"], ["sent_at", "id"], "sent_at IS NOT NULL"),
    "ix_suppressions_created": ("suppressions", ["created_at"], ["created_at", "id"], None),
}


def upgrade() -> None:
    for table, columns in NEW.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column, "id"])
    for name, (table, _, columns, where) in LONGER.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns, postgresql_where=sa.text(where) if where else None)


def downgrade() -> None:
    for name, (table, columns, _, where) in LONGER.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns, postgresql_where=sa.text(where) if where else None)
    for table, columns in NEW.items():
        for column in columns:
            op.drop_index(f"ix_{table}_{column}", table)
