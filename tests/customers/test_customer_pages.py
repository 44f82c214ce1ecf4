"""The customers' pages, by their states: what they load, what they change, and that nobody unsigned gets anything."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import run as run_job
from liquor_app.customers.ages.birth_dates import age_band
from liquor_app.customers.consents import suppress_customers, suppressed_among
from liquor_app.customers.filter_choices import categories_in_use
from liquor_app.customers.labels.tags import tag_customers
from liquor_app.customers.purchase_history import MonthSpend
from liquor_app.customers.service import BaseCounts
from liquor_app.doubles.merge_profiles import merge_profiles
from liquor_app.organization.settings import shop_today
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.screens.customers.detail.history_state import HistoryState, NotSentState, PurchasesState, SentState
from liquor_app.screens.customers.detail.manage_dialogs import questions
from liquor_app.screens.customers.detail.manage_state import ActsState
from liquor_app.screens.customers.detail.purchases_view import category_mix, last_months, spend_series, spend_words
from liquor_app.screens.customers.detail.state import CustomerState
from liquor_app.screens.customers.doubles.state import DoublesState, PairLine, told_apart
from liquor_app.screens.customers.form.state import EditCustomerState
from liquor_app.screens.customers.list.overview_state import OverviewState
from liquor_app.screens.customers.list.state import CustomersState
from liquor_app.screens.customers.rows import DRAWN_SEGMENTS, segment_shares
from liquor_app.screens.customers.segment_colors import SEGMENT_COLORS, family
from liquor_app.screens.listing.state import PER_PAGE as PAGE
from liquor_app.segments.service import create_segment, refresh_segments
from tests.people import add_campaign, add_customer, add_purchase, add_send, add_user
from tests.tabs import Tab, run, said
from worker.settings import TASKS

MANAGER = Actor(ActorKind.USER, None, "Mo", Role.MANAGER)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)

pytestmark = pytest.mark.integration


async def people(count: int, **columns: Any) -> list[UUID]:
    async with transaction() as session:
        return [
            await add_customer(session, name=f"Person {n:03d}", clv_score=Decimal(1000 - n), **columns)
            for n in range(count)
        ]


def address_of(events: Any) -> dict[str, list[str]]:
    """The parameters a handler wrote into the address."""
    found = re.search(r"/customers[^\"\\]*", said(events))
    assert found
    return parse_qs(urlsplit(found[0]).query)


async def test_nobody_unsigned_sees_or_changes_anybody(database: str) -> None:
    (person,) = await people(1)
    tab = Tab(f"/customers/{person}", None)
    listed, profile = await tab.state(CustomersState), await tab.state(CustomerState)
    history, overview = await tab.state(HistoryState), await tab.state(OverviewState)
    bought = await tab.state(PurchasesState)
    acts, edit = await tab.state(ActsState), await tab.state(EditCustomerState)
    for handler, state, *arguments in (
        (CustomersState.load, listed),
        (CustomersState.search, listed, "person"),
        (CustomersState.sort_by, listed, "name"),
        (CustomersState.choose_all, listed),
        (CustomersState.do_bulk, listed, {}),
        (CustomersState.export_file, listed),
        (CustomersState.stop_bulk, listed),
        (OverviewState.load, overview),
        (CustomerState.load, profile),
        (HistoryState.load, history),
        (PurchasesState.load, bought),
        (PurchasesState.forward, bought),
        (EditCustomerState.edit, edit),
        (EditCustomerState.save, edit, {"name": "Eve"}),
        (ActsState.suppress, acts),
        (ActsState.lift, acts),
        (ActsState.delete, acts),
        (ActsState.record, acts, {"status": "given", "source": "me"}),
    ):
        assert "/login" in said(await run(handler, state, *arguments))
    assert listed.rows == []
    assert overview.everybody == 0
    assert profile.profile.name == ""
    assert bought.rows == []
    assert edit.before == {}
    assert listed.query == ""
    async with transaction() as session:
        untouched = await session.execute(text("SELECT name, deleted_at FROM customers"))
        assert [tuple(row) for row in untouched] == [("Person 000", None)]
        assert await suppressed_among(session, SYSTEM, [person]) == set()


async def test_pages_follow_each_other_and_the_address_follows_them(database: str) -> None:
    await people(PAGE * 2 + 3)
    tab = Tab("/customers", VIEWER)
    state = await tab.state(CustomersState)
    await run(CustomersState.load, state)
    assert [row.name for row in state.rows[:2]] == ["Person 000", "Person 001"]
    assert state.showing == f"1 to {PAGE} of {PAGE * 2 + 3}"

    await run(CustomersState.forward, state)
    address = address_of(await run(CustomersState.forward, state))
    assert [row.name for row in state.rows] == [f"Person {n:03d}" for n in range(PAGE * 2, PAGE * 2 + 3)]
    assert address["page"] == ["3"]
    assert state.next_cursor == ""
    assert await run(CustomersState.forward, state) is None  # there is no fourth page

    # The same link in a new tab shows the same page; the way back leads to the first one.
    other = Tab(f"/customers?cursor={address['cursor'][0]}&page=3", VIEWER)
    elsewhere = await other.state(CustomersState)
    await run(CustomersState.load, elsewhere)
    assert elsewhere.rows == state.rows
    assert elsewhere.showing == state.showing
    await run(CustomersState.back, elsewhere)
    assert elsewhere.rows[0].name == "Person 000"
    assert elsewhere.page == 1

    # A reload of the first tab still knows the pages before.
    tab.go(f"/customers?cursor={address['cursor'][0]}&page=3")
    await run(CustomersState.load, state)
    await run(CustomersState.back, state)
    assert state.rows[0].name == f"Person {PAGE:03d}"
    assert state.page == 2


async def test_search_filters_and_sort_narrow_the_list_and_stand_in_the_address(database: str) -> None:
    async with transaction() as session:
        ann = await add_customer(session, name="Ann", primary_category="Whisky", churn_risk="low", sms_consent=None)
        await add_customer(session, name="Bob", primary_category="Whisky", churn_risk="high", rfm_segment="Loyal")
        await add_customer(session, name="Cem", primary_category="Beer", churn_risk="high")
        segment = await create_segment(
            session, SYSTEM, {"name": "Whisky people",
                              "rules": {"field": "primary_category", "op": "eq", "value": "Whisky"}}
        )  # fmt: skip
        await refresh_segments(session, SYSTEM)
    tab = Tab("/customers", VIEWER)
    state = await tab.state(CustomersState)
    await run(CustomersState.load, state)

    def names() -> list[str]:
        return [row.name for row in state.rows]

    options = {one.key: [option.value for option in one.options] for one in state.filters}
    assert options["segment"] == [segment.slug]
    assert options["primary_category"] == ["Beer", "Whisky"]
    await run(CustomersState.choose, state, "segment", segment.slug)
    address = address_of(await run(CustomersState.sort_by, state, "name"))
    assert names() == ["Ann", "Bob"]
    assert address == {"segment": [segment.slug], "sort": ["name"]}
    await run(CustomersState.sort_by, state, "name")
    assert names() == ["Bob", "Ann"]
    await run(CustomersState.choose, state, "churn_risk", "high")
    assert names() == ["Bob"]
    assert next(one.words for one in state.filters if one.key == "segment") == "Whisky people"

    tab.go("/customers?channel=sms&search=cem&sort=name")
    await run(CustomersState.load, state)
    assert names() == ["Cem"]
    assert state.query == "cem"
    assert str(ann) not in {row.id for row in state.rows}
    await run(CustomersState.show_all, state)
    assert len(state.rows) == 3
    assert state.query == ""


async def test_a_heading_pressed_with_shift_sorts_by_it_as_well(database: str) -> None:
    async with transaction() as session:
        for name, spent, clv in (("Ann", 10, 1), ("Bob", 10, 2), ("Cem", 90, 3)):
            await add_customer(session, name=name, total_spent=spent, clv_score=clv)
    tab = Tab("/customers", VIEWER)
    state = await tab.state(CustomersState)
    await run(CustomersState.load, state)

    async def pressed(key: str, also: bool) -> tuple[str, str]:
        told = said(await run(CustomersState.sort_by, state, key, also))
        assert also is False or "columns at most" in told or address_of([told])["sort"] == [state.sort]
        return state.sort, "".join(row.name[0] for row in state.rows)

    assert await pressed("total_spent", False) == ("-total_spent", "CBA")
    assert await pressed("name", True) == ("-total_spent,name", "CAB")
    assert await pressed("total_spent", True) == ("total_spent,name", "ABC"), "turned, where it stands"
    assert await pressed("name", True) == ("total_spent,-name", "BAC")
    assert await pressed("name", True) == ("total_spent", "ABC"), "the third time takes it out"
    assert (await pressed("total_spent", True))[0] == "-total_spent", "the last one stays"
    await pressed("name", True)
    await pressed("clv_score", True)
    three = state.sort
    assert await pressed("churn_probability", True) == (three, "CAB")
    assert await pressed("clv_score", False) == ("-clv_score", "CBA"), "without Shift, this one alone"

    tab.go(f"/customers?sort={three}")
    await run(CustomersState.load, state)
    assert (state.sort, [row.name for row in state.rows]) == (three, ["Cem", "Ann", "Bob"])


@pytest.mark.parametrize("query", ["cursor=nonsense", "sort=password_hash", "channel=pigeon", "page=-4&cursor=x"])
async def test_a_link_that_makes_no_sense_falls_back_to_everybody_and_says_so(database: str, query: str) -> None:
    await people(2)
    state = await Tab(f"/customers?{query}", VIEWER).state(CustomersState)
    answer = said(await run(CustomersState.load, state))
    assert "could not be followed" in answer
    assert "replaceState" in answer
    assert len(state.rows) == 2
    assert state.page == 1


async def test_chosen_customers_are_suppressed_together_but_not_by_viewers(database: str) -> None:
    ids, manager = await people(3), await add_user(Role.MANAGER)
    tab = Tab("/customers", manager)
    state = await tab.state(CustomersState)
    await run(CustomersState.load, state)
    await run(CustomersState.toggle_page, state)
    assert (state.selected, state.can_choose_all) == (3, False), "there is no other page"
    await run(CustomersState.toggle_page, state)
    await run(CustomersState.toggle, state, "0199aaaa-0000-7000-8000-000000000000")  # not on the page
    assert (state.chosen, state.marked) == ([], [])
    await run(CustomersState.ask_bulk, state, "suppress")
    assert state.asking == "", "nobody is chosen"
    await run(CustomersState.toggle, state, str(ids[0]))
    await run(CustomersState.ask_bulk, state, "suppress")
    assert state.asking_title == f"Suppress: {state.rows[0].name}"
    await run(CustomersState.toggle, state, str(ids[2]))
    await run(CustomersState.ask_bulk, state, "suppress")
    assert (state.asking, state.asking_title) == ("suppress", "Suppress: 2 customers")

    tab.actor = VIEWER
    await tab.state(CustomersState)
    assert "needs the role" in said(await run(CustomersState.do_bulk, state, {}))
    assert "needs the role" in said(await run(CustomersState.export_file, state))
    tab.actor = manager
    await tab.state(CustomersState)
    await run(CustomersState.ask_bulk, state, "suppress")
    await run(CustomersState.do_bulk, state, {})
    assert state.working == "Suppress: 2 customers"
    await work_through()
    assert "2 of 2 done." not in said(await run(CustomersState.watch_bulk, state)), "the report tells it, once"
    assert [row.suppressed for row in state.rows] == [True, False, True]
    assert (state.selected, state.working, state.report) == (0, "", "2 of 2 done.")
    async with transaction() as session:
        assert await suppressed_among(session, SYSTEM, ids) == {ids[0], ids[2]}
        assert await suppress_customers(session, SYSTEM, ids) == 3  # twice is harmless
        entries = await session.execute(text("SELECT count(*), count(DISTINCT address_hash) FROM suppressions"))
        assert tuple(entries.one()) == (6, 6)


async def test_all_that_match_are_chosen_across_pages(database: str) -> None:
    await people(PAGE + 3)
    async with transaction() as session:
        await add_customer(session, name="Somebody else", churn_risk="low", churn_probability=0.1)
    state = await Tab("/customers", await add_user(Role.MANAGER)).state(CustomersState)
    await run(CustomersState.load, state)
    await run(CustomersState.choose, state, "churn_risk", "high")
    await run(CustomersState.toggle_page, state)
    assert (state.selected, state.can_choose_all) == (PAGE, True)
    await run(CustomersState.choose_all, state)
    assert (state.selected, len(state.marked)) == (PAGE + 3, PAGE)
    await run(CustomersState.forward, state)
    assert (state.selected, len(state.marked)) == (PAGE + 3, 3)
    kept = state.rows[0].id
    await run(CustomersState.toggle, state, kept)
    await run(CustomersState.sort_by, state, "name")
    assert state.selected == PAGE + 2, "sorting asks for the same people"

    await run(CustomersState.ask_bulk, state, "tag")
    await run(CustomersState.do_bulk, state, {"value": "a,b"})
    assert ("no comma" in state.errors["value"], state.asking) == (True, "tag")
    await run(CustomersState.do_bulk, state, {"value": "Autumn"})
    await work_through()
    await run(CustomersState.watch_bulk, state)
    assert state.report == f"{PAGE + 2} of {PAGE + 2} done."
    await run(CustomersState.toggle_page, state)
    await run(CustomersState.choose, state, "tag", "Autumn")
    assert state.selected == 0, "another question, another answer"
    assert "Somebody else" not in {row.name for row in state.rows}
    assert kept not in {row.id for row in state.rows}
    assert state.showing == f"1 to {PAGE} of {PAGE + 2}"

    await run(CustomersState.show_column, state, "Spent", False)
    await run(CustomersState.export_file, state)
    await work_through()
    await run(CustomersState.watch_bulk, state)
    assert f"customers.xlsx with {PAGE + 2} rows" in state.report
    assert state.file_url.startswith("/api/v1/files/")
    async with transaction() as session:
        asked = await session.execute(text("SELECT args FROM jobs WHERE name = 'export_rows'"))
        (args,) = asked.scalars()
    assert "total_spent" not in args["columns"]
    assert {"name", "clv_score"} <= set(args["columns"])


async def work_through() -> None:
    """What the worker does with the jobs that wait."""
    async with transaction() as session:
        waiting = list((await session.execute(text("SELECT id FROM jobs WHERE status = 'queued'"))).scalars())
    for job in waiting:
        await run_job(job, TASKS)


def test_namesakes_side_by_side_are_told_apart() -> None:
    assert told_apart(PairLine(first="Ann", second="Bo", first_detail="a@x.example")) == ("Ann", "Bo")
    both = PairLine(first="Ann Lee", second="ann lee", first_detail="a@x.example")
    assert told_apart(both) == ("Ann Lee, a@x.example", "ann lee, no address")
    alike = PairLine(first="Ann", second="Ann", first_detail="+1 617-555-0124", second_detail="+1 617-555-0124")
    assert told_apart(alike) == ("Ann, the older profile", "Ann, the newer profile")


async def test_looking_for_doubles_says_nothing_before_it_has_looked(database: str) -> None:
    async with transaction() as session:
        for name in ("Ann", "Annie"):
            await add_customer(session, name=name, phone="+12075550101")
    tab = Tab("/customers/doubles", await add_user(Role.MANAGER))
    state = await tab.state(DoublesState)
    await run(DoublesState.load, state)
    assert (state.rows, state.looking, state.looked) == ([], "", ""), "nobody was looked at yet"
    assert await run(DoublesState.watch, state) is None
    assert await run(DoublesState.find, state) == DoublesState.watch
    job = state.looking
    again = await Tab("/customers/doubles", tab.actor).state(DoublesState)
    await run(DoublesState.load, again)
    assert again.looking == job != "", "another tab sees that it is under way, and waits with it"
    await work_through()
    for one in (state, again):
        assert "1 likely pair." in said(await run(DoublesState.watch, one))
        assert (len(one.rows), one.looking, one.looked) == (1, "", "just now")
    await run(DoublesState.compare, state, state.rows[0].id)
    told = await run(DoublesState.merge, state, {"reason": "Showed both cards"})
    (stays,) = await ids_of("customers WHERE merged_into IS NULL")
    focused = [one for one in told if "heading.focus" in str(one)]
    assert len(focused) == 1, "the dialog is gone: the keyboard stands on the heading of the profile that is kept"
    assert f"/customers/{stays}" in str(focused[0])


async def ids_of(where: str) -> list[str]:
    async with transaction() as session:
        return [str(one) for one in (await session.execute(text(f"SELECT id FROM {where}"))).scalars()]


async def test_the_overview_adds_up_to_everybody(database: str) -> None:
    await people(4, rfm_segment="Loyal", churn_risk="low")
    await people(3, rfm_segment="One_Time", churn_risk="high", email_key=None, email=None)
    await people(1, rfm_segment=None, churn_risk=None)
    state = await Tab("/customers", VIEWER).state(OverviewState)
    await run(OverviewState.load, state)
    assert state.everybody == 8
    assert "5 can be e-mailed" in state.summary
    shares = [(share.name, share.value) for share in state.shares]
    assert shares == [("Loyal", "4"), ("One-time", "3"), ("Not scored", "1")]
    assert sum(int(band.count) for band in state.bands) == 8
    assert state.bands[-1].name == "Not scored"


async def test_the_address_of_a_merged_profile_leads_to_the_one_it_is_part_of(database: str) -> None:
    stays, goes = await people(2)
    async with transaction() as session:
        await merge_profiles(session, MANAGER, stays, goes, reason="Showed both cards")
    page = await Tab(f"/customers/{goes}", VIEWER).state(CustomerState)
    assert f"/customers/{stays}" in said(await run(CustomerState.load, page))
    assert page.missing == ""
    nobody = await Tab(f"/customers/{uuid7()}", VIEWER).state(CustomerState)
    await run(CustomerState.load, nobody)
    assert "no such customer" in nobody.missing


async def test_adding_somebody_leads_to_them_and_a_bad_field_says_so_beside_itself(database: str) -> None:
    state = await Tab("/customers", MANAGER).state(EditCustomerState)
    await run(EditCustomerState.add, state)
    assert await run(EditCustomerState.save, state, {"name": "Ann", "country": "US"}) is None
    assert "at least one" in state.errors["email"]
    assert state.open
    await run(EditCustomerState.save, state, {"name": "Ann", "email": "ann@@example.com", "country": "US"})
    assert "not an e-mail address" in state.errors["email"]
    added = said(await run(EditCustomerState.save, state, {"name": "Ann", "email": "ann@example.com", "country": "US"}))
    assert "/customers/" in added
    assert not state.open
    assert state.errors == {}
    await run(EditCustomerState.add, state)
    await run(EditCustomerState.save, state, {"name": "Bo", "email": "ANN@example.com", "country": "US"})
    assert state.errors["email"].startswith("Another customer")
    viewer = await Tab("/customers", VIEWER).state(EditCustomerState)
    await run(EditCustomerState.add, viewer)
    assert "needs the role" in said(await run(EditCustomerState.save, viewer, {"email": "new@example.com"}))


async def test_editing_changes_what_was_typed_and_notices_somebody_elses_change(database: str) -> None:
    (person,) = await people(1, city="Boston")
    state = await Tab(f"/customers/{person}", MANAGER).state(EditCustomerState)
    await run(EditCustomerState.edit, state)
    typed = {**state.before, "city": "Portland", "phone": ""}
    await run(EditCustomerState.save, state, typed)
    async with transaction() as session:
        row = (await session.execute(text("SELECT name, city, phone FROM customers"))).one()
        assert tuple(row) == ("Person 000", "Portland", None)
    await run(EditCustomerState.edit, state)
    async with transaction() as session:
        await session.execute(text("UPDATE customers SET name = 'Changed', updated_at = now()"))
    assert "meanwhile" in said(await run(EditCustomerState.save, state, {**state.before, "name": "Mine"}))


async def test_a_customers_page_tells_who_why_and_what_was_bought_and_sent(database: str) -> None:
    async with transaction() as session:
        person = await add_customer(session, name="Marguerite Okafor", city="Portland", next_purchase_at=None)
        for days in (1, 40, 80):
            await add_purchase(session, person, days_ago=days, category="Imported wine")
        campaign = await add_campaign(session, ["at_risk"], name="Spring restock")
        await add_send(session, person, days_ago=20)
        await session.execute(
            text("UPDATE sends SET campaign_id = :k, sent_at = contact_at, converted_at = contact_at,"
                 " conversion_value = 24.60, conversion_inferred = true"),
            {"k": campaign},
        )  # fmt: skip
        await session.execute(
            text("INSERT INTO exclusions (campaign_id, customer_id, reason, detail)"
                 " VALUES (:k, :c, 'cap_reached', 'Two messages in 7 days already.')"),
            {"k": campaign, "c": person},
        )  # fmt: skip
        await tag_customers(session, SYSTEM, [person], "Wine club")
    tab = Tab(f"/customers/{person}", VIEWER)
    profile, history = await tab.state(CustomerState), await tab.state(HistoryState)
    bought, sent, held = [await tab.state(kind) for kind in (PurchasesState, SentState, NotSentState)]
    await run(CustomerState.load, profile)
    await run(HistoryState.load, history)
    for one in (bought, sent, held):
        await run(type(one).load, one)
    assert (profile.profile.name, profile.profile.initials) == ("Marguerite Okafor", "MO")
    shown = {score.label: (score.figure, score.tone) for score in profile.scores}
    assert shown["Churn, 60 days"] == ("70%", "red")
    assert shown["RFM"][0] == "2 · 4 · 4"
    assert shown["Next purchase"] == ("–", "")
    assert shown["Value at risk"][0] == "$84.00"
    assert profile.why[0].title == "Not scored yet"
    assert [line.status for line in profile.consents] == ["given", "given", "verified"]
    assert profile.tags == ["Wine club"]
    assert len(bought.rows) == 3
    assert bought.rows[0].what == "Imported wine"
    assert bought.next_cursor == ""
    assert sum(history.spend["Wine"]) == 60
    assert sum(history.spend["Beer"]) == 0
    (message,) = sent.rows
    assert (message.campaign, message.outcome) == ("Spring restock", "converted")
    assert "inferred" in message.detail
    (refused,) = held.rows
    assert refused.label == "Too many messages lately (cap)"
    assert refused.detail.startswith("Two messages")


@pytest.mark.parametrize("which", ["0199aaaa-0000-7000-8000-000000000000", "robert'); DROP TABLE", "%00"])
async def test_an_unknown_customer_is_said_to_be_unknown(database: str, which: str) -> None:
    tab = Tab(f"/customers/{which}", VIEWER)
    profile, history = await tab.state(CustomerState), await tab.state(HistoryState)
    await run(CustomerState.load, profile)
    await run(HistoryState.load, history)
    for kind in (PurchasesState, SentState, NotSentState):
        found = await tab.state(kind)
        assert await run(kind.load, found) is None
        assert found.rows == []
    assert profile.missing
    assert profile.profile.name == ""


async def test_another_customer_does_not_show_the_one_before(database: str) -> None:
    first, second = await people(2)
    tab = Tab(f"/customers/{first}", VIEWER)
    profile = await tab.state(CustomerState)
    await run(CustomerState.load, profile)
    tab.go(f"/customers/{second}")
    await run(CustomerState.clear, profile)
    assert profile.profile.name == ""
    assert profile.loading
    await run(CustomerState.load, profile)
    assert profile.profile.name == "Person 001"


async def test_suppress_lift_consent_and_delete_ask_for_the_right_role(database: str) -> None:
    (person,) = await people(1)
    tab = Tab(f"/customers/{person}", VIEWER)
    acts, profile = await tab.state(ActsState), await tab.state(CustomerState)
    for handler in (ActsState.suppress, ActsState.lift, ActsState.delete):
        assert "needs the role" in said(await run(handler, acts))

    tab.actor = MANAGER
    await tab.state(ActsState)
    await run(CustomerState.load, profile)
    await run(ActsState.ask, acts, "delete")
    assert (acts.asking, acts.who) == ("delete", "Person 000")
    assert "Suppressed" in said(await run(ActsState.suppress, acts))
    await run(CustomerState.load, profile)
    assert profile.profile.suppressed == "by hand"
    assert "needs the role" in said(await run(ActsState.lift, acts))
    tab.actor = ADMIN
    await tab.state(ActsState)
    assert "Taken off" in said(await run(ActsState.lift, acts))

    await run(ActsState.ask, acts, "sms")
    await run(ActsState.record, acts, {"status": "withdrawn", "source": "  "})
    assert "Say where it came from" in acts.error
    assert acts.asking == "sms"
    await run(ActsState.record, acts, {"status": "withdrawn", "source": "phone call"})
    await run(CustomerState.load, profile)
    assert profile.consents[1].status == "withdrawn"
    assert "Phone call" in profile.consents[1].detail

    assert "/customers" in said(await run(ActsState.delete, acts))
    await run(CustomerState.load, profile)
    assert profile.missing


def test_every_question_about_a_customer_names_them() -> None:
    """Before: "Delete this customer?", whoever that was."""
    asked = str(questions().render())
    titles = (
        "Suppress ",
        " off the suppression list?",
        "Delete ",
        "Record a proof of age of ",
        "Record SMS consent of ",
    )
    assert [title for title in titles if title not in asked] == []
    assert "this customer" not in asked.lower()
    assert asked.count("who_rx_state_") >= len(titles)


async def test_a_consent_of_no_channel_changes_nothing(database: str) -> None:
    (person,) = await people(1)
    acts = await Tab(f"/customers/{person}", MANAGER).state(ActsState)
    await run(ActsState.ask, acts, "carrier pigeon")
    assert acts.asking == ""
    assert await run(ActsState.record, acts, {"status": "given", "source": "x"}) is None


async def test_categories_come_from_the_living_in_order(database: str) -> None:
    await people(2, primary_category="Wine")
    await people(1, primary_category="Beer")
    await people(1, primary_category="Zinfandel", deleted_at=now())
    await people(1, primary_category=None)
    async with transaction() as session:
        assert await categories_in_use(session, VIEWER) == ["Beer", "Wine"]


def test_every_segment_has_a_colour_of_its_own() -> None:
    assert set(SEGMENT_COLORS) == {segment.value for segment in RfmSegment}
    assert len(set(SEGMENT_COLORS.values())) == len(SEGMENT_COLORS)


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("Imported wine", "Wine"),
        ("Craft beer", "Beer"),
        ("BEERS/ALES", "Beer"),
        ("Single malt whisky", "Liquor"),
        ("Gins", "Liquor"),
        ("Imported", "Other"),
        ("Snacks", "Other"),
    ],
)
def test_what_is_drunk_is_told_by_words_not_by_parts_of_words(category: str, kind: str) -> None:
    assert family(category) == kind


def test_spend_by_month_has_a_place_for_every_month() -> None:
    months = last_months(datetime(2026, 3, 31, tzinfo=UTC).date(), 3)
    assert months == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    spend = [
        MonthSpend(date(2026, 1, 1), "Beer", Decimal("10.50")),
        MonthSpend(date(2026, 3, 1), "Craft beer", Decimal(4)),
        MonthSpend(date(2026, 3, 1), "Vodka", Decimal(6)),
    ]
    series = spend_series(spend, months)
    assert series["Beer"] == [10.5, 0, 4]
    assert series["Liquor"] == [0, 0, 6]
    assert "January 2026" in spend_words(months, series)
    assert "nothing in 1 month" in spend_words(months, series)
    mix = [(bar.name, bar.share) for bar in category_mix(spend)]
    assert mix == [("Beer", "51%"), ("Vodka", "29%"), ("Craft beer", "20%")]


async def test_the_next_purchase_is_told_in_the_shops_days(database: str) -> None:
    today = now().astimezone(ZoneInfo("America/New_York"))
    (person,) = await people(1, next_purchase_at=today - timedelta(days=12))
    state = await Tab("/customers", VIEWER).state(CustomersState)
    await run(CustomersState.load, state)
    assert (state.rows[0].next, state.rows[0].late) == ("expected 12 days ago", True)
    profile = await Tab(f"/customers/{person}", VIEWER).state(CustomerState)
    await run(CustomerState.load, profile)
    (coming,) = [one for one in profile.scores if one.label == "Next purchase"]
    assert (coming.detail, coming.tone) == ("expected 12 days ago", "red")


def test_whoever_has_no_segment_yet_is_in_none_of_the_others() -> None:
    named = [(one.value, 20 - at) for at, one in enumerate(RfmSegment)]
    known = sum(n for _, n in named)
    others = sum(n for _, n in named[DRAWN_SEGMENTS:])
    told = [(one.name, one.value) for one in segment_shares(BaseCounts(known + 5, 0, 0, named, []))]
    assert told[DRAWN_SEGMENTS:] == [
        (f"{len(named) - DRAWN_SEGMENTS} other segments", str(others)), ("Not scored", "5"),
    ]  # fmt: skip
    assert "Not scored" not in [one.name for one in segment_shares(BaseCounts(known, 0, 0, named, []))]


async def test_a_viewer_sees_the_decade_and_no_day(database: str) -> None:
    async with transaction() as session:
        ann = await add_customer(session, date_of_birth=date(1983, 4, 17))
        today = await shop_today(session)
    state = await Tab(f"/customers/{ann}", VIEWER).state(CustomerState)
    await run(CustomerState.load, state)
    (age,) = [line for line in state.consents if line.key == "age"]
    assert age.label == f"Age, {age_band(date(2004, 4, 17), today).label}"
    assert "2004" not in str(state.consents)
    (unknown,) = await people(1, date_of_birth=None)
    other = await Tab(f"/customers/{unknown}", VIEWER).state(CustomerState)
    await run(CustomerState.load, other)
    assert [line.label for line in other.consents if line.key == "age"] == ["Age"]
