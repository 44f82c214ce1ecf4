"""Each user has seen the bell up to a moment of their own; the audit log only grows, and what is old is forgotten."""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0058"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices_seen",
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
    # whoever was shown a notice as read is not told of it again
    op.execute(
        "INSERT INTO notices_seen (user_id, until) SELECT u.id, max(n.created_at) FROM users u, notifications n"
        " WHERE n.read_at IS NOT NULL AND (n.user_id IS NULL OR n.user_id = u.id) GROUP BY u.id"
    )
    op.drop_column("notifications", "read_at")
    op.execute(_REFUSE)
    op.execute(
        "CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE ON audit_log"
        " FOR EACH ROW EXECUTE FUNCTION audit_log_refuse()"
    )
    op.execute(
        "CREATE TRIGGER audit_log_is_not_emptied BEFORE TRUNCATE ON audit_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()"
    )
    op.execute(_FORGET)
    # nothing read these days until now: whoever had typed a few would lose what caps and learning look at
    for days in ("events_days", "sends_days", "audit_days"):
        op.execute(
            f"UPDATE settings SET value = jsonb_set(value, '{{{days}}}', '90') WHERE key = 'retention'"
            f" AND CAST(value->>'{days}' AS int) BETWEEN 1 AND 89"
        )
    for table, column in GROWING:
        op.create_index(f"ix_{table}_{column}", table, [column], postgresql_using="brin")


GROWING = (("exclusions", "created_at"), ("segment_changes", "at"), ("service_messages", "created_at"))
"""Rows come in the order of their moments: a block range index finds the old ones at a thousandth of the size."""

_REFUSE = """
CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('liquor.audit_log_forgets', true) = 'yes' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The audit log only grows.' USING ERRCODE = 'insufficient_privilege';
END $$
"""

_FORGET = """
CREATE FUNCTION audit_log_forget(before timestamptz, most int) RETURNS int LANGUAGE plpgsql
SET liquor.audit_log_forgets = 'yes' AS $$
DECLARE gone int;
BEGIN
    IF before > now() - interval '30 days' THEN
        RAISE EXCEPTION 'Entries of the last 30 days stay.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at < before ORDER BY at LIMIT most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$
"""


def downgrade() -> None:
    for table, column in GROWING:
        op.drop_index(f"ix_{table}_{column}", table)
    op.execute("DROP FUNCTION audit_log_forget(timestamptz, int)")
    op.execute("DROP TRIGGER audit_log_only_grows ON audit_log")
    op.execute("DROP TRIGGER audit_log_is_not_emptied ON audit_log")
    op.execute("DROP FUNCTION audit_log_refuse()")
    op.add_column("notifications", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_table("notices_seen")
