"""Changing the law as the product knows it: rules start on a day and end on a day, and are never rewritten."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.compliance.legal_rules import FEDERAL, RuleKind, parse_rule
from liquor_app.compliance.rule_pack import RuleDraft
from liquor_app.compliance.service import RULE_COLUMNS, RuleRow
from liquor_app.core.errors import Conflict, Invalid, NotFound
from liquor_app.core.storable_text import said
from liquor_app.customers.addresses import STATE_TIMEZONES
from liquor_app.organization.form_mistakes import Mistakes
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import shop_today
from liquor_app.ui.words import figure

LAST_DAY = date(2100, 1, 1)
MAX_LIMIT = 1_000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL keeps in no text: NUL, and halves of a character."""
KEYS: Mapping[RuleKind, frozenset[str]] = {
    RuleKind.HOURS: frozenset({"start", "end", "days"}),
    RuleKind.CONTACT_LIMIT: frozenset({"max", "hours"}),
    RuleKind.CLOSED_DAYS: frozenset({"holidays"}),
    RuleKind.COUPON_BAN: frozenset(),
    RuleKind.MAX_DISCOUNT: frozenset({"percent"}),
    RuleKind.MIN_MARKUP: frozenset({"percent"}),
    RuleKind.MIN_PRICE: frozenset(),
    RuleKind.REBATE_BAN: frozenset(),
    RuleKind.DISCLOSURE: frozenset({"text"}),
    RuleKind.NOTE: frozenset({"text"}),
}
WORDED = frozenset({RuleKind.NOTE, RuleKind.DISCLOSURE})
MAX_WORDS: Mapping[RuleKind, int] = {RuleKind.NOTE: 1000, RuleKind.DISCLOSURE: 200}
"""A disclosure stands in every text message it belongs to."""


async def add_rule(session: AsyncSession, actor: Actor, draft: RuleDraft, *, replaces: UUID | None = None) -> RuleRow:
    """Return a new rule; the one it replaces ends the day it starts, so that no day is without either.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: the rule makes no sense, or is for another place, kind or channel than the one it replaces.
        NotFound, Conflict: as `end_rule`.
    """
    require(actor, Permission.SETTINGS_ADMIN)
    _check(draft)
    if replaces is not None:
        old = await end_rule(session, actor, replaces, draft.valid_from)
        for name in ("jurisdiction", "kind", "channel"):
            if getattr(old, name) != getattr(draft, name):
                raise Invalid(f"A rule is replaced by one of the same {name}.", field=name)
    made = await session.execute(
        text(
            "INSERT INTO compliance_rules (jurisdiction, kind, channel, value, citation, valid_from, updated_by)"
            " VALUES (:jurisdiction, :kind, :channel, CAST(:value AS jsonb), :citation, :valid_from, :by)"
            f" RETURNING {RULE_COLUMNS}"
        ),
        {
            "jurisdiction": draft.jurisdiction,
            "kind": draft.kind,
            "channel": draft.channel,
            "value": json.dumps(dict(draft.value)),
            "citation": draft.citation,
            "valid_from": draft.valid_from,
            "by": actor.user_id,
        },
    )
    rule = RuleRow(**made.mappings().one())
    await audit(
        session, actor, "rule.added", "compliance_rule", rule.id,
        jurisdiction=rule.jurisdiction, kind=rule.kind, channel=rule.channel, value=rule.value,
        citation=rule.citation, valid_from=rule.valid_from, replaces=replaces,
    )  # fmt: skip
    return rule


async def end_rule(session: AsyncSession, actor: Actor, rule_id: UUID, on: date) -> RuleRow:
    """Let a rule bind no more from a day on: today at the earliest, because what has bound is history.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: no such rule.
        Invalid: the day has passed, or lies before the rule's first.
        Conflict: it ends already.
    """
    require(actor, Permission.SETTINGS_ADMIN)
    found = await session.execute(
        text(f"SELECT {RULE_COLUMNS} FROM compliance_rules WHERE id = :id FOR UPDATE"), {"id": rule_id}
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound("There is no such rule.")
    if row["valid_to"] is not None:
        raise Conflict(f"This rule ends on {row['valid_to']} already.")
    earliest = max(await shop_today(session), row["valid_from"])
    if not earliest <= on <= LAST_DAY:
        raise Invalid(f"The day must be {earliest} or later: what has bound is history.", field="on")
    ended = await session.execute(
        text(
            "UPDATE compliance_rules SET valid_to = :on, updated_by = :by WHERE id = :id"
            f" RETURNING {RULE_COLUMNS}"
        ),
        {"on": on, "by": actor.user_id, "id": rule_id},
    )  # fmt: skip
    await audit_change(
        session, actor, "rule.ended", "compliance_rule", rule_id, before={"valid_to": None}, after={"valid_to": on}
    )
    return RuleRow(**ended.mappings().one())


def _check(draft: RuleDraft) -> None:
    """Raises `Invalid` with the field to blame unless the rule can bind somebody."""
    mistakes = Mistakes()
    with mistakes.noted():
        if draft.jurisdiction != FEDERAL and draft.jurisdiction not in STATE_TIMEZONES:
            raise Invalid("The place must be US or a state's two letters, such as TX.", field="jurisdiction")
    with mistakes.noted():
        if draft.channel is not None and draft.channel not in set(Channel):
            raise Invalid(f"The channel must be one of {', '.join(Channel)}, or none for all.", field="channel")
    with mistakes.noted():
        if not said(draft.citation) or len(draft.citation) > 300 or _UNSTORABLE.search(draft.citation):
            raise Invalid("Name the law this comes from, in at most 300 characters.", field="citation")
    with mistakes.noted():
        if not date(1900, 1, 1) <= draft.valid_from <= LAST_DAY:
            raise Invalid("The first day must lie between 1900 and 2100.", field="valid_from")
    with mistakes.noted():
        _check_value(draft)
    mistakes.refuse()


def _check_value(draft: RuleDraft) -> None:
    rule = parse_rule(
        {
            "jurisdiction": draft.jurisdiction,
            "kind": draft.kind,
            "channel": draft.channel,
            "value": draft.value,
            "citation": draft.citation,
            "valid_from": draft.valid_from,
            "valid_to": None,
        }
    )
    if unknown := sorted(set(draft.value) - KEYS[rule.kind] - {"disputed"}):
        raise Invalid(f"{unknown[0][:40]!r} says nothing for a rule of this kind.", field="value")
    if rule.kind is RuleKind.HOURS and rule.span[0] > rule.span[1]:
        raise Invalid("The end must not come before the start; the same time twice closes the day.", field="value.end")
    if rule.limit > MAX_LIMIT:
        raise Invalid(f"A limit above {figure(MAX_LIMIT)} in 24 hours limits nothing.", field="value.max")
    if rule.kind in WORDED:
        words, most = draft.value.get("text"), MAX_WORDS[rule.kind]
        if not isinstance(words, str) or not 1 <= len(said(words)) <= most or _UNSTORABLE.search(words):
            raise Invalid(f"Give a text of at most {figure(most)} characters.", field="value.text")
