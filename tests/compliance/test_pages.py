"""The law and the suppression list on their pages, by their states: what they show and change, and for whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.compliance.legal_rules import RuleKind
from liquor_app.compliance.rule_pack import PACK
from liquor_app.compliance.service import ensure_rule_pack, load_rules
from liquor_app.core.clock import today_in
from liquor_app.core.db import transaction
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.models import SuppressionReason
from liquor_app.screens.compliance.law.state import LawState, RuleLine
from liquor_app.screens.customers.suppressions.state import SuppressedState
from liquor_app.ui.words import show_full_day
from tests.people import add_customer
from tests.tabs import Tab, run, said

NEW_YORK = "America/New_York"
ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)
MANAGER = Actor(ActorKind.USER, None, "Mo", Role.MANAGER)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)

pytestmark = pytest.mark.integration


async def count(table: str) -> int:
    async with transaction() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def logged(action: str) -> list[dict[str, Any]]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT changes FROM audit_log WHERE action = :action ORDER BY id"), {"action": action}
        )
        return list(found.scalars())


async def law(actor: Actor | None) -> LawState:
    """The page of the law as this person opens it, over the pack."""
    async with transaction() as session:
        await ensure_rule_pack(session)
    return await Tab("/settings/law", actor).state(LawState)


def line_of(page: LawState, place: str, kind: RuleKind) -> RuleLine:
    return next(line for line in page.rows if (line.place, line.kind) == (place, kind.value))


FORM = {"start": "09:00", "end": "19:00", "days": "", "citation": "H.B. 1", "valid_from": "2090-01-01"}


@pytest.mark.parametrize("actor", [None, VIEWER, MANAGER])
async def test_nobody_but_an_admin_reads_or_changes_the_law(database: str, actor: Actor | None) -> None:
    page = await law(actor)
    await run(LawState.load, page)
    assert page.rows == []
    for handler, form in ((LawState.save, {**FORM, "jurisdiction": "OR", "kind": "hours", "channel": "sms"}),
                          (LawState.finish, {"valid_from": "2090-01-01"})):  # fmt: skip
        await run(LawState.ask, page, "add", "")
        assert await run(handler, page, form) is not None
    assert await count("compliance_rules") == len(PACK)
    assert await logged("rule.added") == []


async def test_a_change_starts_a_new_rule_and_keeps_the_old(database: str) -> None:
    page = await law(ADMIN)
    await run(LawState.load, page)
    assert len(page.rows) == len(PACK)
    assert all(line.citation for line in page.rows)
    old = line_of(page, "WA", RuleKind.HOURS)
    await run(LawState.ask, page, "change", old.id)
    start = today_in(NEW_YORK) + timedelta(days=10)
    assert await run(LawState.save, page, {**FORM, "citation": "", "valid_from": str(start)}) is None
    assert set(page.errors) == {"citation"}
    assert await run(LawState.save, page, {**FORM, "days": "sat", "start": "9", "valid_from": str(start)}) is None
    assert set(page.errors) == {"start"}
    done = await run(LawState.save, page, {**FORM, "valid_from": str(start), "jurisdiction": "OR", "kind": "note"})
    assert "The rule stands" in said(done)
    both = {line.says: line for line in page.rows if (line.place, line.kind) == ("WA", "hours")}
    assert both.pop("09:00 to 19:00").since == show_full_day(start), "its place and kind stay, whatever a form says"
    assert [(line.id, line.until, line.ended) for line in both.values()] == [(old.id, show_full_day(start), False)]
    (added,), (ended,) = await logged("rule.added"), await logged("rule.ended")
    assert (added["value"], added["replaces"]) == ({"start": "09:00", "end": "19:00"}, old.id)
    assert ended == {"valid_to": [None, str(start)]}
    async with transaction() as session:
        rules = await load_rules(session)
    for day in (start - timedelta(days=1), start):
        assert len([rule for rule in rules.laws if rule.jurisdiction == "WA" and rule.binds("sms", day)]) == 1


async def test_an_ended_rule_is_kept_out_of_sight(database: str) -> None:
    page = await law(ADMIN)
    await run(LawState.load, page)
    ban = line_of(page, "MA", RuleKind.COUPON_BAN)
    await run(LawState.ask, page, "end", ban.id)
    assert await run(LawState.finish, page, {"valid_from": "soon"}) is None
    assert await run(LawState.finish, page, {"valid_from": str(today_in(NEW_YORK) - timedelta(days=1))}) is None
    assert "history" in page.errors["valid_from"]
    await run(LawState.finish, page, {"valid_from": str(today_in(NEW_YORK))})
    assert (page.ended, len(page.rows)) == (1, len(PACK) - 1)
    await run(LawState.show_ended, page, True)
    assert line_of(page, "MA", RuleKind.COUPON_BAN).ended
    async with transaction() as session:
        assert await ensure_rule_pack(session) == 0, "what an admin ended is not brought back"


async def test_a_limit_is_a_number(database: str) -> None:
    page = await law(ADMIN)
    await run(LawState.load, page)
    await run(LawState.ask, page, "change", line_of(page, "FL", RuleKind.CONTACT_LIMIT).id)
    for wrong in ("", "0", "-1", "three", "5000"):
        assert await run(LawState.save, page, {**FORM, "max": wrong}) is None
        assert set(page.errors) == {"max"}, wrong


async def test_a_changed_rule_reads_as_the_pack_does(database: str) -> None:
    page = await law(ADMIN)
    await run(LawState.load, page)
    today = today_in(NEW_YORK)
    at_most = line_of(page, "NC", RuleKind.MAX_DISCOUNT)
    await run(LawState.ask, page, "change", at_most.id)
    form = {**FORM, "valid_from": str(today)}
    assert await run(LawState.save, page, {**form, "percent": "150"}) is None
    assert page.errors == {"percent": "The per cent must lie between 0 and 100"}
    done = await run(LawState.save, page, {**form, "percent": at_most.percent})
    assert show_full_day(today) in said(done)
    again = line_of(page, "NC", RuleKind.MAX_DISCOUNT)
    assert (again.says, again.percent) == (at_most.says, at_most.percent) == ("At most 35 % off the price", "35")
    days = line_of(page, "AL", RuleKind.CLOSED_DAYS)
    assert "_" not in days.closed_on
    assert set(days.closed_on.split(", ")) <= set(page.every_holiday.removeprefix("Of ").removesuffix(".").split(", "))
    await run(LawState.ask, page, "change", days.id)
    assert "The rule stands" in said(await run(LawState.save, page, {**form, "holidays": days.closed_on}))
    assert line_of(page, "AL", RuleKind.CLOSED_DAYS).closed_on == days.closed_on


async def suppressed(actor: Actor | None) -> SuppressedState:
    return await Tab("/customers/suppressed", actor).state(SuppressedState)


@pytest.mark.parametrize("actor", [None, VIEWER])
async def test_the_suppression_list_is_addresses(database: str, actor: Actor | None) -> None:
    page = await suppressed(actor)
    await run(SuppressedState.load, page)
    await run(SuppressedState.ask, page, "add")
    await run(SuppressedState.add, page, {"addresses": "a@example.com"})
    assert page.rows == []
    assert await count("suppressions") == 0


async def test_added_found_and_lifted(database: str) -> None:
    page = await suppressed(MANAGER)
    await run(SuppressedState.ask, page, "add")
    assert await run(SuppressedState.add, page, {"addresses": "a@example.com\n\nnobody"}) is None
    assert "Line 2" in page.error
    many = "\n".join(f"person{n}@example.com" for n in range(60))
    await run(SuppressedState.add, page, {"addresses": f"{many}\nA@example.com"})
    assert (len(page.rows), page.showing) == (50, "1 to 50 of 61")
    first = {line.id for line in page.rows}
    await run(SuppressedState.forward, page)
    assert (len(page.rows), page.showing) == (11, "51 to 61 of 61")
    assert not first & {line.id for line in page.rows}
    await run(SuppressedState.search, page, "a@exam")
    assert (page.rows, page.showing) == ([], "None")
    assert "neither an e-mail address" in page.wrong
    assert page.wrong.endswith("Type all of it: addresses are looked up whole.")
    await run(SuppressedState.search, page, " A@Example.com ")
    assert [(line.address, line.again, line.source) for line in page.rows] == [("a@example.com", "", "a person here")]
    async with transaction() as session:
        for _ in range(2):
            await suppress_address(session, "a@example.com", reason=SuppressionReason.MANUAL, source="asked again")
    await run(SuppressedState.search, page, "a@example.com")
    assert page.rows[0].again.startswith("said again 2 times, last ")
    entry = page.rows[0].id
    await run(SuppressedState.ask, page, entry)
    assert "toast" in said(await run(SuppressedState.lift, page, {"why": "Asked in the store"})), "a manager may not"
    assert await logged("suppression.lifted") == []
    theirs = await suppressed(ADMIN)
    await run(SuppressedState.search, theirs, "a@example.com")
    await run(SuppressedState.ask, theirs, entry)
    assert theirs.asking_address == next(line.address for line in theirs.rows if line.id == entry) != ""
    await run(SuppressedState.lift, theirs, {"why": " "})
    assert theirs.error
    await run(SuppressedState.lift, theirs, {"why": "Asked in the store"})
    assert (theirs.rows, theirs.asking) == ([], "")
    assert await logged("suppression.lifted") == [{"reason": "manual", "why": "Asked in the store"}]
    assert await count("suppressions") == 61, "it stays on record"


async def test_who_was_erased_has_no_page(database: str) -> None:
    """Before: "Erased; only its hash is kept" led to "No such customer"."""
    async with transaction() as session:
        known = await add_customer(session, email="a@example.com", email_key="a@example.com")
    page = await suppressed(ADMIN)
    await run(SuppressedState.ask, page, "add")
    await run(SuppressedState.add, page, {"addresses": "a@example.com"})
    assert page.rows[0].customer == f"/customers/{known}"
    async with transaction() as session:
        await session.execute(text("UPDATE suppressions SET address = NULL"))
    await run(SuppressedState.load, page)
    assert (page.rows[0].address, page.rows[0].customer) == ("Erased; only its hash is kept", "")


async def test_a_complaint_is_for_good(database: str) -> None:
    page = await suppressed(ADMIN)
    await run(SuppressedState.ask, page, "add")
    await run(SuppressedState.add, page, {"addresses": "a@example.com"})
    async with transaction() as session:
        await session.execute(text("UPDATE suppressions SET reason = 'complained'"))
    await run(SuppressedState.choose, page, "reason", "complained")
    (line,) = page.rows
    assert line.fixed
    await run(SuppressedState.ask, page, line.id)
    assert "cannot be taken back" in said(await run(SuppressedState.lift, page, {"why": "Asked in the store"}))
    assert await logged("suppression.lifted") == []
