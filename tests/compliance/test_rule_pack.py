"""The pack in the database."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.compliance.legal_rules import RuleKind
from liquor_app.compliance.rule_pack import PACK
from liquor_app.compliance.service import ensure_rule_pack, list_rules, load_rules


async def test_filled_once(session: AsyncSession) -> None:
    """Every rule of the pack, cited; a second time adds nothing."""
    assert await ensure_rule_pack(session) == len(PACK)
    assert await ensure_rule_pack(session) == 0
    rows = await list_rules(session, SYSTEM)
    assert rows[0].jurisdiction == "US"
    assert all(row.citation for row in rows)


async def test_what_an_admin_ended_stays_ended(session: AsyncSession) -> None:
    """Filling up does not bring a rule back."""
    await ensure_rule_pack(session)
    await session.execute(text("UPDATE compliance_rules SET is_active = false WHERE kind = 'coupon_ban'"))
    assert await ensure_rule_pack(session) == 0
    rules = await load_rules(session)
    assert not [rule for rule in rules.laws if rule.kind is RuleKind.COUPON_BAN]
    assert len(rules.laws) == len(PACK) - 1
