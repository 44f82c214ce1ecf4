"""Somebody is erased: nothing of theirs is left anywhere, and nothing that comes later brings it back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job
from liquor_app.customers.erasing.models import Ground
from liquor_app.customers.suppressions import add_suppressions
from liquor_app.doubles.merge_profiles import undo_merge
from liquor_app.imports.import_rows import get_import, stored_file
from liquor_app.imports.uploads import start_import
from liquor_app.privacy import erase
from liquor_app.privacy.erase import ErasureAsked, request_erasure, take_up_erasures
from liquor_app.privacy.held_data import MENTIONS, PERSONAL
from liquor_app.privacy.mentions import find_mentions
from tests.api.test_webhooks import mailgun
from tests.imports.test_undo import take
from tests.people import add_user
from tests.privacy.planted import (
    BORN,
    BY_HAND,
    CHANGED,
    EMAIL,
    MARKERS,
    NAME,
    NUMBER,
    PEOPLE,
    PHONE,
    SALES,
    Planted,
    execute,
    found_in_dump,
    found_in_files,
    found_in_redis,
    found_in_tables,
    plant,
    plant_by_hand,
    run_jobs,
    scalar,
    tell,
)

pytestmark = pytest.mark.integration


async def ask(customer: Any, **changes: Any) -> ErasureAsked:
    said: dict[str, Any] = {"ground": Ground.ASKED, "confirmed": True, **changes}
    async with transaction() as session:
        return await request_erasure(session, said.pop("actor", SYSTEM), customer, **said)


async def erased(planted: Planted) -> None:
    await ask(planted.customer)
    await run_jobs(Job.ERASE_PERSON)


async def left(planted: Planted) -> dict[str, Any]:
    async with transaction() as session:
        tables = await found_in_tables(session, *MARKERS)
    return {**tables, **found_in_files(planted.files, *MARKERS), "redis": await found_in_redis(*MARKERS)}


NOT_SEARCHED = {
    "customer_tags", "segment_members", "segment_changes", "coupons", "exclusions",
    "trigger_firings", "experiment_assignments", "product_interests", "likely_doubles", "stencils",
    "age_ledger", "customer_confirmations", "purchase_confirmations",
}  # fmt: skip
"""Tables in which a person's rows name nobody."""


async def test_nothing_is_left_anywhere(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    before = await left(planted)
    assert {one.table for one in PERSONAL} - NOT_SEARCHED <= set(before), "a place nothing was planted in"
    assert {name.split("/")[1] for name in before if name.startswith("files/")} == {"exports", "imports", "rejects"}
    assert found_in_dump(database, *MARKERS) == [one for one in MARKERS if one not in ("240-0147", BORN)], "sealed"
    evidence = ("consents", "age_ledger", "purchases", "purchase_lines", "sends", "audit_log")
    many = {table: await scalar(f"SELECT count(*) FROM {table}") for table in evidence}
    other = "SELECT to_jsonb(c) - '{raw_data,updated_at}'::text[] FROM customers c WHERE id = :id"
    other = other.replace("::", "\\:\\:")
    nobody = await scalar(other, id=planted.neighbour)
    await erased(planted)
    assert await left(planted) == {"redis": []}
    assert found_in_dump(database, *MARKERS) == []
    assert await scalar("SELECT count(*) FROM erased_keys") > 0, "keyed hashes, for an older state that comes back"
    for table in evidence:
        assert await scalar(f"SELECT count(*) FROM {table}") >= many[table], table
    assert await scalar(other, id=planted.neighbour) == nobody
    assert await scalar("SELECT count(*) FROM customers WHERE email = 'neighbour@example.com'") == 1
    # what figures are made of stays: a message came and stays counted, on the profile that is nobody's
    assert (
        await scalar(
            "SELECT count(*) FROM sends WHERE customer_id = :id AND delivered_at IS NOT NULL", id=planted.customer
        )
        == 1
    )
    assert await scalar("SELECT count(*) FROM sends WHERE status IN ('pending', 'claimed')") == 0
    assert await scalar("SELECT changes FROM audit_log WHERE action = 'customer.noted'") == {"erased": True, "calls": 3}


async def test_the_shops_own_words_stay_but_for_the_name(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    gone = {one.table for one in (*PERSONAL, *MENTIONS) if one.scrub.startswith("DELETE")}
    gone |= {"suppressions"}  # their own addresses are added there
    tables = [one.table for one in MENTIONS if one.table not in gone]
    before = [await scalar(f"SELECT count(*) FROM {one}") for one in tables]
    await erased(planted)
    assert [await scalar(f"SELECT count(*) FROM {one}") for one in tables] == before
    mark = f"erased_{planted.customer.hex[-8:]}"
    async with transaction() as session:
        tags = set((await session.execute(text("SELECT name FROM tags"))).scalars())
        slugs = set((await session.execute(text("SELECT slug FROM segments"))).scalars())
    # a first name is nobody's
    assert tags == {"Club", "Zora", "The Quill & Mark", f"{mark}'s tasting", f"{mark}'s tasting 2", f"Ask {mark}"}
    slug = f"friends_of_{mark}"
    assert slugs >= {slug, "inside", "mine"}
    assert await scalar("SELECT rules ->> 'segment' FROM segments WHERE slug = 'inside'") == slug
    assert await scalar("SELECT target_segments FROM campaigns LIMIT 1") == ["loyal", slug]
    for table, column in (
        ("actions", "segment_slug"), ("decision_counts", "segment_slug"), ("outcome_sums", "segment_slug"),
        ("played_outcomes", "segment"), ("cell_rules", "segment_slug"),
    ):  # fmt: skip
        assert await scalar(f"SELECT DISTINCT {column} FROM {table}") == slug, table
    told = await scalar("SELECT raw_data -> 'custom' ->> 'remark' FROM customers WHERE id = :id", id=planted.neighbour)
    assert told == f"referred by {mark}, “the quill”, once {mark}"
    assert await scalar("SELECT changes FROM audit_log WHERE actor_kind = 'api_key'") == {"lines": 2}


async def test_what_others_said_stays_but_for_the_name(database: str, tmp_path: Path) -> None:
    """Answers, notes, plans, guidance, consents of somebody else: theirs, without the erased."""
    planted = await plant(tmp_path)
    await erased(planted)
    mark = f"erased_{planted.customer.hex[-8:]}"
    for said, words in (
        ("body FROM replies WHERE customer_id = :id", f"Is {mark} coming? Ask {mark}"),
        ("message FROM actions WHERE customer_id = :id", f"{mark} says hello"),
        ("creative_hint FROM actions WHERE customer_id = :id", f"Ask {mark}"),
        ("note FROM sends WHERE customer_id = :id AND note IS NOT NULL", f"settled with {mark}"),
        ("note FROM allocation_entries WHERE customer_id = :id", f"fetches it for {mark}"),
        ("reason FROM customer_merges WHERE stays_id = :id", f"{mark} says so"),
        ("DISTINCT source FROM consents WHERE customer_id = :id", f"told by {mark}"),
        ("evidence ->> 'seen' FROM age_ledger WHERE customer_id = :id AND method = 'at the counter'", f"with {mark}"),
        ("e.summary FROM plan_edits e JOIN actions a ON a.id = e.action_id WHERE a.customer_id = :id",
         f"{mark} struck out"),
        ("c.content ->> 'message' FROM plan_choices c JOIN actions a ON a.id = c.action_id WHERE a.customer_id = :id",
         f"With {mark}"),
    ):  # fmt: skip
        assert await scalar(f"SELECT {said}", id=planted.neighbour) == words, said
    for said, words in (
        ("DISTINCT constraints ->> 'note' FROM plans", f"as {mark} asked"),
        ("DISTINCT summary ->> 'said' FROM plans", f"For friends of {mark}"),
        ("document ->> 'tone' FROM guidance_versions WHERE version = 99", f"Never write as {mark}"),
        ("counsel FROM allocations", f"asked by {mark}"),
        ("text[1] FROM stencils WHERE text[1] LIKE 'Yours%'", f"Yours, {mark}"),
        ("DISTINCT options ->> 'consent_source' FROM imports", f"card of {mark}"),
    ):
        assert await scalar(f"SELECT {said}") == words, said


async def test_what_an_erasure_leaves_is_shown_before_it(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await plant_by_hand()
    with pytest.raises(Forbidden):
        async with transaction() as session:
            await find_mentions(session, await add_user(Role.MANAGER), planted.customer)
    async with transaction() as session:
        shown = [one for one in await find_mentions(session, SYSTEM, planted.customer) if one.is_certain]
    assert {one.place for one in shown} == BY_HAND
    assert all(one.link.startswith("/") and "{" not in one.link for one in shown)
    await erased(planted)
    found = await left(planted)
    assert set(found) - {"redis"} == BY_HAND, "nothing of others was changed unasked"
    assert await scalar("SELECT CAST(told ->> 'left_by_hand' AS integer) FROM erasures") == len(shown)


async def test_templates_are_scrubbed_where_an_admin_says_so(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await plant_by_hand()
    await ask(planted.customer, in_templates=True)
    await run_jobs(Job.ERASE_PERSON)
    assert set(await left(planted)) - {"redis"} == BY_HAND - {"message_templates", "template_versions"}
    mark = f"erased_{planted.customer.hex[-8:]}"
    body = "SELECT body_text_template FROM message_templates WHERE name = 'Greeting'"
    assert await scalar(body) == f"Yours, {mark}. {{{{ first_name }}}}"


async def test_a_name_that_somebody_else_bears_is_left_to_them(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await execute("UPDATE customers SET name = :name WHERE id = :id", name=NAME, id=planted.neighbour)
    await erased(planted)
    assert await scalar("SELECT count(*) FROM tags WHERE name ILIKE '%quillmark%'") == 2
    assert await scalar("SELECT count(*) FROM campaigns WHERE llm_prompt LIKE '%@%'") == 0, "an address is theirs alone"


async def test_later_callbacks_and_files_bring_nothing_back(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    send = await scalar("SELECT id FROM sends WHERE delivered_at IS NOT NULL")
    await erased(planted)
    people = await scalar("SELECT count(*) FROM customers")
    await tell(
        mailgun("complained", send, recipient=EMAIL),
        mailgun("failed", uuid7(), recipient=EMAIL.upper(), severity="permanent"),
        mailgun("clicked", send, recipient=EMAIL, url=f"https://x/?who={EMAIL}"),
    )
    assert await scalar("SELECT count(*) FROM sends WHERE complained_at IS NOT NULL") == 1, "what became of it counts"
    for content, kind in ((PEOPLE, "customers"), (CHANGED, "customers"), (SALES, "purchases")):
        option = {"unknown_customers": "create"} if kind == "purchases" else {}
        await take(content, kind=kind, name="again.csv", **option)
    await take(f"email,external_id,name\nnobody@example.com,Z2,{EMAIL}\n", name="odd.csv")
    await take(f"email,external_id,date_of_birth\n{EMAIL},,32/32/1990\n", name="unread.csv")
    async with transaction() as session:
        added = await add_suppressions(session, SYSTEM, [EMAIL, PHONE, "new@example.com"])
    assert (added.added, added.known) == (1, 2)
    assert await scalar("SELECT count(*) FROM customers") == people + 1, "Z2 is somebody else"
    found = await left(planted)
    # the files that were brought in again are the shop's, and go in their time; a name alone is nobody's
    tables = {name: rows for name, rows in found.items() if not name.startswith("files/") and name != "redis"}
    assert {name for name, rows in tables.items() for row in rows if EMAIL in row or NUMBER.lower() in row} <= {
        "customers"
    }
    assert await scalar("SELECT count(*) FROM customers WHERE email_key = :email", email=EMAIL) == 0
    assert (
        await scalar("SELECT count(*) FROM suppressions WHERE address IS NOT NULL AND address LIKE '%quillmark%'") == 0
    )
    assert (
        await scalar("SELECT notes ->> 'erased_person' FROM imports WHERE kind = 'purchases' ORDER BY id DESC") == "1"
    )


async def test_what_is_on_the_wire_is_waited_for(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = await plant(tmp_path)
    monkeypatch.setattr(erase, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(erase, "WAIT_SECONDS", 60)
    await execute(
        "UPDATE sends SET status = 'sending', lease_until = now() + interval '1 hour' WHERE status = 'pending'"
    )
    asked = await ask(planted.customer)
    assert asked.cancelled_messages == 0
    work = asyncio.create_task(run_jobs(Job.ERASE_PERSON))
    told = "SELECT message FROM jobs WHERE id = :id"
    while (message := await scalar(told, id=asked.job_id)) is None:
        assert not work.done()
    assert "on the wire" in message
    assert await scalar("SELECT name FROM customers WHERE id = :id", id=planted.customer) == NAME
    await execute("UPDATE sends SET status = 'sent', sent_at = now() WHERE status = 'sending'")
    await work
    assert await left(planted) == {"redis": []}


async def test_whoever_is_not_heard_of_is_told(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = await plant(tmp_path)
    monkeypatch.setattr(erase, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(erase, "WAIT_SECONDS", 0.05)
    await execute("UPDATE sends SET status = 'sending' WHERE status = 'pending'")
    asked = await ask(planted.customer)
    await run_jobs(Job.ERASE_PERSON)
    told = await scalar("SELECT result FROM jobs WHERE id = :id", id=asked.job_id)
    assert told["messages_on_the_wire"] == 1
    assert await left(planted) == {"redis": []}


async def test_claimed_messages_are_cancelled_and_pass_no_fence(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await execute("UPDATE sends SET status = 'claimed', claim_token = uuid_v7() WHERE status = 'pending'")
    assert (await ask(planted.customer)).cancelled_messages == 1
    assert await scalar("SELECT count(*) FROM sends WHERE status = 'cancelled'") == 1
    assert await scalar("SELECT count(*) FROM suppressions WHERE reason = 'erased' AND lifted_at IS NULL") >= 2
    assert await scalar("SELECT deleted_at IS NOT NULL FROM customers WHERE id = :id", id=planted.customer)


async def test_a_file_under_way_is_waited_for(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    await execute("UPDATE imports SET status = 'running' WHERE file_name = 'waiting.csv'")
    asked = await ask(planted.customer)
    with pytest.raises(AssertionError, match="is being imported"):
        await run_jobs(Job.ERASE_PERSON)
    assert await scalar("SELECT name FROM customers WHERE id = :id", id=planted.customer) == NAME
    await execute("UPDATE imports SET status = 'completed'")
    async with transaction() as session:
        assert await take_up_erasures(session, await scalar("SELECT clock_timestamp()")) == 1
    await run_jobs(Job.ERASE_PERSON)
    assert await left(planted) == {"redis": []}
    async with transaction() as session:
        assert await take_up_erasures(session, await scalar("SELECT clock_timestamp()")) == 0
    assert asked.ground is Ground.ASKED


async def test_who_may_and_what_is_asked(database: str, tmp_path: Path) -> None:
    planted = await plant(tmp_path)
    with pytest.raises(Forbidden):
        await ask(planted.customer, actor=await add_user(Role.MANAGER))
    with pytest.raises(Invalid) as refused:
        await ask(planted.customer, confirmed=False)
    assert refused.value.field == "confirm"
    with pytest.raises(NotFound):
        await ask(uuid7())
    first = await ask(planted.customer)
    assert (await ask(planted.double)).id == first.id, "one person, one erasure, whichever profile is named"
    await run_jobs(Job.ERASE_PERSON)
    for profile in (planted.customer, planted.double):
        with pytest.raises(Conflict, match="erased already"):
            await ask(profile)


async def test_a_telephone_of_the_family_stays(database: str, tmp_path: Path) -> None:
    """Whose number is somebody else's, too, is not erased from them, and goes on being written to there."""
    planted = await plant(tmp_path)
    await execute(
        "UPDATE customers SET phone = :phone, sms_consent = 'given' WHERE id = :id", phone=PHONE, id=planted.neighbour
    )
    await execute("UPDATE suppressions SET lifted_at = now() WHERE address = :phone", phone=PHONE)
    await erased(planted)
    assert await scalar("SELECT phone FROM customers WHERE id = :id", id=planted.neighbour) == PHONE
    async with transaction() as session:
        standing = await session.execute(
            text("SELECT count(*) FROM suppressions WHERE lifted_at IS NULL AND address = :phone"), {"phone": PHONE}
        )
        assert standing.scalar_one() == 0
    report = await take("email,external_id,name,phone\nkim@example.com,K1,Kim,207 240 0147\n", name="kim.csv")
    assert report.created == 1


async def test_what_the_erasure_took_away_says_so(database: str, tmp_path: Path) -> None:
    """A merge of a minute ago could be undone "for 30 days", and an import begun without its file."""
    planted = await plant(tmp_path)
    waiting = "SELECT id FROM imports WHERE file_name = 'waiting.csv'"
    upload = await scalar(waiting)
    merge = await scalar("SELECT id FROM customer_merges WHERE gone_id = :id", id=planted.double)
    await erased(planted)
    async with transaction() as session:
        with pytest.raises(Conflict, match="was erased since"):
            await undo_merge(session, SYSTEM, merge)
        row = await get_import(session, SYSTEM, upload)
        with pytest.raises(Conflict, match=r"waiting\.csv is no longer here"):
            await start_import(session, SYSTEM, upload, kind="customers")
        with pytest.raises(Conflict, match="no longer here"):
            stored_file(row)  # what a preview opens
    assert await scalar("SELECT count(*) FROM jobs WHERE name = :name AND status = 'queued'", name=Job.IMPORT_FILE) == 0
