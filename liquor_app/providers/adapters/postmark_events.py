"""What Postmark tells later: its callbacks, proved and in our words.

https://postmarkapp.com/developer/webhooks/webhooks-overview
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from typing import Any

from liquor_app.core.clock import now
from liquor_app.core.errors import Unauthenticated
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.providers.kit.bounces import Cause, cause_of
from liquor_app.providers.kit.callbacks import (
    child,
    fingerprint,
    header,
    id_of,
    moment_of,
    read_json,
    require_key,
    words,
)
from liquor_app.providers.kit.inbound_mail import answer_event

_KINDS = {
    "Delivery": EventKind.DELIVERED,
    "Open": EventKind.OPENED,
    "Click": EventKind.CLICKED,
    "SpamComplaint": EventKind.COMPLAINED,
    "Bounce": EventKind.BOUNCED,
}

_BOUNCES = {
    "Transient": EventKind.DEFERRED,
    "SpamComplaint": EventKind.COMPLAINED,
    "SpamNotification": EventKind.FAILED,
    "Blocked": EventKind.FAILED,
    "ISPBlock": EventKind.FAILED,
    "DMARCPolicy": EventKind.FAILED,
    "Unsubscribe": EventKind.UNSUBSCRIBED,
    "Subscribe": EventKind.OTHER,
    "AutoResponder": EventKind.OTHER,
    "AddressChange": EventKind.OTHER,
    "ChallengeVerification": EventKind.OTHER,
    "OpenRelayTest": EventKind.OTHER,
}
_SURE = frozenset({"BadEmailAddress", "ManuallyDeactivated"})
"""Types that are about the address whatever a server said; a `HardBounce` is only if the server says so."""
_SILENT = frozenset({Cause.ADDRESS, Cause.UNTOLD})

_CHANGES = {"HardBounce": EventKind.BOUNCED, "SpamComplaint": EventKind.COMPLAINED}


def read_callback(body: bytes, headers: Mapping[str, str], secret: str) -> list[WebhookEvent]:
    """Return the event of a callback.

    Raises:
        Unauthenticated, Unavailable, Invalid: as `Provider.parse_webhook`.
    """
    require_key(secret, "Postmark")
    given = header(headers, "X-Webhook-Secret") or _password(header(headers, "Authorization"))
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise Unauthenticated("This is not from Postmark: the secret is wrong.")
    said = read_json(body, dict, "Postmark")
    return [_letter(said) if "RecordType" not in said and "FromFull" in said else _event(said)]


def _letter(said: Mapping[str, Any]) -> WebhookEvent:
    """Return what somebody wrote back, as the inbound stream hands it on. None is ever proved: what Postmark found of
    SPF stands among the letter's own headers, and where it left its line out, the letter's own looks the same.

    https://postmarkapp.com/developer/webhooks/inbound-webhook
    """
    rows = said.get("Headers")
    own = [
        (str(one.get("Name")).lower(), str(one.get("Value")))
        for one in (rows if isinstance(rows, list) else [])
        if isinstance(one, dict)
    ]
    letter = dict(own)
    sender = words(child(said, "FromFull").get("Email")) or words(said.get("From")) or ""
    told = words(said.get("StrippedTextReply")) or words(said.get("TextBody")) or ""
    name = fingerprint("letter", said.get("MessageID"), sender)
    subject = words(said.get("Subject")) or ""
    return answer_event(sender, subject, told, letter, event_id=name, at=now(), proved=False)


def _password(authorization: str) -> str:
    found = re.fullmatch(r"Basic\s+(\S+)", authorization.strip(), re.IGNORECASE)
    if found is None:
        return ""
    try:
        return base64.b64decode(found[1], validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _kind(event: Mapping[str, Any]) -> EventKind:
    record = str(event.get("RecordType"))
    if record == "Bounce":
        return _BOUNCES.get(str(event.get("Type")), EventKind.BOUNCED)
    if record == "SubscriptionChange":
        if event.get("SuppressSending") is not True:
            return EventKind.OTHER
        return _CHANGES.get(str(event.get("SuppressionReason")), EventKind.UNSUBSCRIBED)
    return _KINDS.get(record, EventKind.OTHER)


def _event(event: Mapping[str, Any]) -> WebhookEvent:
    kind = _kind(event)
    times = (event.get(name) for name in ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt"))
    at = next((value for value in times if value), None)
    cause = cause_of(None, words(event.get("Details")))
    sure = event.get("Type") in _SURE or event.get("SuppressionReason") == "HardBounce"
    dead = (event.get("Type") == "HardBounce" and cause is Cause.ADDRESS) or (sure and cause in _SILENT)
    return WebhookEvent(
        kind,
        event_id=fingerprint(
            event.get("RecordType"), event.get("ID"), event.get("MessageID"), event.get("Recipient"), at,
            event.get("OriginalLink"), event.get("SuppressSending"),
        ),
        at=moment_of(at),
        send_id=id_of(child(event, "Metadata").get("send_id")),
        message_id=words(event.get("MessageID")),
        recipient=words(event.get("Recipient")) or words(event.get("Email")),
        # a server's words weigh more than the class Postmark puts them in
        is_permanent=kind is EventKind.BOUNCED and dead,
        code=words(event.get("TypeCode")) or words(event.get("Type")),
        detail=words(event.get("Description")) or words(event.get("Details")),
        url=words(event.get("OriginalLink")),
        user_agent=words(event.get("UserAgent")),
        ip=words(child(event, "Geo").get("IP")),
        raw=event,
    )  # fmt: skip
