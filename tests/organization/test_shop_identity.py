"""A fresh shop is nobody's: it is not called as the sample's, and sends nothing before it has a name and an address."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.campaigns import lifecycle
from liquor_app.compliance.service import ensure_rule_pack
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict
from liquor_app.core.ids import uuid7
from liquor_app.demo.sample_brand import SHOP, take_off_sample_brand, wear_sample_brand
from liquor_app.organization.brands import update_brand
from liquor_app.organization.models import Channel
from liquor_app.organization.service import default_brand, ensure_defaults
from liquor_app.organization.settings import GeneralSettings, load_settings
from liquor_app.organization.shop_identity import UNNAMED, missing_identity
from liquor_app.planning.due_campaigns import start_due
from liquor_app.providers.service import ensure_sandbox
from liquor_app.screens.shell.state import ShellState
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.recipients.transactional import Kind, hand_over_errand, prepare_errand, request_errand
from liquor_app.sending.sandbox_play import play_week
from liquor_app.sending.sign_up.sign_up_pages import read_sign_up_page, save_sign_up_page
from liquor_app.templates.service import ensure_default_templates
from tests.factories import add_people, add_played_campaign, add_ready_campaign, approve_seen
from tests.tabs import Tab, run

ADMIN = Actor(ActorKind.USER, None, "Ada", Role.ADMIN)
REAL = {
    "name": "Quay Street Wines", "from_name": "Quay Street Wines", "from_email": "hello@quaystreet.example.org",
    "postal_address": "3 Quay St, Bath, ME 04530", "website_url": "https://quaystreet.example.org",
}  # fmt: skip


async def fresh_shop() -> None:
    async with transaction() as session:
        await ensure_defaults(session)
        await ensure_sandbox(session)
        await ensure_default_templates(session)
        await ensure_rule_pack(session)


async def outbox() -> list[str]:
    async with transaction() as session:
        return list((await session.execute(text("SELECT body_text FROM outbox_messages"))).scalars())


async def test_a_fresh_shop_is_not_called_as_the_samples(database: str) -> None:
    await fresh_shop()
    async with transaction() as session:
        brand, general = await default_brand(session), await load_settings(session, GeneralSettings)
        everything = str((await session.execute(text("SELECT * FROM brands"))).all())
    assert (brand.name, general.organization_name) == (UNNAMED, UNNAMED)
    for words in SHOP.values():
        assert words not in everything
    state = await Tab("/", ADMIN).state(ShellState)
    await run(ShellState.load, state)
    assert state.lacks == "its name, a sender's address, its postal address and its website"


async def test_nothing_is_approved_started_played_or_sent_in_nobodys_name(database: str) -> None:
    """Every way a message could leave, and the last one of all: a message claimed is not made up."""
    await fresh_shop()
    async with transaction() as session:
        people = await add_people(session, 1)
        waiting = await add_ready_campaign(session, people, status="awaiting_approval")
        await session.execute(
            text("INSERT INTO plans (id, campaign_id, version) SELECT uuid_v7(), id, 1 FROM campaigns")
        )
        await session.execute(text("UPDATE campaigns SET plan_id = (SELECT id FROM plans LIMIT 1)"))
        due = await add_ready_campaign(session, people, status="scheduled")
    for verb, campaign in (
        (approve_seen, waiting),
        (lifecycle.start_campaign, due),
        (play_week, due),
    ):
        with pytest.raises(Conflict, match="its postal address"):
            async with transaction() as session:
                await verb(session, SYSTEM, campaign)
    async with transaction() as session:
        assert await start_due(session, SYSTEM) == 0
        errand = await request_errand(session, SYSTEM, people[0], Channel.EMAIL, Kind.AGE)
    async with transaction() as session:
        assert await prepare_errand(session, SYSTEM, errand.id) is None
        await session.execute(text("UPDATE brands SET from_email = 'somebody@example.org'"))
        running = await add_played_campaign(session, people)
        await launch_campaign(session, SYSTEM, running)
    await Dispatcher().pump_once()
    assert await outbox() == []
    async with transaction() as session:
        note = (await session.execute(text("SELECT note FROM sends WHERE campaign_id = :id"), {"id": running})).scalar()
    assert "its postal address" in str(note)


async def test_once_named_it_sends_in_its_own_name(database: str) -> None:
    await fresh_shop()
    async with transaction() as session:
        (person,) = await add_people(session, 1)
        brand = await update_brand(session, ADMIN, None, REAL)
        assert missing_identity(brand) == ""
        assert (await load_settings(session, GeneralSettings)).organization_name == "Quay Street Wines"
        await launch_campaign(session, SYSTEM, await add_played_campaign(session, [person]))
        errand = await request_errand(session, SYSTEM, person, Channel.EMAIL, Kind.AGE)
    await Dispatcher().pump_once()
    async with transaction() as session:
        prepared = await prepare_errand(session, SYSTEM, errand.id)
    assert prepared is not None
    await hand_over_errand(prepared)
    bodies = await outbox()
    assert len(bodies) == 2
    for body in bodies:
        assert "Quay Street Wines" in body
        assert "3 Quay St" in body


async def test_a_shop_named_a_moment_ago_loses_no_message(database: str) -> None:
    """A worker that read the brand before it was named reads it once more before it skips anything for good."""
    await fresh_shop()
    dispatcher = Dispatcher()
    await dispatcher.pump_once()  # it knows a shop without a name now
    async with transaction() as session:
        people = await add_people(session, 3)
        await update_brand(session, ADMIN, None, REAL)
        campaign = await add_played_campaign(session, people)
        await launch_campaign(session, SYSTEM, campaign)
    await dispatcher.pump_once()  # the licence's state is another now: the fence stops them, the law is read anew
    await dispatcher.pump_once()
    async with transaction() as session:
        found = await session.execute(text("SELECT status, note FROM sends WHERE campaign_id = :id"), {"id": campaign})
        assert {tuple(row) for row in found} == {("sent", None)}


async def test_a_plan_with_texts_needs_a_sender_for_them(database: str) -> None:
    await fresh_shop()
    async with transaction() as session:
        people = await add_people(session, 2)
        await update_brand(session, ADMIN, None, REAL)
        plan = uuid7()
        campaign = await add_ready_campaign(session, people, channel="sms", status="awaiting_approval", plan_id=plan)
        await session.execute(
            text("INSERT INTO plans (id, campaign_id, version, status) VALUES (:plan, :id, 1, 'draft')"),
            {"id": campaign, "plan": plan},
        )
        await session.execute(
            text("UPDATE actions SET plan_id = :plan WHERE campaign_id = :id"), {"id": campaign, "plan": plan}
        )
    async with transaction() as session:
        with pytest.raises(Conflict, match="no sender for them"):
            await approve_seen(session, ADMIN, campaign)


async def test_the_samples_name_comes_and_goes_with_the_sample(database: str) -> None:
    """A shop that has a name of its own keeps it; of the sample's what somebody has changed stays."""
    await fresh_shop()
    async with transaction() as session:
        await wear_sample_brand(session)
        assert (await default_brand(session)).name == SHOP["name"]
        assert (await load_settings(session, GeneralSettings)).organization_name == SHOP["name"]
        await update_brand(session, ADMIN, None, {"postal_address": REAL["postal_address"]})
        await save_sign_up_page(session, ADMIN, None, {"is_open": True})
        await take_off_sample_brand(session)
        assert (await read_sign_up_page(session, ADMIN, None)).address == "", "it was of the sample's name"
    async with transaction() as session:
        brand = await default_brand(session)
        assert (brand.name, brand.from_email, brand.postal_address) == (UNNAMED, "", REAL["postal_address"])
        assert (await load_settings(session, GeneralSettings)).organization_name == UNNAMED
        await update_brand(session, ADMIN, None, REAL)
        await wear_sample_brand(session)
        own = await save_sign_up_page(session, ADMIN, None, {"is_open": True})
        await take_off_sample_brand(session)
        assert (await default_brand(session)).name == REAL["name"]
        assert await read_sign_up_page(session, ADMIN, None) == own
        assert (await load_settings(session, GeneralSettings)).organization_name == REAL["name"]
