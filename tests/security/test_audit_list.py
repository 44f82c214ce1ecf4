"""The audit log is found by who, what, whom, when, what came of it and from where: on its page, over the API, in its
file; each by an index, and nobody who was erased by their name."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_access
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import TABLE, Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.compile import MOST_SEARCHED, compile_list
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.queue import Job
from liquor_app.core.security.call_origin import CallOrigin, called_from
from liquor_app.liquor_app import PAGES
from liquor_app.organization.settings import SettingsModel
from liquor_app.privacy.lists import (
    _ACTIONS,
    _ACTORS,
    AUDIT,
    KINDS,
    MOST_NAMED,
    MOST_OFFERED,
    MOST_PEOPLE,
    audit_choices,
    list_audit,
    subject_name,
)
from liquor_app.screens.organization.audit.state import AuditState
from liquor_app.screens.organization.audit.view import PAGES_OF, PLACES, SEARCHED, _by
from tests.api.client import Client, is_problem
from tests.people import add_campaign, add_customer, add_purchase, add_user, ensure_shop
from tests.privacy.planted import EMAIL, NAME, plant, run_jobs
from tests.privacy.test_erase import ask
from tests.sources import parsed, reads_sources
from tests.tabs import Tab, run

AN = Actor(ActorKind.USER, UUID(int=11), "An Admin", Role.ADMIN)
TILL = Actor(ActorKind.API_KEY, UUID(int=12), "Till 4", Role.MANAGER)
REQUEST = "01920000-0000-7000-8000-00000000abcd"


async def written() -> dict[str, UUID]:
    """Five entries; returns what they are about."""
    viewer = await add_user(Role.USER)
    async with transaction() as session:
        await ensure_shop(session)
        ids = {
            "ada": await add_customer(session, name="Ada Lovelace", email="ada@vine.example"),
            "bo": await add_customer(session, name="Bo Diddley", email="bo@vine.example"),
            "campaign": await add_campaign(session, ["loyal"], name="Autumn reds"),
            "gone": uuid7(),
            "user": viewer.id or uuid7(),
        }
        with called_from(CallOrigin("203.0.113.9", REQUEST)):
            await audit(session, AN, "customer.updated", "customer", ids["ada"])
            await audit(session, AN, "campaign.created", "campaign", ids["campaign"])
        with called_from(CallOrigin("203.0.113.10", str(uuid7()))):
            await audit(session, TILL, "customer.updated", "customer", ids["bo"])
            await audit_access(session, SYSTEM, "password.refused", ids["user"])
        await audit(session, SYSTEM, "campaign.created", "campaign", ids["gone"])
    return ids


ASKED: list[tuple[dict[str, str], list[str]]] = [
    ({"actor_id": str(AN.id)}, ["customer ada", "campaign campaign"]),
    ({"actor_id": str(TILL.id)}, ["customer bo"]),
    ({"actor_kind": "api_key"}, ["customer bo"]),
    ({"actor_kind": "system"}, ["access user", "campaign gone"]),
    ({"subject": "customer:{ada}"}, ["customer ada"]),
    ({"subject": "user:{user}"}, ["access user"]),
    ({"subject": "campaign:{ada}"}, []),
    ({"entity": "campaign"}, ["campaign campaign", "campaign gone"]),
    ({"action": "customer.updated"}, ["customer ada", "customer bo"]),
    ({"outcome": "refused"}, ["access user"]),
    ({"outcome": "done", "entity": "campaign"}, ["campaign campaign", "campaign gone"]),
    ({"ip": "203.0.113.9"}, ["customer ada", "campaign campaign"]),
    ({"via": REQUEST}, ["customer ada", "campaign campaign"]),
    ({"until": "2020-01-01"}, []),
    ({"since": "2020-01-01", "via": REQUEST}, ["customer ada", "campaign campaign"]),
    ({"search": "lovelace"}, ["customer ada"]),
    ({"search": "BO@vine"}, ["customer bo"]),
    ({"search": "autumn reds"}, ["campaign campaign"]),
    ({"search": "till 4"}, ["customer bo"]),
]


@pytest.mark.integration
async def test_it_is_found_the_same_by_the_api_the_page_and_the_file(admin: Client) -> None:
    ids = await written()
    names = {str(one): name for name, one in ids.items()}
    tab = Tab("/settings/audit", AN)
    for asked, expected in ASKED:
        question = {name: value.format_map(ids) for name, value in asked.items()}
        answer = await admin.get("/audit", params=question)
        assert answer.status_code == 200, answer.text
        ours = [one for one in answer.json()["items"] if one["entity_id"] in names]
        found = [f"{one['entity']} {names[one['entity_id']]}" for one in reversed(ours)]
        # what was written in one millisecond has no order but that of its ids
        assert sorted(found) == sorted(expected), asked
        tab.go("/settings/audit?" + "&".join(f"{name}={value}" for name, value in question.items()))
        state = await tab.state(AuditState)
        await run(AuditState.load, state)
        shown = {line.id for line in state.rows}
        assert shown == {one["id"] for one in answer.json()["items"]}, asked
        file = urlsplit(state.exported)
        assert {name: one for name, (one,) in parse_qs(file.query).items()} == question
        lines = list(csv.DictReader(io.StringIO((await admin.get(f"{file.path}?{file.query}")).text)))
        filed = [f"{one['to']} {names[one['id']]}" for one in reversed(lines) if one["id"] in names]
        assert filed == found, asked


@pytest.mark.integration
async def test_a_row_says_what_it_is_about_and_leads_there_while_it_is_there(admin: Client) -> None:
    ids = await written()
    async with transaction() as session:
        purchase = await add_purchase(session, ids["ada"], days_ago=3)
        await audit(session, TILL, "purchase.recorded", "purchase", purchase)
    tab = Tab("/settings/audit", AN)
    state = await tab.state(AuditState)
    await run(AuditState.load, state)
    said = {(line.about, line.subject): line for line in state.rows}
    ada = said["customer", "Ada Lovelace"]
    assert (ada.href, ada.history) == (f"/customers/{ids['ada']}", f"/settings/audit?subject=customer:{ids['ada']}")
    assert _by(f"job {REQUEST}", now()) == "job …00abcd"
    assert (ada.source, ada.by, ada.same) == ("203.0.113.9", "request …00abcd", f"/settings/audit?via={REQUEST}")
    assert said["purchase", "Ada Lovelace"].href == f"/customers/{ids['ada']}"
    assert said["campaign", "Autumn reds"].href == f"/campaigns/{ids['campaign']}"
    gone = said["campaign", ""]
    assert (gone.href, gone.history.endswith(str(ids["gone"]))) == ("", True)
    refused = next(line for line in state.rows if line.outcome)
    assert (refused.outcome, refused.href.startswith("/settings/users?search=")) == ("refused", True)
    async with transaction() as session:
        await session.execute(text("UPDATE customers SET deleted_at = now() WHERE id = :id"), {"id": ids["ada"]})
    await run(AuditState.load, state)
    assert "Ada" not in str(state.rows)
    tab.go(f"/settings/audit?subject=campaign:{ids['campaign']}")
    await run(AuditState.load, state)
    assert next(one.words for one in state.filters if one.key == "subject") == "campaign Autumn reds"
    offered = {one.key: [option.words for option in one.options] for one in state.filters}
    assert {"An Admin", "Till 4"} <= set(offered["actor_id"])
    assert "customer: updated" in offered["action"]
    assert {one.key for one in state.filters if one.typed == "date"} == {"since", "until"}
    assert {one.key for one in state.filters if one.typed == "text"} == {"ip", "via"}


@pytest.mark.integration
async def test_who_was_erased_is_found_by_no_name_and_shown_by_none(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    async with transaction() as session:
        await audit(session, AN, "customer.updated", "customer", planted.customer)

    async def found(words: str) -> set[Any]:
        async with transaction() as session:
            page = await list_audit(session, AN, ListQuery(search=words, limit=500))
        return {row.entity_id for row in page.items}

    assert planted.customer in await found(NAME) & await found(EMAIL)
    await ask(planted.customer)
    await run_jobs(Job.ERASE_PERSON)
    for words in (NAME, EMAIL):
        assert await found(words) == set(), words
    async with transaction() as session:
        rows = (await list_audit(session, AN, ListQuery({"subject": f"customer:{planted.customer}"}))).items
        assert await subject_name(session, AN, f"customer:{planted.customer}") is None
    assert rows
    assert all(row.subject is None for row in rows)


@pytest.mark.integration
@pytest.mark.parametrize(
    "subject", ["customer", "customer:", "customer:1", "nothing:" + REQUEST, f"customer:{REQUEST}' OR true", ":"]
)
async def test_a_subject_is_a_kind_and_an_id(admin: Client, subject: str) -> None:
    is_problem(await admin.get("/audit", params={"subject": subject}), 422, "invalid", "subject")
    async with transaction() as session:
        with pytest.raises(Invalid):
            await subject_name(session, AN, subject)
    state = await Tab(f"/settings/audit?subject={subject}", AN).state(AuditState)
    assert "could not be followed" in str(await run(AuditState.load, state))


@pytest.mark.integration
@pytest.mark.parametrize("role", [Role.USER, Role.MANAGER])
async def test_nobody_else_is_told_who_is_in_it(database: str, role: Role) -> None:
    other = Actor(ActorKind.USER, uuid7(), "Vi", role)
    async with transaction() as session:
        for asked in (audit_choices(session, other), subject_name(session, other, f"customer:{uuid7()}")):
            with pytest.raises(Forbidden):
                await asked


def test_whoever_may_read_it_may_see_customers() -> None:
    """Its search and its names show customers to all who may read it."""
    log, people = TABLE[Permission.AUDIT_READ], TABLE[Permission.CUSTOMERS_PRIVATE]
    assert set(log.roles) <= set(people.roles)
    assert log.area == "", "a key that is good for some areas only could read customers here"


FILTERS = [
    {"actor_id": str(UUID(int=7))}, {"entity": "coupon_pool"}, {"entity_id": str(UUID(int=7))},
    {"subject": f"customer:{UUID(int=7)}"}, {"action": "x.made7"}, {"outcome": "refused"}, {"ip": "203.0.113.7"},
    {"via": "req7"}, {"since": "2026-01-01", "until": "2026-01-02"}, {},
]  # fmt: skip


@pytest.mark.integration
async def test_a_long_log_is_asked_by_its_indexes(database: str) -> None:
    """The planner as it is, on a log of forty thousand; a table of millions is no different."""
    async with transaction() as session:
        await ensure_shop(session)
        await add_customer(session, name="Ada Lovelace")
        await session.execute(
            text(
                "INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, action, entity, entity_id, ip, via)"
                " SELECT now() - make_interval(mins => n), 'user', CAST(lpad(to_hex(n % 500), 32, '0') AS uuid), 'An',"
                " CASE WHEN n % 400 = 0 THEN 'password.refused' ELSE 'x.made' || n % 150 END, 'kind' || n % 40,"
                " CAST(lpad(to_hex(n % 9000), 32, '0') AS uuid), '203.0.113.' || n % 250, 'req' || n"
                " FROM generate_series(1, 40000) n"
            )
        )
        await session.execute(text("ANALYZE audit_log"))
        for asked in (*({"filters": one} for one in FILTERS), {"search": "lovelace"}, {"search": "req39999"}):
            query = ListQuery(**asked, scope={"zone": "America/New_York"})
            compiled = compile_list(AUDIT, query)
            for part in compiled.parts:
                plan = await session.execute(
                    text(
                        f"EXPLAIN SELECT {AUDIT.columns} FROM {AUDIT.source} WHERE {part.where} ORDER BY {part.order}"
                        " LIMIT 50"
                    ),
                    compiled.params,
                )
                lines = [str(line) for line in plan.scalars()]
                assert not [line for line in lines if "Seq Scan on audit_log" in line], (asked, lines)
        for statement in (_ACTORS, _ACTIONS):
            plan = await session.execute(text(f"EXPLAIN {statement}"), {"n": 200})
            assert "Seq Scan on audit_log" not in "\n".join(plan.scalars())


@reads_sources
def test_every_kind_of_thing_can_be_asked_for() -> None:
    """The page offers what entries are about; what the code writes and no filter names could not be found."""
    written: set[str] = set()
    for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"):
        source = path.read_text()
        for node in ast.walk(parsed(source)) if "audit" in source else ():
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in {"audit", "audit_change", "audit_each"} and len(node.args) > 3:  # type: ignore[attr-defined]
                kind = node.args[3]  # type: ignore[attr-defined]
                if isinstance(kind, ast.Constant):
                    written.add(str(kind.value))
    assert len(written) > 25
    assert written | {one.key for one in SettingsModel.__subclasses__()} <= set(KINDS)


def test_what_rows_lead_to_are_pages() -> None:
    routes = {page.route for page in PAGES}
    below = {route.partition("/[")[0] for route in routes if "[" in route}
    assert {*PLACES.values(), *SEARCHED.values()} <= routes
    assert set(PAGES_OF.values()) | {"/customers"} <= below
    assert {*PLACES, *PAGES_OF, *SEARCHED} <= set(KINDS)


async def test_a_search_looks_up_so_many_and_the_document_says_how_many(session: AsyncSession) -> None:
    """By a name many have; what one of them did is found by its id, however many they are."""
    people = await session.execute(
        text(
            "INSERT INTO customers (name, email, email_key) SELECT 'Quorra Bound', n || '@bound.example',"
            " n || '@bound.example' FROM generate_series(1, :n) n RETURNING id"
        ),
        {"n": MOST_NAMED + 3},
    )
    bought = await session.execute(
        text(
            "INSERT INTO purchases (customer_id, occurred_at, total)"
            " SELECT unnest(CAST(:who AS uuid[])), now(), 12 RETURNING id, customer_id"
        ),
        {"who": list(people.scalars())},
    )
    rows = bought.all()
    for kind, ids in (("customer", [row.customer_id for row in rows]), ("purchase", [row.id for row in rows])):
        await session.execute(
            text(
                "INSERT INTO audit_log (actor_kind, actor_name, action, entity, entity_id) SELECT 'system', 'system',"
                " 'thing.told', CAST(:kind AS text), unnest(CAST(:ids AS uuid[]))"
            ),
            {"kind": kind, "ids": ids},
        )

    async def found(query: ListQuery) -> int:
        return (await list_audit(session, SYSTEM, query)).total

    name = "quorra bound"
    assert await found(ListQuery({"entity": "customer"}, search=name)) == MOST_NAMED
    assert await found(ListQuery({"entity": "purchase"}, search=name)) == MOST_PEOPLE
    assert await found(ListQuery({"subject": f"purchase:{rows[-1].id}"})) == 1
    long = "x" * MOST_SEARCHED
    assert await found(ListQuery(search=f"{long}, and more")) == await found(ListQuery(search=long)) == 0
    told = " ".join((PROJECT_ROOT / "docs" / "api.md").read_text().split("## The audit log")[1].split("##")[0].split())
    assert f"its first {MOST_SEARCHED} characters" in told
    assert f"{MOST_NAMED:,} things of a kind" in told
    assert f"{MOST_PEOPLE} of the customers" in told
    assert f"{MOST_OFFERED} people and keys and {MOST_OFFERED} kinds" in told
