"""The pack in the database."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role, User
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.compliance.legal_rules import RuleKind
from liquor_app.compliance.rule_pack import PACK
from liquor_app.compliance.service import ensure_rule_pack, list_rules, load_rules
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.organization.settings import shop_today


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


def test_the_documents_table_is_the_pack() -> None:
    """Each row with its source; nothing in the pack that the table does not show."""
    table = (PROJECT_ROOT / "docs" / "compliance.md").read_text()
    for rule in PACK:
        assert any(
            line.startswith(f"| {rule.jurisdiction} |") and f"| {rule.citation} |" in line
            for line in table.splitlines()
        ), (rule.jurisdiction, rule.citation)


async def test_rows_that_cited_the_wrong_law_end_unless_somebody_touched_them(session: AsyncSession) -> None:
    await ensure_rule_pack(session)
    old = "INSERT INTO compliance_rules (jurisdiction, kind, value, citation, valid_from, updated_by) VALUES"
    user = User(email="admin@shop.test", password_hash="none", role=Role.ADMIN)
    session.add(user)
    await session.flush()
    for place, citation, by in (("OK", "OAC 45:20-5", None), ("PA", "40 Pa. Code § 13.51", user.id)):
        await session.execute(
            text(f"{old} (:place, 'note', '{{\"text\": \"x\"}}', :citation, '1970-01-01', :by)"),
            {"place": place, "citation": citation, "by": by},
        )
    assert await ensure_rule_pack(session) == 0
    ended = {row.citation: row.valid_to for row in await list_rules(session, SYSTEM)}
    assert ended["OAC 45:20-5"] == await shop_today(session)
    assert ended["40 Pa. Code § 13.51"] is None
    assert ended["37A O.S. § 3-118"] is None
