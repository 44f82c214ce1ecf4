"""Ages in doubt: the younger counts, nothing is confirmed, nothing is sent, until somebody has settled it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Conflict, Forbidden, Invalid
from liquor_app.core.ids import uuid7
from liquor_app.customers.ages.age_verification import age_of, settle_age
from liquor_app.customers.ages.birth_dates import birth_columns
from liquor_app.customers.ages.sealed_dates import open_birth_date
from liquor_app.customers.editing.change_customer import create_customer, update_customer
from liquor_app.customers.service import get_customer
from liquor_app.organization.models import Channel
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.recipients.preferences import Ask, age_link, tell_age
from liquor_app.sending.recipients.transactional import Kind, request_errand
from tests.sending.test_pump import execute, outbox, sends, shop

VIEWER = Actor(ActorKind.USER, uuid7(), "Viewer", Role.USER)
MINOR = (now() - timedelta(days=365 * 11)).date()


async def rows(sql: str, **values: Any) -> Any:
    from sqlalchemy import text

    async with transaction() as session:
        return (await session.execute(text(sql), values)).all()


async def say(person: UUID, born: date | str) -> Ask:
    token = age_link(SYSTEM, person).removeprefix(get_settings().base_url + "/a/")
    async with transaction() as session:
        return await tell_age(session, token, str(born), ip="203.0.113.7")


@pytest.mark.parametrize(
    "on_file",
    [
        {"date_of_birth": date(1970, 5, 4), "age_verified_at": None},
        {"date_of_birth": date(1970, 5, 4)},
        {"date_of_birth": None},
    ],
    ids=["told before", "told and verified", "verified without a date"],
)
async def test_a_declared_minor_is_not_confirmed_but_held(database: str, on_file: dict[str, Any]) -> None:
    """On file of age, on the page born eleven years ago. Before: "Your age is confirmed", and a verified entry."""
    campaign, (person,) = await shop(1, people=on_file)
    assert (await say(person, MINOR)).is_of_age is False
    async with transaction() as session:
        kept = await get_customer(session, SYSTEM, person)
        age = await age_of(session, SYSTEM, person)
    assert (age.date_of_birth, age.is_of_age, kept.age_verified_at) == (MINOR, False, None)
    assert kept.age_disputed_at is not None
    ((verified, said),) = await rows("SELECT verified, date_of_birth_encrypted FROM age_ledger")
    assert (verified, open_birth_date(said)) == (False, MINOR)
    ((title, link, level),) = await rows("SELECT title, link, level FROM notifications")
    assert (title, link, level) == ("A customer's age is in doubt", f"/customers/{person}", "warning")
    await Dispatcher().pump_once()
    assert await outbox() == 0
    (one,) = await sends(campaign)
    assert (one.status, one.skip_reason) == ("skipped", "age_disputed")


@pytest.mark.parametrize("channel", list(Channel))
async def test_nothing_is_sent_on_any_channel_while_in_doubt(database: str, channel: Channel) -> None:
    """Not by a campaign, and not as a message somebody asks for; also after a second, older answer."""
    _, (person,) = await shop(1, channel=channel.value, people={"date_of_birth": date(1970, 5, 4)})
    await say(person, MINOR)
    assert (await say(person, "1970-05-04")).is_of_age is False, "nobody comes of age by answering twice"
    await Dispatcher().pump_once()
    assert await outbox() == 0
    async with transaction() as session:
        with pytest.raises(Conflict, match="in doubt"):
            await request_errand(session, SYSTEM, person, channel, Kind.AGE)
    assert len(await rows("SELECT 1 FROM notifications")) == 1, "told once"


async def test_a_doubt_that_comes_while_a_message_is_rendered_stops_it(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claimed and made up already: the fence asks once more."""
    from liquor_app.sending.pipeline import dispatch

    _, (person,) = await shop(1)
    real = dispatch.pass_fence

    async def after_the_answer(*given: Any, **named: Any) -> Any:
        await execute("UPDATE customers SET age_disputed_at = now() WHERE id = :id", id=person)
        return await real(*given, **named)

    monkeypatch.setattr(dispatch, "pass_fence", after_the_answer)
    await Dispatcher().pump_once()
    assert await outbox() == 0


async def test_a_minor_on_file_is_no_adult_by_saying_so(database: str) -> None:
    """The other way round: the younger counts there too, and the shop is told."""
    _, (person,) = await shop(1, people={"date_of_birth": MINOR, "age_verified_at": None})
    assert (await say(person, "1970-01-31")).is_of_age is False
    async with transaction() as session:
        kept = await get_customer(session, SYSTEM, person)
    assert kept.of_age_on == birth_columns(MINOR).of_age_on
    assert kept.age_disputed_at is not None


@pytest.mark.parametrize(
    ("on_file", "doubted"),
    [
        ({"date_of_birth": date(1970, 5, 4), "age_verified_at": None}, True),
        ({"date_of_birth": None}, True),
        ({"date_of_birth": None, "age_verified_at": None}, False),
        ({"date_of_birth": MINOR - timedelta(days=9), "age_verified_at": None}, False),
    ],
    ids=["told before", "verified without a date", "nothing known", "a minor already"],
)
async def test_a_minors_date_that_is_typed_puts_an_adult_in_doubt(
    database: str, on_file: dict[str, Any], *, doubted: bool
) -> None:
    """Before: the confirmation stood beside the minor's date, and counted again on the day that date came of age."""
    _, (person,) = await shop(1, people=on_file)
    async with transaction() as session:
        await update_customer(session, SYSTEM, person, {"date_of_birth": MINOR.isoformat()})
        kept = await get_customer(session, SYSTEM, person)
    assert (kept.age_disputed_at is not None, kept.age_verified_at) == (doubted, None)
    assert kept.of_age_on == birth_columns(MINOR).of_age_on
    assert len(await rows("SELECT 1 FROM notifications")) == doubted
    await Dispatcher().pump_once()
    assert await outbox() == 0


async def test_two_grown_up_dates_are_no_doubt(database: str) -> None:
    _, (person,) = await shop(1, people={"date_of_birth": date(1970, 5, 4), "age_verified_at": None})
    assert (await say(person, "1985-02-03")).is_of_age is True
    async with transaction() as session:
        kept = await get_customer(session, SYSTEM, person)
    assert (kept.of_age_on, kept.age_disputed_at) == (date(2006, 2, 3), None)
    assert kept.age_verified_at is not None


async def test_staff_settle_it_with_a_proof_and_leave_a_trace(database: str) -> None:
    campaign, (person,) = await shop(1, people={"date_of_birth": date(1970, 5, 4)})
    await say(person, MINOR)
    async with transaction() as session:
        with pytest.raises(Forbidden):
            await settle_age(session, VIEWER, person, born=date(1970, 5, 4), proof="passport")
        with pytest.raises(Invalid, match="proof"):
            await settle_age(session, SYSTEM, person, born=date(1970, 5, 4), proof="  ")
        with pytest.raises(Conflict, match="proof of age"):
            await update_customer(session, SYSTEM, person, {"date_of_birth": "1970-05-04"})
    async with transaction() as session:
        settled = await settle_age(session, SYSTEM, person, born=date(1970, 5, 4), proof="passport, at the counter")
    assert (settled.is_of_age, settled.is_disputed) == (True, False)
    trail = await rows("SELECT action, changes ->> 'proof' FROM audit_log WHERE action LIKE 'age.%' ORDER BY id")
    assert [tuple(row) for row in trail] == [("age.disputed", None), ("age.settled", "passport, at the counter")]
    await Dispatcher().pump_once()
    assert [one.status for one in await sends(campaign)] == ["sent"]


async def test_settled_as_a_minor_stays_without_messages(database: str) -> None:
    campaign, (person,) = await shop(1, people={"date_of_birth": date(1970, 5, 4)})
    await say(person, MINOR)
    async with transaction() as session:
        assert (await settle_age(session, SYSTEM, person, born=MINOR, proof="school card")).is_of_age is False
    await Dispatcher().pump_once()
    assert [one.skip_reason for one in await sends(campaign)] == ["underage"]


async def test_a_typed_birthday_enters_the_ledger_and_a_placeholder_is_refused(database: str) -> None:
    async with transaction() as session:
        made = await create_customer(session, SYSTEM, {"email": "a@example.com", "date_of_birth": "1970-05-04"})
        with pytest.raises(Invalid, match="tills write") as caught:
            await create_customer(session, SYSTEM, {"email": "b@example.com", "date_of_birth": "1970-01-01"})
    assert caught.value.field == "date_of_birth"
    ((customer, method, verified),) = await rows("SELECT customer_id, method, verified FROM age_ledger")
    assert (customer, method, verified) == (made.id, "typed by staff", False)
    async with transaction() as session:
        await update_customer(session, SYSTEM, made.id, {"date_of_birth": str(MINOR)})
        for older in ("1970-05-04", None):
            with pytest.raises(Conflict, match="minor"):
                await update_customer(session, SYSTEM, made.id, {"date_of_birth": older})
