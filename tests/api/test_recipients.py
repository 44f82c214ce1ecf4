"""Pages for recipients over HTTP: nothing is given away, looking changes nothing, wishes are kept and obeyed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now, travel
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.models import SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.sending.dispatch import Dispatcher
from liquor_app.sending.launch import launch_campaign
from liquor_app.sending.recipients import age_link, confirm_link
from liquor_app.sending.unsubscribe import message_token
from tests.api.client import Client
from tests.factories import ALL_DAY, add_ready_campaign, noon_zone
from tests.sending.test_pump import sends, shop

pytestmark = pytest.mark.integration


async def rows(sql: str, **values: Any) -> Any:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).all()


async def message() -> Any:
    """A message in the sandbox, with its person and the links in it."""
    _, (person,) = await shop(1)
    await Dispatcher().pump_once()
    (row,) = await rows("SELECT s.id, o.body_html, o.body_text FROM outbox_messages o JOIN sends s ON s.id = o.send_id")
    return row, person


def path(url: str) -> str:
    return url.removeprefix(get_settings().base_url)


async def test_a_message_carries_its_pages_and_can_be_read_in_the_browser(anybody: Client) -> None:
    sent, _ = await message()
    token = message_token(sent.id)
    for letter in "upm":
        assert f"/{letter}/{token}" in sent.body_html
        assert f"/{letter}/{token}" in sent.body_text
    seen = await anybody.http.get(f"/m/{token}")
    assert seen.status_code == 200
    policy = seen.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert seen.headers["x-robots-tag"] == "noindex"
    assert "Harbor &amp; Vine" in seen.text
    # a token of another message, a made-up one, a damaged one: nothing to tell them apart by
    answers = {(await anybody.http.get(f"/m/{other}")).status_code for other in (message_token(uuid7()),)}
    assert answers == {404}
    assert (await anybody.http.get(f"/m/{token[:-2]}xx")).status_code == 422


async def test_wishes_are_kept_with_evidence_and_obeyed(anybody: Client) -> None:
    sent, person = await message()
    url = f"/p/{message_token(sent.id)}"
    seen = await anybody.http.get(url)
    assert re.findall(r"value=(email|sms) checked", seen.text) == ["email", "sms"]
    assert "@example.com" not in seen.text
    assert "+1207" not in seen.text
    assert await rows("SELECT 1 FROM consents") == []
    saved = await anybody.http.post(url, data={"channels": ["email"], "frequency": "2", "pause": "yes"})
    assert "Saved." in saved.text
    (row,) = await rows("SELECT email_consent, sms_consent, paused_until, max_contacts_30_days FROM customers")
    assert (row.email_consent, row.sms_consent, row.max_contacts_30_days) == ("given", "withdrawn", 2)
    assert timedelta(days=29) < row.paused_until - now() < timedelta(days=31)
    (proof,) = await rows("SELECT channel, status, source, wording_version, ip FROM consents")
    assert tuple(proof)[:4] == ("sms", "withdrawn", "preference page", "preferences-1")
    # the pause holds at the moment of sending
    async with transaction() as session:
        await session.execute(text("UPDATE customers SET timezone = :zone"), {"zone": noon_zone()})
        campaign = await add_ready_campaign(session, [person], window=ALL_DAY)
        await launch_campaign(session, SYSTEM, campaign)
        await session.execute(text("UPDATE sends SET expires_at = NULL WHERE campaign_id = :k"), {"k": campaign})
    await Dispatcher().pump_once()
    (waiting,) = await sends(campaign)
    assert (waiting.status, waiting.not_before) == ("pending", row.paused_until), waiting
    assert "asked for nothing before" in waiting.note
    # and is over when its owner says so, with the channel back on
    await anybody.http.post(url, data={"channels": ["email", "sms"], "frequency": ""})
    (row,) = await rows("SELECT sms_consent, paused_until, max_contacts_30_days FROM customers")
    assert tuple(row) == ("given", None, None)
    assert await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL") == []


async def test_a_complaint_is_not_undone_by_a_tick(anybody: Client) -> None:
    sent, person = await message()
    async with transaction() as session:
        key = (await session.execute(text("SELECT email_key FROM customers"))).scalar_one()
        await suppress_address(
            session, key, reason=SuppressionReason.COMPLAINED, channel=Channel.EMAIL, customer_id=person
        )
        await session.execute(text("UPDATE customers SET email_consent = 'withdrawn'"))
    await anybody.http.post(f"/p/{message_token(sent.id)}", data={"channels": ["email", "sms"]})
    assert [row[0] for row in await rows("SELECT reason FROM suppressions WHERE lifted_at IS NULL")] == ["complained"]


@pytest.mark.parametrize("form", [{"frequency": "1000"}, {"frequency": "-1"}])
async def test_impossible_wishes_are_refused(anybody: Client, form: dict[str, str]) -> None:
    sent, _ = await message()
    answer = await anybody.http.post(f"/p/{message_token(sent.id)}", data=form)
    assert answer.status_code == 422
    assert await rows("SELECT 1 FROM customers WHERE max_contacts_30_days IS NOT NULL") == []


async def test_age_by_a_full_date_of_birth(anybody: Client) -> None:
    _, (adult, minor) = await shop(2)
    await rows("UPDATE customers SET age_verified_at = NULL RETURNING 1")
    urls = {person: path(age_link(SYSTEM, person)) for person in (adult, minor)}
    assert "date of birth" in (await anybody.http.get(urls[adult])).text
    wrong = await anybody.http.post(urls[adult], data={"born": "yes"})
    assert "Give your full date of birth." in wrong.text
    assert "Your age is confirmed" in (await anybody.http.post(urls[adult], data={"born": "1980-02-29"})).text
    young = (now() - timedelta(days=365 * 19)).date().isoformat()
    assert "may not send you offers" in (await anybody.http.post(urls[minor], data={"born": young})).text
    # a second answer does not let them in
    assert "may not send you offers" in (await anybody.http.post(urls[minor], data={"born": "1980-01-01"})).text
    known = await rows("SELECT id, date_of_birth, age_verified_at IS NOT NULL FROM customers")
    assert {row[0]: row[2] for row in known} == {adult: True, minor: False}
    assert {row.id: str(row.date_of_birth) for row in known}[minor] == young
    ledger = await rows("SELECT verified, method, evidence ->> 'said' FROM age_ledger ORDER BY at, id")
    assert [(row[0], row[2]) for row in ledger] == [(True, "1980-02-29"), (False, young), (False, "1980-01-01")]


async def test_double_opt_in_ends_after_a_week(anybody: Client) -> None:
    _, (person,) = await shop(1)
    await rows("UPDATE customers SET email_consent = NULL RETURNING 1")
    url = path(confirm_link(SYSTEM, person, Channel.EMAIL))
    assert "Yes, sign me up" in (await anybody.http.get(url)).text
    assert (await rows("SELECT email_consent FROM customers"))[0][0] is None
    with travel(now() + timedelta(days=8)):
        assert "has expired" in (await anybody.http.post(url)).text
    assert "You are signed up" in (await anybody.http.post(url)).text
    assert "You are signed up" in (await anybody.http.post(url)).text
    assert [tuple(row) for row in await rows("SELECT status, source FROM consents")] == [("given", "double opt-in")]


async def test_a_complaint_after_unsubscribing_is_not_undone_by_a_tick(anybody: Client) -> None:
    """Whoever put it on the list first: our own call, or the provider's callback, which leaves the first entry."""
    sent, person = await message()
    token = message_token(sent.id)
    await anybody.http.post(f"/u/{token}")
    await rows("UPDATE sends SET complained_at = now() RETURNING 1")
    seen = (await anybody.http.get(f"/p/{token}")).text
    assert re.search(r"value=email disabled", seen)
    assert "asked us to stop" in seen
    for path_, form in ((f"/p/{token}", {"channels": ["email", "sms"]}), (f"/u/{token}/again", {})):
        await anybody.http.post(path_, data=form)
        assert (await rows("SELECT email_consent FROM customers"))[0][0] == "withdrawn"
        assert len(await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL")) == 1
    async with transaction() as session:
        key = (await session.execute(text("SELECT email_key FROM customers"))).scalar_one()
        for reason in (SuppressionReason.COMPLAINED, SuppressionReason.UNSUBSCRIBED):
            await suppress_address(session, key, reason=reason, channel=Channel.EMAIL, customer_id=person)
    assert [row[0] for row in await rows("SELECT reason FROM suppressions WHERE lifted_at IS NULL")] == ["complained"]


async def test_a_mistake_is_mended_and_the_way_out_stays_open(anybody: Client) -> None:
    sent, _ = await message()
    url = f"/u/{message_token(sent.id)}"
    assert "again" not in (await anybody.http.get(url)).text
    assert "Subscribe me again" in (await anybody.http.post(url)).text
    assert "Subscribe me again" in (await anybody.http.get(f"{url}/again")).text, "looking changes nothing"
    assert (await rows("SELECT email_consent FROM customers"))[0][0] == "withdrawn"
    back = await anybody.http.post(f"{url}/again")
    assert "You are subscribed again" in back.text
    assert back.headers["x-robots-tag"] == "noindex"
    assert (await rows("SELECT email_consent FROM customers"))[0][0] == "given"
    assert await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL") == []
    await anybody.http.post(f"{url}/again")
    proof = await rows("SELECT status, source, wording_version, ip IS NOT NULL FROM consents ORDER BY at, id")
    assert [tuple(row) for row in proof] == [
        ("withdrawn", "unsubscribe link", None, True),
        ("given", "unsubscribe page", "again-1", True),
    ]
    # the same link ends it again, also by one click
    assert "No more offers" in (await anybody.http.get(url)).text
    await anybody.http.post(url, data={"List-Unsubscribe": "One-Click"})
    assert (await rows("SELECT email_consent FROM customers"))[0][0] == "withdrawn"
    assert len(await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL")) == 1


async def test_an_own_unsubscribing_shows_as_off_whatever_an_import_said(anybody: Client) -> None:
    sent, _ = await message()
    url = f"/p/{message_token(sent.id)}"
    await anybody.http.post(f"/u/{message_token(sent.id)}")
    await rows("UPDATE customers SET email_consent = 'given' RETURNING 1")
    assert re.findall(r"value=(email|sms) checked", (await anybody.http.get(url)).text) == ["sms"]
    await anybody.http.post(url, data={"channels": ["email", "sms"]})
    assert await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL") == []


async def test_one_link_cannot_fill_the_ledgers(anybody: Client) -> None:
    sent, _ = await message()
    url = f"/p/{message_token(sent.id)}"
    # more than two windows allow, so that one may end in between
    answers = [(await anybody.http.post(url, data={"channels": ["email"] * (n % 2)})).status_code for n in range(42)]
    assert answers[0] == 200
    assert 429 in answers
    assert (await anybody.http.get(url)).status_code == 200


async def test_a_yes_needs_an_address(anybody: Client) -> None:
    _, (person,) = await shop(1)
    await rows("UPDATE customers SET phone = NULL, sms_consent = NULL RETURNING 1")
    url = path(confirm_link(SYSTEM, person, Channel.SMS))
    assert (await anybody.http.get(url)).status_code == 404
    assert (await anybody.http.post(url)).status_code == 404
    assert await rows("SELECT 1 FROM consents") == []


async def test_a_personal_limit_holds_at_the_moment_of_sending(anybody: Client) -> None:
    """One message has gone out within 30 days; the shop would allow more."""
    sent, person = await message()
    await anybody.http.post(f"/p/{message_token(sent.id)}", data={"channels": ["email", "sms"], "frequency": "1"})
    async with transaction() as session:
        await session.execute(text("UPDATE customers SET timezone = :zone"), {"zone": noon_zone()})
        campaign = await add_ready_campaign(session, [person], window=ALL_DAY)
        await launch_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    (held,) = await sends(campaign)
    assert (held.status, held.skip_reason) == ("skipped", "cap_reached"), held
    assert "the cap is 1" in held.note
