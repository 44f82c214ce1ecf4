"""Erasures as keyed hashes; the audit log may be scrubbed of one person, by one function."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuid_v7()"), primary_key=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="asked", nullable=False),
        sa.Column("asked_by", sa.Uuid()),
        sa.Column("asked_by_name", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("told", JSONB(), server_default="{}", nullable=False),
        sa.CheckConstraint(
            "ground IN ('asked', 'no_longer_needed', 'consent_withdrawn', 'objected', 'unlawful', 'legal_duty')",
            name="ground",
        ),
        sa.CheckConstraint("status IN ('asked', 'done')", name="status"),
    )
    op.create_index("ix_erasures_person", "erasures", ["person_id"])
    op.create_index("ix_erasures_open", "erasures", ["asked_at"], postgresql_where=sa.text("finished_at IS NULL"))
    op.create_table(
        "erased_keys",
        sa.Column("key_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("erasure_id", sa.Uuid(), sa.ForeignKey("erasures.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_erased_keys_erasure", "erased_keys", ["erasure_id"])
    op.execute(_REFUSE)
    op.execute(_SCRUB)


def downgrade() -> None:
    op.execute("DROP FUNCTION audit_log_scrub(uuid[], text)")
    op.execute(_REFUSE_BEFORE)
    op.drop_table("erased_keys")
    op.drop_table("erasures")


_REFUSE_BEFORE = """
CREATE OR REPLACE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('liquor.audit_log_forgets', true) = 'yes' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The audit log only grows.' USING ERRCODE = 'insufficient_privilege';
END $$
"""

# whatever is set: who did what to which entity, and when, stays as it is
_REFUSE = """
CREATE OR REPLACE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('liquor.audit_log_forgets', true) = 'yes' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('liquor.audit_log_scrubs', true) = 'yes'
       AND to_jsonb(OLD) - '{changes,ip}'::text[] = to_jsonb(NEW) - '{changes,ip}'::text[]
       AND (NEW.ip IS NULL OR NEW.ip = OLD.ip) AND NEW.changes <@ (OLD.changes || '{"erased": true}') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The audit log only grows.' USING ERRCODE = 'insufficient_privilege';
END $$
"""

# of what was told of a person stay figures, yes and no, and what they agreed to, which is evidence
_SCRUB = """
CREATE FUNCTION audit_log_scrub(people uuid[], words text) RETURNS int LANGUAGE plpgsql
SET liquor.audit_log_scrubs = 'yes' AS $$
DECLARE gone int;
BEGIN
    UPDATE audit_log a
       SET changes = jsonb_build_object('erased', true) || COALESCE((
               SELECT jsonb_object_agg(c.key, c.value) FROM jsonb_each(a.changes) c
                WHERE jsonb_typeof(c.value) IN ('boolean', 'number') OR c.key IN ('channel', 'consent')), '{}'),
           ip = CASE WHEN a.actor_kind = 'stranger' THEN NULL ELSE a.ip END
     WHERE (a.entity = 'customer' AND a.entity_id = ANY(people)) OR CAST(a.changes AS text) ~* words;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$
"""
