"""Callbacks over HTTP: genuine ones change the ledger once, others change nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7, uuid7_time
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.consents import record_consent, suppress_address
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.organization.models import Channel
from liquor_app.providers.service import configure_channel
from liquor_app.rest.webhooks import ANSWERS
from liquor_app.sending.events import mail_answers
from liquor_app.sending.events.inbox import process_receipts
from liquor_app.sending.events.replies import unread_from
from liquor_app.sending.recipients.unsubscribe import message_token
from tests.api.client import Client
from tests.people import add_campaign, add_customer, ensure_shop

pytestmark = pytest.mark.integration

KEY, TOKEN = "signing-key", "12345"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15"


async def shop() -> None:
    async with transaction() as session:
        await ensure_shop(session)
        await configure_channel(
            session, SYSTEM, Channel.EMAIL, "mailgun",
            config={"domain": "mg.example.com", "api_key": "k", "webhook_signing_key": KEY},
        )  # fmt: skip
        await configure_channel(
            session, SYSTEM, Channel.SMS, "twilio",
            config={"account_sid": "AC" + "0" * 32, "auth_token": TOKEN},
        )  # fmt: skip


async def sent(provider: str = "mailgun", channel: str = "email", status: str = "sent", **person: Any) -> Any:
    """One message that went out an hour ago; (its id, the customer's id, its recipient)."""
    async with transaction() as session:
        customer = await add_customer(session, **person)
        campaign = await add_campaign(session, ["at_risk"])
        at = now() - timedelta(hours=1)
        send_id = uuid7(at)
        address = (
            await session.execute(text("SELECT email, phone FROM customers WHERE id = :id"), {"id": customer})
        ).one()
        recipient = address.email if channel == "email" else address.phone
        await session.execute(
            text(
                "INSERT INTO sends (id, created_at, customer_id, campaign_id, channel, recipient, status, not_before,"
                " sent_at, contact_at, provider, provider_message_id) VALUES (:id, :at, :customer, :campaign, :channel,"
                " :recipient, :status, :at, :at, :at, :provider, :message)"
            ),
            {"id": send_id, "at": uuid7_time(send_id), "customer": customer, "campaign": campaign, "channel": channel,
             "recipient": recipient, "status": status, "provider": provider, "message": f"<{send_id}@mg>"},
        )  # fmt: skip
    return send_id, customer, recipient


def mailgun(event: str, send_id: UUID, *, key: str = KEY, age: int = 0, token: str = "", **more: Any) -> bytes:
    stamp, token = str(int(time.time()) - age), token or uuid7().hex * 2
    signature = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    at = time.time() - 60 * (event == "delivered")
    said = {"event": event, "timestamp": at, "user-variables": {"send_id": str(send_id)},
            "client-info": {"user-agent": PHONE}, **more}  # fmt: skip
    return json.dumps(
        {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": said}
    ).encode()


async def tell(client: Client, *bodies: bytes) -> list[int]:
    return [(await client.post("/webhooks/mailgun", content=body)).status_code for body in bodies]


async def process() -> None:
    async with transaction() as session:
        await process_receipts(session, SYSTEM)


async def ledger(send_id: UUID) -> Any:
    async with transaction() as session:
        found = await session.execute(text("SELECT * FROM sends WHERE id = :id"), {"id": send_id})
        return found.mappings().one()


async def rows(sql: str, **values: Any) -> Sequence[Any]:
    async with transaction() as session:
        return (await session.execute(text(sql), values)).all()


async def test_genuine_events_change_the_ledger_once(anybody: Client) -> None:
    await shop()
    send_id, *_ = await sent()
    delivered = mailgun("delivered", send_id)
    clicked = mailgun("clicked", send_id, url="https://shop.example.com/whisky")
    # the click comes first, and everything comes twice
    assert await tell(anybody, clicked, delivered, clicked, delivered) == [200] * 4
    assert len(await rows("SELECT 1 FROM webhook_receipts")) == 2
    assert len(await rows("SELECT 1 FROM jobs WHERE name = 'process_webhooks'")) == 1
    await process()
    await process()
    row = await ledger(send_id)
    assert row["status"] == "delivered"
    assert row["clicked_at"] is not None
    assert row["opened_at"] is None
    kinds = await rows("SELECT event_type FROM analytics_events WHERE send_id = :id ORDER BY 1", id=send_id)
    assert [kind for (kind,) in kinds] == ["delivered", "link_click"]
    assert await tell(anybody, clicked) == [200]
    await process()
    assert len(await rows("SELECT 1 FROM analytics_events WHERE send_id = :id", id=send_id)) == 2
    (receipt,) = await rows("SELECT payload, processed_at FROM webhook_receipts WHERE kind = 'clicked'")
    assert receipt.payload["raw"]["url"] == "https://shop.example.com/whisky"
    assert receipt.processed_at is not None


async def test_forged_old_and_truncated_are_refused_and_change_nothing(anybody: Client) -> None:
    await shop()
    send_id, *_ = await sent()
    good = mailgun("complained", send_id)
    forged, old = mailgun("complained", send_id, key="guess"), mailgun("complained", send_id, age=40_000)
    # Mailgun comes again: the key may be ours, mistyped. 406 tells it not to
    assert await tell(anybody, forged, old) == [401, 401]
    assert await tell(anybody, good[:-3], b"", b"[1]") == [406, 406, 406]
    assert (await anybody.post("/webhooks/nobody", content=good)).status_code == 404
    assert (await anybody.post("/webhooks/postmark", content=good)).status_code == 404, "not set up"
    assert (await anybody.post("/webhooks/twilio", content=b"MessageSid=SM1")).status_code == 401
    assert await rows("SELECT 1 FROM webhook_receipts") == []
    assert (await ledger(send_id))["status"] == "sent"


async def test_a_callback_that_cannot_be_proved_yet_may_come_again(anybody: Client) -> None:
    """406 would make Mailgun drop for good what counts as soon as somebody has entered the key."""
    await shop()
    send_id, *_ = await sent()
    async with transaction() as session:
        config = {"domain": "mg.example.com", "api_key": "k"}
        await configure_channel(session, SYSTEM, Channel.EMAIL, "mailgun", config=config)
    delivered = mailgun("delivered", send_id)
    assert await tell(anybody, delivered) == [503]
    await shop()
    assert await tell(anybody, delivered) == [200]


async def test_postmark_stops_at_what_no_try_will_mend_and_comes_again_otherwise(anybody: Client) -> None:
    await shop()
    async with transaction() as session:
        config = {"server_token": "t", "webhook_secret": "s"}
        await configure_channel(session, SYSTEM, Channel.EMAIL, "postmark", config=config)
    secret = {"X-Webhook-Secret": "s"}
    assert (await anybody.post("/webhooks/postmark", content=b"{", headers=secret)).status_code == 403
    assert (await anybody.post("/webhooks/postmark", content=b"{}")).status_code == 401
    assert (await anybody.post("/webhooks/postmark", content=b"{}", headers=secret)).status_code == 200


@pytest.mark.parametrize(
    "odd",
    ["a\\u0000z", "a\x00b", "a\ud800b", float("nan"), float("-inf"), {"k\x00": [{"deep": "\udfff"}]}, 10**400],
    ids=["literal-u0000", "nul", "surrogate", "nan", "infinity", "nested", "large"],
)
async def test_whatever_a_proved_callback_holds_is_kept(anybody: Client, odd: object) -> None:
    await shop()
    send_id, *_ = await sent()
    clicked = mailgun("clicked", send_id, note=odd, url=odd if isinstance(odd, str) else None, id=odd)
    assert await tell(anybody, clicked) == [200]
    await process()
    assert (await ledger(send_id))["clicked_at"] is not None
    (kept,) = await rows("SELECT payload -> 'raw' ->> 'note' AS note FROM webhook_receipts")
    if odd == "a\\u0000z":
        assert kept.note == odd, "six letters that somebody wrote"


async def test_bounces_and_complaints_suppress_at_once(anybody: Client) -> None:
    await shop()
    dead, _, dead_address = await sent()
    full, *_ = await sent()
    angry, customer, _ = await sent()
    await tell(
        anybody,
        mailgun("failed", dead, severity="permanent", reason="bounce", **{"delivery-status": {"code": "5.1.1"}}),
        mailgun("failed", full, severity="temporary"),
        mailgun("complained", angry),
    )
    await process()
    assert [(await ledger(one))["status"] for one in (dead, full, angry)] == ["bounced", "sent", "complained"]
    listed = await rows("SELECT address, channel, reason FROM suppressions ORDER BY reason")
    assert tuple(listed[0]) == (dead_address, "email", "bounced")
    assert [row.reason for row in listed] == ["bounced", "complained"]
    assert [row[0] for row in await rows("SELECT email_consent FROM customers WHERE id = :id", id=customer)] == [
        "withdrawn"
    ]
    (proof,) = await rows("SELECT source, evidence FROM consents WHERE customer_id = :id", id=customer)
    assert proof.source == "provider callback"
    assert proof.evidence["send_id"] == str(angry)


async def test_scanners_are_kept_and_left_out(anybody: Client) -> None:
    await shop()
    send_id, *_ = await sent()
    await tell(
        anybody,
        mailgun("opened", send_id, **{"client-info": {"user-agent": "Mozilla/5.0"}}),
        *(mailgun("clicked", send_id, url=f"https://shop.example.com/{n}") for n in range(3)),
    )
    await process()
    row = await ledger(send_id)
    assert (row["opened_at"], row["clicked_at"], row["status"]) == (None, None, "delivered")
    machines = await rows("SELECT properties ->> 'machine' FROM analytics_events WHERE send_id = :id", id=send_id)
    assert [value for (value,) in machines] == ["true"] * 4


async def test_a_complaint_takes_the_place_of_an_own_unsubscribing(anybody: Client) -> None:
    """Its owner could take the unsubscribing back, and the complaint with it."""
    await shop()
    send_id, _, address = await sent()
    async with transaction() as session:
        await suppress_address(session, address, reason=SuppressionReason.UNSUBSCRIBED, channel=Channel.EMAIL)
    await tell(anybody, mailgun("complained", send_id), mailgun("unsubscribed", send_id))
    await process()
    assert [row[0] for row in await rows("SELECT reason FROM suppressions")] == ["complained"]


async def test_an_unknown_outcome_is_settled_by_a_late_event(anybody: Client) -> None:
    await shop()
    send_id, *_ = await sent(status="unknown")
    await tell(anybody, mailgun("delivered", send_id))
    await process()
    assert (await ledger(send_id))["status"] == "delivered"


async def test_a_provider_speaks_only_of_its_own_messages(anybody: Client) -> None:
    await shop()
    theirs, *_ = await sent(provider="postmark")
    await tell(
        anybody, mailgun("complained", theirs), mailgun("delivered", uuid7()), mailgun("brand_new_event", theirs)
    )
    await process()
    assert (await ledger(theirs))["status"] == "sent"
    assert await rows("SELECT 1 FROM suppressions") == []
    assert len(await rows("SELECT 1 FROM webhook_receipts WHERE processed_at IS NOT NULL")) == 3, "kept and counted"


def twilio(form: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    url = f"{get_settings().base_url}/api/v1/webhooks/twilio"
    signed = url + "".join(name + form[name] for name in sorted(form))
    mac = base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return urlencode(form).encode(), {"X-Twilio-Signature": mac, "Content-Type": "application/x-www-form-urlencoded"}


async def text_us(client: Client, phone: str, words: str) -> httpx.Response:
    body, headers = twilio({"From": phone, "To": "+18005551212", "Body": words, "MessageSid": "SM" + uuid7().hex,
                            "SmsStatus": "received"})  # fmt: skip
    return await client.post("/webhooks/twilio", content=body, headers=headers)


async def test_stop_and_start_by_text(anybody: Client) -> None:
    await shop()
    _, customer, phone = await sent("twilio", "sms")

    async def state() -> tuple[str, int]:
        (row,) = await rows(
            "SELECT sms_consent, (SELECT count(*) FROM suppressions WHERE lifted_at IS NULL) FROM customers"
            " WHERE id = :id",
            id=customer,
        )
        return tuple(row)  # type: ignore[return-value]

    answer = await text_us(anybody, phone, "  Stop!! ")
    assert answer.text == (
        "<Response><Message>Harbor &amp; Vine: you are unsubscribed and will get no more texts from us. Reply START to"
        " get them again.</Message></Response>"
    )
    await process()
    assert await state() == ("withdrawn", 1)
    await text_us(anybody, phone, "yes")
    await process()
    assert await state() == ("withdrawn", 1), "a yes answers whatever was asked last"
    await text_us(anybody, phone, "START")
    await process()
    assert await state() == ("given", 0)
    asked = "SELECT status, source, evidence ->> 'text' FROM consents WHERE customer_id = :id ORDER BY at, id"
    proofs = await rows(asked, id=customer)
    assert [tuple(row) for row in proofs] == [
        ("withdrawn", "text message", "  Stop!! "), ("given", "text message", "START"),
    ]  # fmt: skip
    helped = await text_us(anybody, phone, "Help")
    assert "Reply STOP to end." in helped.text
    assert helped.headers["content-type"].startswith("text/xml")


BACK = "SELECT sms_consent, (SELECT count(*) FROM suppressions WHERE lifted_at IS NULL) FROM customers WHERE id = :id"


@pytest.mark.parametrize("word", ["START", "Unstop", "subscribe", "yes"])
async def test_a_text_makes_no_consent(anybody: Client, word: str) -> None:
    """Who never agreed, and who withdrew by another way than a text, has not agreed by writing START or yes."""
    await shop()
    _, never, phone = await sent("twilio", "sms", sms_consent=None)
    _, left, other = await sent("twilio", "sms")
    async with transaction() as session:
        await record_consent(
            session, SYSTEM, left, channel=Channel.SMS, status=ConsentStatus.WITHDRAWN, source="preference page"
        )
        await suppress_address(
            session, other, reason=SuppressionReason.UNSUBSCRIBED, channel=Channel.SMS, customer_id=left,
            source="preference page",
        )  # fmt: skip
    for number in (phone, other):
        await text_us(anybody, number, word)
    await process()
    assert [tuple(row) for row in await rows(BACK, id=never)] == [(None, 1)]
    assert [tuple(row) for row in await rows(BACK, id=left)] == [("withdrawn", 1)]
    assert [row[0] for row in await rows("SELECT status FROM consents")] == ["withdrawn"]


async def test_a_stop_that_is_replayed_after_a_start_changes_nothing(anybody: Client) -> None:
    """Twilio's signature has no time: a captured callback is signed for ever, as it came and cut anew."""
    await shop()
    _, customer, phone = await sent("twilio", "sms")
    sid = "SM" + uuid7().hex
    form = {"From": phone, "FromZip": "04101", "To": "+18005551212", "Body": "STOP", "MessageSid": sid,
            "SmsStatus": "received"}  # fmt: skip
    body, headers = twilio(form)
    await anybody.post("/webhooks/twilio", content=body, headers=headers)
    await process()
    await text_us(anybody, phone, "START")
    await process()
    cut = {**form, "FromZip": f"04101MessageSid{sid}"}
    del cut["MessageSid"]
    assert twilio(cut)[1] == headers, "signed alike"
    assert (await anybody.post("/webhooks/twilio", content=body, headers=headers)).status_code == 200
    assert (await anybody.post("/webhooks/twilio", content=urlencode(cut), headers=headers)).status_code == 200
    await process()
    assert [tuple(row) for row in await rows(BACK, id=customer)] == [("given", 0)]


async def test_what_nobody_understands_waits_for_a_person_and_holds_further_texts(
    anybody: Client, manager: Client, viewer: Client
) -> None:
    """Case 27: an unread text may be a no. Told twice it is one task; a no takes the number off as STOP does."""
    await shop()
    _, customer, phone = await sent("twilio", "sms")
    _, _, other = await sent("twilio", "sms")
    for words in ("is the bus stop nearby", "take me off, thanks", "HELP", "  "):
        await text_us(anybody, phone if "bus" in words else other, words)
    await process()
    await process()
    (task,) = (await manager.get("/replies")).json()["items"]
    assert (task["sender"], task["customer_id"], task["words"], task["status"]) == (
        phone, str(customer), "is the bus stop nearby", "open",
    )  # fmt: skip
    assert len(await rows("SELECT 1 FROM notifications WHERE title = 'Replies to read'")) == 1
    assert (await viewer.get("/replies")).status_code == 403, "people's own words"
    assert (await viewer.post(f"/replies/{task['id']}/settle", json={"is_no": False})).status_code == 403
    async with transaction() as session:
        assert await unread_from(session, [address_hash(phone), address_hash(other)]) == {address_hash(phone)}
    answer = await manager.post(f"/replies/{task['id']}/settle", json={"is_no": True})
    assert answer.json() == {"status": "no"}
    assert (await manager.post(f"/replies/{task['id']}/settle", json={"is_no": False})).status_code == 409
    assert [tuple(row) for row in await rows(BACK, id=customer)] == [("withdrawn", 2)], "the other one said no in words"
    async with transaction() as session:
        assert await unread_from(session, [address_hash(phone)]) == frozenset()
    # it was a text, so a text takes it back
    await text_us(anybody, phone, "START")
    await process()
    assert [tuple(row) for row in await rows(BACK, id=customer)] == [("given", 1)]


async def test_two_machines_do_not_answer_each_other_for_ever(anybody: Client) -> None:
    """Every answer is a text that costs; what they write is heard all the same."""
    await shop()
    _, customer, phone = await sent("twilio", "sms")
    answers = [(await text_us(anybody, phone, "HELP")).text for _ in range(ANSWERS + 3)]
    assert ["<Message>" in one for one in answers] == [True] * ANSWERS + [False] * 3
    await text_us(anybody, phone, "stop")
    await process()
    assert [tuple(row) for row in await rows(BACK, id=customer)] == [("withdrawn", 1)]


async def test_twilios_own_reading_goes_before_ours(anybody: Client) -> None:
    await shop()
    _, customer, phone = await sent("twilio", "sms")
    body, headers = twilio({"From": phone, "To": "+18005551212", "Body": "adios", "MessageSid": "SM" + uuid7().hex,
                            "SmsStatus": "received", "OptOutType": "STOP"})  # fmt: skip
    answer = await anybody.post("/webhooks/twilio", content=body, headers=headers)
    assert (answer.status_code, answer.text) == (200, "<Response/>"), "it has answered that itself"
    await process()
    assert [tuple(row) for row in await rows(BACK, id=customer)] == [("withdrawn", 1)]
    assert await rows("SELECT 1 FROM replies") == []


async def test_start_gives_back_only_what_stop_took(anybody: Client) -> None:
    """STOP by somebody who had not agreed takes nothing, so START gives nothing; what was withdrawn on a page before it
    stays withdrawn. Twice STOP is one STOP."""
    await shop()
    _, never, phone = await sent("twilio", "sms", sms_consent="pending")
    _, left, other = await sent("twilio", "sms")
    _, kept, third = await sent("twilio", "sms")
    async with transaction() as session:
        await record_consent(
            session, SYSTEM, left, channel=Channel.SMS, status=ConsentStatus.WITHDRAWN, source="preference page"
        )
    for words in ("STOP", "stop", "START"):
        for number in (phone, other, third):
            await text_us(anybody, number, words)
        await process()
    consents = {who: (await rows(BACK, id=who))[0] for who in (never, left, kept)}
    assert {who: row[0] for who, row in consents.items()} == {never: "withdrawn", left: "withdrawn", kept: "given"}
    assert {row[1] for row in consents.values()} == {0}, "what STOP put on the list is off it"


@pytest.mark.parametrize("channel", ["sms", None])
async def test_start_gives_nothing_back_over_the_shops_own_word(
    anybody: Client, manager: Client, channel: str | None
) -> None:
    """STOP by text, then a marketer puts the number on the list: START lifts neither, and makes no consent."""
    await shop()
    _, customer, phone = await sent("twilio", "sms")
    await text_us(anybody, phone, "STOP")
    await process()
    asked = {"addresses": [phone]} | ({"channel": channel} if channel else {})
    assert (await manager.post("/suppressions", json=asked)).status_code in (200, 201)
    await text_us(anybody, phone, "START")
    await process()
    consent, listed = (await rows(BACK, id=customer))[0]
    assert (consent, listed) == ("withdrawn", 1 if channel else 2), "on one channel the shop's word replaces theirs"
    held = await rows("SELECT reason FROM suppressions WHERE lifted_at IS NULL ORDER BY reason")
    assert [row.reason for row in held] == (["manual"] if channel else ["manual", "unsubscribed"])


@pytest.mark.parametrize("door", ["text", "page"])
@pytest.mark.parametrize("barrier", ["complained_at", "bounced_at", "list", None])
async def test_both_ways_back_hold_to_the_same_check(anybody: Client, door: str, barrier: str | None) -> None:
    """A complaint or a bounce that came after somebody left stands in the messages alone, an entry of the shop's for
    every channel beside theirs: neither START nor the page's “subscribe again” lifts anything then."""
    await shop()
    send_id, customer, phone = await sent("twilio", "sms")
    page = f"/u/{message_token(send_id)}"
    if door == "text":
        await text_us(anybody, phone, "STOP")
        await process()
    else:
        assert (await anybody.http.post(page)).status_code == 200
    if barrier == "list":
        async with transaction() as session:
            await suppress_address(session, phone, reason=SuppressionReason.MANUAL)
    elif barrier:
        await rows(f"UPDATE sends SET {barrier} = now() WHERE id = :id RETURNING 1", id=send_id)
    before = await rows(BACK, id=customer)
    assert before[0][0] == "withdrawn"
    if door == "text":
        await text_us(anybody, phone, "START")
        await process()
    else:
        answer = await anybody.http.post(f"{page}/again")
        assert answer.status_code == (409 if barrier else 200)
    assert await rows(BACK, id=customer) == (before if barrier else [("given", 0)])


CASE_24 = [
    ({"reason": "espblock", "delivery-status": {"code": 550, "message":
        "5.7.1 messages from [192.0.2.1] weren't sent; block list (S3150)"}}, None, "given"),
    ({"reason": "generic", "delivery-status": {"code": 552, "message": "5.2.2 over quota"}}, None, "given"),
    ({"reason": "suppress-unsubscribe", "delivery-status": {"code": 605}}, "unsubscribed", "withdrawn"),
    ({"reason": "suppress-complaint", "delivery-status": {"code": 607}}, "complained", "withdrawn"),
    ({"reason": "suppress-bounce", "delivery-status": {"code": 605}}, "bounced", "given"),
    ({"reason": "bounce", "delivery-status": {"code": 550, "message": "5.1.1 user unknown"}}, "bounced", "given"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "reason", "consent"), CASE_24)
async def test_case_24_mailgun_is_not_only_dead_addresses(
    anybody: Client, event: dict[str, Any], reason: str | None, consent: str
) -> None:
    """Before: all of them were suppressed as bounced for good, and the consent of who had left stood."""
    await shop()
    send_id, customer, address = await sent()
    body = mailgun("failed", send_id, severity="permanent", recipient=address, **event)
    assert await tell(anybody, body) == [200]
    await process()
    listed = [row[0] for row in await rows("SELECT reason FROM suppressions WHERE lifted_at IS NULL")]
    assert listed == ([reason] if reason else [])
    assert (await rows("SELECT email_consent FROM customers WHERE id = :id", id=customer))[0][0] == consent


def letter(sender: str, words: str, *headers: tuple[str, str]) -> dict[str, Any]:
    """As a route of Mailgun's forwards it."""
    stamp, token = str(int(time.time())), uuid7().hex * 2
    signature = hmac.new(KEY.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    form = {"from": f"Somebody <{sender}>", "subject": "Re: Gin", "stripped-text": words, "timestamp": stamp,
            "token": token, "signature": signature,
            "message-headers": json.dumps([list(one) for one in headers])}  # fmt: skip
    return {"content": urlencode(form), "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


MAILED = """
SELECT c.email_consent, (SELECT count(*) FROM suppressions s WHERE s.address_hash = :hash AND s.channel = 'email'
       AND s.lifted_at IS NULL AND s.reason = 'unsubscribed' AND s.source = 'e-mail answer') AS listed
  FROM customers c WHERE c.id = :id
"""


async def test_an_e_mail_answered_stop_takes_the_address_off_and_others_wait(
    anybody: Client, manager: Client, viewer: Client
) -> None:
    """A no in any words is obeyed at once and shown; what is not understood holds e-mail until read; told twice it is
    one; staff note what came to their own mailbox."""
    await shop()
    people = {}
    for name in ("stop", "ask", "noted", "away"):
        _, customer, address = await sent()
        people[name] = (customer, address)
    stop = letter(people["stop"][1].upper(), "Hi,\nplease stop\nMia")
    for call in (stop, stop, letter(people["ask"][1], "Is the Macallan in?"), letter("stranger@x.example", "hello?")):
        assert (await anybody.post("/webhooks/mailgun", **call)).status_code == 200
    forged = {**stop, "content": stop["content"].replace("signature=", "signature=0")}
    assert (await anybody.post("/webhooks/mailgun", **forged)).status_code == 401
    await process()
    await process()
    tasks = (await manager.get("/replies?channel=email")).json()["items"]
    assert sorted((one["sender"], one["status"], one["customer_id"]) for one in tasks) == sorted([
        (people["stop"][1], "no", str(people["stop"][0])), (people["ask"][1], "open", str(people["ask"][0])),
        ("stranger@x.example", "open", None),
    ])  # fmt: skip
    async with transaction() as session:
        hashes = {name: address_hash(address) for name, (_, address) in people.items()}
        assert await unread_from(session, list(hashes.values())) == {hashes["ask"]}

    async def told(name: str) -> tuple[Any, ...]:
        return tuple((await rows(MAILED, id=people[name][0], hash=address_hash(people[name][1])))[0])

    assert await told("stop") == ("withdrawn", 1)
    assert (await told("ask"))[1] == 0
    task = next(one for one in tasks if one["sender"] == people["ask"][1])
    assert (await manager.post(f"/replies/{task['id']}/settle", json={"is_no": True})).json() == {"status": "no"}
    assert await told("ask") == ("withdrawn", 1)
    assert (await viewer.post("/replies/note", json={"address": people["noted"][1]})).status_code == 403
    assert (await manager.post("/replies/note", json={"address": "no address"})).status_code == 422
    noted = {"address": f" {people['noted'][1].upper()} ", "words": "please no more"}
    assert (await manager.post("/replies/note", json=noted)).status_code == 204
    assert await told("noted") == ("withdrawn", 1)
    assert (await told("away"))[1] == 0
    assert len(await rows("SELECT 1 FROM audit_log WHERE action = 'reply.noted'")) == 1


async def test_a_no_in_somebody_elses_name_is_read_first(
    anybody: Client, manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack: "stop" with anybody's address in From. What the provider could not prove takes nobody off by itself;
    what answers a message of ours does, whatever the proof; and a flood of forgeries holds no more than so many."""
    monkeypatch.setattr(mail_answers, "MOST_UNPROVED", 2)
    await shop()
    victims = [await sent() for _ in range(4)]
    failed = (("X-Mailgun-Spf", "Fail"), ("X-Mailgun-Dkim-Check-Result", "Fail"))
    for _, _, address in victims[:3]:
        assert (await anybody.post("/webhooks/mailgun", **letter(address, "stop", *failed))).status_code == 200
    await process()
    mine = await rows("SELECT address, status, proof, holds FROM replies ORDER BY received_at, id")
    assert sorted((one.address, one.status, one.proof) for one in mine) == sorted(
        (address, "open", "failed") for _, _, address in victims[:3]
    )
    assert sorted(one.holds for one in mine) == [False, True, True]
    assert await rows("SELECT 1 FROM suppressions") == []
    assert {row[0] for row in await rows("SELECT email_consent FROM customers")} == {"given"}
    async with transaction() as session:
        assert len(await unread_from(session, [address_hash(address) for _, _, address in victims])) == 2
    assert len(await rows("SELECT 1 FROM notifications WHERE title = :title", title=mail_answers.FORGED)) == 1
    (task, *_) = (await manager.get("/replies?channel=email")).json()["items"]
    assert task["sender_proof"] == "failed"

    send_id, customer, address = victims[3]
    async with transaction() as session:
        await session.execute(
            text("UPDATE sends SET provider_message_id = '<ours@mg.example>' WHERE id = :id"), {"id": send_id}
        )
    for sender in (victims[0][2], address):
        answering = letter(sender, "stop", *failed, ("In-Reply-To", "<ours@mg.example>"))
        assert (await anybody.post("/webhooks/mailgun", **answering)).status_code == 200
    await process()
    gone = await rows("SELECT id FROM customers WHERE email_consent = 'withdrawn'")
    assert [row[0] for row in gone] == [customer], (
        "the name of a message is known to whom it went to, and speaks for them"
    )
