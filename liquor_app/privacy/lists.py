"""The audit log as a list, beside what its entries are about: here, above all slices, because any of them may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import ACCESS
from liquor_app.accounts.lists import read_list
from liquor_app.accounts.models import AuditOutcome, outcome_sql
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, ActorKind, require
from liquor_app.core.errors import Malformed
from liquor_app.core.listing.spec import Filter, ListQuery, ListSpec, Match, Sort
from liquor_app.core.paging import Page
from liquor_app.organization.lists import by_shop_days


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what to which thing, from which address and by what. `changes` holds [before, after] of each of `fields`,
    and notes; never a secret, nor what a stranger typed. `subject` is what the thing is called now, or whose
    it is if it is somebody's; None where it is gone or has no name. `person_id` is the customer it concerns."""

    id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    action: str
    outcome: str
    entity: str
    entity_id: UUID | None
    subject: str | None
    person_id: UUID | None
    ip: str | None
    via: str
    fields: list[str]
    changes: dict[str, Any]


_PERSON = "COALESCE(NULLIF(c.name, ''), c.email, c.phone, 'Unnamed')"
_THEIRS = {"purchase": "purchases", "send": "sends", "action": "actions", "reply": "replies"}
"""Things that are some customer's → their table."""
_NAMES = {
    "user": ("users", "COALESCE(NULLIF(x.full_name, ''), x.email)"),
    ACCESS: ("users", "COALESCE(NULLIF(x.full_name, ''), x.email)"),
    "api_key": ("api_keys", "x.name"),
    "brand": ("brands", "x.name"),
    "saved_view": ("saved_views", "x.name"),
    "webhook": ("webhook_endpoints", "COALESCE(NULLIF(x.description, ''), x.url)"),
    "product": ("products", "x.name"),
    "import": ("imports", "x.file_name"),
    "drop_source": ("drop_sources", "x.name"),
    "campaign": ("campaigns", "x.name"),
    "segment": ("segments", "x.name"),
    "template": ("message_templates", "x.name"),
    "coupon_pool": ("coupon_pools", "x.name"),
    "allocation": ("allocations", "x.product_name"),
}
"""Entity → its table, and what one of it is called."""
KINDS = (
    "customer", *_THEIRS, *_NAMES, "autopilot", "cell_rule", "channel", "compliance", "compliance_rule", "custom_field",
    "drop_file", "file", "general", "guidance", "job", "key", "list", "planning", "preferences", "privacy", "report",
    "retention", "sample", "scoring", "sending", "sending_switch", "settings", "suppression", "uplift_model",
)  # fmt: skip
"""Every kind of thing entries are about; a test reads the code for others."""

_WHOSE = " ".join(
    f"WHEN '{kind}' THEN (SELECT x.customer_id FROM {table} x WHERE x.id = t.entity_id)"
    for kind, table in _THEIRS.items()
)
_PERSON_ID = f"(CASE t.entity WHEN 'customer' THEN t.entity_id {_WHOSE} END)"
_CALLED = " ".join(
    f"WHEN '{kind}' THEN (SELECT {name} FROM {table} x WHERE x.id = t.entity_id)"
    for kind, (table, name) in _NAMES.items()
)
_ARE_PEOPLES = ", ".join(f"'{kind}'" for kind in ("customer", *_THEIRS))
_SUBJECT = (
    f"(CASE WHEN t.entity IN ({_ARE_PEOPLES}) THEN"
    f" (SELECT {_PERSON} FROM customers c WHERE c.deleted_at IS NULL AND c.id = {_PERSON_ID})"
    f" ELSE CASE t.entity {_CALLED} END END)"
)
_OUTCOME = outcome_sql("t.action")
MOST_NAMED = 1000
"""Things of one kind and one name that are looked up in the log."""
MOST_PEOPLE = 200
"""Customers of one name whose purchases and messages are, too."""
_FOUND = (
    "c.deleted_at IS NULL AND lower(coalesce(c.name, '') || ' ' || coalesce(c.email, '') || ' ' ||"
    " coalesce(c.phone, '')) LIKE :search"
)
_THINGS = " UNION ALL ".join(
    f"(SELECT x.id FROM {table} x WHERE lower({name}) LIKE :search LIMIT {MOST_NAMED})"
    for table, name in {**dict(_NAMES.values()), "users": "concat(x.full_name, ' ', x.email)"}.items()
)
_OF_PEOPLE = " UNION ALL ".join(f"SELECT x.id FROM {table} x WHERE x.customer_id = p.id" for table in _THEIRS.values())
_NAMED = (
    f"(SELECT c.id FROM customers c WHERE {_FOUND} LIMIT {MOST_NAMED}) UNION ALL SELECT o.id FROM"
    f" (SELECT c.id FROM customers c WHERE {_FOUND} LIMIT {MOST_PEOPLE}) p, LATERAL ({_OF_PEOPLE}) o"
    f" UNION ALL {_THINGS}"
)


_SUBJECTS = f"({'|'.join(KINDS)}):[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}"


def _subject(value: str) -> list[str]:
    """Return kind and id of a subject, such as "customer:0192…"; a user is also whom signing in is about."""
    kind, _, given = value.partition(":")
    if kind not in KINDS:
        raise Malformed(f"subject must begin with one of {', '.join(KINDS)}", field="subject")
    if re.fullmatch(_SUBJECTS, value) is None:
        raise Malformed(f"subject must be a kind and an id, such as {kind}:{UUID(int=7)}", field="subject")
    return [given, kind, *([ACCESS] if kind == "user" else ())]


AUDIT = ListSpec(
    name="audit",
    row=AuditRow,
    source="audit_log t",
    select={"subject": _SUBJECT, "person_id": _PERSON_ID, "outcome": _OUTCOME},
    order="-at",
    permission=Permission.AUDIT_READ,
    export_permission=Permission.AUDIT_READ,
    sorts=(Sort("at", first="-"),),
    filters=(
        Filter("actor_id", "t.actor_id", Match.ID, label="By"),
        Filter("actor_kind", "t.actor_kind", options=tuple(ActorKind), label="As", spoken={"user": "Person",
               "api_key": "API key", "stranger": "Nobody known"}),
        Filter("entity", "t.entity", label="To"),
        Filter("entity_id", "t.entity_id", Match.ID),
        Filter(
            "subject",
            "t.entity_id = CAST((CAST(:subject AS text[]))[1] AS uuid) AND t.entity = ANY(CAST(:subject AS text[]))",
            label="About", parse=_subject, pattern=_SUBJECTS,
        ),
        Filter("action", "t.action", label="Did"),
        Filter("outcome", _OUTCOME, options=tuple(AuditOutcome), label="Outcome"),
        Filter("ip", "t.ip", Match.EXACT, label="From", is_typed=True),
        Filter("via", "t.via", Match.EXACT, label="Request", is_typed=True),
        Filter("since", "t.at", Match.FROM, label="Since"),
        Filter("until", "t.at", Match.UNTIL, label="Until"),
    ),
    search="lower(t.actor_name || ' ' || t.action || ' ' || t.entity || ' ' || t.via) LIKE :search"
    f" OR t.entity_id = ANY(ARRAY({_NAMED}))",
    export={
        "at": "when", "actor_kind": "as", "actor_name": "who", "action": "did", "outcome": "outcome", "entity": "to",
        "entity_id": "id", "subject": "about", "ip": "from", "via": "request", "fields": "changed",
        "changes": "changes",
    },
)  # fmt: skip
"""The days of its filters are the shop's. Whoever may read it may see customers (a test reads the permission table), so
that they are found by their names and addresses; who was erased has none."""


async def list_audit(session: AsyncSession, actor: Actor, query: ListQuery | None = None) -> Page[AuditRow]:
    """Return a page of the audit log, newest first.

    Raises:
        Forbidden: the actor is no admin.
        Invalid: see `read_list`.
    """
    require(actor, Permission.AUDIT_READ)
    return await read_list(session, actor, AUDIT, await by_shop_days(session, query))


async def subject_name(session: AsyncSession, actor: Actor, subject: str) -> str | None:
    """Return what a subject is called now; None where it is gone, or has no name.

    Raises:
        Forbidden: the actor is no admin.
        Invalid: it names none.
    """
    require(actor, Permission.AUDIT_READ)
    entity_id, kind, *_ = _subject(subject)
    found = await session.execute(text(_CALLED_NOW), {"kind": kind, "id": entity_id})
    return found.scalar_one_or_none()


_CALLED_NOW = f"SELECT {_SUBJECT} FROM (SELECT CAST(:kind AS text) AS entity, CAST(:id AS uuid) AS entity_id) t"
MOST_OFFERED = 200


@dataclass(frozen=True, slots=True)
class AuditChoices:
    """What stands in the log: who (id → what they were called last), and what was done."""

    actors: dict[UUID, str]
    actions: tuple[str, ...]


async def audit_choices(session: AsyncSession, actor: Actor) -> AuditChoices:
    """Return whom and what the log can be asked for: each found by a step of an index, however long the log is.

    Raises:
        Forbidden: the actor is no admin.
    """
    require(actor, Permission.AUDIT_READ)
    actors = await session.execute(text(_ACTORS), {"n": MOST_OFFERED})
    actions = await session.execute(text(_ACTIONS), {"n": MOST_OFFERED})
    return AuditChoices({one.id: one.name for one in actors}, tuple(actions.scalars()))


_ACTORS = """
WITH RECURSIVE each AS (
    (SELECT actor_id FROM audit_log WHERE actor_id IS NOT NULL ORDER BY actor_id LIMIT 1)
    UNION ALL
    SELECT (SELECT a.actor_id FROM audit_log a WHERE a.actor_id > e.actor_id ORDER BY a.actor_id LIMIT 1)
      FROM each e WHERE e.actor_id IS NOT NULL
)
SELECT e.actor_id AS id, l.actor_name AS name FROM (SELECT actor_id FROM each WHERE actor_id IS NOT NULL LIMIT :n) e,
       LATERAL (SELECT a.actor_name FROM audit_log a WHERE a.actor_id = e.actor_id ORDER BY a.at DESC, a.id DESC
               LIMIT 1) l
 ORDER BY lower(l.actor_name), e.actor_id
"""
_ACTIONS = """
WITH RECURSIVE each AS (
    (SELECT action FROM audit_log ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT a.action FROM audit_log a WHERE a.action > e.action ORDER BY a.action LIMIT 1)
      FROM each e WHERE e.action IS NOT NULL
)
SELECT action FROM each WHERE action IS NOT NULL LIMIT :n
"""
