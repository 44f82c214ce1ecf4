"""Pages for recipients over HTTP: nothing is given away, looking changes nothing, wishes are kept and obeyed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now, travel
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.customers.ages.sealed_dates import open_birth_date
from liquor_app.customers.consents import suppress_address
from liquor_app.customers.editing.change_customer import update_customer
from liquor_app.customers.models import SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.organization.settings import PreferenceSettings, save_settings
from liquor_app.sending.pipeline.dispatch import Dispatcher
from liquor_app.sending.pipeline.launch import launch_campaign
from liquor_app.sending.recipients.double_opt_in import confirm_link
from liquor_app.sending.recipients.preferences import age_link
from liquor_app.sending.recipients.unsubscribe import message_token
from tests.api.client import Client, is_problem
from tests.factories import ALL_DAY, add_played_campaign, add_ready_campaign, at, noon_zone
from tests.sending.test_pump import between_claim_and_fence, sends, shop

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
    assert tuple(proof)[:4] == ("sms", "withdrawn", "preference page", "preferences-2")
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
    known = await rows("SELECT id, date_of_birth_encrypted AS born, age_verified_at IS NOT NULL FROM customers")
    assert {row[0]: row[2] for row in known} == {adult: True, minor: False}
    assert {row.id: str(open_birth_date(row.born)) for row in known}[minor] == young
    ledger = await rows("SELECT verified, date_of_birth_encrypted, evidence FROM age_ledger ORDER BY at, id")
    assert [(row[0], str(open_birth_date(row[1]))) for row in ledger] == [
        (True, "1980-02-29"),
        (False, young),
        (False, "1980-01-01"),
    ]
    assert "1980" not in str([row.evidence for row in ledger]), "evidence names no date"


async def confirming(person: UUID, channel: Channel) -> str:
    ((address,),) = await rows(f"SELECT email_key FROM customers WHERE id = '{person}'")
    return confirm_link(SYSTEM, person, channel, address)


async def test_double_opt_in_is_for_the_address_it_went_to(anybody: Client) -> None:
    _, (person,) = await shop(1)
    url = path(await confirming(person, Channel.EMAIL))
    async with transaction() as session:
        await update_customer(session, SYSTEM, person, {"email": "another@example.com"})
    assert "has expired" in (await anybody.http.post(url)).text
    assert (await rows("SELECT email_consent FROM customers"))[0][0] is None, "the yes went with its address"


async def test_double_opt_in_ends_after_a_week(anybody: Client) -> None:
    _, (person,) = await shop(1)
    await rows("UPDATE customers SET email_consent = NULL RETURNING 1")
    url = path(await confirming(person, Channel.EMAIL))
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


async def test_an_own_unsubscribing_shows_as_off_whatever_an_import_said(anybody: Client) -> None:
    sent, _ = await message()
    url = f"/p/{message_token(sent.id)}"
    await anybody.http.post(f"/u/{message_token(sent.id)}")
    await rows("UPDATE customers SET email_consent = 'given' RETURNING 1")
    assert re.findall(r"value=(email|sms) checked", (await anybody.http.get(url)).text) == ["sms"]
    await anybody.http.post(url, data={"channels": ["email", "sms"]})
    assert await rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL") == []


async def test_a_yes_needs_an_address(anybody: Client) -> None:
    _, (person,) = await shop(1)
    await rows("UPDATE customers SET phone = NULL, sms_consent = NULL RETURNING 1")
    url = path(confirm_link(SYSTEM, person, Channel.SMS, "+12075550101"))
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


async def test_who_came_back_can_leave_again_by_the_same_link(anybody: Client) -> None:
    """A message's link speaks of now: what was unsubscribed once and taken back since is not done."""
    sent, _ = await message()
    token = message_token(sent.id)
    one_click = {"List-Unsubscribe": "One-Click"}

    async def state() -> tuple[str, int]:
        listed = "SELECT count(*) FROM suppressions WHERE lifted_at IS NULL"
        return tuple((await rows(f"SELECT email_consent, ({listed}) FROM customers"))[0])

    for way_back in (f"/p/{token}", f"/u/{token}/again"):
        left = await anybody.http.post(f"/u/{token}", data=one_click)
        assert f"action='/u/{token}/again'" in left.text
        assert "sign me up again" in (await anybody.http.get(f"/u/{token}/again")).text, "looking changes nothing"
        assert await state() == ("withdrawn", 1)
        assert "<button type=submit>" not in (await anybody.http.get(f"/u/{token}")).text
        back = await anybody.http.post(way_back, data={"channels": ["email", "sms"]})
        assert back.status_code == 200
        assert await state() == ("given", 0)
        assert "<button type=submit>Unsubscribe" in (await anybody.http.get(f"/u/{token}")).text
    assert "signed up again" in (await anybody.http.post(f"/u/{token}/again")).text
    await anybody.http.post(f"/u/{token}", data=one_click)
    assert await state() == ("withdrawn", 1)
    proof = await rows("SELECT status, source, wording_version FROM consents WHERE ip IS NOT NULL ORDER BY at, id")
    assert [tuple(row) for row in proof] == [
        ("withdrawn", "unsubscribe link", "unsubscribe-1"),
        ("given", "preference page", "preferences-2"),
        ("withdrawn", "unsubscribe link", "unsubscribe-1"),
        ("given", "unsubscribing undone", "unsubscribe-1"),
        ("withdrawn", "unsubscribe link", "unsubscribe-1"),
    ]


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED, SuppressionReason.MANUAL])
async def test_undoing_lifts_only_ones_own(anybody: Client, reason: SuppressionReason) -> None:
    sent, person = await message()
    token = message_token(sent.id)
    await anybody.http.post(f"/u/{token}")
    key = (await rows("SELECT email_key FROM customers"))[0][0]
    async with transaction() as session:
        await suppress_address(session, key, reason=reason, customer_id=person)
    refused = await anybody.http.post(f"/u/{token}/again")
    assert refused.status_code == 409
    assert (await rows("SELECT email_consent FROM customers"))[0][0] == "withdrawn"
    still = await rows("SELECT reason FROM suppressions WHERE lifted_at IS NULL ORDER BY reason")
    assert [row[0] for row in still] == sorted(["unsubscribed", reason.value])


async def test_an_old_yes_does_not_overrule_a_later_no(anybody: Client) -> None:
    """The confirmation mail lies in the mailbox for days; somebody who left meanwhile stays out."""
    sent, person = await message()
    url = path(await confirming(person, Channel.EMAIL))
    await anybody.http.post(f"/u/{message_token(sent.id)}")
    assert "has expired" in (await anybody.http.post(url)).text
    assert (await rows("SELECT email_consent FROM customers"))[0][0] == "withdrawn"
    with travel(now() + timedelta(seconds=2)):
        anew = path(await confirming(person, Channel.EMAIL))
        assert "You are signed up" in (await anybody.http.post(anew)).text


async def test_pages_wear_their_brand_and_nothing_breaks_out_of_it(anybody: Client) -> None:
    sent, person = await message()
    urls = [f"/u/{message_token(sent.id)}", f"/p/{message_token(sent.id)}", path(age_link(SYSTEM, person))]
    logo = "https://cdn.example.com/logo.png?a=1&b='"
    await rows(
        "UPDATE brands SET name = :name, primary_color = '#ffee99', logo_url = :logo RETURNING 1",
        name="<b>Vine</b> & 'Co'", logo=logo,
    )  # fmt: skip
    for url in urls:
        seen = await anybody.http.get(url)
        assert "<b>" not in seen.text
        assert "&lt;b&gt;Vine&lt;/b&gt; &amp; &#x27;Co&#x27;" in seen.text
        assert "src='https://cdn.example.com/logo.png?a=1&amp;b=&#x27;'" in seen.text
        assert "--act:#ffee99;--on:#000000" in seen.text
        policy = seen.headers["content-security-policy"]
        assert "img-src https://cdn.example.com;" in policy
        assert "script-src" not in policy
        assert (seen.headers["x-robots-tag"], seen.headers["referrer-policy"]) == ("noindex", "no-referrer")
    await rows(
        "UPDATE brands SET primary_color = 'red}body{display:none', logo_url = :logo RETURNING 1",
        logo="https://x; script-src *//a.png",
    )  # fmt: skip
    seen = await anybody.http.get(urls[0])
    assert "display:none" not in seen.text
    assert "<img" not in seen.text
    assert "img-src 'none';" in seen.headers["content-security-policy"]


async def test_one_link_changes_things_only_so_often(anybody: Client) -> None:
    """Each answer is evidence that is kept for good, so nobody may pour it in; leaving is never refused."""
    sent, person = await message()
    url = path(age_link(SYSTEM, person))
    answers = [await anybody.http.post(url, data={"born": "1980-01-01"}) for _ in range(45)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) > 0
    left = [(await anybody.http.post(f"/u/{message_token(sent.id)}")).status_code for _ in range(45)]
    assert set(left) == {200}


async def test_topics_are_chosen_in_the_shops_words_and_obeyed(anybody: Client) -> None:
    sent, person = await message()
    url = f"/p/{message_token(sent.id)}"
    async with transaction() as session:
        topics = "If you <stay> away: win_back, second_purchase; For regulars: loyalty"
        await save_settings(session, SYSTEM, PreferenceSettings, {"topics": topics})
    names = ["If you <stay> away", "For regulars"]
    seen = await anybody.http.get(url)
    assert "value='If you &lt;stay&gt; away' checked" in seen.text
    both = {"channels": ["email", "sms"], "shown": names}
    saved = await anybody.http.post(url, data={**both, "topics": ["For regulars", "made up"]})
    assert "name=topics value='If you &lt;stay&gt; away'>" in saved.text
    assert "value='For regulars' checked" in saved.text
    assert (await rows("SELECT topics_off FROM customers"))[0][0] == ["second_purchase", "win_back"]
    (told,) = await rows("SELECT changes FROM audit_log WHERE action = 'preferences.said'")
    assert told.changes["before"]["topics"] == dict.fromkeys(names, True)
    assert told.changes["after"]["topics"] == {names[0]: False, names[1]: True}
    assert (told.changes["wording"], told.changes["ip"]) == ("preferences-2", "127.0.0.1")
    # a form that showed no topics changes none
    await anybody.http.post(url, data={"channels": ["email", "sms"]})
    assert len((await rows("SELECT topics_off FROM customers"))[0][0]) == 2
    async with transaction() as session:
        for kind in ("win_back", "loyalty"):
            campaign = await add_played_campaign(session, [person])
            await session.execute(
                text("UPDATE actions SET template_category = :kind WHERE campaign_id = :k"),
                {"kind": kind, "k": campaign},
            )
            await launch_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    found = await rows(
        "SELECT a.template_category, s.status, s.skip_reason FROM sends s JOIN actions a ON a.id = s.action_id"
        " WHERE s.id <> :first", first=sent.id,
    )  # fmt: skip
    assert {tuple(row) for row in found} == {("win_back", "skipped", "topic_declined"), ("loyalty", "sent", None)}
    await anybody.http.post(url, data={**both, "topics": names})
    assert (await rows("SELECT topics_off FROM customers"))[0][0] == []


async def test_a_pause_between_claim_and_sending_is_obeyed(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves the pause while their message is being rendered."""
    campaign, _ = await shop(1)
    await between_claim_and_fence(
        monkeypatch, lambda: rows("UPDATE customers SET paused_until = :far RETURNING 1", far=at(30, 12))
    )
    (waiting,) = await sends(campaign)
    assert waiting.status != "sent"
    assert await rows("SELECT 1 FROM outbox_messages") == []


async def test_double_opt_in_waits_for_the_address_itself(manager: Client, viewer: Client, anybody: Client) -> None:
    _, (person,) = await shop(1)
    await rows("UPDATE customers SET email_consent = NULL, sms_consent = NULL RETURNING 1")
    route = f"/customers/{person}/consents"
    yes = {"channel": "email", "status": "given", "source": "Web form", "wording_version": "w3", "ip": "192.0.2.9"}
    is_problem(await viewer.post(route, json=yes), 403, "forbidden")
    is_problem(await manager.post(route, json={**yes, "source": ""}), 422, "invalid", "source")
    is_problem(await manager.post(route, json={**yes, "ip": "here"}), 422, "invalid", "ip")
    missing = "/customers/018f0000-0000-7000-8000-000000000000/consents"
    is_problem(await manager.post(missing, json=yes), 404, "not_found")
    at_once = await manager.post(route, json={**yes, "channel": "sms"})
    assert at_once.json() == {"status": "given", "confirmation": ""}
    async with transaction() as session:
        await save_settings(session, SYSTEM, PreferenceSettings, {"double_opt_in": "on"})
    made = (await manager.post(route, json=yes)).json()
    assert made["status"] == "pending"
    assert set(made) == {"status", "confirmation"}, "the link goes to the address and to nobody else"
    assert tuple((await rows("SELECT email_consent, sms_consent FROM customers"))[0]) == ("pending", "given")
    # nothing goes out on it
    async with transaction() as session:
        campaign = await add_played_campaign(session, [person])
        await launch_campaign(session, SYSTEM, campaign)
    await Dispatcher().pump_once()
    (stopped,) = await sends(campaign)
    assert (stopped.skip_reason, stopped.note) == ("no_consent", "Consent to e-mail is not confirmed yet.")
    assert "signed up" in (await anybody.http.post(path(await confirming(person, Channel.EMAIL)))).text
    proof = await rows(
        "SELECT status, source, wording_version, ip FROM consents WHERE channel = 'email' ORDER BY at, id"
    )
    assert [tuple(row)[:3] for row in proof] == [
        ("pending", "Web form", "w3"), ("given", "double opt-in", "preferences-2"),
    ]  # fmt: skip
    assert proof[0].ip == "192.0.2.9"
    # who has consented is not asked again
    assert (await manager.post(route, json=yes)).json()["status"] == "given"
    no = await manager.post(route, json={"channel": "email", "status": "withdrawn", "source": "By phone"})
    assert no.json()["status"] == "withdrawn"
    assert (await rows("SELECT email_consent FROM customers"))[0][0] == "withdrawn"


async def test_no_program_is_given_the_link_that_asks_for_an_age(manager: Client, admin: Client) -> None:
    """Whoever holds it speaks as the customer: it goes to the customer's own address and nowhere else."""
    _, (person,) = await shop(1)
    for someone in (manager, admin):
        assert (await someone.post(f"/customers/{person}/age-link")).status_code == 404
        asked = await someone.post(f"/customers/{person}/messages", json={"channel": "email", "kind": "age"})
        assert "http" not in asked.text
    assert "date of birth" in (await manager.http.get(path(age_link(SYSTEM, person)))).text
