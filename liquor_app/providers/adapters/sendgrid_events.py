"""What SendGrid tells later: its signed event webhook, proved and in our words.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from email.parser import HeaderParser
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from liquor_app.core.errors import Unavailable
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.providers.kit.bounces import Cause, cause_of
from liquor_app.providers.kit.callbacks import (
    check_age,
    fingerprint,
    forged,
    header,
    id_of,
    moment_of,
    read_json,
    require_key,
    words,
)
from liquor_app.providers.kit.inbound_mail import answer_event, form_of
from liquor_app.providers.kit.mail_proof import is_proved

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"

_KINDS = {
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
}

_DROPPED = {
    "bounced address": EventKind.BOUNCED,
    "invalid": EventKind.BOUNCED,
    "invalid address": EventKind.BOUNCED,
    "invalid email address": EventKind.BOUNCED,
    "spam reporting address": EventKind.COMPLAINED,
    "unsubscribed address": EventKind.UNSUBSCRIBED,
}
"""A message SendGrid never tried, by its reason: the address is on one of its lists. Other reasons are about us: an
invalid header, spam content, the plan's quota."""

_OF_ADDRESS, _OPEN = frozenset({"invalid address"}), frozenset({"", "unclassified"})
"""Classes of bounces (`bounce_classification`): those that mean the address, and those that tell nothing."""


def read_callback(body: bytes, headers: Mapping[str, str], key: str, max_age_seconds: int) -> list[WebhookEvent]:
    """Return the events of a callback.

    Raises:
        Unauthenticated, Unavailable, Invalid: as `Provider.parse_webhook`.
    """
    _prove(body, headers, key, max_age_seconds)
    return [_event(event) for event in read_json(body, list, "SendGrid") if isinstance(event, dict)]


def read_letter(body: bytes, headers: Mapping[str, str], key: str, max_age_seconds: int) -> list[WebhookEvent]:
    """Return what somebody wrote back, as the inbound parse hands it on: a form in parts, signed as the event webhook
    is where a security policy is set.

    https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook

    Raises:
        Unauthenticated, Unavailable, Invalid: as `Provider.parse_webhook`.
    """
    _prove(body, headers, key, max_age_seconds)
    form = form_of(body, header(headers, "Content-Type"))
    own = HeaderParser().parsestr(form.get("headers", "")[:100_000])
    letter = {name.lower(): str(value) for name, value in own.items()}
    told = letter.get("message-id") or fingerprint(form.get("from"), form.get("subject"), form.get("text"))
    at = moment_of(float(header(headers, TIMESTAMP)))
    sender, subject, words_said = form.get("from", ""), form.get("subject", ""), form.get("text", "")
    proved = is_proved(
        sender, spf=form.get("SPF", ""), envelope=_envelope(form.get("envelope", "")),
        dkim="pass" if _SIGNED.search(form.get("dkim", "")) else form.get("dkim", "").strip("{} "),
        signers=_SIGNED.findall(form.get("dkim", "")),
    )  # fmt: skip
    name = fingerprint("letter", told)
    return [answer_event(sender, subject, words_said, letter, event_id=name, at=at, proved=proved)]


def _envelope(given: str) -> str:
    """Return who sent it by the envelope, which comes as JSON."""
    try:
        said = json.loads(given or "{}")
    except ValueError:
        return ""
    return str(said.get("from") or "") if isinstance(said, dict) else ""


_SIGNED = re.compile(r"@([a-z0-9.-]+)\s*:\s*pass\b", re.IGNORECASE)
"""A signature that passed, by its domain: "{@example.com : pass}"."""


def _prove(body: bytes, headers: Mapping[str, str], key: str, max_age_seconds: int) -> None:
    """Raise Unauthenticated for what SendGrid has not signed, or too long ago; Unavailable without a key."""
    public = _public_key(require_key(key, "SendGrid"))
    timestamp = header(headers, TIMESTAMP)
    try:
        signature = base64.b64decode(header(headers, SIGNATURE), validate=True)
        public.verify(signature, timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise forged("SendGrid") from error
    check_age(timestamp, max_age_seconds, "SendGrid")


def _public_key(text: str) -> ec.EllipticCurvePublicKey:
    """Of base64 DER, with or without PEM's first and last line."""
    bare = re.sub(r"-----[A-Z ]+-----|\s", "", text)
    try:
        key = load_der_public_key(base64.b64decode(bare, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Unavailable("SendGrid's verification key in the settings is not a public key.") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Unavailable("SendGrid's verification key in the settings is not an elliptic-curve key.")
    return key


def _kind(event: Mapping[str, Any]) -> EventKind:
    name, reason = str(event.get("event")), str(event.get("reason") or "").lower()
    if name == "dropped":
        return _DROPPED.get(" ".join(reason.split()), EventKind.FAILED)
    return _KINDS.get(name, EventKind.OTHER)


def _is_dead(event: Mapping[str, Any]) -> bool:
    """Tell whether the server says that nobody is there: a `blocked` bounce, or one for content or reputation, is about
    us, an `expired` one about then, and one without a reason we understand tells nothing."""
    if event.get("event") == "dropped":
        return True
    if event.get("type") in ("blocked", "expired"):
        return False
    told = str(event.get("bounce_classification") or "").lower()
    cause = cause_of(words(event.get("status")), words(event.get("reason")))
    if cause is Cause.UNTOLD:
        return told in _OF_ADDRESS
    return cause is Cause.ADDRESS and told in _OF_ADDRESS | _OPEN | {"mailbox unavailable"}


def _event(event: Mapping[str, Any]) -> WebhookEvent:
    kind = _kind(event)
    return WebhookEvent(
        kind,
        event_id=words(event.get("sg_event_id")) or fingerprint(sorted(event.items(), key=str)),
        at=moment_of(event.get("timestamp")),
        send_id=id_of(event.get("send_id")),
        message_id=words(event.get("sg_message_id")),
        recipient=words(event.get("email")),
        is_permanent=kind is EventKind.BOUNCED and _is_dead(event),
        code=words(event.get("status")),
        detail=words(event.get("reason")) or words(event.get("response")),
        url=words(event.get("url")),
        user_agent=words(event.get("useragent")),
        ip=words(event.get("ip")),
        is_machine=event.get("sg_machine_open") is True,
        raw=event,
    )
