"""Tags and custom fields: by form, by import, by rule, by template, in bounds."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core import queue
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.listing.spec import ListQuery
from liquor_app.core.models import JobStatus
from liquor_app.core.queue import JobCancelled, JobContext
from liquor_app.customers.labels import field_removal
from liquor_app.customers.labels.custom_fields import (
    CustomFieldRow,
    add_custom_field,
    list_custom_fields,
    set_custom_values,
)
from liquor_app.customers.labels.custom_values import MOST_FIELDS, FieldKind, clean_value, field_key
from liquor_app.customers.labels.field_removal import request_removal
from liquor_app.customers.labels.tags import MOST_OF_ONE, set_tags, tag_customers, tags_of
from liquor_app.doubles.merge_profiles import merge_profiles, undo_merge
from liquor_app.doubles.tasks import TASKS
from liquor_app.organization.settings import shop_now
from liquor_app.screens.customers.custom_fields.state import CustomFieldsState, use_words
from liquor_app.screens.customers.detail.labels_state import _line
from liquor_app.screens.imports.wizard.report.note_lines import note_words
from liquor_app.segments.lists import list_customers
from liquor_app.segments.rule_compiler import matching
from liquor_app.segments.rule_wording import sentence
from liquor_app.segments.rules import check_rules, parse_rules
from liquor_app.templates.custom_field_usage import custom_field_uses
from tests.imports.test_import import rows, run
from tests.imports.test_undo import take, undo
from tests.people import add_customer, add_user
from tests.tabs import Tab
from tests.tabs import run as tab_run

pytestmark = pytest.mark.integration
VIEWER = Actor(ActorKind.USER, uuid7(), "Viewer", Role.USER)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


async def labels() -> dict[str, tuple[set[str], dict[str, str]]]:
    people = await rows(
        "SELECT c.external_id, c.raw_data -> 'custom' AS custom, (SELECT array_agg(t.name) FROM customer_tags g"
        " JOIN tags t ON t.id = g.tag_id WHERE g.customer_id = c.id) AS tags FROM customers c"
    )
    return {one["external_id"]: (set(one["tags"] or ()), one["custom"] or {}) for one in people}


async def test_case_36_a_tags_column_is_imported_and_the_segment_field_finds_it(database: str, tmp_path: Path) -> None:
    """Before: the builder offered “Tags” and nothing could give one."""
    file = write(
        tmp_path / "people.csv",
        "Customer ID,Email,Tags",
        '1,a@c36.example,"wine club, Wholesale"',
        '2,b@c36.example,"""wine club"",""VIP"""',
        "3,c@c36.example,",
        "4,d@c36.example," + "x" * 60 + ";wine club",
    )
    report = await run(file)
    assert (report.created, report.notes) == (4, {"tags_left_out": 1})
    assert {one: tags for one, (tags, _) in (await labels()).items()} == {
        "1": {"wine club", "Wholesale"}, "2": {"wine club", "VIP"}, "3": set(), "4": {"wine club"},
    }  # fmt: skip
    again = await run(file)
    assert (again.updated, again.unchanged) == (0, 4)
    more = await run(write(tmp_path / "more.csv", "Customer ID,Email,Tags", "1,a@c36.example,new", "3,c@c36.example,"))
    assert (more.updated, more.unchanged) == (1, 1)
    found = await rows("SELECT 1 FROM tags WHERE name IN ('wine club', 'Wholesale', 'VIP', 'new')")
    assert len(found) == 4
    kept = await run(write(tmp_path / "keep.csv", "Customer ID,Email,Tags", "1,a@c36.example,other"), policy="keep")
    assert kept.unchanged == 1
    assert "other" not in (await labels())["1"][0]


@pytest.mark.parametrize(
    "header",
    ["Email,First Name,MEMBER_RATING,LEID,TAGS", "Customer ID,Email,Accepts Email Marketing,Default Address City,Tags"],
)
async def test_known_tools_tags_are_taken(database: str, tmp_path: Path, header: str) -> None:
    header = header.replace("Email,First", "Email Address,First")
    cells = ["7" if name in ("Customer ID", "LEID", "MEMBER_RATING") else "" for name in header.split(",")]
    cells[0 if header.startswith("Email") else 1], cells[-1] = "a@c36.example", "club"
    await run(write(tmp_path / "people.csv", header, ",".join(cells)))
    assert [row["name"] for row in await rows("SELECT name FROM tags")] == ["club"]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [("date", "2011-02-11", "11 Feb 2011"), ("date", "", ""), ("flag", "no", "No"), ("text", "yes", "yes")],
)  # fmt: skip
def test_a_value_is_shown_as_people_write_it(kind: str, value: str, shown: str) -> None:
    made = _line(CustomFieldRow("since", "Since", FieldKind(kind), f"custom.{kind}.since"), value)
    assert (made.words, made.value) == (shown, value)


async def test_any_column_may_become_a_custom_field_of_its_kind(database: str, tmp_path: Path) -> None:
    file = write(
        tmp_path / "people.csv",
        "id,email,Grape,Bottles,Since,Club",
        "1,a@cf.example,Riesling,12.50,11/24/2025,yes",
        "2,b@cf.example,=cmd|x,lots,soon,perhaps",
    )
    mapping = {
        "external_id": "id", "email": "email", "custom.text.favorite_grape": "Grape",
        "custom.number.bottles": "Bottles",
        "custom.date.member_since": "Since", "custom.flag.club": "Club",
    }  # fmt: skip
    report = await run(file, mapping=mapping)
    assert (report.created, report.rejected, report.notes) == (2, 0, {"custom_left_out": 1})
    assert (await labels())["1"][1] == {
        "favorite_grape": "Riesling", "bottles": "12.5", "member_since": "2025-11-24", "club": "yes",
    }  # fmt: skip
    assert set((await labels())["2"][1]) == {"favorite_grape"}
    made = {row["key"]: (row["label"], row["kind"]) for row in await rows("SELECT * FROM custom_fields")}
    assert made["favorite_grape"] == ("Grape", "text")
    # what is there is filled up, not overwritten; with the other policy it is
    second = write(tmp_path / "more.csv", "id,email,Grape,Bottles", "1,a@cf.example,Merlot,3", "2,b@cf.example,Syrah,4")
    some = {name: column for name, column in mapping.items() if column in ("id", "email", "Grape", "Bottles")}
    assert (await run(second, mapping=some)).updated == 1
    assert [(await labels())[one][1].get("bottles") for one in "12"] == ["12.5", "4"]
    assert (await run(second, mapping=some, policy="overwrite")).updated == 2
    assert (await labels())["1"][1] == {
        "favorite_grape": "Merlot", "bottles": "3", "member_since": "2025-11-24", "club": "yes",
    }  # fmt: skip
    with pytest.raises(Invalid, match="'Bottles' is a number field"):
        await run(second, mapping={**some, "custom.text.bottles": "Bottles"})


async def test_a_check_of_age_counts_with_what_was_seen_and_when(database: str, tmp_path: Path) -> None:
    file = write(
        tmp_path / "people.csv",
        "external_id,date_of_birth,age check,age checked at",
        "1,,driving licence at the till,2026-01-05",
        "2,,,2026-01-05",
        "3,,driving licence,",
        "4,1984-06-02,ID,2026-01-05",
        "5,2015-06-02,ID,2026-01-05",
        "6,,no,2026-01-05",
    )
    report = await run(file)
    assert report.notes == {"age_without_evidence": 2}
    kept = {row["external_id"]: row["age_verified_at"] for row in await rows("SELECT * FROM customers")}
    assert {one for one, at in kept.items() if at is not None} == {"1", "4"}
    told = await rows(
        "SELECT c.external_id, a.* FROM age_ledger a JOIN customers c ON c.id = a.customer_id WHERE verified ORDER BY 1"
    )
    ledger = [(row["external_id"], row["method"], row["evidence"]["proof"], row["evidence"]["row"]) for row in told]
    assert ledger == [
        ("1", "proof seen, from a file", "driving licence at the till", 2), ("4", "proof seen, from a file", "ID", 5),
    ]  # fmt: skip
    assert (await run(file)).unchanged == 6


async def test_fields_and_values_by_hand(session: AsyncSession) -> None:
    manager = await add_user(Role.MANAGER)
    person = await add_customer(session)
    grape = await add_custom_field(session, manager, "  Favorite   Grape ", "text")
    assert (grape.key, grape.label, grape.name) == ("favorite_grape", "Favorite Grape", "custom.text.favorite_grape")
    await add_custom_field(session, manager, "Bottles", "number")
    with pytest.raises(Conflict):
        await add_custom_field(session, manager, "favorite grape!", "date")
    assert await set_custom_values(session, manager, person, {"favorite_grape": "Riesling", "bottles": 12}) == {
        "favorite_grape": "Riesling", "bottles": "12",
    }  # fmt: skip
    for field, value in (("nonsense", "x"), ("bottles", "many"), ("bottles", "1e30")):
        with pytest.raises(Invalid) as caught:
            await set_custom_values(session, manager, person, {field: value})
        assert caught.value.field == field
    with pytest.raises(Forbidden):
        await set_custom_values(session, VIEWER, person, {"bottles": 1})
    with pytest.raises(NotFound):
        await set_custom_values(session, manager, uuid7(), {"bottles": 1})
    page = await list_customers(session, VIEWER, ListQuery({"custom": "favorite_grape:Riesling"}))
    assert [row.id for row in page.items] == [person]
    assert (await list_customers(session, VIEWER, ListQuery({"custom": "favorite_grape:Rie"}))).items == []
    told = await session.execute(text("SELECT CAST(changes AS text) FROM audit_log"))
    assert "Riesling" not in "".join(told.scalars()), "the log outlives a person"
    await set_custom_values(session, manager, person, {"bottles": ""})
    with pytest.raises(Forbidden):
        await request_removal(session, manager, "favorite_grape")


async def test_a_field_is_taken_away_by_a_job_from_everybody(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_removal, "BATCH_ROWS", 2)
    people = [f"p{number}@example.com,Riesling,{number}" for number in range(5)]
    mapping = {"email": "email", "custom.text.favorite_grape": "grape", "custom.number.bottles": "bottles"}
    await run(write(tmp_path / "p.csv", "email,grape,bottles", *people), mapping=mapping)
    async with transaction() as session:
        await session.execute(
            text("INSERT INTO segments (slug, name, rules) VALUES ('wine', 'Wine lovers', CAST(:rules AS jsonb))"),
            {"rules": '{"all": [{"field": "custom.text.favorite_grape", "op": "eq", "value": "Riesling"}]}'},
        )
        await session.execute(
            text(
                "INSERT INTO message_templates (name, channel, category, body_text_template) VALUES"
                " ('Wine', 'email', 'x', 'You like {{ custom.favorite_grape }}'),"
                " ('Other', 'email', 'y', '{{ custom.favorite_grape_2 }}')"
            )
        )
        used = await custom_field_uses(session, VIEWER, "favorite_grape")
        assert (used.segments, used.templates) == (["Wine lovers"], ["Wine"])
        assert use_words(await custom_field_uses(session, VIEWER, "bottles")).startswith("No segment")
        admin = await add_user(Role.ADMIN)
        job_id = await request_removal(session, admin, "favorite_grape")
        assert await request_removal(session, admin, "favorite_grape") == job_id, "asked twice, it is one"

    steps: list[int] = []

    async def stop(job: JobContext, done: int, total: int, message: str | None = None) -> None:
        steps.append(done)
        if len(steps) == 2:
            raise JobCancelled

    with monkeypatch.context() as patched:
        patched.setattr(JobContext, "progress", stop)
        assert await queue.run(job_id, TASKS) == JobStatus.CANCELLED
    held = "SELECT count(*) AS n FROM customers WHERE raw_data #> '{custom,favorite_grape}' IS NOT NULL"
    assert (steps, (await rows(held))[0]["n"]) == ([2, 4], 1)
    async with transaction() as session:
        assert len(await list_custom_fields(session, VIEWER)) == 2, "it is still there, emptied in part"
        job_id = await request_removal(session, admin, "favorite_grape")
    assert await queue.run(job_id, TASKS) == JobStatus.SUCCEEDED
    assert (await rows(held))[0]["n"] == 0
    assert (await rows("SELECT raw_data FROM customers WHERE email_key = 'p3@example.com'"))[0]["raw_data"] == {
        "custom": {"bottles": "3"}
    }
    async with transaction() as session:
        assert [one.key for one in await list_custom_fields(session, VIEWER)] == ["bottles"]
        with pytest.raises(NotFound):
            await request_removal(session, admin, "favorite_grape")


async def test_no_undoing_brings_a_removed_field_back(database: str) -> None:
    async with transaction() as session:
        admin = await add_user(Role.ADMIN)
        for label in ("Health note", "Grape"):
            await add_custom_field(session, SYSTEM, label, "text")
        ada = await add_customer(session, external_id="T1")
        bo, cy = await add_customer(session), await add_customer(session)
        for one, note in ((ada, "diabetic"), (bo, "coeliac")):
            await set_custom_values(session, SYSTEM, one, {"health_note": note})
    imported = await take("external_id,custom.text.grape\nT1,Merlot\n")
    async with transaction() as session:
        merge = await merge_profiles(session, SYSTEM, bo, cy, reason="same")
        job_id = await request_removal(session, admin, "health_note")
    assert await queue.run(job_id, TASKS) == JobStatus.SUCCEEDED
    kept = [
        *await rows("SELECT before, after FROM customer_images"),
        *await rows("SELECT before, after FROM customer_merges"),
    ]
    assert len(kept) == 2
    assert not [one for one in kept if "health_note" in str(one)]
    await undo(imported)
    async with transaction() as session:
        await undo_merge(session, SYSTEM, merge.id)
    people = {one["id"]: one["raw_data"] for one in await rows("SELECT id, raw_data FROM customers")}
    assert people == {ada: None, bo: None, cy: None}


async def test_a_field_is_taken_away_on_its_page(database: str) -> None:
    async with transaction() as session:
        await add_custom_field(session, SYSTEM, "Shoe size", "number")
        admin, viewer = await add_user(Role.ADMIN), await add_user(Role.USER)
    tab = Tab("/settings/custom-fields", admin)
    state = await tab.state(CustomFieldsState)
    await tab_run(CustomFieldsState.load, state)
    assert [(row.label, row.kind, row.tag) for row in state.rows] == [("Shoe size", "Number", "{{ custom.shoe_size }}")]
    await tab_run(CustomFieldsState.ask, state, "shoe_size")
    assert (state.chosen.label, state.uses) == ("Shoe size", "No segment and no template names it.")
    await tab_run(CustomFieldsState.remove, state)
    job = (await rows("SELECT id FROM jobs WHERE name = 'remove_custom_field'"))[0]
    await queue.run(job["id"], TASKS)
    await tab_run(CustomFieldsState.watch, state)
    assert (state.rows, state.words) == ([], "")
    other = Tab("/settings/custom-fields", viewer)
    spy = await other.state(CustomFieldsState)
    spy.asking = "shoe_size"
    assert await tab_run(CustomFieldsState.remove, spy) is not CustomFieldsState.watch


async def test_several_files_give_no_customer_more_tags_than_one_may_have(database: str, tmp_path: Path) -> None:
    head = "email,tags"
    tags = [f"t{number:02}" for number in range(MOST_OF_ONE + 10)]
    first = await run(write(tmp_path / "1.csv", head, f"ann@example.com,{';'.join(tags[:40])}", "bo@example.com,t01"))
    assert first.notes == {}
    second = await run(write(tmp_path / "2.csv", head, f"ann@example.com,{';'.join(tags[30:])}", "bo@example.com,t02"))
    assert second.notes == {"too_many_tags_of_one": 10}
    assert "Tags left out 10: their customers have 50, as many as one may have." in note_words(second.notes)
    counts = await rows("SELECT count(*) AS n FROM customer_tags GROUP BY customer_id ORDER BY 1")
    assert [row["n"] for row in counts] == [2, MOST_OF_ONE]
    again = await run(write(tmp_path / "3.csv", head, f"ann@example.com,{';'.join(tags[:50])}"))
    assert (again.unchanged, again.notes) == (1, {}), "what somebody has is not too many"
    people = [row["id"] for row in await rows("SELECT id FROM customers")]
    async with transaction() as session:
        assert await tag_customers(session, SYSTEM, people, "sixty-first") == 1


async def test_fields_and_tags_are_bounded(session: AsyncSession) -> None:
    manager = await add_user(Role.MANAGER)
    person = await add_customer(session)
    for number in range(MOST_FIELDS):
        await add_custom_field(session, manager, f"Field {number}", "flag")
    with pytest.raises(Conflict, match="custom fields already"):
        await add_custom_field(session, manager, "One more", "flag")
    with pytest.raises(Invalid, match="at most"):
        await set_tags(session, manager, person, [f"tag {number}" for number in range(MOST_OF_ONE + 1)])
    assert await set_tags(session, manager, person, ["b", " a ", "a"]) == ["a", "b"]
    assert await set_tags(session, manager, person, ["b"]) == await tags_of(session, VIEWER, person) == ["b"]
    with pytest.raises(Forbidden):
        await set_tags(session, VIEWER, person, [])


@pytest.mark.parametrize("label", ["", " ", "1234", "…", "x" * 41, "a\x00b"])
def test_names_of_fields_are_names(label: str) -> None:
    with pytest.raises(Invalid):
        field_key(label)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (FieldKind.NUMBER, "1,250.00", "1250"), (FieldKind.NUMBER, "-0.0", "0"), (FieldKind.NUMBER, 2.5, "2.5"),
        (FieldKind.FLAG, True, "yes"), (FieldKind.FLAG, "N", "no"), (FieldKind.DATE, "2026-02-28", "2026-02-28"),
        (FieldKind.TEXT, "  a\u200b  b ", "a b"), (FieldKind.TEXT, "", None),
    ],
)  # fmt: skip
def test_values_are_kept_in_one_form(kind: FieldKind, given: Any, kept: str | None) -> None:
    assert clean_value(kind, given, "x") == kept


async def test_rules_ask_for_custom_fields(session: AsyncSession) -> None:
    manager = await add_user(Role.MANAGER)
    for label, kind in (("Grape", "text"), ("Bottles", "number"), ("Since", "date"), ("Club", "flag")):
        await add_custom_field(session, manager, label, kind)
    today = (await shop_now(session)).date()
    held: list[dict[str, Any]] = [
        {"grape": "Riesling", "bottles": 9, "since": today - timedelta(days=3), "club": True},
        {"grape": "Merlot", "bottles": 10.5, "since": today + timedelta(days=3), "club": False},
        {"grape": "riesling", "bottles": -2, "since": date(2020, 2, 29)},
        {},
    ]
    people = [await add_customer(session) for _ in held]
    for person, values in zip(people, held, strict=True):
        await set_custom_values(session, manager, person, values)

    async def who(raw: dict[str, Any]) -> set[int]:
        assert check_rules(raw) == []
        assert sentence(raw).endswith(".")
        found = await session.execute(matching(parse_rules(raw), await shop_now(session)))
        return {people.index(UUID(str(one))) for one in found.scalars()}

    grape, bottles, since = "custom.text.grape", "custom.number.bottles", "custom.date.since"
    assert await who({"field": grape, "op": "eq", "value": "Riesling"}) == {0, 2}, "however it is written"
    assert await who({"field": grape, "op": "contains", "value": "RIES"}) == {0, 2}
    assert await who({"field": grape, "op": "unknown"}) == {3}
    assert await who({"field": grape, "op": "ne", "value": "Riesling"}) == {1, 3}
    assert await who({"field": bottles, "op": "gte", "value": 9}) == {0, 1}
    assert await who({"field": bottles, "op": "between", "value": [-5, 9.5]}) == {0, 2}
    assert await who({"field": since, "op": "within_days", "value": 5}) == {0}
    assert await who({"field": since, "op": "next_days", "value": 5}) == {1}
    assert await who({"field": since, "op": "before", "value": "2021-01-01"}) == {2}
    assert await who({"field": "custom.flag.club", "op": "eq", "value": True}) == {0}
    assert await who({"not": {"field": "custom.flag.club", "op": "eq", "value": True}}) == {1, 2, 3}
    assert await who({"field": "custom.text.gone", "op": "known"}) == set()
    for bad in ("custom.text", "custom.blob.x", "custom.text.X", "custom.text.a'; --"):
        assert check_rules({"field": bad, "op": "known"}) != []


async def test_a_value_is_found_by_an_index(session: AsyncSession) -> None:
    await session.execute(
        text(
            "INSERT INTO customers (external_id, raw_data) SELECT 'i' || n,"
            " jsonb_build_object('custom', jsonb_build_object('grape', 'g' || n % 5000))"
            " FROM generate_series(1, 20000) n"
        )
    )
    await session.execute(text("ANALYZE customers"))
    plan = await session.execute(
        text(
            "EXPLAIN SELECT id FROM customers WHERE deleted_at IS NULL AND raw_data IS NOT NULL"
            ' AND raw_data @> \'{"custom": {"grape": "g77"}}\''
        )
    )
    assert "ix_customers_custom" in "\n".join(plan.scalars())
