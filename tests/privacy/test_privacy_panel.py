"""Data and privacy on a customer's page: what each of the three does, and for whom."""

from __future__ import annotations

from uuid import UUID

import pytest

from liquor_app.accounts.models import Role
from liquor_app.core.db import transaction
from liquor_app.core.queue import Job
from liquor_app.screens.customers.detail.privacy_state import PrivacyState
from liquor_app.screens.session.state import SessionState
from tests.people import add_customer, add_user, ensure_shop
from tests.privacy.planted import execute, run_jobs, scalar
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration


async def person() -> UUID:
    async with transaction() as session:
        await ensure_shop(session)
        return await add_customer(session, name="Ada Lovelace")


async def test_everything_is_written_and_fetched(database: str) -> None:
    customer = await person()
    state = await Tab(f"/customers/{customer}", await add_user(Role.MANAGER)).state(PrivacyState)
    await run(PrivacyState.load, state)
    assert state.who == "Ada Lovelace"
    await run(PrivacyState.export, state)
    assert state.working
    await run_jobs(Job.EXPORT_PERSON)
    assert await scalar("SELECT count(*) FROM jobs WHERE name = 'export_person' AND status = 'succeeded'") == 1


async def test_an_objection_is_switched(database: str) -> None:
    customer = await person()
    state = await Tab(f"/customers/{customer}", await add_user(Role.MANAGER)).state(PrivacyState)
    await run(PrivacyState.object, state, True)
    assert state.objects
    assert await scalar("SELECT profiling_objected_at IS NOT NULL FROM customers WHERE id = :id", id=customer)
    await run(PrivacyState.object, state, False)
    assert not await scalar("SELECT profiling_objected_at IS NOT NULL FROM customers WHERE id = :id", id=customer)


async def test_an_erasure_is_typed_and_leads_away(database: str) -> None:
    customer = await person()
    state = await Tab(f"/customers/{customer}", await add_user(Role.ADMIN)).state(PrivacyState)
    await run(PrivacyState.ask, state)
    for wrong, field in (({"ground": "", "word": "erase"}, "ground"), ({"ground": "asked", "word": "yes"}, "word")):
        await run(PrivacyState.erase, state, wrong)
        assert set(state.errors) == {field}
    assert await scalar("SELECT count(*) FROM erasures") == 0
    assert "/customers" in said(await run(PrivacyState.erase, state, {"ground": "asked", "word": " Erase "}))
    assert not state.asking
    assert await scalar("SELECT deleted_at IS NOT NULL FROM customers WHERE id = :id", id=customer)
    await run_jobs(Job.ERASE_PERSON)
    asker = (await state.get_state(SessionState))._actor
    assert asker is not None
    told = await scalar("SELECT title || ': ' || body FROM notifications WHERE user_id = :id", id=asker.id)
    assert told.startswith("An erasure you asked for is done: Scrubbed: ")
    assert "Ada" not in told


async def test_who_may_not_is_refused(database: str) -> None:
    customer = await person()
    manager = await Tab(f"/customers/{customer}", await add_user(Role.MANAGER)).state(PrivacyState)
    await run(PrivacyState.ask, manager)
    await run(PrivacyState.erase, manager, {"ground": "asked", "word": "erase"})
    viewer = await Tab(f"/customers/{customer}", await add_user(Role.USER)).state(PrivacyState)
    await run(PrivacyState.object, viewer, True)
    await run(PrivacyState.export, viewer)
    assert await scalar("SELECT count(*) FROM erasures") == 0
    assert await scalar("SELECT count(*) FROM jobs") == 0
    assert await scalar("SELECT profiling_objected_at FROM customers WHERE id = :id", id=customer) is None


async def test_the_question_shows_where_the_shops_own_words_name_them(database: str) -> None:
    customer = await person()
    await execute(
        "INSERT INTO message_templates (name, channel, category, body_text_template)"
        " VALUES ('Greeting', 'email', 'win_back', 'Yours, Ada Lovelace')"
    )
    await execute("UPDATE brands SET from_name = 'Ada Lovelace'")
    state = await Tab(f"/customers/{customer}", await add_user(Role.ADMIN)).state(PrivacyState)
    await run(PrivacyState.ask, state)
    template = await scalar("SELECT id FROM message_templates WHERE name = 'Greeting'")
    assert [(one.kind, one.link) for one in state.mentions] == [
        ("Template", f"/templates/{template}"), ("Brand", "/settings/brand"),
    ]  # fmt: skip
    assert state.has_templates
    await run(PrivacyState.choose_templates, state, True)
    await run(PrivacyState.erase, state, {"ground": "asked", "word": "erase"})
    await run_jobs(Job.ERASE_PERSON)
    assert "Ada" not in await scalar("SELECT body_text_template FROM message_templates WHERE name = 'Greeting'")
    assert await scalar("SELECT from_name FROM brands") == "Ada Lovelace"
