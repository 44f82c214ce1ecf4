"""What Twilio tells later: status callbacks and inbound texts, proved and in our words; its error codes.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

from twilio.request_validator import RequestValidator

from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid
from liquor_app.providers.kit.base import EventKind, WebhookEvent
from liquor_app.providers.kit.callbacks import clean, fingerprint, forged, header, id_of, read_json, words
from liquor_app.providers.kit.remedies import TWILIO

OPTED_OUT = 21610
DEAD = frozenset({21211, 21614, 30005, 30006})
"""Not a number, not a mobile, nobody's number any more, a landline."""

OURS = frozenset({20003, 20005, 21606, 21659, *TWILIO})
"""Credentials, suspended account, a sender that cannot send, filtered by carriers, not registered (A2P 10DLC)."""

MOST_FIELDS = 200
"""Of a callback: read before its signature is asked."""

_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
"""What Twilio calls a message: the key by which a callback counts once."""
THROTTLED = frozenset({20429, 14107, 30022})


def read_callback(body: bytes, headers: Mapping[str, str], url: str, token: str) -> list[WebhookEvent]:
    """Return the event of a callback.

    Raises:
        Unauthenticated, Unavailable, Invalid: as `Provider.parse_webhook`.
    """
    validator = RequestValidator(token)
    query = parse_qs(urlsplit(url).query)
    signature = header(headers, "X-Twilio-Signature")
    try:
        if "bodySHA256" in query:
            good = validator.validate(url, body.decode(), signature)
            form: dict[str, Any] = read_json(body, dict, "Twilio") if good else {}
        else:
            said = body.decode()
            form = dict(parse_qsl(said, keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MOST_FIELDS))
            good = validator.validate(url, _Every(said), signature)
    except ValueError as error:
        raise Invalid("Twilio callbacks are forms; this is not.") from error
    if not signature or not good:
        raise forged("Twilio")
    return [_event(clean(form), id_of(query.get("send_id", [""])[0]))]


class _Every(dict[str, list[str]]):
    """A form with all the values of each name: Twilio signs every one."""

    def __init__(self, body: str) -> None:
        super().__init__(parse_qs(body, keep_blank_values=True))

    def getall(self, name: str) -> list[str]:
        """Tell what Twilio's validator asks for."""
        return self[name]


def _kind(form: Mapping[str, Any], code: int | None) -> EventKind:
    status = str(form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    if status in ("receiving", "received"):
        return EventKind.INBOUND
    if status == "delivered":
        return EventKind.DELIVERED
    if status not in ("failed", "undelivered"):
        return EventKind.OTHER
    if code == OPTED_OUT:
        return EventKind.UNSUBSCRIBED
    return EventKind.FAILED if (status == "failed" and code not in DEAD) or code in OURS else EventKind.BOUNCED


def _event(form: Mapping[str, Any], send_id: UUID | None) -> WebhookEvent:
    given = str(form.get("ErrorCode") or "")
    code = int(given) if given.isdigit() else None
    kind = _kind(form, code)
    # the signature glues names and values together: a captured form cut anew, so that its id went into a neighbour's
    # value, would be signed as well, and be another event
    sid = words(form.get("MessageSid")) or words(form.get("SmsSid"))
    if not sid or not _SID.fullmatch(sid):
        kind, sid = EventKind.OTHER, None
    status = words(form.get("MessageStatus")) or words(form.get("SmsStatus")) or ""
    inbound = kind is EventKind.INBOUND
    return WebhookEvent(
        kind,
        event_id=f"{sid}:{status}" if sid else fingerprint(sorted(form.items())),
        at=now(),
        send_id=None if inbound else send_id,
        message_id=sid,
        recipient=words(form.get("From" if inbound else "To")),
        is_permanent=kind is EventKind.BOUNCED and code in DEAD,
        code=given or None,
        detail=words(form.get("ErrorMessage")),
        text=str(form.get("Body") or "")[:2000] if inbound else None,
        opt_out=(words(form.get("OptOutType")) or "").lower()[:10] or None if inbound else None,
        raw=dict(form),
    )
