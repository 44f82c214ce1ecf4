"""The rule pack in the database: filling it, reading it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.compliance.legal_rules import Rules, parse_clock, parse_rule
from liquor_app.compliance.rule_pack import PACK, RETIRED
from liquor_app.core.bulk import unnest
from liquor_app.organization.settings import (
    ComplianceSettings,
    GeneralSettings,
    PlanningSettings,
    ShopSettings,
    load_shop,
    shop_today,
)

NO_MARGIN = Decimal(0)
_RETIRED = unnest("o", place="text", citation="text")
_RETIRE = f"""
UPDATE compliance_rules r SET valid_to = GREATEST(CAST(:today AS date), r.valid_from)
  FROM {_RETIRED}
 WHERE (r.jurisdiction, r.citation) = (o.place, o.citation) AND r.updated_by IS NULL AND r.valid_to IS NULL
   AND r.is_active
"""
RULE_COLUMNS = "id, jurisdiction, kind, channel, value, citation, valid_from, valid_to, is_active"


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as shown to people."""

    id: UUID
    jurisdiction: str
    kind: str
    channel: str | None
    value: dict[str, Any]
    citation: str
    valid_from: date
    valid_to: date | None
    is_active: bool


async def ensure_rule_pack(session: AsyncSession) -> int:
    """Add the pack's rules this database has never had; returns how many. What an admin changed or ended stays.

    A rule is recognised by place, kind, channel, first day and citation, so a later release adds only what is new; rows
    of an earlier pack that cited the wrong law end today, unless somebody of the shop has touched them.
    """
    places, citations = zip(*sorted(RETIRED), strict=True)
    await session.execute(
        text(_RETIRE),
        {**_RETIRED.bind(place=list(places), citation=list(citations)), "today": await shop_today(session)},
    )
    added = await session.execute(
        text(
            "INSERT INTO compliance_rules (jurisdiction, kind, channel, value, citation, valid_from)"
            " SELECT p.jurisdiction, p.kind, p.channel, CAST(p.value AS jsonb), p.citation, p.valid_from"
            " FROM jsonb_to_recordset(CAST(:pack AS jsonb)) AS p(jurisdiction text, kind text, channel text,"
            "   value jsonb, citation text, valid_from date)"
            " WHERE NOT EXISTS (SELECT 1 FROM compliance_rules r"
            "   WHERE (r.jurisdiction, r.kind, r.citation, r.valid_from)"
            "       = (p.jurisdiction, p.kind, p.citation, p.valid_from)"
            "   AND r.channel IS NOT DISTINCT FROM p.channel"
            "   AND r.value -> 'days' IS NOT DISTINCT FROM p.value -> 'days')"
        ),
        {
            "pack": json.dumps(
                [
                    {
                        "jurisdiction": rule.jurisdiction,
                        "kind": rule.kind.value,
                        "channel": rule.channel,
                        "value": rule.value,
                        "citation": rule.citation,
                        "valid_from": rule.valid_from.isoformat(),
                    }
                    for rule in PACK
                ]
            )
        },
    )
    return int(added.rowcount)  # type: ignore[attr-defined]


async def list_rules(session: AsyncSession, actor: Actor) -> list[RuleRow]:
    """Return every rule, federal law first; ended ones too."""
    require(actor, Permission.LAW_READ)
    found = await session.execute(
        text(
            f"SELECT {RULE_COLUMNS}"
            " FROM compliance_rules ORDER BY jurisdiction <> 'US', jurisdiction, kind, valid_from LIMIT 1000"
        )
    )
    return [RuleRow(**row) for row in found.mappings()]


async def load_rules(session: AsyncSession, *, known: Rules | None = None, shop: ShopSettings | None = None) -> Rules:
    """Tell what `may_send` goes by: active rules and the store's settings.

    Args:
        known: rules loaded earlier; returned again if nothing has changed, so that what was cached for them holds.
        shop: the settings, if they were read already.

    Raises:
        Invalid: a stored rule makes no sense. Nothing may be sent by half a rule book.
    """
    shop = shop or await load_shop(session)
    found = await session.execute(
        text(
            "SELECT jurisdiction, kind, channel, value, citation, valid_from, valid_to FROM compliance_rules"
            " WHERE is_active ORDER BY jurisdiction, kind, valid_from"
        )
    )
    laws = tuple(parse_rule(dict(row)) for row in found.mappings())
    fresh = make_rules(shop.compliance, shop.general, laws, margin_pct=shop.planning.margin_pct)
    return known if known is not None and known.same_as(fresh) else fresh


_STAMP = """
SELECT md5(concat_ws('#',
    (SELECT string_agg(CAST(ROW(r.id, r.jurisdiction, r.kind, r.channel, r.value, r.valid_from, r.valid_to) AS text), ''
                       ORDER BY r.id) FROM compliance_rules r WHERE r.is_active),
    (SELECT string_agg(CAST(s.value AS text), '' ORDER BY s.key) FROM settings s WHERE s.key = ANY(:keys)),
    (SELECT string_agg(CAST(ROW(b.id, b.licence_state, b.is_default) AS text), '' ORDER BY b.id) FROM brands b)))
"""
_STAMPED = [GeneralSettings.key, ComplianceSettings.key, PlanningSettings.key]


async def law_stamp(session: AsyncSession) -> str:
    """Return a mark of the law as it is now: another one as soon as a rule, a setting it goes by or the state of a
    licence is another. One statement, for the fence. A corridor."""
    return str((await session.execute(text(_STAMP), {"keys": _STAMPED})).scalar_one())


def make_rules(
    compliance: ComplianceSettings, general: GeneralSettings, laws: tuple[Any, ...], *, margin_pct: Decimal = NO_MARGIN
) -> Rules:
    """Rules from settings and parsed laws."""
    return Rules(
        laws=laws,
        minimum_age=compliance.minimum_age,
        unknown_age_email=compliance.unknown_age_email,
        store_spans={
            "email": _span(compliance.email_window_start, compliance.email_window_end),
            "sms": _span(compliance.sms_window_start, compliance.sms_window_end),
        },
        store_zone=general.timezone,
        max_contacts_7_days=compliance.max_contacts_7_days,
        max_contacts_30_days=compliance.max_contacts_30_days,
        usual_margin_pct=margin_pct,
    )


def _span(start: str, end: str) -> tuple[int, int]:
    return parse_clock(start, "start"), parse_clock(end, "end")
