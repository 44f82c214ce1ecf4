"""Endpoints are told what happened: the outbox, and how far each telling has come."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

EVENTS = (
    "customer.created",
    "customer.updated",
    "purchase.created",
    "campaign.approved",
    "campaign.finished",
    "send.delivered",
    "send.bounced",
    "suppression.added",
    "import.finished",
    "webhook.test",
)


def upgrade() -> None:
    op.drop_column("webhook_endpoints", "failures")
    op.add_column("webhook_endpoints", sa.Column("description", sa.Text, nullable=False, server_default=""))
    op.add_column("webhook_endpoints", sa.Column("disabled_reason", sa.Text))
    op.add_column("webhook_endpoints", sa.Column("failing_since", sa.DateTime(timezone=True)))
    op.add_column("webhook_endpoints", sa.Column("last_success_at", sa.DateTime(timezone=True)))
    known = ", ".join(f"'{one}'" for one in EVENTS)
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("uuid_v7()")),
        sa.Column("type", sa.Text, sa.CheckConstraint(f"type IN ({known})", name="type"), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("ix_webhook_events_created", "webhook_events", ["created_at", "id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("uuid_v7()")),
        sa.Column("event_id", sa.Uuid, sa.ForeignKey("webhook_events.id", ondelete="CASCADE"), nullable=False),
        sa.Column("endpoint_id", sa.Uuid, sa.ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), nullable=False),
        sa.Column(
            "status",
            sa.Text,
            sa.CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
            nullable=False,
            server_default="pending",
        ),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("last_at", sa.DateTime(timezone=True)),
        sa.Column("response_code", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["endpoint_id", "next_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_webhook_deliveries_endpoint", "webhook_deliveries", ["endpoint_id", "created_at", "id"])
    op.create_index("ix_webhook_deliveries_created", "webhook_deliveries", ["created_at", "id"])
    op.create_index("uq_webhook_deliveries_event", "webhook_deliveries", ["event_id", "endpoint_id"], unique=True)


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_events")
    for name in ("last_success_at", "failing_since", "disabled_reason", "description"):
        op.drop_column("webhook_endpoints", name)
    op.add_column("webhook_endpoints", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
