"""Callbacks: proved to be the provider's, and read in our words. Vectors are the vendors' own where there are any."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from liquor_app.core.errors import Invalid, Unauthenticated, Unavailable
from liquor_app.core.ids import uuid7
from liquor_app.providers.adapters.mailgun import Mailgun, MailgunConfig
from liquor_app.providers.adapters.postmark import Postmark, PostmarkConfig
from liquor_app.providers.adapters.sendgrid import SendGrid, SendGridConfig
from liquor_app.providers.adapters.sendgrid_events import SIGNATURE, TIMESTAMP
from liquor_app.providers.adapters.twilio import Twilio, TwilioConfig
from liquor_app.providers.kit import callbacks
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from tests.providers.servers import TWILIO_SID

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
URL = "https://shop.example.com/api/v1/webhooks/x"
SEND = uuid7()
SID = "SM" + "1" * 32
KEY = "signing-key"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "now", lambda: NOW)


def at(monkeypatch: pytest.MonkeyPatch, unix: float) -> None:
    monkeypatch.setattr(callbacks, "now", lambda: datetime.fromtimestamp(unix, UTC))


# --- Mailgun ---


def mailgun(**changes: Any) -> Mailgun:
    values = {"domain": "mg.example.com", "api_key": "k", "webhook_signing_key": KEY, **changes}
    return Mailgun(MailgunConfig.model_validate(values))


def mailgun_body(event: dict[str, Any], *, stamp: str = STAMP, token: str = "a" * 50, key: str = KEY) -> bytes:
    """As Mailgun documents it: hex HMAC-SHA256 over timestamp and token."""
    signature = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    said = {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": event}
    return json.dumps(said).encode()


def mailgun_event(name: str, **more: Any) -> dict[str, Any]:
    return {
        "event": name, "timestamp": 1764072000.5, "recipient": "m@example.com", "ip": "192.0.2.7",
        "user-variables": {"send_id": str(SEND)}, "message": {"headers": {"message-id": "x@mg"}}, **more,
    }  # fmt: skip


GONE = {"code": 550, "message": "5.1.1 user unknown"}


@pytest.mark.parametrize(
    ("event", "kind", "permanent"),
    [
        (mailgun_event("delivered"), EventKind.DELIVERED, False),
        (
            mailgun_event("failed", severity="permanent", reason="bounce", **{"delivery-status": GONE}),
            EventKind.BOUNCED,
            True,
        ),
        (mailgun_event("failed", severity="permanent", reason="bounce"), EventKind.BOUNCED, False),
        (mailgun_event("failed", severity="temporary"), EventKind.DEFERRED, False),
        (mailgun_event("complained"), EventKind.COMPLAINED, False),
        (mailgun_event("opened"), EventKind.OPENED, False),
        (mailgun_event("clicked", url="https://x.example"), EventKind.CLICKED, False),
        (mailgun_event("unsubscribed"), EventKind.UNSUBSCRIBED, False),
        (mailgun_event("list_member_uploaded"), EventKind.OTHER, False),
    ],
)
def test_mailgun_events(event: dict[str, Any], kind: EventKind, permanent: bool) -> None:
    (told,) = mailgun().parse_webhook(mailgun_body(event), {}, URL)
    assert (told.kind, told.is_permanent, told.send_id) == (kind, permanent, SEND)
    assert (told.event_id, told.recipient, told.message_id) == ("a" * 50, "m@example.com", "x@mg")
    assert told.at.timestamp() == 1764072000.5
    assert told.raw == event


def test_mailgun_refuses_forged_old_and_truncated() -> None:
    good, event = mailgun(), mailgun_event("delivered")
    body = mailgun_body(event)
    old, early = str(int(STAMP) - 36_001), str(int(STAMP) + 301)
    for wrong in (
        mailgun_body(event, key="other"),
        body.replace(b"a" * 50, b"b" * 50),
        mailgun_body(event, stamp=old),
        mailgun_body(event, stamp=early),
        mailgun_body(event, stamp="soon"),
        mailgun_body(event, token=""),
        b"{}",
        b'{"signature": 7, "event-data": []}',
        '{"signature": {"timestamp": "1", "token": "a", "signature": "ü"}}'.encode(),
    ):
        with pytest.raises(Unauthenticated):
            good.parse_webhook(wrong, {}, URL)
    for broken in (body[:-2], b"", b"[]", b"[" * 100_000):
        with pytest.raises(Invalid):
            good.parse_webhook(broken, {}, URL)
    with pytest.raises(Unavailable, match="settings"):
        mailgun(webhook_signing_key="").parse_webhook(body, {}, URL)


# --- SendGrid ---

# the vector of SendGrid's own libraries
VECTOR_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglS"
    "I8eNEc6wEA3F+g=="
)
VECTOR_SIGNATURE = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
VECTOR_TIMESTAMP = "1600112502"
VECTOR_BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)

PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sendgrid(key: str = PUBLIC) -> SendGrid:
    return SendGrid(SendGridConfig.model_validate({"api_key": "k", "verification_key": key}))


def sendgrid_call(events: Any, stamp: str = STAMP) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(events).encode() + b"\r\n"
    signature = base64.b64encode(PRIVATE.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    return body, {SIGNATURE.lower(): signature, TIMESTAMP: stamp}


def test_sendgrids_own_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, float(VECTOR_TIMESTAMP) + 2)
    headers = {SIGNATURE: VECTOR_SIGNATURE, TIMESTAMP: VECTOR_TIMESTAMP}
    (told,) = sendgrid(VECTOR_KEY).parse_webhook(VECTOR_BODY, headers, URL)
    assert (told.kind, told.is_permanent, told.recipient) == (EventKind.BOUNCED, True, "hello@world.com")
    assert told.event_id.startswith("ZHJvcC0")
    for body in (VECTOR_BODY.rstrip(), VECTOR_BODY.replace(b"hello", b"jello")):
        with pytest.raises(Unauthenticated):
            sendgrid(VECTOR_KEY).parse_webhook(body, headers, URL)
    at(monkeypatch, float(VECTOR_TIMESTAMP) + 90_001)
    with pytest.raises(Unauthenticated, match="old"):
        sendgrid(VECTOR_KEY).parse_webhook(VECTOR_BODY, headers, URL)


@pytest.mark.parametrize(
    ("event", "kind", "permanent"),
    [
        ({"event": "processed"}, EventKind.OTHER, False),
        ({"event": "delivered"}, EventKind.DELIVERED, False),
        ({"event": "deferred"}, EventKind.DEFERRED, False),
        ({"event": "bounce", "type": "bounce", "reason": "550 5.1.1 user unknown"}, EventKind.BOUNCED, True),
        ({"event": "bounce", "type": "bounce"}, EventKind.BOUNCED, False),
        ({"event": "bounce", "type": "blocked"}, EventKind.BOUNCED, False),
        ({"event": "dropped", "reason": "Invalid"}, EventKind.BOUNCED, True),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, EventKind.COMPLAINED, False),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, EventKind.UNSUBSCRIBED, False),
        ({"event": "spamreport"}, EventKind.COMPLAINED, False),
        ({"event": "group_unsubscribe"}, EventKind.UNSUBSCRIBED, False),
        ({"event": "open", "sg_machine_open": True}, EventKind.OPENED, False),
        ({"event": "brand_new"}, EventKind.OTHER, False),
    ],
)
def test_sendgrid_events(event: dict[str, Any], kind: EventKind, permanent: bool) -> None:
    full = {"sg_event_id": "e1", "send_id": str(SEND), "timestamp": 1764072000, "email": "m@example.com", **event}
    body, headers = sendgrid_call([full, "not an event"])
    (told,) = sendgrid(PEM).parse_webhook(body, headers, URL)
    assert (told.kind, told.is_permanent, told.send_id, told.event_id) == (kind, permanent, SEND, "e1")
    assert told.is_machine is ("sg_machine_open" in event)


def test_sendgrid_refuses_forged_old_and_truncated() -> None:
    body, headers = sendgrid_call([{"event": "open"}])
    for wrong_body, wrong_headers in (
        (body[:-1], headers),
        (body, {**headers, TIMESTAMP: str(int(STAMP) + 1)}),
        (body, {TIMESTAMP: STAMP}),
        (body, {**headers, SIGNATURE.lower(): "not base64!"}),
        sendgrid_call([], str(int(STAMP) - 90_001)),
    ):
        with pytest.raises(Unauthenticated):
            sendgrid().parse_webhook(wrong_body, wrong_headers, URL)
    with pytest.raises(Unauthenticated):
        sendgrid(VECTOR_KEY).parse_webhook(body, headers, URL)
    # somebody will enter a proper key, and what is told again by then counts
    for key in ("", "nonsense"):
        with pytest.raises(Unavailable):
            sendgrid(key).parse_webhook(body, headers, URL)
    with pytest.raises(Invalid):
        sendgrid().parse_webhook(*sendgrid_call({"event": "open"}), URL)


# --- Postmark ---


def postmark(secret: str = KEY) -> Postmark:
    return Postmark(PostmarkConfig.model_validate({"server_token": "t", "webhook_secret": secret}))


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"hook:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("event", "kind", "permanent"),
    [
        ({"RecordType": "Delivery", "DeliveredAt": "2026-11-25T11:00:00Z"}, EventKind.DELIVERED, False),
        ({"RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "Details": "smtp;550 5.1.1 user unknown"},
         EventKind.BOUNCED, True),
        ({"RecordType": "Bounce", "Type": "HardBounce", "ID": 42}, EventKind.BOUNCED, False),
        ({"RecordType": "Bounce", "Type": "SoftBounce"}, EventKind.BOUNCED, False),
        ({"RecordType": "Bounce", "Type": "Transient"}, EventKind.DEFERRED, False),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, EventKind.COMPLAINED, False),
        ({"RecordType": "Open", "Geo": {"IP": "192.0.2.7"}}, EventKind.OPENED, False),
        ({"RecordType": "Click", "OriginalLink": "https://x.example"}, EventKind.CLICKED, False),
        ({"RecordType": "SubscriptionChange", "SuppressSending": True,
          "SuppressionReason": "ManualSuppression"}, EventKind.UNSUBSCRIBED, False),
        ({"RecordType": "SubscriptionChange", "SuppressSending": True,
          "SuppressionReason": "HardBounce"}, EventKind.BOUNCED, True),
        ({"RecordType": "SubscriptionChange", "SuppressSending": False}, EventKind.OTHER, False),
        ({"RecordType": "Inbound"}, EventKind.OTHER, False),
    ],
)  # fmt: skip
def test_postmark_events(event: dict[str, Any], kind: EventKind, permanent: bool) -> None:
    full = {"MessageID": "pm-1", "Metadata": {"send_id": str(SEND)}, "Recipient": "m@example.com", **event}
    body = json.dumps(full).encode()
    (told,) = postmark().parse_webhook(body, basic(KEY), URL)
    assert (told.kind, told.is_permanent, told.send_id, told.message_id) == (kind, permanent, SEND, "pm-1")
    (again,) = postmark().parse_webhook(body, {"X-Webhook-Secret": KEY}, URL)
    assert again.event_id == told.event_id, "the same event is told twice under the same id"
    (other,) = postmark().parse_webhook(json.dumps({**full, "MessageID": "pm-2"}).encode(), basic(KEY), URL)
    assert other.event_id != told.event_id


def test_postmark_refuses_forged_and_truncated() -> None:
    for headers in ({}, basic("other"), basic(""), {"authorization": "Basic ???"}, {"authorization": f"Bearer {KEY}"}):
        with pytest.raises(Unauthenticated):
            postmark().parse_webhook(b"{}", headers, URL)
    with pytest.raises(Unavailable, match="settings"):
        postmark("").parse_webhook(b"{}", basic(""), URL)
    with pytest.raises(Invalid):
        postmark().parse_webhook(b'{"RecordType": "Deliv', basic(KEY), URL)


# --- Twilio ---


def twilio(token: str = "12345") -> Twilio:
    values = {"account_sid": TWILIO_SID, "auth_token": token, "callback_url": "https://x.example/hook"}
    return Twilio(TwilioConfig.model_validate(values))


def sign(url: str, form: dict[str, str], token: str = "12345") -> dict[str, str]:
    """Base64 HMAC-SHA1 over the address and every name and value, sorted."""
    whole = url + "".join(name + form[name] for name in sorted(form))
    return {
        "x-twilio-signature": base64.b64encode(hmac.new(token.encode(), whole.encode(), hashlib.sha1).digest()).decode()
    }


def test_twilios_own_vector() -> None:
    form = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
            "To": "+18005551212"}  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    headers = {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    (told,) = twilio().parse_webhook(urlencode(form).encode(), headers, url)
    assert told.kind is EventKind.OTHER
    for body, wrong_url, wrong_headers in (
        (urlencode({**form, "Digits": "9"}), url, headers),
        (urlencode(form)[:-3], url, headers),
        (urlencode(form), url + "3", headers),
        (urlencode(form), url, {}),
        (urlencode(form), url, {"X-Twilio-Signature": "ü"}),
    ):
        with pytest.raises(Unauthenticated):
            twilio().parse_webhook(body.encode(), wrong_headers, wrong_url)
    with pytest.raises(Unauthenticated):
        twilio("54321").parse_webhook(urlencode(form).encode(), headers, url)
    for garbage in (b"%%%", b"\xff\xfe", b"no form"):
        with pytest.raises((Invalid, Unauthenticated)):
            twilio().parse_webhook(garbage, headers, url)


def twilio_event(form: dict[str, str], url: str = f"{URL}?send_id={SEND}") -> WebhookEvent:
    (told,) = twilio().parse_webhook(urlencode(form).encode(), sign(url, form), url)
    return told


@pytest.mark.parametrize(
    ("form", "kind", "permanent"),
    [
        ({"MessageStatus": "sent"}, EventKind.OTHER, False),
        ({"MessageStatus": "delivered"}, EventKind.DELIVERED, False),
        ({"MessageStatus": "undelivered", "ErrorCode": "30003"}, EventKind.BOUNCED, False),
        ({"MessageStatus": "undelivered", "ErrorCode": "30006"}, EventKind.BOUNCED, True),
        ({"MessageStatus": "failed", "ErrorCode": "30006"}, EventKind.BOUNCED, True),
        ({"MessageStatus": "undelivered", "ErrorCode": "30007"}, EventKind.FAILED, False),
        ({"MessageStatus": "failed", "ErrorCode": "30034"}, EventKind.FAILED, False),
        ({"MessageStatus": "failed", "ErrorCode": "21610"}, EventKind.UNSUBSCRIBED, False),
    ],
)
def test_twilio_status(form: dict[str, str], kind: EventKind, permanent: bool) -> None:
    told = twilio_event({"MessageSid": SID, "To": "+12075550001", "From": "+15550001111", **form})
    assert (told.kind, told.is_permanent, told.send_id, told.message_id) == (kind, permanent, SEND, SID)
    assert (told.event_id, told.recipient) == (f"{SID}:{form['MessageStatus']}", "+12075550001")


def test_a_signed_form_cut_anew_is_never_acted_upon() -> None:
    """The attack: Twilio signs names and values glued together, so a captured STOP whose MessageSid went into the value
    before it carries the same signature, and would be a new event however often it comes."""
    form = {"Body": "STOP", "From": "+12075550001", "FromZip": "04101", "MessageSid": SID, "SmsStatus": "received",
            "To": "+15550001111"}  # fmt: skip
    captured = sign(URL, form)
    assert twilio().parse_webhook(urlencode(form).encode(), captured, URL)[0].event_id == f"{SID}:received"
    for glued in (
        {"FromZip": f"04101MessageSid{SID}", "MessageSid": None},
        {"MessageSid": f"{SID}SmsStatusreceived", "SmsStatus": None},
    ):
        cut = {name: value for name, value in {**form, **glued}.items() if value is not None}
        assert sign(URL, cut) == captured
        (told,) = twilio().parse_webhook(urlencode(cut).encode(), captured, URL)
        assert told.kind is EventKind.OTHER, "kept, and never acted upon"


def test_twilio_inbound() -> None:
    """What somebody wrote to us; new parameters are signed too."""
    form = {"MessageSid": SID, "SmsStatus": "received", "From": "+12075550001", "To": "+15550001111",
            "Body": "Stop, please!", "BrandNewParameter": ""}  # fmt: skip
    told = twilio_event(form)
    assert (told.kind, told.recipient, told.text) == (EventKind.INBOUND, "+12075550001", "Stop, please!")
    assert told.send_id is None


def test_twilio_json_bodies_are_signed_by_their_hash() -> None:
    body = json.dumps({"MessageSid": SID, "MessageStatus": "delivered"}).encode()
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    (told,) = twilio().parse_webhook(body, sign(url, {}), url)
    assert told.kind is EventKind.DELIVERED
    with pytest.raises(Unauthenticated):
        twilio().parse_webhook(body.replace(b"SM1", b"SM2"), sign(url, {}), url)


@pytest.mark.parametrize(
    "give",
    [
        lambda event: mailgun().parse_webhook(mailgun_body(event), {}, URL),
        lambda event: sendgrid().parse_webhook(*sendgrid_call([event]), URL),
        lambda event: postmark().parse_webhook(json.dumps(event).encode(), basic(KEY), URL),
    ],
)
def test_any_shape_is_kept_and_never_breaks(give: Callable[[dict[str, Any]], list[WebhookEvent]]) -> None:
    """Providers add and change fields; a signed oddity is an event all the same."""
    for odd in ({}, {"event": None, "timestamp": "x", "RecordType": []}, {"timestamp": 1e300, "user-variables": [1]},
                {"message": {"headers": "x"}, "Metadata": 3, "send_id": {"a": 1}, "ReceivedAt": "never"}):  # fmt: skip
        (told,) = give(odd)
        assert told.kind is EventKind.OTHER
        assert told.event_id
        assert told.send_id is None
