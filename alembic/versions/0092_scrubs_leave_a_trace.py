"""What is taken out of the audit log takes an erasure under way, and stands in it.

Web and worker may call `audit_log_scrub` (ADR 115): whoever had their account could have had it empty any entry.

Revision ID: 0092
Revises: 0097
"""

from __future__ import annotations

from alembic import op

revision = "0092"
down_revision = "0097"
branch_labels = None
depends_on = None

_LEFT = """jsonb_build_object('erased', true) || COALESCE((
               SELECT jsonb_object_agg(c.key, c.value) FROM jsonb_each(a.changes) c
                WHERE jsonb_typeof(c.value) IN ('boolean', 'number') OR c.key IN ('channel', 'consent')), '{}')"""
_NAMED = "(a.entity = 'customer' AND a.entity_id = ANY(people)) OR CAST(a.changes AS text) ~* words"

# no pattern of somebody's addresses and names is found in these; one that finds everything is
_SCRUB = f"""
CREATE OR REPLACE FUNCTION audit_log_scrub(people uuid[], words text, mark text) RETURNS int LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET liquor.audit_log_scrubs = 'yes' AS $$
DECLARE keys int; gone int;
BEGIN
    IF NOT EXISTS (SELECT FROM erasures e WHERE e.person_id = ANY(people)
                      AND (e.finished_at IS NULL OR e.finished_at > now() - interval '1 hour')) THEN
        RAISE EXCEPTION 'Nobody of these is being erased.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM unnest(ARRAY['', ' ', '{{}}', '"": 0, "ip": null', 'a', 'e', '1', 'user', 'customer']) p(probe)
                WHERE p.probe ~* words) THEN
        RAISE EXCEPTION 'This is nobody''s name or address.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE audit_log SET actor_name = regexp_replace(actor_name, words, mark, 'gi')
     WHERE actor_kind = 'api_key' AND actor_name ~* words;
    GET DIAGNOSTICS keys = ROW_COUNT;
    UPDATE audit_log a SET changes = n.changes, ip = n.ip
      FROM (SELECT a.id, a.at, {_LEFT} AS changes, CASE WHEN a.actor_kind = 'stranger' THEN NULL ELSE a.ip END AS ip
              FROM audit_log a WHERE {_NAMED}) n
     WHERE a.id = n.id AND a.at = n.at AND (a.changes, a.ip) IS DISTINCT FROM (n.changes, n.ip);
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF keys + gone > 0 THEN
        INSERT INTO audit_log (actor_kind, actor_name, action, entity, changes)
        VALUES ('system', 'database', 'audit.scrubbed', 'privacy',
                jsonb_build_object('entries', gone, 'keys', keys, 'account', session_user));
    END IF;
    RETURN gone;
END $$
"""
_SCRUB_BEFORE = f"""
CREATE OR REPLACE FUNCTION audit_log_scrub(people uuid[], words text, mark text) RETURNS int LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp SET liquor.audit_log_scrubs = 'yes' AS $$
DECLARE gone int;
BEGIN
    UPDATE audit_log SET actor_name = regexp_replace(actor_name, words, mark, 'gi')
     WHERE actor_kind = 'api_key' AND actor_name ~* words;
    UPDATE audit_log a
       SET changes = {_LEFT},
           ip = CASE WHEN a.actor_kind = 'stranger' THEN NULL ELSE a.ip END
     WHERE {_NAMED};
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$
"""


def upgrade() -> None:
    op.execute(_SCRUB)


def downgrade() -> None:
    op.execute(_SCRUB_BEFORE)
