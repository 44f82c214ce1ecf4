"""What Mailgun tells later: its callbacks, proved and in our words.

https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.providers.kit.bounces import Cause, cause_of
from liquor_app.providers.kit.callbacks import (
    check_age,
    child,
    fingerprint,
    forged,
    id_of,
    moment_of,
    read_json,
    require_key,
    words,
)
from liquor_app.providers.kit.inbound_mail import answer_event, form_of
from liquor_app.providers.kit.mail_proof import is_proved, only_signer, worst

_KINDS = {
    "delivered": EventKind.DELIVERED,
    "complained": EventKind.COMPLAINED,
    "opened": EventKind.OPENED,
    "clicked": EventKind.CLICKED,
    "unsubscribed": EventKind.UNSUBSCRIBED,
}

_SUPPRESSED = {
    "suppress-bounce": EventKind.BOUNCED,
    "suppress-unsubscribe": EventKind.UNSUBSCRIBED,
    "suppress-complaint": EventKind.COMPLAINED,
}
_LIST_CODES = {"605": "suppress-bounce", "606": "suppress-unsubscribe", "607": "suppress-complaint"}
"""Reasons and codes of messages Mailgun did not try; where they differ, the reason counts."""


def read_callback(body: bytes, key: str, max_age_seconds: int) -> list[WebhookEvent]:
    """Return the event of a callback.

    Raises:
        Unauthenticated, Unavailable, Invalid: as `Provider.parse_webhook`.
    """
    require_key(key, "Mailgun")
    said = read_json(body, dict, "Mailgun")
    token = _proved(child(said, "signature"), key, max_age_seconds)
    return [_event(child(said, "event-data"), token)]


def read_letter(body: bytes, content_type: str, key: str, max_age_seconds: int) -> list[WebhookEvent]:
    """Return what somebody wrote back, as a route forwards it (a form, signed as callbacks are).

    https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http

    Raises:
        Unauthenticated, Unavailable, Invalid: as `Provider.parse_webhook`.
    """
    require_key(key, "Mailgun")
    form = form_of(body, content_type)
    token = _proved(form, key, max_age_seconds)
    told = form.get("stripped-text") or form.get("body-plain") or ""
    sender = form.get("from") or form.get("sender") or ""
    own = _headers(form)

    def all_of(name: str) -> list[str]:
        return [value for key, value in own if key == name]

    # Mailgun writes what it found among the letter's headers, if its filter is on: a pass may be the letter's own line
    found = is_proved(
        sender, spf=worst(all_of("x-mailgun-spf")), envelope=form.get("sender", ""),
        dkim=worst(all_of("x-mailgun-dkim-check-result")), signers=only_signer(all_of("dkim-signature")),
    )  # fmt: skip
    return [
        answer_event(
            sender, form.get("subject", ""), told, dict(own), event_id=token,
            at=moment_of(float(form["timestamp"])), proved=False if found is False else None,
        )
    ]  # fmt: skip


def _headers(form: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a letter's own headers, which come as pairs in JSON, with names in lower case."""
    try:
        pairs = json.loads(form.get("message-headers", "[]"))
    except (ValueError, RecursionError):
        return []
    return [
        (str(one[0]).lower(), str(one[1]))
        for one in (pairs if isinstance(pairs, list) else [])
        if isinstance(one, list) and len(one) == 2
    ]


def _proved(proof: Mapping[str, Any], key: str, max_age_seconds: int) -> str:
    """Return the token of what Mailgun signed.

    Raises:
        Unauthenticated: forged, or too old.
    """
    timestamp, token = words(proof.get("timestamp")) or "", words(proof.get("token")) or ""
    wanted = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    given = words(proof.get("signature")) or ""
    if not token or not hmac.compare_digest(wanted.encode(), given.encode()):
        raise forged("Mailgun")
    check_age(timestamp, max_age_seconds, "Mailgun")
    return token


def message_id_of(event: Mapping[str, Any]) -> str | None:
    return words(child(child(event, "message"), "headers").get("message-id"))


def _kind(event: Mapping[str, Any]) -> EventKind:
    name = str(event.get("event"))
    if name != "failed":
        return _KINDS.get(name, EventKind.OTHER)
    if event.get("severity") == "temporary":
        return EventKind.DEFERRED
    return _SUPPRESSED.get(_listed_as(event), EventKind.BOUNCED)


def _listed_as(event: Mapping[str, Any]) -> str:
    """On which of Mailgun's own lists the address stands, so that it did not even try; empty if it tried."""
    reason = str(event.get("reason") or "")
    return (
        reason
        if reason in _SUPPRESSED
        else _LIST_CODES.get(words(child(event, "delivery-status").get("code")) or "", "")
    )


def _is_dead(event: Mapping[str, Any]) -> bool:
    """Tell whether the server says that nobody is there: Mailgun calls a block list, a full mailbox and whatever it
    does not understand permanent too."""
    if event.get("severity") != "permanent":
        return False
    if _listed_as(event):
        return True
    status = child(event, "delivery-status")
    told = " ".join(filter(None, (words(status.get("description")), words(status.get("message")))))
    return cause_of(words(status.get("code")), told) is Cause.ADDRESS


def _event(event: Mapping[str, Any], token: str) -> WebhookEvent:
    kind, status, client = _kind(event), child(event, "delivery-status"), child(event, "client-info")
    code = words(status.get("code"))
    return WebhookEvent(
        kind,
        event_id=token or fingerprint(event),
        at=moment_of(event.get("timestamp")),
        send_id=id_of(child(event, "user-variables").get("send_id")),
        message_id=message_id_of(event),
        recipient=words(event.get("recipient")),
        is_permanent=kind is EventKind.BOUNCED and _is_dead(event),
        code=code,
        detail=words(status.get("description")) or words(status.get("message")) or words(event.get("reason")),
        url=words(event.get("url")),
        user_agent=words(client.get("user-agent")),
        ip=words(event.get("ip")),
        is_machine=bool(client.get("bot")),
        raw=event,
    )
