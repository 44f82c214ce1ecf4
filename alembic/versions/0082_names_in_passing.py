"""An erasure finds the person where the shop's own words name them: a function that takes words out of a document; the
name a key had in the audit log; whether templates were meant, too.

Revision ID: 0082
Revises: 0081
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("erasures", sa.Column("in_templates", sa.Boolean(), server_default="false", nullable=False))
    op.execute(_WITHOUT)
    op.execute(_REFUSE)
    op.execute("DROP FUNCTION audit_log_scrub(uuid[], text)")
    op.execute(_SCRUB)


def downgrade() -> None:
    op.execute("DROP FUNCTION audit_log_scrub(uuid[], text, text)")
    op.execute(_SCRUB_BEFORE)
    op.execute(_REFUSE_BEFORE)
    op.execute("DROP FUNCTION without_words(jsonb, text, text)")
    op.drop_column("erasures", "in_templates")


# value by value: a pattern over the document's text could take away what makes it one
_WITHOUT = """
CREATE FUNCTION without_words(document jsonb, words text, mark text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    CASE jsonb_typeof(document)
    WHEN 'string' THEN
        RETURN to_jsonb(regexp_replace(document #>> '{}', words, mark, 'gi'));
    WHEN 'array' THEN
        RETURN COALESCE((SELECT jsonb_agg(without_words(e.value, words, mark) ORDER BY e.place)
                           FROM jsonb_array_elements(document) WITH ORDINALITY e(value, place)), '[]');
    WHEN 'object' THEN
        RETURN COALESCE((SELECT jsonb_object_agg(regexp_replace(f.key, words, mark, 'gi'),
                                                 without_words(f.value, words, mark))
                           FROM jsonb_each(document) f), '{}');
    ELSE
        RETURN document;
    END CASE;
END $$
"""

_REFUSE_BEFORE = """
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

# whatever is set: who did what to which entity, and when, stays as it is; a key is known by its id
_REFUSE = """
CREATE OR REPLACE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('liquor.audit_log_forgets', true) = 'yes' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('liquor.audit_log_scrubs', true) = 'yes'
       AND to_jsonb(OLD) - '{changes,ip,actor_name}'::text[] = to_jsonb(NEW) - '{changes,ip,actor_name}'::text[]
       AND (NEW.actor_name = OLD.actor_name OR OLD.actor_kind = 'api_key')
       AND (NEW.ip IS NULL OR NEW.ip = OLD.ip) AND NEW.changes <@ (OLD.changes || '{"erased": true}') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The audit log only grows.' USING ERRCODE = 'insufficient_privilege';
END $$
"""

# of what was told of a person stay figures, yes and no, and what they agreed to, which is evidence
_SCRUB_BEFORE = """
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

_SCRUB = """
CREATE FUNCTION audit_log_scrub(people uuid[], words text, mark text) RETURNS int LANGUAGE plpgsql
SET liquor.audit_log_scrubs = 'yes' AS $$
DECLARE gone int;
BEGIN
    UPDATE audit_log SET actor_name = regexp_replace(actor_name, words, mark, 'gi')
     WHERE actor_kind = 'api_key' AND actor_name ~* words;
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
