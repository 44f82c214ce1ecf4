"""Claiming, asking, fencing and recording: what goes out, what does not, and what is said about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.campaigns.lifecycle import cancel_campaign, pause_campaign, resume_campaign
from liquor_app.compliance.rule_pack import ALGORITHM_NOTICE
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.customers.addresses import normalise_email
from liquor_app.customers.consents import record_consent, suppress_address
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.providers.adapters.sandbox import Sandbox
from liquor_app.providers.kit.base import Outcome, OutgoingMessage, SendResult
from liquor_app.providers.kit.message_bodies import Whole
from liquor_app.sending.campaign_rollup import roll_up_once
from liquor_app.sending.events.replies import NewReply, keep_replies
from liquor_app.sending.pipeline import dispatch
from liquor_app.sending.pipeline.deliver import hand_over
from liquor_app.sending.pipeline.dispatch import Dispatcher, Pace
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.pipeline.recover import recover_once
from tests.factories import add_people, add_played_campaign, at, open_shop, set_clock

Answer = Callable[[OutgoingMessage], SendResult]


async def shop(
    count: int = 3, *, clock: datetime | None = None, people: dict[str, Any] | None = None, **columns: Any
) -> tuple[UUID, list[UUID]]:
    """A launched campaign whose clock stands within its window, and its customers."""
    async with transaction() as session:
        await open_shop(session)
        ids = await add_people(session, count, **(people or {}))
        campaign = await add_played_campaign(session, ids, clock=clock, **columns)
        await launch_campaign(session, SYSTEM, campaign)
    return campaign, ids


async def execute(statement: str, **values: Any) -> None:
    async with transaction() as session:
        await session.execute(text(statement), values)


async def sends(campaign: UUID) -> list[Any]:
    async with transaction() as session:
        found = await session.execute(text("SELECT * FROM sends WHERE campaign_id = :id ORDER BY id"), {"id": campaign})
        return list(found.all())


async def statuses(campaign: UUID) -> list[str]:
    return sorted(row.status for row in await sends(campaign))


async def outbox() -> int:
    async with transaction() as session:
        return int((await session.execute(text("SELECT count(*) FROM outbox_messages"))).scalar_one())


def answering(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> list[UUID]:
    """The sandbox answers as told; returns what it was handed."""
    handed: list[UUID] = []

    async def send_batch(self: Sandbox, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        handed.extend(message.send_id for message in messages)
        return [answer(message) for message in messages]

    monkeypatch.setattr(Sandbox, "send_batch", send_batch)
    return handed


def always(outcome: Outcome, **more: Any) -> Answer:
    return lambda message: SendResult(message.send_id, outcome, code="x", detail="said so", **more)


CHANGES = {
    "no_consent": "UPDATE customers SET email_consent = 'withdrawn'",
    "customer_deleted": "UPDATE customers SET deleted_at = now()",
    "no_contact_address": "UPDATE customers SET email = NULL, email_key = NULL",
    "age_unknown": "UPDATE customers SET age_verified_at = NULL",
    "age_disputed": "UPDATE customers SET age_disputed_at = now()",
    "underage": "UPDATE customers SET of_age_on = '2031-01-01'",
    "coupon_banned": "UPDATE customers SET state = 'MA'",
    "objected_to_profiling": "UPDATE customers SET profiling_objected_at = now()",
}


@pytest.mark.parametrize(("licence", "reason"), [("ME", None), ("MA", "coupon_banned"), ("CT", "offer_unlawful")])
async def test_the_law_of_the_licence_is_asked_at_the_last_moment(
    database: str, licence: str, reason: str | None
) -> None:
    """Approved under one licence, sent under another: what has become unlawful stays here."""
    campaign, ids = await shop(1)
    await execute("UPDATE brands SET licence_state = :state", state=licence)
    await execute("UPDATE customers SET state = 'MA' WHERE id = :id", id=ids[0])
    await Dispatcher().pump_once()
    (row,) = await sends(campaign)
    assert (row.status, row.skip_reason) == ("skipped" if reason else "sent", reason)


@pytest.mark.parametrize(
    ("licence", "state", "postal_code", "told"),
    [
        ("NY", "NJ", None, True), ("NJ", "NY", None, True), ("NJ", "NJ", None, False), ("NJ", "NJ", "07030", False),
        ("NJ", None, None, True), ("NJ", "XX", None, True), ("NJ", "NJ", "10001", True), ("NJ", None, "07030", False),
    ],
)  # fmt: skip
async def test_new_yorks_words_stand_beside_an_offer(
    database: str, licence: str, state: str | None, postal_code: str | None, told: bool
) -> None:
    """N.Y. Gen. Bus. Law § 349-a: in both parts of the very message that left; to whoever may live there, too."""
    _, ids = await shop(1)
    await execute("UPDATE brands SET licence_state = :state", state=licence)
    await execute("UPDATE customers SET state = :state, postal_code = :code WHERE id = :id",
                  state=state, code=postal_code, id=ids[0])  # fmt: skip
    await Dispatcher().pump_once()
    async with transaction() as session:
        found = await session.execute(text("SELECT to_jsonb(o) AS whole FROM outbox_messages o"))
        (message,) = found.scalars()
    assert (str(message).count(ALGORITHM_NOTICE) >= 2) is told


@pytest.mark.parametrize(("ahead", "sent"), [(0, True), (2, False)])
async def test_no_subject_leaves_that_is_untrue_by_now(database: str, ahead: int, sent: bool) -> None:
    """Made true by its day, and put off since: the last look before leaving reads it again."""
    campaign, _ = await shop(1)
    await execute(
        "UPDATE actions a SET offer_terms = offer_terms || jsonb_build_object('subject', 'Your 10% ends today',"
        " 'expires_on', CAST(CAST(k.virtual_now AT TIME ZONE 'America/New_York' AS date)"
        "   + CAST(:ahead AS int) AS text))"
        " FROM campaigns k WHERE k.id = a.campaign_id",
        ahead=ahead,
    )
    await Dispatcher().pump_once()
    (row,) = await sends(campaign)
    assert (row.status, row.skip_reason) == (("sent", None) if sent else ("skipped", "untrue_subject"))


async def test_what_changed_since_the_launch_is_asked_again(database: str) -> None:
    """Skipped at the last moment, with the reason on the message, the action and in the log of events."""
    campaign, ids = await shop(len(CHANGES) + 1)
    await execute("UPDATE brands SET licence_state = NULL")  # nobody has said: the law where they live holds
    wanted = dict(zip(ids, CHANGES, strict=False))
    for customer, reason in wanted.items():
        await execute(f"{CHANGES[reason]} WHERE id = :id", id=customer)
    await Dispatcher().pump_once()
    rows = {row.customer_id: row for row in await sends(campaign)}
    assert rows.pop(ids[-1]).status == "sent"
    assert await outbox() == 1
    assert {customer: row.skip_reason for customer, row in rows.items()} == wanted
    assert {(row.status, row.contact_at) for row in rows.values()} == {("skipped", None)}, "nobody was contacted"
    async with transaction() as session:
        actions = await session.execute(text("SELECT * FROM actions WHERE status = 'skipped'"))
        events = await session.execute(text("SELECT * FROM analytics_events WHERE event_type = 'skipped'"))
        told = {action.customer_id: (action.skip_reason, action.skip_detail) for action in actions}
        logged = {event.send_id: event.properties["reason"] for event in events}
    assert told == {customer: (row.skip_reason, row.note) for customer, row in rows.items()}
    assert logged == {row.id: row.skip_reason for row in rows.values()}


async def test_what_cannot_be_rendered_is_said(database: str) -> None:
    """No template, a variable nobody knows, a brand without a sender: skipped with words; the others go out."""
    campaign, ids = await shop(4)
    await execute("UPDATE actions SET template_category = 'discovery' WHERE customer_id = :id", id=ids[0])
    await execute("UPDATE actions SET template_category = 'loyalty' WHERE customer_id = :id", id=ids[1])
    await execute("UPDATE message_templates SET is_active = false WHERE category = 'discovery'")
    await execute(
        "UPDATE template_versions SET subject_template = '{{ customer.shoe_size }}' WHERE id ="
        " (SELECT current_version_id FROM message_templates WHERE category = 'loyalty' AND channel = 'email')"
    )
    await Dispatcher().pump_once()
    rows = {row.customer_id: row for row in await sends(campaign)}
    assert [rows[customer].skip_reason for customer in ids] == ["no_template", "cannot_render", None, None]
    assert "shoe_size" in rows[ids[1]].note
    assert await outbox() == 2
    other, _ = await another(ids[2:], sender="")
    assert {row.note for row in await sends(other)} == {"The brand Harbor & Vine has no sender for E-mail."}


async def another(customers: list[UUID], *, sender: str) -> tuple[UUID, int]:
    """One more campaign for some customers, pumped, under a brand with this sender."""
    await execute("UPDATE brands SET from_email = :sender", sender=sender)
    async with transaction() as session:
        campaign = await add_played_campaign(session, customers)
        await launch_campaign(session, SYSTEM, campaign)
    return campaign, await Dispatcher().pump_once()


async def test_a_suppressed_address(database: str) -> None:
    """By keyed hash; whichever spelling the customer has."""
    campaign, ids = await shop(2)
    async with transaction() as session:
        await suppress_address(session, normalise_email(f"{ids[0]}@Example.com"), reason=SuppressionReason.BOUNCED)
    await Dispatcher().pump_once()
    rows = {row.customer_id: row for row in await sends(campaign)}
    assert rows[ids[0]].skip_reason == "suppressed"
    assert rows[ids[1]].status == "sent"


async def test_nothing_before_its_time(database: str) -> None:
    """Due at half past five; the clock decides."""
    campaign, _ = await shop(2, clock=at(1, 17, 29))
    dispatcher = Dispatcher()
    assert await dispatcher.pump_once() == 0
    async with transaction() as session:
        await set_clock(session, campaign, at(1, 17, 30))
    assert await dispatcher.pump_once() == 2
    assert {row.contact_at for row in await sends(campaign)} == {at(1, 17, 30)}


async def test_outside_the_window_it_is_put_off(database: str) -> None:
    """A worker that was down all evening sends on the next one, not at night and not never."""
    campaign, _ = await shop(2)
    async with transaction() as session:
        await set_clock(session, campaign, at(1, 23))
    await Dispatcher().pump_once()
    for row in await sends(campaign):
        assert (row.status, row.not_before, row.contact_at) == ("pending", at(2, 17, 30), None)
        assert "outside the allowed hours" in row.note


async def test_after_the_last_evening_it_has_expired(database: str) -> None:
    """Skipped with words; nobody gets an offer that is over."""
    campaign, _ = await shop(1)
    async with transaction() as session:
        await set_clock(session, campaign, at(8, 0, 30))
    await Dispatcher().pump_once()
    (row,) = await sends(campaign)
    assert (row.status, row.skip_reason) == ("skipped", "expired")


async def test_caps_hold_across_campaigns_at_once(database: str) -> None:
    """Four campaigns, one customer, a cap of two, four pumps at the same moment: two messages."""
    async with transaction() as session:
        await open_shop(session)
        people = await add_people(session, 25)
        for _ in range(4):
            await launch_campaign(session, SYSTEM, await add_played_campaign(session, people))
    dispatchers = [Dispatcher(Pace(batch=10)) for _ in range(4)]

    async def drain(dispatcher: Dispatcher) -> None:
        idle = 0
        while idle < 20:
            idle = 0 if await dispatcher.pump_once() else idle + 1
            await asyncio.sleep(0)

    await asyncio.gather(*(drain(dispatcher) for dispatcher in dispatchers))
    async with transaction() as session:
        found = await session.execute(
            text("SELECT customer_id, count(*) FILTER (WHERE status = 'sent') AS sent,"
                 " count(*) FILTER (WHERE skip_reason = 'cap_reached') AS capped FROM sends GROUP BY 1")
        )  # fmt: skip
        assert {(row.sent, row.capped) for row in found} == {(2, 2)}
    assert await outbox() == 50


async def test_unknown_and_leaving_messages_count_against_the_cap(database: str) -> None:
    """What may have reached somebody is a contact; what was skipped is none."""
    campaign, ids = await shop(2)
    for customer, status in ((ids[0], "unknown"), (ids[0], "sending"), (ids[1], "skipped"), (ids[1], "failed")):
        await execute(
            "INSERT INTO sends (id, created_at, customer_id, channel, recipient, status, not_before, contact_at)"
            " VALUES (:id, now(), :customer, 'email', 'x', :status, now(), :at)",
            id=uuid7(), customer=customer, status=status, at=at(1, 9),
        )  # fmt: skip
    await Dispatcher().pump_once()
    rows = {row.customer_id: row for row in await sends(campaign)}
    assert rows[ids[0]].skip_reason == "cap_reached"
    assert rows[ids[1]].status == "sent"


async def between_claim_and_fence(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """One pump, with `act` done after the messages were claimed and rendered, before the fence."""
    real = dispatch.pass_fence

    async def later(*arguments: Any, **named: Any) -> set[UUID]:
        await asyncio.create_task(act())
        return await real(*arguments, **named)

    monkeypatch.setattr(dispatch, "pass_fence", later)
    await Dispatcher().pump_once()
    monkeypatch.setattr(dispatch, "pass_fence", real)


async def test_the_fence_sees_a_pause(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused between claim and fence: nothing leaves, everything waits; resumed: it goes, once."""
    campaign, _ = await shop(3)

    async def pause() -> None:
        async with transaction() as session:
            await pause_campaign(session, SYSTEM, campaign)

    await between_claim_and_fence(monkeypatch, pause)
    assert await statuses(campaign) == ["pending"] * 3
    assert await Dispatcher().pump_once() == 0
    assert await outbox() == 0
    async with transaction() as session:
        await resume_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    assert await statuses(campaign) == ["sent"] * 3
    assert await outbox() == 3


async def test_the_fence_sees_consent_suppression_and_a_lost_lease(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdrawn, suppressed, or claimed by somebody else meanwhile: only the fourth leaves."""
    campaign, ids = await shop(4)

    async def change() -> None:
        async with transaction() as session:
            await record_consent(
                session, SYSTEM, ids[0], channel=Channel.EMAIL, status=ConsentStatus.WITHDRAWN, source="test"
            )
            await suppress_address(session, f"{ids[1]}@example.com", reason=SuppressionReason.COMPLAINED)
            await session.execute(
                text("UPDATE sends SET lease_until = now() - interval '1 second' WHERE customer_id = :id"),
                {"id": ids[2]},
            )

    await between_claim_and_fence(monkeypatch, change)
    rows = {row.customer_id: row.status for row in await sends(campaign)}
    assert rows == {ids[0]: "pending", ids[1]: "pending", ids[2]: "pending", ids[3]: "sent"}
    await Dispatcher().pump_once()
    reasons = {row.customer_id: row.skip_reason or row.status for row in await sends(campaign)}
    assert reasons == {ids[0]: "no_consent", ids[1]: "suppressed", ids[2]: "sent", ids[3]: "sent"}


async def test_the_fence_sees_what_somebody_wrote_meanwhile(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words nobody has read yet hold what would go to their address; a forged one too many, and one read, do not."""
    campaign, ids = await shop(3)

    async def write() -> None:
        async with transaction() as session:
            await keep_replies(session, [
                NewReply("x", str(one), Channel.EMAIL, f"{one}@example.com", "enough", at(1, 17), is_holding=holds)
                for one, holds in zip(ids, (True, False, True), strict=True)
            ])  # fmt: skip
            await session.execute(
                text("UPDATE replies SET status = 'read', read_at = now() WHERE event_id = :id"), {"id": str(ids[2])}
            )

    await between_claim_and_fence(monkeypatch, write)
    assert {row.customer_id: row.status for row in await sends(campaign)} == {
        ids[0]: "pending", ids[1]: "sent", ids[2]: "sent",
    }  # fmt: skip
    await Dispatcher().pump_once()
    assert await outbox() == 2, "it is put off until somebody has read it"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE brands SET licence_state = 'MA'", "coupon_banned"),
        (
            "INSERT INTO compliance_rules (jurisdiction, kind, channel, value, citation, valid_from)"
            " SELECT licence_state, 'coupon_ban', NULL, '{}', 'made up', '2020-01-01' FROM brands",
            "coupon_banned",
        ),
        ("UPDATE customers SET of_age_on = '2031-01-01'", "underage"),
        ("UPDATE customers SET age_verified_at = NULL", "age_unknown"),
        ("UPDATE customers SET profiling_objected_at = now()", "objected_to_profiling"),
        ("UPDATE customers SET topics_off = ARRAY['win_back']", "topic_declined"),
        ("UPDATE customers SET max_contacts_30_days = 0", "cap_reached"),
        ("UPDATE customers SET state = 'CA', postal_code = '94105', timezone = 'America/Los_Angeles'", None),
    ],
)
async def test_the_fence_sees_another_law_and_another_person(
    database: str, monkeypatch: pytest.MonkeyPatch, change: str, reason: str | None
) -> None:
    """What a message was asked by is another between claim and fence: it stays here, and is asked about anew."""
    campaign, _ = await shop(1)
    await between_claim_and_fence(monkeypatch, lambda: execute(change))
    assert (await statuses(campaign), await outbox()) == (["pending"], 0)
    await Dispatcher().pump_once()
    (row,) = await sends(campaign)
    assert (row.status, row.skip_reason) == (("skipped", reason) if reason else ("pending", None)), (
        "too early in the west"
    )


async def test_the_fence_wants_another_minute(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The window closes while the message is being rendered."""
    campaign, _ = await shop(1, clock=at(1, 19, 50))

    async def later() -> None:
        async with transaction() as session:
            await set_clock(session, campaign, at(1, 19, 59) + timedelta(seconds=30))

    await between_claim_and_fence(monkeypatch, later)
    assert await statuses(campaign) == ["pending"]
    await Dispatcher().pump_once()
    (row,) = await sends(campaign)
    assert (row.status, row.not_before) == ("pending", at(2, 17, 30))


async def test_a_played_week_never_leaves_the_house(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if a real provider is enabled in the middle of it."""
    campaign, _ = await shop(2)
    await execute("UPDATE channels SET position = 200; INSERT INTO channels (channel, provider) VALUES ('email', 'x')")
    await Dispatcher().pump_once()
    assert {row.provider for row in await sends(campaign)} == {"sandbox"}


async def test_rejected_for_good(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed, with what the provider said; never tried again."""
    campaign, _ = await shop(2)
    handed = answering(monkeypatch, always(Outcome.REJECTED))
    dispatcher = Dispatcher()
    await dispatcher.pump_once()
    assert await dispatcher.pump_once() == 0
    assert {(row.status, row.error_code, row.error_message) for row in await sends(campaign)} == {
        ("failed", "x", "said so")
    }
    assert len(handed) == 2
    await roll_up_once()
    async with transaction() as session:
        row = (await session.execute(text("SELECT status, failed_sends FROM campaigns"))).one()
    assert tuple(row) == ("completed", 2)


async def test_transient_trouble_backs_off_and_gives_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer pauses each time, by the campaign's clock; after five retries it has failed."""
    campaign, _ = await shop(1)
    handed = answering(monkeypatch, always(Outcome.TRANSIENT))
    dispatcher = Dispatcher()
    waits = []
    clock = at(1, 18)
    for _ in range(6):
        await dispatcher.pump_once()
        (row,) = await sends(campaign)
        if row.status == "failed":
            break
        waits.append(row.not_before - clock)
        clock = row.not_before
        async with transaction() as session:
            await set_clock(session, campaign, clock)
    assert len(handed) == 6
    assert row.status == "failed"
    assert len(waits) == 5
    for attempt, wait in enumerate(waits):
        assert timedelta(seconds=15 * 2**attempt) <= wait <= timedelta(seconds=45 * 2**attempt)


async def test_throttling_is_no_failure(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """429 slows down; it does not count towards giving up."""
    campaign, _ = await shop(1)
    answering(monkeypatch, always(Outcome.TRANSIENT, is_throttled=True))
    await Dispatcher().pump_once()
    (row,) = await sends(campaign)
    assert (row.status, row.retry_count) == ("pending", 0)
    assert row.not_before > at(1, 18)


async def test_a_wrong_key_pauses_the_campaign(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One configuration error tells people and stops the rest; nothing is lost."""
    campaign, _ = await shop(3)
    answering(monkeypatch, always(Outcome.MISCONFIGURED))
    await Dispatcher().pump_once()
    assert await statuses(campaign) == ["pending"] * 3
    async with transaction() as session:
        row = (await session.execute(text("SELECT status, pause_reason FROM campaigns"))).one()
        notice = (await session.execute(text("SELECT title, level FROM notifications"))).one()
    assert row.status == "paused"
    assert "said so" in row.pause_reason
    assert notice.level == "warning"


async def paused() -> list[bool]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT COALESCE(paused_until > now(), false) FROM channels WHERE channel = 'email'")
        )
        return list(found.scalars())


async def test_a_provider_that_is_down_is_left_alone_and_probed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five failed calls in a row open its circuit; after a while one worker tries a few messages, and it closes."""
    campaign, _ = await shop(30)
    handed = answering(monkeypatch, always(Outcome.TRANSIENT))
    dispatcher = Dispatcher(Pace(batch=3))
    for _ in range(4):
        await dispatcher.pump_once()
    assert await paused() == [False]
    await dispatcher.pump_once()
    assert await paused() == [True]
    assert len(handed) == 15
    answering(monkeypatch, always(Outcome.ACCEPTED))
    await execute("UPDATE channels SET paused_until = now() - interval '1 second'")
    workers = [Dispatcher(Pace(batch=100)), Dispatcher(Pace(batch=100))]
    await asyncio.gather(*(worker._know() for worker in workers))
    probing = [worker for worker in workers if (route := worker.routes.route_for(Channel.EMAIL)) and route.is_probe]
    assert len(probing) == 1, "one of them, and nobody else"
    assert await probing[0].pump_once() == 5
    assert await paused() == [False]
    assert await Dispatcher().pump_once() == 10
    assert (await statuses(campaign)).count("sent") == 15


async def test_being_too_fast_is_no_failure(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider rests for as long as it asked for; its circuit stays closed."""
    await shop(6)
    answering(monkeypatch, always(Outcome.TRANSIENT, is_throttled=True, retry_after=30))
    for _ in range(6):
        await Dispatcher(Pace(batch=1)).pump_once()
    async with transaction() as session:
        row = (
            await session.execute(
                text("SELECT failures, paused_until - now() AS pause FROM channels WHERE channel = 'email'")
            )
        ).one()
    assert row.failures == 0
    assert timedelta(seconds=20) < row.pause < timedelta(seconds=31)


async def test_a_webhook_may_be_faster(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivered before the answer came: it stays delivered, and gets its sent time and message id."""
    campaign, _ = await shop(1)
    real = dispatch.record_results

    async def later(*arguments: Any, **named: Any) -> Any:
        await asyncio.create_task(execute("UPDATE sends SET status = 'delivered', delivered_at = now()"))
        return await real(*arguments, **named)

    monkeypatch.setattr(dispatch, "record_results", later)
    await Dispatcher().pump_once()
    (row,) = await sends(campaign)
    assert row.status == "delivered"
    assert row.sent_at is not None
    assert row.provider_message_id is not None


async def test_recording_twice_changes_nothing(database: str) -> None:
    """The same answer again: no second event, no other time."""
    campaign, _ = await shop(2)
    await Dispatcher().pump_once()
    before = await sends(campaign)
    results = [SendResult(row.id, Outcome.ACCEPTED, "other") for row in before]
    async with transaction() as session:
        campaign_of = {row.id: campaign for row in before}
        await dispatch.record_results(session, results, campaign_of, uuid7())
        await dispatch.record_results(
            session, [SendResult(row.id, Outcome.REJECTED) for row in before], campaign_of, uuid7()
        )
    assert await sends(campaign) == before


async def test_cancelled_campaigns_stop(database: str) -> None:
    """What waits is cancelled; what is out is out."""
    campaign, _ = await shop(3)
    await execute("UPDATE sends SET not_before = :later WHERE id = (SELECT max(id::text)::uuid FROM sends)",
                  later=datetime.now(UTC) + timedelta(days=400))  # fmt: skip
    await Dispatcher().pump_once()
    async with transaction() as session:
        await cancel_campaign(session, SYSTEM, campaign)
    recovered = await recover_once()
    assert recovered.cancelled == 1
    assert await statuses(campaign) == ["cancelled", "sent", "sent"]
    async with transaction() as session:
        actions = await session.execute(text("SELECT status, skip_reason FROM actions ORDER BY status"))
    assert [tuple(row) for row in actions] == [("sent", None), ("sent", None), ("skipped", "campaign_cancelled")]


async def test_an_adult_by_birth_or_by_purchases(database: str) -> None:
    """A date of birth, or alcohol bought at the till, opens e-mail; neither leaves it shut."""
    campaign, ids = await shop(3, people={"age_verified_at": None})
    await execute("UPDATE customers SET of_age_on = :on WHERE id = :id", on=date(2011, 1, 1), id=ids[0])
    await execute(
        "INSERT INTO purchases (customer_id, occurred_at, total, alcohol_total)"
        " VALUES (:a, now(), 9, 9), (:b, now(), 9, 0)",
        a=ids[1], b=ids[2],
    )  # fmt: skip
    await Dispatcher().pump_once()
    rows = {row.customer_id: row.skip_reason or row.status for row in await sends(campaign)}
    assert rows == {ids[0]: "sent", ids[1]: "sent", ids[2]: "age_unknown"}


async def test_consent_given_as_a_minor_is_none(database: str) -> None:
    """People who come of age opt in anew."""
    campaign, ids = await shop(2, people={"date_of_birth": date(2005, 10, 1)})
    for customer, given in ((ids[0], at(1, 9) - timedelta(days=60)), (ids[1], at(1, 9) - timedelta(days=5))):
        await execute(
            "INSERT INTO consents (customer_id, channel, status, source, at)"
            " VALUES (:id, 'email', 'given', 'shop', :at)",
            id=customer, at=given,
        )  # fmt: skip
    await Dispatcher().pump_once()
    rows = {row.customer_id: row.skip_reason or row.status for row in await sends(campaign)}
    assert rows == {ids[0]: "consent_before_of_age", ids[1]: "sent"}


async def test_a_late_call_does_not_begin() -> None:
    """Once the lease could end before the answer, the message goes back instead: somebody else may have it."""
    loop = asyncio.get_running_loop()
    message = OutgoingMessage(uuid7(), None, Channel.EMAIL, "a@x.example", "A", "b@x.example", Whole("Hi"))
    (result,) = await hand_over(Sandbox(Sandbox.Config()), [message], lease_ends=loop.time() + 1)
    assert (result.outcome, result.code, result.is_throttled) == (Outcome.TRANSIENT, "late", True)


async def test_a_fault_of_ours_in_a_call_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows how far it came."""

    def burst(message: OutgoingMessage) -> SendResult:
        raise RuntimeError("bug")

    answering(monkeypatch, burst)
    message = OutgoingMessage(uuid7(), None, Channel.EMAIL, "a@x.example", "A", "b@x.example", Whole("Hi"))
    (result,) = await hand_over(Sandbox(Sandbox.Config()), [message], lease_ends=asyncio.get_running_loop().time() + 60)
    assert result.outcome is Outcome.UNKNOWN
